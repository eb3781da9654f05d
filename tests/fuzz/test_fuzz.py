"""A short run of each fuzz target; PYENV_FUZZ_RUNS makes it long (`make fuzz`)."""

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


@pytest.mark.timeout(900 + int(RUNS) // 20)  # a long run is not a hanging one, on a busy machine neither
@pytest.mark.parametrize("target", sorted(HERE.glob("fuzz_*.py")), ids=lambda path: path.stem)
def test_no_input_raises_anything_but_our_own_error(target, tmp_path):
    """Guided by coverage, from the Dockerfiles of the tests."""
    pytest.importorskip("atheris", reason="atheris has no build for this machine")
    finds = tmp_path / "finds"
    finds.mkdir()
    options = [f"-runs={RUNS}", "-max_len=2000", f"-dict={HERE / 'dictionary.txt'}", f"-artifact_prefix={tmp_path}/"]
    command = [sys.executable, str(target), *options, str(finds), *map(str, SEEDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    runs = re.search(r"Done (\d+) runs", done.stderr)  # the seeds are run in any case, however many they are
    assert runs, done.stderr[-4000:]
    assert int(runs[1]) >= int(RUNS)
