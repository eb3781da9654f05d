"""A disk that is full while a locked environment with heavy distributions is installed."""

import pytest

from tests.e2e.environments.test_independence import installs, text, with_heavy_wheel
from tests.e2e.environments.test_locks import PY38, PY311, lock_of
from tests.support import services

pytestmark = pytest.mark.images(PY311, PY38)

LIMIT = 6_000_000
"""The largest file in bytes that the steps can write; as on a full disk, a write fails."""

SMALL = services.wheel("small", "1.0")
LARGE_FILE = services.wheel("heavy", "1.0", {"heavy.py": "VALUE = 1\n", "heavy.bin": "0" * (2 * LIMIT)})
LARGE_BYTE_CODE = services.wheel(
    "heavy", "1.0", {"heavy.py": "VALUE = 1\n" + "".join(f"def f{n}(): return {n}\n" for n in range(60_000))}
)
"""Its byte code is larger than the limit, and its source is not."""


@pytest.mark.parametrize(
    ("heavy", "reason"),
    [
        (LARGE_FILE, "PYENV x: its requirements could not be installed; the installer's message stands above"),
        (LARGE_BYTE_CODE, "byte code could not be made in /opt/venv/x/lib/python3.8/site-packages"),
    ],
    ids=["packages", "byte code"],
)
def test_heavy_distributions_on_a_full_disk(buildx, build_image, tmp_path, heavy, reason):
    """The error is a sentence at the PYENV; nothing is left in caches, so that the next build with room is complete."""
    wheels = {services.wheel_file("heavy", "1.0"): heavy, services.wheel_file("small", "1.0"): SMALL}
    with services.package_index(wheels) as index:
        lock = with_heavy_wheel(lock_of(tmp_path, index, "heavy\nsmall\n"), "heavy")
        files = {"r.txt": "heavy\nsmall\n", "pylock.x.toml": lock}
        for _ in range(2):
            log = buildx.fails(text(index), files, f"--ulimit=fsize={LIMIT}:{LIMIT}").log
            assert f"error: {reason}" in log
            assert ">>> PYENV 3.8 x r.txt" in log
            assert "Traceback" not in log
        image = build_image(text(index), files)
    assert len(installs(image.log)) == 2
    site_packages = "/opt/venv/x/lib/python3.8/site-packages"
    assert image.ask("/opt/venv/x/bin/python", "-c", "import heavy, small; print(heavy.VALUE)") == "1\n"
    assert (
        image.sh(f"cd {site_packages}/__pycache__ && ls heavy.* small.*")
        == "heavy.cpython-38.pyc\nsmall.cpython-38.pyc\n"
    )
    with services.package_index(wheels) as other:
        lock = with_heavy_wheel(lock_of(tmp_path, other, "heavy\nsmall\n"), "heavy")
        fresh = build_image(text(other), {"r.txt": "heavy\nsmall\n", "pylock.x.toml": lock}, "--no-cache")
    listing = f"cd {site_packages} && find . -type f | sort | xargs sha256sum"
    assert fresh.sh(listing) == image.sh(listing)
