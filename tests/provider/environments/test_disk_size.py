"""The disk space that a folder takes."""

import os

from airflow_venv.environments.disk_size import DiskSize, disk_size


def test_files_of_all_folders_count_once_and_links_lead_nowhere(tmp_path):
    """A hard link adds nothing, and a symbolic link only counts its own entry."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * 200_000)
    once = disk_size(str(tmp_path / "a")).bytes
    assert 200_000 <= once < 300_000
    os.link(tmp_path / "a" / "b" / "file", tmp_path / "a" / "again")
    (tmp_path / "elsewhere").write_bytes(b"x" * 900_000)
    (tmp_path / "a" / "link").symlink_to(tmp_path)
    assert disk_size(str(tmp_path / "a")).bytes < once + 20_000


def test_what_cannot_be_read_makes_the_size_one_of_a_part(tmp_path):
    """A folder that does not exist cannot be read either."""
    assert disk_size(str(tmp_path)).is_whole
    assert disk_size(str(tmp_path / "none")) == DiskSize(0, is_whole=False)
