"""The build context, read through an engine."""

import pytest

from pyenv_frontend.buildkit import llb
from pyenv_frontend.inputs.build_context import LARGEST, NotInContextError, UnreadableFileError
from pyenv_frontend.inputs.dockerignore import parse_dockerignore
from pyenv_frontend.solve.context import ClientFolder, ContextFiles, EngineFileSystem
from pyenv_frontend.together import finish
from tests.frontend.solve.builds import LOCAL, options
from tests.frontend.solve.fake_bridge import PIPE, FakeBridge

FILES = {
    "a.txt": b"-r sub/b.txt\n-c c.txt\n",
    "sub/b.txt": b"-r d.txt\n",
    "sub/d.txt": b"six\n",
    "link.txt": "sub/d.txt",
    "pipe": PIPE,
    "large.txt": b"x",
    "secret/x.txt": b"x",
    "way.txt": "secret/x.txt",
}


@pytest.fixture(params=["client", "engine"])
def context(request):
    """Provide an engine and a context, which is the client's folder or a context that the engine has loaded."""
    bridge = FakeBridge({LOCAL: FILES, "git://x": FILES}, sizes={"large.txt": LARGEST + 1})
    whole = EngineFileSystem(bridge, llb.definition(llb.source("git://x", {}, "load")))
    store = ClientFolder(bridge, options()) if request.param == "client" else whole
    rules = parse_dockerignore(b"secret\n" if request.param == "client" else b"")
    return bridge, ContextFiles(bridge, store, lambda: rules)


def test_files_are_read_through_links(context):
    """The installer will follow links, too."""
    _, files = context
    assert (files.read("sub/d.txt"), files.read("link.txt")) == (b"six\n", b"six\n")


def test_a_second_name_of_a_file_has_its_content():
    """A listing has no size for it and the first name as its target, which .dockerignore may leave out."""
    bridge = FakeBridge({LOCAL: {"a.txt": b"six\n", "b.txt": b"six\n"}}, twins={"b.txt": "a.txt"})
    rules = parse_dockerignore(b"a.txt\n")
    files = ContextFiles(bridge, ClientFolder(bridge, options()), lambda: rules)
    assert (files.read("b.txt"), files.link_target("b.txt")) == (b"six\n", "")


@pytest.mark.parametrize("path", ["nothing.txt", "no/where.txt", "sub"])
def test_what_is_no_file_is_not_there(context, path):
    """A folder has another error, which depends on its contents."""
    with pytest.raises(NotInContextError):
        context[1].read(path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("large.txt", "has 32 MB, and no more than 32 MB of a file are read"),
        ("pipe", "is a named pipe, and not a file"),
    ],
)
def test_what_could_never_be_read_is_not_requested(context, path, reason):
    """The engine would read such a file until it is killed."""
    bridge, files = context
    with pytest.raises(UnreadableFileError, match=f"^{reason}$"):
        files.read(path)
    assert not [call for call in bridge.calls if call[0] == "read"]


def test_a_large_file_comes_in_parts():
    """A message of the engine has at most 16 MiB."""
    text = bytes(range(256)) * (20 << 12)
    bridge = FakeBridge({LOCAL: {"r.txt": text}})
    assert ContextFiles(bridge, ClientFolder(bridge, options()), lambda: parse_dockerignore(b"")).read("r.txt") == text
    assert [call for call in bridge.calls if call[0] == "read"] == [("read", LOCAL, "r.txt")] * 3


def test_what_is_left_out_is_not_there():
    """This includes the target of a link."""
    bridge = FakeBridge({LOCAL: FILES})
    files = ContextFiles(bridge, ClientFolder(bridge, options()), lambda: parse_dockerignore(b"secret\n"))
    for path in ("secret/x.txt", "way.txt"):
        with pytest.raises(NotInContextError):
            files.read(path)


def test_files_are_loaded_with_those_that_they_name(context):
    """Loading them one after the other would need a round for each."""
    bridge, files = context
    finish(files.load(["a.txt", "link.txt", "nothing.txt"]))
    rounds = bridge.rounds
    assert [files.read(path) for path in ("sub/b.txt", "sub/d.txt")] == [b"-r d.txt\n", b"six\n"]
    assert bridge.rounds == rounds


def test_how_often_it_waits_does_not_depend_on_how_many_there_are():
    """All files are loaded, listed and read at the same time."""

    def rounds(count):
        names = [f"{number}/r.txt" for number in range(count)]
        bridge = FakeBridge({LOCAL: dict.fromkeys(names, b"-r r2.txt\n")})
        finish(ContextFiles(bridge, ClientFolder(bridge, options()), lambda: parse_dockerignore(b"")).load(names))
        return bridge.rounds

    assert rounds(1) == rounds(50)


def test_paths_are_looked_at_together(context):
    """Later lookups need no request."""
    bridge, files = context
    finish(files.look(["sub", "a.txt", "nothing"]))
    rounds = bridge.rounds
    assert [files.exists(path) for path in ("sub", "a.txt", "nothing", "")] == [True, True, False, True]
    assert bridge.rounds == rounds


def test_a_folder_and_what_is_in_it_are_looked_at_apart():
    """The load of a folder leaves its contents out, those that are looked at as well."""
    bridge = FakeBridge()
    ClientFolder(bridge, options()).look(["sub", "sub/d.txt", "a.txt"])
    assert [attrs["local.includepattern"] for _, _, attrs in bridge.calls] == ['["a.txt","sub"]', '["sub/d.txt"]']


def test_a_folder_is_listed_once(context):
    """Names and targets of links come out of one load and one listing of their folder."""
    bridge, files = context
    assert "link.txt" in files.names("")
    assert (files.link_target("link.txt"), files.link_target("way.txt")) == ("sub/d.txt", "secret/x.txt")
    assert files.names("") == files.names("")
    assert [call[0] for call in bridge.calls] == ["solve", "list"]
