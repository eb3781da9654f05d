"""Requirements files with names that are special to the engine's own parsers."""

import pytest

BASE = "python:3.13-slim-bookworm"
NAMES = (
    "odd name.txt",
    'quo"te.txt',
    "dol$lar.txt",
    "com,ma.txt",
    "tick`.txt",
    "back\\slash.txt",
    "one[1].txt",
    "st*r.txt",
    "réqs.txt",
    "sub/größe.txt",
)


@pytest.mark.parametrize("escape", ["\\", "`"])
def test_every_name_reaches_the_installer(buildx, base_images, escape):
    """Spaces, quotes, dollars, commas, escape tokens and characters that mount flags cannot contain are no obstacle."""
    base_images(BASE)
    quoted = ["'" + name + "'" for name in NAMES]
    text = (
        f"# escape={escape}\n# syntax=pyenv-frontend:dev\nFROM {BASE}\nPYENV 3.13 x {f' {escape}\n  '.join(quoted)}\n"
    )
    build = buildx(text, dict.fromkeys(NAMES, "# nothing\n"))
    assert build.code == 0, "the installer fails on a file that it does not find"
    missing = buildx.fails(text, dict.fromkeys(NAMES[1:], "# nothing\n"))
    assert f"{NAMES[0]} is not in the build context" in missing.log
