"""Which packages were asked for, and which came as dependencies."""

from airflow_venv.environments.requested import requested


def package(site, name, *requires, marked=False):
    """Put the metadata of a package into a folder."""
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir()
    lines = "".join(f"Requires-Dist: {text}\n" for text in requires)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n{lines}\nRequires-Dist: not-a-header\n")
    if marked:
        (folder / "REQUESTED").touch()


def test_the_installers_marks_decide_where_there_are_any(tmp_path):
    """A package that was asked for may be a dependency, too."""
    package(tmp_path, "top", "base", marked=True)
    package(tmp_path, "base", marked=True)
    package(tmp_path, "extra")
    assert requested([str(tmp_path)], {"top", "base", "extra"}) == {"top", "base"}


def test_without_marks_it_is_what_no_other_package_requires(tmp_path):
    """What only an extra of another package would bring does not count as required by it."""
    package(tmp_path, "Top_Level", "base>=1 ; python_version>='3'", 'plot; extra == "all"', "Dotted.Name[x]")
    for name in ("base", "plot", "dotted_name"):
        package(tmp_path, name)
    assert requested([str(tmp_path)], {"top-level", "base", "plot", "dotted-name"}) == {"top-level", "plot"}
