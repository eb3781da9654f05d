"""Links in the build context that lead to a file, and those that do not."""

import pytest

from pyenv_frontend.cli.folder_context import FolderContext
from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.links import follow_links
from pyenv_frontend.pyenv.invalid_value import InvalidValue
from tests.frontend.pyenv.contexts import pyenv, resolve_inputs

COPY_IT = "copy what it leads to into the build context"


@pytest.mark.parametrize(
    ("path", "target"),
    [("r.txt", "shared/r.txt"), ("linked/r.txt", "shared/r.txt"), ("a/b/r.txt", "shared/r.txt"), ("other", "other")],
)
def test_links_are_followed(path, target):
    """A link may be the last part of a path or an earlier one, and may lead to another link."""
    links = {"r.txt": "linked/r.txt", "linked": "./shared", "a/b": "../linked"}
    assert follow_links(path, lambda link: links.get(link, "")) == target


def test_a_cycle_of_links_is_an_error():
    """Links that lead to each other are an error."""
    links = {"a": "b", "b": "a"}
    with pytest.raises(InvalidValue, match="is a link that leads to itself"):
        follow_links("a", lambda link: links.get(link, ""))


@pytest.mark.parametrize(
    ("target", "message", "hint"),
    [
        (
            "../r.txt",
            "r.txt is a link to ../r.txt, outside of the build context",
            COPY_IT,
        ),
        (
            "/etc/r.txt",
            "r.txt is a link to /etc/r.txt, outside of the build context",
            COPY_IT,
        ),
        ("r.txt", "r.txt is a link that leads to itself", "replace the link by the file"),
        ("nothing", "r.txt leads to nothing, which is not in the build context", "correct the link"),
        ("hidden", "r.txt leads to hidden, which .dockerignore leaves out", "add the line !hidden to .dockerignore"),
    ],
)
def test_a_link_that_leads_to_nothing(tmp_path, target, message, hint):
    """The error has the target, and why it cannot be used."""
    (tmp_path / "hidden").write_text("six")
    (tmp_path / ".dockerignore").write_text("hidden")
    (tmp_path / "r.txt").symlink_to(target)
    with pytest.raises(UserError) as raised:
        resolve_inputs(pyenv("PYENV 3.12 a r.txt"), FolderContext(tmp_path))
    assert (raised.value.message, raised.value.hint) == (message, hint)


def test_a_folder_that_is_a_link(tmp_path):
    """For a link that leaves the context, the error has the target."""
    (tmp_path / "linked").symlink_to("..")
    with pytest.raises(UserError) as raised:
        resolve_inputs(pyenv("PYENV 3.12 a linked/r.txt"), FolderContext(tmp_path))
    assert raised.value.message == (
        "linked/r.txt lies behind the link linked, which leads to .., outside of the build context"
    )
