"""The metadata of packages: which were requested, which are dependencies, and which cannot be read."""

from airflow_venv.environments.package_metadata import read_metadata


def requested(site, packages):
    return read_metadata([str(site)]).requested(packages)


def package(site, name, *requires, marked=False):
    """Write the metadata of a package into a folder."""
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir()
    lines = "".join(f"Requires-Dist: {text}\n" for text in requires)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n{lines}\nRequires-Dist: not-a-header\n")
    if marked:
        (folder / "REQUESTED").touch()


def test_the_installers_marks_decide_where_there_are_any(tmp_path):
    """A requested package may also be a dependency."""
    package(tmp_path, "top", "base", marked=True)
    package(tmp_path, "base", marked=True)
    package(tmp_path, "extra")
    assert requested(tmp_path, {"top", "base", "extra"}) == {"top", "base"}


def test_without_marks_it_is_what_no_other_package_requires(tmp_path):
    """A package that only an extra of another package requires is not a dependency."""
    package(tmp_path, "Top_Level", "base>=1 ; python_version>='3'", 'plot; extra == "all"', "Dotted.Name[x]")
    for name in ("base", "plot", "dotted_name"):
        package(tmp_path, name)
    assert requested(tmp_path, {"top-level", "base", "plot", "dotted-name"}) == {"top-level", "plot"}


def test_a_package_whose_metadata_cannot_be_read_is_named_with_the_reason(tmp_path):
    """Other packages are still read, and a folder without METADATA is ignored."""
    package(tmp_path, "good", "base")
    package(tmp_path, "huge", *(f"package{number}" for number in range(80_000)))
    package(tmp_path, "Link")
    (tmp_path / "Link-1.0.dist-info/METADATA").unlink()
    (tmp_path / "Link-1.0.dist-info/METADATA").symlink_to("gone")
    (tmp_path / "lost-1.0.dist-info").symlink_to("nowhere")
    (tmp_path / "empty-1.0.dist-info").mkdir()
    metadata = read_metadata([str(tmp_path)])
    link, huge, lost = metadata.unreadable
    assert link == (
        f"link: '{tmp_path}/Link-1.0.dist-info/METADATA' cannot be read: it is a link to "
        f"'{tmp_path}/Link-1.0.dist-info/gone', which does not exist."
    )
    assert huge == "huge: the header of its METADATA is longer than 1,000,000 bytes; the rest was not read."
    assert lost == (
        f"lost: '{tmp_path}/lost-1.0.dist-info' cannot be read: it is a link to '{tmp_path}/nowhere', "
        "which does not exist."
    )
    texts = [one.text for one in metadata.requirements]
    assert "base" in texts
    assert "package100" in texts
