"""`expand`: its output, and the options that it needs."""

import pytest

from tests.frontend.cli.running import BASE, called, folder

PLAIN = "# syntax=me/front:1\nFROM debian\nRUN <<EOF\n  PYENV 3.9 x\nEOF\n\n# end"


def test_without_pyenv_it_is_the_file(monkeypatch, tmp_path):
    """A file without PYENV is printed unchanged, and needs no facts about its base image."""
    for text in (PLAIN, PLAIN.replace("\n", "\r\n"), ""):
        folder(tmp_path, text)
        assert called(monkeypatch, "expand", "-f", tmp_path / "Dockerfile") == (0, text, "")


def test_pyenv_is_expanded(monkeypatch, tmp_path):
    """A PYENV becomes plain instructions below its text, and the result has no PYENV left."""
    text = "# syntax=me/front:1\nFROM apache/airflow:3.0.6 AS app\nPYENV 3.8 snowpark a.txt\nCMD true\n"
    place = folder(tmp_path, text, a_dot_txt="one\n-r r/b.txt\n", r__b_dot_txt="two", c_dot_txt="") / "Dockerfile"
    done = called(monkeypatch, "expand", "-f", place, *BASE)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:3] == ["# syntax=me/front:1", "FROM apache/airflow:3.0.6 AS app", "# PYENV 3.8 snowpark a.txt"]
    assert lines[-1] == "CMD true"
    assert "from=python:3.8-slim-bookworm," in done.out
    assert "from=me/front:1," in done.out
    assert "source=a.txt," in done.out
    assert "source=r/b.txt," in done.out
    assert "c.txt" not in done.out
    assert "ENV ASTRO_PYENV_snowpark=/home/airflow/.venv/snowpark/bin/python" in lines
    again = called(monkeypatch, "expand", "-f", "-", stdin=done.out.encode())
    assert again == (0, done.out, "")


@pytest.mark.parametrize(
    ("syntax", "tools"),
    [
        ("# syntax=me/front:2 dockerfile=docker/dockerfile:1\n", "me/front:2"),
        ("# syntax=docker/dockerfile:1.7-labs\n", "pyenv-frontend:dev"),
        ("# syntax=docker.io/docker/dockerfile-upstream@sha256:0\n", "pyenv-frontend:dev"),
        ("", "pyenv-frontend:dev"),
    ],
)
def test_the_tools_come_from_the_image_of_the_syntax_line(monkeypatch, tmp_path, syntax, tools):
    """Our files come from the image of the syntax line, unless that is Docker's own frontend."""
    place = folder(tmp_path, f"{syntax}FROM a\nPYENV 3.12 x\n") / "Dockerfile"
    assert f"from={tools}," in called(monkeypatch, "expand", "-f", place, *BASE).out


def test_own_python_of_the_base(monkeypatch, tmp_path):
    """With a matching --base-python, no interpreter is copied."""
    place = folder(tmp_path, "FROM a\nPYENV 3.12 x\nPYENV 3.12.5 y\n") / "Dockerfile"
    out = called(monkeypatch, "expand", "-f", place, *BASE).out
    assert "python:3.12-slim" not in out
    assert "python:3.12.5-slim-bookworm" in out


def test_build_args_and_target(monkeypatch, tmp_path):
    """Variables come from --build-arg, with a name alone from the environment, and from other options."""
    monkeypatch.setenv("NAME", "from_environment")
    text = (
        "FROM a\nARG VERSION\nARG NAME\nARG MISSING=m\nARG TARGETARCH\nARG TARGETSTAGE\nUSER root\n"
        "PYENV ${VERSION} ${NAME}_${MISSING}_${TARGETARCH}_${TARGETSTAGE}_${OF_BASE}\nFROM a AS Last\n"
    )
    place = folder(tmp_path, text) / "Dockerfile"
    options = ["--build-arg", "VERSION=3.9", "--build-arg", "NAME", "--build-arg", "MISSING", "--target", "last"]
    options += ["--base-env", "OF_BASE=b", "--platform", "linux/arm64", "--base-suite", "bookworm"]
    out = called(monkeypatch, "expand", "-f", place, *options).out
    assert "ENV ASTRO_PYENV_from_environment_m_arm64_last_b=" in out


def test_context_elsewhere(monkeypatch, tmp_path):
    """--context is the folder of the files, --tools the image of our files, and -o the output."""
    place = folder(tmp_path / "docker", "FROM a\nUSER root\nPYENV 3.9 x a.txt\n") / "Dockerfile"
    folder(tmp_path / "context", "", a_dot_txt="")
    options = [
        "--context",
        tmp_path / "context",
        "--tools",
        "me/tools:1",
        "--base-suite",
        "alpine",
        "-o",
        tmp_path / "out",
    ]
    assert called(monkeypatch, "expand", "-f", place, *options) == (0, "", "")
    out = (tmp_path / "out").read_text()
    assert "from=me/tools:1," in out
    assert "from=python:3.9-alpine," in out


