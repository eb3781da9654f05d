"""Which distributions of a lock are heavy, and the contents of the lock's two parts."""

import tomllib

import pytest

from pyenv_frontend.expansion.weight import HEAVY, split, without_size


def package(name, *sizes, place="url"):
    """Return the table of a distribution, with a wheel for each size; None means that the size is missing."""
    wheels = [
        {place: f"https://x/{name}-{number}.whl", "hashes": {"sha256": "0"}} | ({"size": size} if size else {})
        for number, size in enumerate(sizes)
    ]
    return {"name": name, "version": "1.0", "wheels": wheels}


def names(part):
    """Return the names of the distributions in a part."""
    return [table["name"] for table in tomllib.loads(part.decode())["packages"]]


def test_a_distribution_is_heavy_if_a_wheel_of_it_is():
    """A size at the limit is heavy, and a missing size is not."""
    parts = split([package("a", HEAVY - 1), package("b", HEAVY), package("c", 1, HEAVY + 1), package("d", None)])
    assert parts.names == ("b", "c")
    assert names(parts.heavy) == ["b", "c"]
    assert names(parts.rest) == ["a", "d"]


@pytest.mark.parametrize(
    "packages",
    [[], [package("a", 1), package("b", None)], [package("a", HEAVY), package("b", 1, place="path")]],
    ids=["empty", "small", "a file beside the lock"],
)
def test_other_locks_are_installed_at_once(packages):
    """Nothing is heavy, or a path in the lock would not be valid in another folder."""
    assert split(packages) is None


def test_a_part_holds_what_an_installer_reads():
    """All characters are supported; upload times are left out because they would change the step."""
    table = package("a", HEAVY) | {"marker": "x == 'q\"\\\x7f'", "requires-python": ">=3.8"}
    table["wheels"][0]["upload-time"] = "2026-01-01"
    parts = split([table])
    assert tomllib.loads(parts.rest.decode())["packages"] == []
    held = tomllib.loads(parts.heavy.decode())
    del table["wheels"][0]["upload-time"]
    assert held == {"lock-version": "1.0", "created-by": "pyenv-frontend", "packages": [table]}


def test_both_parts_have_what_is_about_all_packages():
    """Extras and groups decide on the packages of either part."""
    head = {"requires-python": ">=3.8", "extras": ["x"], "default-groups": []}
    parts = split([package("a", HEAVY), package("b", 1)], head)
    for part in (parts.heavy, parts.rest):
        content = tomllib.loads(part.decode())
        assert {key: content[key] for key in head} == head


def test_a_distribution_without_a_size_is_named():
    """The first distribution that has a wheel without a size is named."""
    assert without_size([package("a", 1), package("b", 1, None)]) == "b"
    assert without_size([package("a", 1)]) == ""
