"""Short runs of the fuzz targets; PYENV_FUZZ_RUNS makes them longer (`make fuzz`)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = HERE.parent
SEEDS = [
    TESTS / "corpus",
    *(TESTS / "frontend" / folder for folder in ("dockerfile/cases", "expansion/cases", "pyenv")),
]
RUNS = os.environ.get("PYENV_FUZZ_RUNS", "1500")
SEED = "0" if "PYENV_FUZZ_RUNS" in os.environ else "1"
"""Short runs are the same each time, so that a change is not judged by luck; 0 is another seed for each long run."""


@pytest.mark.timeout(900 + int(RUNS) // 20)  # long runs and busy machines need more time
@pytest.mark.parametrize("target", sorted(HERE.glob("fuzz_*.py")), ids=lambda path: path.stem)
def test_every_input_is_read_or_raises_a_user_error(target, tmp_path):
    """The runs are guided by coverage, and start with the Dockerfiles of the tests."""
    pytest.importorskip("atheris", reason="atheris has no build for this machine")
    finds = tmp_path / "finds"
    finds.mkdir()
    options = [
        f"-runs={RUNS}",
        f"-seed={SEED}",
        "-max_len=2000",
        f"-dict={HERE / 'dictionary.txt'}",
        f"-artifact_prefix={tmp_path}/",
    ]
    command = [sys.executable, str(target), *options, str(finds), *map(str, SEEDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    runs = re.search(r"Done (\d+) runs", done.stderr)  # all seeds are run, even if there are more
    assert runs, done.stderr[-4000:]
    assert int(runs[1]) >= int(RUNS)