def test_missing_facts(monkeypatch, tmp_path):
    """Without options and without an engine, the message says which options to use."""
    monkeypatch.setenv("PATH", "")
    place = folder(tmp_path, "ARG B=me/base\nFROM scratch\nFROM $B\nPYENV 3.9 x\n") / "Dockerfile"
    done = called(monkeypatch, "expand", "-f", place)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"{place}:2:6: nothing is known of the base image me/base\n"
        "    2 | FROM scratch\n      |      ^^^^^^^\n"
        "expected: a Docker engine to ask (there is no docker command here), or options that say what the image is\n"
        "hint: for an Airflow image, say --base-suite bookworm --base-user airflow --base-python 3.12\n"
    )


def test_home_unknown(monkeypatch, tmp_path):
    """The home of a user that the Dockerfile creates is unknown; the solutions in the message work."""
    place = folder(tmp_path, "FROM a\nRUN useradd me\nUSER me\nPYENV 3.9 x\n") / "Dockerfile"
    done = called(monkeypatch, "expand", "-f", place, *BASE)
    assert done.code == 1
    assert done.err == (
        f"{place}:3:6: the home of the user me is not known: the base image has no such user\n"
        "    3 | USER me\n      |      ^^\n"
        "hint: say it with --base-account me:UID:GID:HOME, or choose the place with PYENV --path=DIR\n"
    )
    done = called(monkeypatch, "expand", "-f", place, *BASE, "--base-account", "me:7:7:/srv/me")
    assert "ENV ASTRO_PYENV_x=/srv/me/.venv/x/bin/python\n" in done.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--base-suite", "sid"], "--base-suite sid is not known here: say --base-libc VERSION as well, or `musl`"),
        (["--base-libc", "new"], "--base-libc new: write a version such as 2.36, or `musl`"),
        (["--base-suite", "jammy", "--base-python", "3"], "--base-python 3: write a version such as 3.12 or 3.12.4"),
        (["--base-suite", "jammy", "--base-account", "me:7"], "--base-account me:7: write NAME:UID:GID:HOME"),
        (["--base-suite", "jammy", "--base-env", "A"], "--base-env A: write --base-env NAME=VALUE"),
        (
            ["--base-suite", "jammy", "--target", "fianl"],
            "--target: there is no stage fianl in {}; did you mean final?",
        ),
    ],
)
def test_wrong_options(monkeypatch, tmp_path, options, message):
    """An invalid value is incorrect usage, and the message says what to write."""
    place = folder(tmp_path, "FROM a AS final\nPYENV 3.9 x\n") / "Dockerfile"
    assert called(monkeypatch, "expand", "-f", place, *options) == (64, "", f"{message.format(place)}\n")


def test_astro_runtime_without_an_engine(monkeypatch, tmp_path):
    """Its triggers have to be given as options; the -base image has none."""
    text = "FROM quay.io/astronomer/astro-runtime:13.4.0\nPYENV 3.12 x\n"
    place = folder(tmp_path, text, requirements_dot_txt="") / "Dockerfile"
    done = called(monkeypatch, "expand", "-f", place, *BASE)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"{place}:1:6: the triggers of quay.io/astronomer/astro-runtime:13.4.0 are not known")
    onbuild = ["--base-onbuild", "COPY requirements.txt .", "--base-onbuild", "RUN pip install"]
    lines = called(monkeypatch, "expand", "-f", place, *BASE, *onbuild).out.splitlines()
    assert lines[0] == "FROM quay.io/astronomer/astro-runtime:13.4.0-base"
    assert lines[-2:] == ["COPY requirements.txt .", "RUN pip install"]
    place = folder(tmp_path, text.replace(":13.4.0", ":13.4.0-base")) / "Dockerfile"
    assert called(monkeypatch, "expand", "-f", place, *BASE).code == 0


def test_libc_of_an_unknown_suite(monkeypatch, tmp_path):
    """--base-libc is sufficient, and the interpreter needs no newer one."""
    place = folder(tmp_path, "FROM a\nPYENV 3.9 x\n") / "Dockerfile"
    assert "python:3.9-slim-bullseye" in called(monkeypatch, "expand", "-f", place, "--base-libc", "2.33").out
    assert "python:3.9-alpine" in called(monkeypatch, "expand", "-f", place, "--base-libc", "musl").out


def test_mistakes_end_with_1(monkeypatch, tmp_path):
    """An error in the Dockerfile is reported with its line."""
    place = folder(tmp_path, "FROM a\nPYENV 3.9 x missing.txt\n") / "Dockerfile"
    done = called(monkeypatch, "expand", "-f", place, *BASE)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"{place}:2:13: missing.txt is not in the build context\n")


