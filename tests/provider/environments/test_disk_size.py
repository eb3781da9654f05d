"""The space that a folder takes on disk."""

import os

from airflow_venv.environments.disk_size import disk_size


def test_files_of_all_folders_count_once_and_links_lead_nowhere(tmp_path):
    """A hard link adds nothing, and a symbolic link out of the folder only its own entry."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * 200_000)
    once = disk_size(str(tmp_path / "a"))
    assert 200_000 <= once < 300_000
    os.link(tmp_path / "a" / "b" / "file", tmp_path / "a" / "again")
    (tmp_path / "elsewhere").write_bytes(b"x" * 900_000)
    (tmp_path / "a" / "link").symlink_to(tmp_path)
    assert disk_size(str(tmp_path / "a")) < once + 20_000


def test_a_folder_that_is_not_there_takes_nothing(tmp_path):
    assert disk_size(str(tmp_path / "none")) == 0
