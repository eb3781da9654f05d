"""Builds with requirements files behind symbolic links in the build context."""

import pytest

BASE = "python:3.13-slim-bookworm"


pytestmark = pytest.mark.images(BASE)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("shared/r.txt", ""),
        ("../outside.txt", "requirements.txt is a link to ../outside.txt, outside of the build context"),
        ("hidden.txt", "requirements.txt leads to hidden.txt, which .dockerignore leaves out"),
        ("nothing.txt", "requirements.txt leads to nothing.txt, which is not in the build context"),
        ("requirements.txt", "requirements.txt is a link that leads to itself"),
    ],
)
def test_a_link_in_the_context(buildx, tmp_path, target, message):
    """A link within the context works like a file; for any other link the error says where it leads."""
    folder = tmp_path / "context"
    (folder / "shared").mkdir(parents=True)
    for path in ("../outside.txt", "shared/r.txt", "hidden.txt"):
        (folder / path).write_text("six\n")
    (folder / "requirements.txt").symlink_to(target)
    (folder / ".dockerignore").write_text("hidden.txt\n")
    (folder / "Dockerfile").write_text(f"# syntax={buildx.frontend}\nFROM {BASE}\nPYENV 3.13 one requirements.txt\n")
    build = buildx.build_folder(folder)
    assert build.code == bool(message), build.log
    assert message in build.log
    if message:
        assert ">>> PYENV 3.13 one requirements.txt" in build.log


def test_two_names_of_one_file(buildx, tmp_path):
    """The names are hard links, and files that the file refers to become inputs of the step for each name."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "a.txt").write_text("-r more.txt\n")
    (folder / "b.txt").hardlink_to(folder / "a.txt")
    (folder / "more.txt").write_text("six\n")
    (folder / "Dockerfile").write_text(
        f"# syntax={buildx.frontend}\nFROM {BASE}\nPYENV 3.13 one a.txt\nPYENV 3.13 two b.txt\n"
    )
    build = buildx.build_folder(folder)
    assert build.code == 0, build.log