def test_a_user_with_an_unknown_variable_is_refused(monkeypatch, tmp_path):
    """If USER needs a variable of the base image, it must be given, since an empty USER would be root."""
    place = folder(tmp_path, "FROM a\nUSER me\nUSER ${UID}\nPYENV 3.9 x\n") / "Dockerfile"
    done = called(monkeypatch, "expand", "-f", place, *BASE)
    assert done.code == 1
    assert "Dockerfile:3:6: this USER comes out empty" in done.err
    assert "USER 1234" in called(monkeypatch, "expand", "-f", place, *BASE, "--base-env=UID=1234").out


def test_scratch(monkeypatch, tmp_path):
    """A PYENV on scratch is an error at its own line, and no image is looked up."""
    place = folder(tmp_path, "FROM scratch\nPYENV 3.12 x\n") / "Dockerfile"
    done = called(monkeypatch, "expand", "-f", place, *BASE)
    assert done.code == 1
    assert "Dockerfile:2:7: there is no C library in scratch" in done.err


def test_a_builders_stage_gets_a_stage_of_its_own(monkeypatch, tmp_path):
    """In a printed file, the builder needs its own stage, which has to be named rather than numbered."""
    text = "FROM debian AS c\nFROM apache/airflow:3.0.6\nPYENV --builder=0 3.8 a\n"
    place = folder(tmp_path, text) / "Dockerfile"
    done = called(monkeypatch, "expand", "-f", place, *BASE)
    assert done.code == 0
    assert "\nFROM c AS pyenv-a\n" in done.out
    place.write_text(text.replace(" AS c", ""))
    done = called(monkeypatch, "expand", "-f", place, *BASE)
    assert (done.code, done.out) == (1, "")
    assert "Dockerfile:3:7: --builder=0 counts stages" in done.err


@pytest.mark.parametrize(
    ("syntax", "first"),
    [
        ("# syntax=me/front:2\n", "FROM a"),
        ("# syntax=me/front:2 dockerfile=docker/dockerfile:1\n", "# syntax=docker/dockerfile:1"),
        ("# syntax=docker/dockerfile:1.7-labs\n", "# syntax=docker/dockerfile:1.7-labs"),
        ("#!/usr/bin/env docker\n// syntax=me/front:2\n", "#!/usr/bin/env docker"),
        ("", "FROM a"),
    ],
)
def test_standalone_needs_no_image_of_ours(monkeypatch, tmp_path, syntax, first):
    """The syntax line is removed, or names the frontend of Docker that ours would have used."""
    place = folder(tmp_path, f"{syntax}FROM a\nUSER root\nPYENV 3.9 x r.txt\n", r_dot_txt="six\n") / "Dockerfile"
    done = called(monkeypatch, "expand", "--standalone", "-f", place, *BASE)
    assert done.code == 0
    assert done.out.splitlines()[0] == first
    assert "me/front" not in done.out
    assert "COPY --from=python:3.9-slim-bookworm /usr/local /opt/pyenv/3.9\n" in done.out
    assert "ENV ASTRO_PYENV_x=/opt/venv/x/bin/python\n" in done.out


def test_standalone_names_the_pyenv_and_the_option(monkeypatch, tmp_path):
    """A PYENV that plain instructions cannot express is an error at its line."""
    place = folder(tmp_path, "FROM a\nPYENV --mount=type=secret,id=index 3.9 x\n") / "Dockerfile"
    done = called(monkeypatch, "expand", "--standalone", "-f", place, *BASE)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"{place}:2:7: PYENV x has --mount, and a standalone Dockerfile has no RUN --mount\n")
    assert "hint: print without --standalone" in done.err
    place = (
        folder(tmp_path, "FROM a\nPYENV 3.9 x r.txt\n", r_dot_txt="-e ./p\n", p__pyproject_dot_toml="") / "Dockerfile"
    )
    done = called(monkeypatch, "expand", "--standalone", "-f", place, *BASE)
    assert done.err.startswith("r.txt:1:4: PYENV x reads -e ./p, which a standalone Dockerfile cannot have\n")


def test_a_standalone_print_names_constraints_of_files_to_uv(monkeypatch, tmp_path):
    """Uv reads the indexes in them only if its command names them; pip reads them where they are."""
    for option, words in (("", "-r a.txt -c c.txt \\"), ("--installer=pip ", "-r a.txt \\")):
        text = f"FROM a\nPYENV {option}3.9 x a.txt\n"
        place = folder(tmp_path, text, a_dot_txt="six\n-c c.txt\n", c_dot_txt="--extra-index-url https://h/simple\n")
        out = called(monkeypatch, "expand", "--standalone", "-f", place / "Dockerfile", *BASE).out
        assert f"{words}\n" in out
