"""The hashes that requirements list for their files."""

import pytest

from pyenv_frontend.lock.listed_hashes import UnlistedFilesError, keep_listed_files, listed_hashes

A, B = "sha256:aa", "sha256:bb"


def package(*wheels, **others):
    """Return a package with a wheel, or a source distribution, for each hash."""
    files = {key: {"url": key, "hashes": {"sha256": digest}} for key, digest in others.items()}
    return {"name": "six", "wheels": [{"url": digest, "hashes": {"sha256": digest}} for digest in wheels], **files}


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        (f"Six_X == 1 --hash={A} \\\n  --hash {B}\nother", {"six-x": {A, B}}),
        (f"six[a]; python_version < '3.9' --hash={A}\nsix --hash=sha256:BB", {"six": {A, B}}),
        (f"https://example.com/six-1-py3-none-any.whl --hash={A}", {"six": {A}}),
        (f"six @ https://example.com/six.zip --hash={A}", {"six": {A}}),
        ("six\n--require-hashes\n", {}),
    ],
)
def test_hashes_by_package(text, listed):
    """All lines about a package count together, whichever is for which version."""
    assert listed_hashes([text]) == listed


def test_only_listed_files_are_left():
    """Packages without listed hashes, folders and commits keep all of theirs."""
    packages = [package("aa", "cc", sdist="bb"), package("cc", sdist="bb"), package("aa", sdist="cc")]
    keep_listed_files(packages, {"six": {A, B}}, "linux/amd64")
    assert packages == [
        package("aa", sdist="bb"),
        {"name": "six", "sdist": package(sdist="bb")["sdist"]},
        package("aa"),
    ]
    others = [{**package("cc"), "name": "other"}, {"name": "six", "directory": {"path": "."}}]
    keep_listed_files(others, {"six": {A}}, "linux/amd64")
    assert others[0]["wheels"]


def test_no_file_left_is_an_error():
    """What is locked for one platform may be missing for another."""
    with pytest.raises(UnlistedFilesError, match=r"^six 1 has no file for linux/arm64 with a hash that is listed$"):
        keep_listed_files([{**package("cc", sdist="dd"), "version": "1"}], {"six": {A}}, "linux/arm64")
