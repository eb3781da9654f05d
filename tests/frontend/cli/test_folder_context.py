"""A folder as a build context."""

import pytest

from pyenv_frontend.cli.folder_context import FolderContext
from pyenv_frontend.inputs.build_context import NotInContextError


@pytest.fixture
def root(tmp_path):
    """Create a context with a secret outside of it."""
    (tmp_path / "secret").write_text("no")
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub/b.txt").write_text("b")
    (root / "sub/c.log").write_text("c")
    (root / "inside").symlink_to("sub/b.txt")
    (root / "outside").symlink_to("../secret")
    (root / "parent").symlink_to("..")
    (root / ".dockerignore").write_text("**/*.log\nlost\n")
    (root / "lost").mkdir()
    (root / "round").symlink_to("round")
    return root


def test_reads(root):
    """Files are read, and links are followed within the context."""
    context = FolderContext(root)
    assert (context.read("a.txt"), context.read("sub/b.txt"), context.read("inside")) == (b"a", b"b", b"b")


@pytest.mark.parametrize(
    "path", ["gone", "sub", "", "sub/c.log", "outside", "parent/secret", "../secret", "round", "a" * 300]
)
def test_missing_and_ignored_files_cannot_be_read(root, path):
    """Missing files, ignored files, folders, and paths outside of the context cannot be read."""
    with pytest.raises(NotInContextError):
        FolderContext(root).read(path)


def test_looks(root):
    """The context knows which files exist, their names, and which pattern file ignores them."""
    context = FolderContext(root)
    assert [context.exists(path) for path in ("", "sub", "sub/b.txt", "sub/c.log", "outside")] == [True] * 3 + [
        False
    ] * 2
    assert context.names("sub") == ("b.txt",)
    assert context.names("gone") == context.names("a.txt") == ()
    assert context.ignored_by("sub/c.log") == ".dockerignore"
    assert context.ignored_by("sub/b.txt") == ""


def test_prefix(root, monkeypatch):
    """The prefix is the path from the working directory to the context."""
    monkeypatch.chdir(root)
    assert FolderContext(".").prefix == ""
    assert FolderContext("sub").prefix == "sub"
    assert FolderContext("..").prefix == root.parent.as_posix()
