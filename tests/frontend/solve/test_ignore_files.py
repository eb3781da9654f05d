"""The choice of the ignore file."""

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.solve.ignore_files import IgnoreFiles
from tests.frontend.solve.builds import LOCAL, options, user_file
from tests.frontend.solve.fake_bridge import FakeBridge


def ignore_files(files, context=None):
    bridge = FakeBridge(files)
    return bridge, IgnoreFiles(bridge, options(), user_file(context=context), {})


def test_the_ignore_file_of_the_dockerfile_takes_precedence():
    """The other file is then not loaded, since the client would show a step for it."""
    both = {"local://dockerfile": {"Dockerfile.dockerignore": b"a"}, LOCAL: {".dockerignore": b"b"}}
    bridge, ignore = ignore_files(both)
    assert ignore.own == ("Dockerfile.dockerignore", b"a")
    assert (ignore.rules.name, ignore.rules.ignores("a"), ignore.rules.ignores("b")) == (ignore.own[0], True, False)
    assert ("read", LOCAL, ".dockerignore") not in bridge.calls


def test_the_ignore_file_of_the_folder_is_loaded():
    """The op is the same as that of Docker's frontend; the folder may have no such file."""
    bridge, ignore = ignore_files({LOCAL: {".dockerignore": b"b"}})
    assert (ignore.own, ignore.rules.name, ignore.rules.ignores("b")) == (None, ".dockerignore", True)
    attrs = {
        "local.differ": "none",
        "local.followpaths": '[".dockerignore"]',
        "local.session": "the-session",
        "local.sharedkeyhint": "context-.dockerignore",
    }
    assert ("solve", LOCAL, attrs) in bridge.calls
    assert not ignore_files({})[1].rules.ignores("b")


def test_both_are_requested_at_once():
    """If the Dockerfile has no file of its own, reading the folder's file takes a single further round."""
    bridge, ignore = ignore_files({LOCAL: {".dockerignore": b"b"}})
    assert ignore.rules.ignores("b")
    assert bridge.rounds == 2


def test_another_context_has_none():
    """A git repository is used as a whole."""
    bridge, ignore = ignore_files({"local://dockerfile": {"Dockerfile.dockerignore": b"a"}}, context=wire.Definition())
    assert (ignore.own, ignore.rules.patterns, bridge.calls) == (None, (), [])
