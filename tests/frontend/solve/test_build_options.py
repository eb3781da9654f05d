"""The client's options, which are parsed once."""

import pytest

from pyenv_frontend.solve.build_options import OptionsError, parse


def options(session="s", workers="", **raw):
    """Parse options by name; `__` stands for characters that Python names cannot have."""
    environment = {f"BUILDKIT_FRONTEND_OPT_{n}": f"{key}={value}" for n, (key, value) in enumerate(raw.items())}
    return parse({**environment, "BUILDKIT_SESSION_ID": session, "BUILDKIT_WORKERS": workers, "PATH": "/bin"})


def test_a_value_may_hold_an_equals_sign():
    """Only the first two equals signs are separators."""
    assert options(**{"build-arg:A": "b=c=d"}).build_args == {"A": "b=c=d"}


def test_missing_options_have_dockers_defaults():
    """Without options, `Dockerfile` is built by the engine's own frontend."""
    parsed = options()
    assert (parsed.filename, parsed.target, parsed.platforms, parsed.context) == ("Dockerfile", None, (), None)
    assert (parsed.delegate.frontend, parsed.delegate.source) == ("dockerfile.v0", None)


def test_both_ways_to_name_caches_are_read():
    """The newer option is JSON, and the older one is a list of references."""
    parsed = options(**{
        "cache-imports": '[{"Type":"local","Attrs":{"src":"x"}},{"Type":"gha"}]', "cache-from": "a,b"
    })  # fmt: skip
    assert parsed.cache_imports == (
        ("local", {"src": "x"}), ("gha", {}), ("registry", {"ref": "a"}), ("registry", {"ref": "b"}),
    )  # fmt: skip


@pytest.mark.parametrize("text", ["{", "[1]", '[{"Attrs":{}}]'])
def test_caches_that_cannot_be_read_are_an_error(text):
    """The build must not silently ignore its cache."""
    with pytest.raises(OptionsError, match="cache-imports cannot be read"):
        options(**{"cache-imports": text})


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        ({"cmdline": "us dockerfile=docker/dockerfile:1"}, "docker/dockerfile:1"),
        ({"cmdline": "us", "build-arg:PYENV_FRONTEND_DOCKERFILE": "docker/dockerfile:1.7"}, "docker/dockerfile:1.7"),
        ({"cmdline": "us dockerfile=a", "build-arg:PYENV_FRONTEND_DOCKERFILE": "b"}, "b"),
        ({"cmdline": "us dockerfile=dockerfile.v0"}, None),
        ({"cmdline": "us"}, None),
    ],
)
def test_the_delegate_is_named_on_the_syntax_line_or_by_a_build_arg(raw, source):
    """The build-arg takes precedence; `dockerfile.v0` is the engine's own frontend."""
    parsed = options(**raw)
    assert parsed.delegate.source == source
    assert parsed.delegate.frontend == ("gateway.v0" if source else "dockerfile.v0")
    assert parsed.forwarded().get("source") == source


def test_forwarded_options_prevent_recursive_delegation():
    """With `cmdline`, Docker's frontend does not read the syntax line; it is set even if the client sent none."""
    assert options(source="us", cmdline="us").forwarded()["cmdline"] == "us"
    assert options(source="us").forwarded()["cmdline"] == "us"
    assert "source" not in options(source="us").forwarded()


def test_delegation_to_ourselves_is_detected():
    """An option that was already forwarded is recognized."""
    first = options(source="us", cmdline="us dockerfile=us").forwarded()
    with pytest.raises(OptionsError, match="asked to delegate to itself"):
        options(**first)


def test_an_expanded_file_is_handed_over_where_docker_looks_for_it():
    """Docker would ignore the input if the client requires a folder or the context is remote."""
    raw = {"dockerfilekey": "d", "context": "https://x/y.git", "contextsubdir": "s", "build-arg:A": "1", "target": "t"}
    parsed = options(**raw).for_expanded(["tools"])
    assert not {"dockerfilekey", "context", "contextsubdir"} & parsed.keys()
    assert parsed["context:tools"] == "input:tools"
    assert (parsed["build-arg:A"], parsed["target"]) == ("1", "t")


def test_a_context_under_another_key_is_dropped_as_well():
    """`contextkey` changes the name of the option."""
    parsed = options(contextkey="mine", mine="https://x/y.git")
    assert parsed.context == "https://x/y.git"
    assert "mine" not in parsed.for_expanded()


def test_a_base_is_looked_at_without_what_is_about_the_users_file():
    """Target, call and cache options refer to the user's file, which the delegate does not see."""
    raw = {"target": "t", "requestid": "frontend.lint", "no-cache": "", "platform": "linux/arm64"}
    parsed = options(**raw).for_base()
    assert not {"target", "requestid", "no-cache"} & parsed.keys()
    assert parsed["platform"] == "linux/arm64"


def test_a_call_needs_a_capability_beside_its_name():
    """Capabilities that the client has requested are kept."""
    client = options(**{"frontend.caps": "x+forward"})
    parsed = client.for_request("frontend.lint", client.forwarded(), target="t")
    assert parsed["frontend.caps"] == "moby.buildkit.frontend.subrequests,x+forward"
    assert (parsed["requestid"], parsed["target"]) == ("frontend.lint", "t")


@pytest.mark.parametrize(
    ("workers", "platform"),
    [
        ('[{"platforms":[{"os":"linux","architecture":"arm","variant":"v7"}]}]', "linux/arm/v7"),
        (
            '[{"platforms":[{"os":"linux","architecture":"arm64"},{"os":"linux","architecture":"amd64"}]}]',
            "linux/arm64",
        ),
        ("", "linux/amd64"),
        ("[]", "linux/amd64"),
        ("null", "linux/amd64"),
    ],
)
def test_the_build_platform_is_the_first_workers(workers, platform):
    """Our tools come with this frontend, and run on its platform."""
    assert options(workers=workers).build_platform == platform


@pytest.mark.parametrize("reference", ["base", "docker.io/library/base", "base:latest"])
def test_named_contexts_stand_for_images_however_they_are_spelt(reference):
    """As in Docker, names may be short, without `:latest`, and for one platform or all."""
    assert options(**{"context:base": "x"}).is_named_context(reference)
    assert options(**{"context:base::linux/amd64": "x"}).is_named_context(reference)
    assert not options(**{"context:other": "x"}).is_named_context(reference)
