"""Functions that run in forks of warm processes."""

import subprocess
import textwrap

from airflow_venv.call import Warm
from airflow_venv.worker import warm_processes
from tests.support import children
from tests.support.children import Lines, run

WHO = "def f():\n    import os\n    return [os.getpid(), os.getppid()]\n"


def run_warm(source, *args, modules=(), lines=None, cold="", **options):
    """Run a function warm; check that the log has the expected reason if it runs cold."""
    lines = lines or Lines()
    settings = {key: options.pop(key) for key in ("idle", "memory", "limit") if key in options}
    outcome = run(source, *args, warm=Warm(modules=modules, **settings), lines=lines, **options)
    excuses = [text for text in lines.texts if text.startswith("Not warm")]
    assert len(excuses) == bool(cold), excuses
    assert cold in "".join(excuses)
    return outcome


def zygote():
    """Return the state of the only warm process."""
    (about,) = warm_processes.running()
    return about


def environment_with(tmp_path, name, text):
    """Create an environment with an additional module; return its interpreter."""
    subprocess.run([children.interpreter("3.12"), "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    (site / f"{name}.py").write_text(textwrap.dedent(text))
    return str(tmp_path / "env/bin/python")
