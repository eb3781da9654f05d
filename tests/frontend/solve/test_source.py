"""The source of the Dockerfile."""

import io
import tarfile

import pytest

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.solve.source import mentions_pyenv, read
from tests.frontend.solve.builds import options
from tests.frontend.solve.fake_bridge import FakeBridge


def local(**files):
    """Return an engine whose client has these files in one folder."""
    return FakeBridge({"local://dockerfile": {name.replace("__", "."): text for name, text in files.items()}})


def test_three_names_only_are_requested_of_the_clients_folder():
    """The op is the same as that of Docker's own frontend, so that the file is only sent once."""
    bridge = local(Dockerfile=b"FROM x")
    file = read(bridge, options(), {})
    assert (file.text, file.name, file.context) == (b"FROM x", "Dockerfile", None)
    assert bridge.calls[0] == (
        "solve",
        "local://dockerfile",
        {
            "local.differ": "none",
            "local.followpaths": '["Dockerfile","Dockerfile.dockerignore","dockerfile"]',
            "local.session": "the-session",
            "local.sharedkeyhint": "dockerfile",
        },
    )


def test_the_other_spelling_is_found_under_the_usual_name():
    """`dockerfile` is accepted as well, and messages have `Dockerfile`."""
    file = read(local(dockerfile=b"FROM y"), options(), {})
    assert (file.text, file.name) == (b"FROM y", "Dockerfile")


def test_a_file_that_is_not_there_is_left_to_docker():
    """Docker's own message is more familiar."""
    assert read(local(), options(filename="Other"), {}) is None


def test_a_shared_session_is_honoured():
    """A client may provide its folders through another session."""
    bridge = local(Dockerfile=b"FROM x")
    read(bridge, options(**{"local-sessionid:dockerfile": "other"}), {})
    assert bridge.calls[0][2]["local.session"] == "other"


def graph(identifier):
    """Return a graph that is passed as an input."""
    from pyenv_frontend.buildkit import llb

    return llb.definition(llb.source(identifier, {}, "given"))


def test_inputs_stand_for_folders():
    """Another build may provide the Dockerfile and the context."""
    bridge = FakeBridge({"x://file": {"Dockerfile": b"FROM given"}})
    file = read(bridge, options(), {"dockerfile": graph("x://file"), "context": graph("x://context")})
    assert file.text == b"FROM given"
    assert wire.Op.FromString(file.context.ops[0]).source.identifier == "x://context"


def test_a_client_that_requires_its_own_folder_is_served():
    """This is the case for `-f -` with any context."""
    bridge = FakeBridge({"local://mine": {"Dockerfile": b"FROM stdin"}})
    file = read(bridge, options(dockerfilekey="mine"), {"dockerfile": graph("x://file")})
    assert file.text == b"FROM stdin"


def test_a_download_that_is_no_archive_is_the_dockerfile():
    """The context then only has that file."""
    bridge = FakeBridge({"https://h/f": {"context": b"FROM it"}})
    file = read(bridge, options(context="https://h/f"), {})
    assert (file.text, file.name) == (b"FROM it", "context")
    assert bridge.calls[0] == ("solve", "https://h/f", {"http.filename": "context"})


def archive():
    """Return a tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("Dockerfile"))
    return packed.getvalue()


@pytest.mark.parametrize("head", [b"\x1f\x8b\x08rest", b"BZh9", b"\xfd7zXZ\x00", archive()])
def test_a_download_that_is_an_archive_is_unpacked(head):
    """As in Docker, archives are recognized by their first bytes."""
    bridge = FakeBridge({"https://h/f": {"context": head, "Dockerfile": b"FROM in it"}})
    file = read(bridge, options(context="https://h/f"), {})
    assert file.text == b"FROM in it"
    op = wire.Op.FromString(file.context.ops[1])
    assert op.file.actions[0].copy.attempt_unpack


def test_a_folder_of_a_context_is_cut_out():
    """`contextsubdir` selects a folder of a git repository."""
    bridge = FakeBridge({"git://h/r.git": {"Dockerfile": b"FROM repo"}})
    file = read(bridge, options(context="https://h/r.git", contextsubdir="a/b"), {})
    op = wire.Op.FromString(file.context.ops[1])
    assert (op.file.actions[0].copy.src, op.file.actions[0].copy.dir_copy_contents) == ("/a/b", True)


@pytest.mark.parametrize(
    "text",
    [
        b"FROM x\nPYENV 3.8 a", b"from x\npyenv 3.8 a", b"ONBUILD PyEnv 3.8 a", b"PY\\\nENV 3.8 a",
        b"P\\  \n\n# comment\nYENV 3.8 a", b"# escape=`\nPYE`\r\nNV 3.8 a",
    ],
)  # fmt: skip
def test_every_pyenv_is_recognized(text):
    """Every spelling and every line continuation is recognized."""
    assert mentions_pyenv(text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"FROM x\nRUN true \\\n  && false\n",
        b"RUN echo py\nENV A=1",
        b"# syntax=pyenv-frontend:dev\nFROM x\n  # PYENV 3.8 a\n",
    ],
)
def test_files_without_pyenv_load_no_other_modules(text):
    """For such files, no other modules are loaded."""
    assert not mentions_pyenv(text)
