"""The command line: text and JSON output, and exit codes."""

import json
import os
import re
import subprocess
import sys
from importlib import metadata

import pytest

from airflow_venv.cli import main
from airflow_venv.environments.dag_scan import scan
from tests.support.children import interpreter


@pytest.fixture
def environments(tmp_path, monkeypatch):
    """Create a working environment, and one whose interpreter is missing."""
    home = tmp_path / "good"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    site = next(home.glob("lib/python*/site-packages"))
    for name, requires in {
        "alpha-1.0": ["beta>=2", "gone; python_version>='3'"],
        "beta-1.5": ["x; extra=='y'"],
    }.items():
        (site / f"{name}.dist-info").mkdir()
        lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (site / f"{name}.dist-info" / "METADATA").write_text(f"Name: x\n{lines}\nRequires-Dist: in-the-text\n")
    (site / "alpha.py").write_text("")
    monkeypatch.setenv("ASTRO_PYENV_good", str(home / "bin" / "python"))
    monkeypatch.setenv("ASTRO_PYENV_bad", str(tmp_path / "bad" / "bin" / "python"))
    return home


@pytest.mark.usefixtures("environments")
def test_list_shows_every_environment_and_what_is_wrong(capsys):
    """The output is a table with a message for each broken environment; if there is one, the exit code is not 0."""
    assert main(["list"]) == 1
    out = capsys.readouterr().out
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"good  {version}" in out
    assert "bad: ASTRO_PYENV_bad is" in out


@pytest.mark.usefixtures("environments")
def test_list_as_json_is_for_programs(capsys, monkeypatch):
    """JSON has the same facts, and the exit code is 0 if all environments work."""
    monkeypatch.delenv("ASTRO_PYENV_bad")
    assert main(["list", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["name"], one["packages"], one["problem"]) == ("good", {"alpha": "1.0", "beta": "1.5"}, "")


@pytest.mark.usefixtures("environments")
def test_list_names_the_functions_that_use_environments(capsys, tmp_path):
    """The command takes a folder of DAG files; an unknown environment is listed, too."""
    (tmp_path / "dag.py").write_text("@task.venv('good')\ndef f(): pass\n@task.venv('nowhere')\ndef g(): pass\n")
    assert main(["list", str(tmp_path / "dag.py")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "PYTHON", "PACKAGES", "USED", "BY", "PATH"]
    assert any(line.startswith("nowhere") and line.endswith("missing") for line in lines)
    assert any(line.startswith("good") and "1 function " in line for line in lines)
    assert main(["show", "good", str(tmp_path / "dag.py")]) == 0
    assert f"{tmp_path}/dag.py:1 f" in capsys.readouterr().out


@pytest.mark.usefixtures("environments")
def test_html_is_one_file_with_everything_escaped(capsys, monkeypatch, environments, tmp_path):
    """The file loads no other files, and names that look like markup are escaped."""
    with (environments / "pyvenv.cfg").open("a") as file:
        file.write("pyenv = PYENV 3.12 good <<EOF\n")
    monkeypatch.setenv("ASTRO_PYENV_<b>", str(environments / "bin" / "python"))
    (tmp_path / "dag.py").write_text("@task.venv('nowhere')\ndef g(): pass\n")
    assert main(["list", "--format=html", str(tmp_path / "dag.py")]) == 1
    page = capsys.readouterr().out
    assert page.startswith("<!doctype html>")
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "<code>PYENV 3.12 good &lt;&lt;EOF</code>" in page
    assert f"{tmp_path}/dag.py:1" in page
    assert "ASTRO_PYENV_bad is" in page
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert main(["show", "good", "--format=html"]) == 0
    page = capsys.readouterr().out
    assert "beta" in page
    assert "&lt;b&gt;" not in page


def test_list_imports_little():
    """The command is used often, and every import costs time: Airflow alone has a thousand modules."""
    program = "import sys; from airflow_venv.cli import main; main(['list']); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    modules = set(printed.split())
    slow = {
        "airflow",
        "jinja2",
        "packaging",
        "importlib.metadata",
        "subprocess",
        "fastapi",
        "sqlalchemy",
        "difflib",
    }
    assert modules & slow == set()
    assert len(modules) < 150


def test_list_without_environments_prints_a_sentence(capsys):
    """Without any variables, no table is printed."""
    assert main(["list"]) == 0
    assert "no variable ASTRO_PYENV_*" in capsys.readouterr().out


@pytest.mark.usefixtures("environments")
def test_show_lists_the_packages(capsys):
    """An environment is given by name."""
    assert main(["show", "good"]) == 0
    assert "alpha    1.0" in capsys.readouterr().out
    assert main(["show", "bad", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["problem"]


@pytest.mark.usefixtures("environments")
def test_show_of_an_unknown_name_lists_the_names(capsys):
    """The exit code is that of incorrect usage."""
    assert main(["show", "god"]) == 64
    assert "Did you mean 'good'?" in capsys.readouterr().err


@pytest.mark.usefixtures("environments")
def test_doctor_finds_conflicts_and_broken_environments(capsys):
    """Requirements are compared with the installed packages, except for extras and markers that do not apply."""
    assert main(["doctor", "--json"]) == 1
    problems = [(one["environment"], one["problem"], one["message"]) for one in json.loads(capsys.readouterr().out)]
    assert ("good", "conflict", "alpha 1.0 requires beta>=2, but 1.5 is installed.") in problems
    assert ("good", "conflict", "alpha 1.0 requires gone, which is not installed.") in problems
    assert [kind for name, kind, _ in problems if name == "bad"] == ["broken"]
    assert len(problems) == 3


@pytest.mark.usefixtures("environments")
def test_doctor_checks_what_dags_ask_for(capsys, tmp_path):
    """Unknown names, missing modules and invalid Python files are reported with their places."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "a.py").write_text(
        "@task.venv('good')\ndef f():\n    import json, alpha, nowhere.there\n    try:\n        import maybe\n"
        "    except ImportError:\n        pass\n\n@task.venv(venv='unknown')\ndef g(): pass\n"
        "def h(): import elsewhere\nVenvOperator(task_id='h', venv='good', python_callable=h)\n"
    )
    (dags / "b.py").write_text("def (:\n")
    assert main(["doctor", str(dags)]) == 1
    out = capsys.readouterr().out
    assert f"{dags}/a.py:1 good: f imports nowhere, which good does not have." in out
    assert f"{dags}/a.py:12 good: h imports elsewhere, which good does not have." in out
    assert f"{dags}/a.py:9 unknown: There is no environment 'unknown'" in out
    assert f"{dags}/b.py:1: no Python" in out
    assert "maybe" not in out
    assert "imports alpha" not in out


def test_doctor_starts_the_interpreter(tmp_path, monkeypatch, capsys):
    """The check finds an interpreter that exits at once, and an incomplete standard library."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho cannot load libpython >&2\nexit 127\n")
    program.chmod(0o755)
    monkeypatch.setenv("ASTRO_PYENV_broken", str(program))
    assert main(["doctor"]) == 1
    assert "does not start: cannot load libpython" in capsys.readouterr().out
    hide = "import sys; sys.modules['ssl'] = None; del sys.argv[:1]; exec(sys.argv[0])"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S -c "{hide}" "$2"\n')
    assert main(["doctor"]) == 1
    assert "standard library's ssl cannot be imported" in capsys.readouterr().out


def test_doctor_succeeds_if_nothing_is_wrong(monkeypatch, capsys):
    """The output has the number of environments that were checked."""
    monkeypatch.setenv("ASTRO_PYENV_this", sys.executable)
    monkeypatch.setattr("airflow_venv.environments.doctor.conflicts", lambda *_: [])
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out == "1 environment, nothing wrong.\n"


def test_doctor_reports_which_tasks_can_be_forked(tmp_path, monkeypatch, capsys):
    """The modules of each task are imported; one that cannot be forked is no problem, but its reason is shown.

    A name with `-` means the variable with `_`, where that is the only one.
    """
    env = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env], check=True)
    site = next(env.glob("lib/python*/site-packages"))
    (site / "spins.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n"
    )
    (site / "ends.py").write_text("import os\nprint('printed')\nos._exit(3)\n")
    monkeypatch.setenv("ASTRO_PYENV_over_there", str(env / "bin/python"))
    dag = tmp_path / "a.py"
    dag.write_text(
        "@task.venv('over_there')\ndef f():\n    import json, spins\n\n"
        "@task.venv('over-there')\ndef g():\n    from xml import dom\n    import ends, csv\n"
    )
    assert main(["doctor", "--warm", str(dag)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{dag}:1 over_there: importing spins: it has started a thread of Python's")
    assert lines[1].startswith(f"{dag}:5 over_there: importing ends: it ended the process (")
    assert lines[2] == "over_there: Tasks can be forked; imports that were tried: 3."
    assert main(["doctor", "--warm", "--json"]) == 0
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["problem"], finding["message"]) == ("warm", "Tasks can be forked; imports that were tried: 0.")


def test_doctor_refuses_a_folder_that_is_not_there(environments, capsys):
    """This is incorrect usage, and not a folder without problems."""
    assert main(["doctor", str(environments / "nothere")]) == 64
    assert f"There is no file or folder {environments}/nothere." in capsys.readouterr().err


@pytest.mark.usefixtures("environments")
def test_doctor_refuses_a_folder_without_dag_files(tmp_path, capsys):
    """Without anything to check, the command must not succeed."""
    (tmp_path / "empty").mkdir()
    assert main(["doctor", str(tmp_path / "empty")]) == 64
    assert f"There is no Python file in {tmp_path}/empty." in capsys.readouterr().err


def test_doctor_fails_without_environments(capsys):
    """Without anything to check, the command must not succeed."""
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out == "There are no environments here: no variable ASTRO_PYENV_* is set.\n"
    assert main(["doctor", "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert finding["problem"] == "none"


def test_doctor_finds_syntax_that_is_newer_than_an_environment(tmp_path, monkeypatch, capsys):
    """Decorated functions, operators and functions in files are all read; the message has the place and the line."""
    monkeypatch.setenv("ASTRO_PYENV_old", interpreter("3.8"))
    monkeypatch.setattr("airflow_venv.environments.doctor.conflicts", lambda *_: [])
    (tmp_path / "a.py").write_text(
        "def factory():\n    @task.venv('old')\n    def f(x):\n        match x:\n            case 1: pass\n"
        "def g(d): return f'{d['a']}'\nVenvOperator(task_id='g', venv='old', python_callable=g)\n"
        "VenvOperator(task_id='h', venv='old', python_callable='beside/h.py:main')\n"
        "@task.venv('old')\ndef fine(x: int | None): return (y := x)\n"
    )
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "h.py").write_text("def main():\n    try: pass\n    except* ValueError: pass\n")
    assert main(["doctor", str(tmp_path / "a.py")]) == 1
    lines = capsys.readouterr().out.splitlines()
    version = "3.8." + interpreter("3.8").split("3.8.")[1].split("/")[0]
    cannot = f"old runs Python {version}, which cannot read this: "
    assert len(lines) == 3
    assert lines[0].startswith(f"{tmp_path}/a.py:4 old: {cannot}invalid syntax")
    assert lines[0].endswith(": match x:")
    assert lines[1].startswith(f"{tmp_path}/a.py:6 old: {cannot}")
    assert lines[2].startswith(f"{tmp_path}/beside/h.py:3 old: ")


def test_templates_and_other_decorators_are_not_checked(tmp_path):
    """Only literal names are checked."""
    (tmp_path / "x.py").write_text(
        "@task.venv('{{ x }}')\ndef f(): pass\n@task.other('y')\ndef g(): pass\n@venv(NAME)\ndef h(): pass\n"
    )
    assert scan(str(tmp_path)) == ([], [])


def test_version(capsys):
    """The version is that of the distribution."""
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"airflow-venv {metadata.version('airflow-provider-venv')}\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(["docter"], "did you mean doctor?"), (["list", "--jsn"], "--jsn"), (["list", "--format=jsn"], "mean json?")],
)
def test_incorrect_usage_ends_with_64_and_the_nearest_word(capsys, arguments, hint):
    """The exit code is the same as for `pyenv-frontend`; argparse would use 2."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 64
    assert hint in capsys.readouterr().err


def test_the_shell_completes_commands(tmp_path):
    """This uses argcomplete, which Airflow depends on."""
    program = "import sys; sys.argv[0] = 'airflow-venv'; from airflow_venv.cli import main; main()"
    answer = tmp_path / "answer"
    environ = {
        **os.environ, "_ARGCOMPLETE": "1", "COMP_LINE": "airflow-venv do", "COMP_POINT": "15",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", program], env=environ, check=False, stderr=subprocess.DEVNULL)
    assert answer.read_text().strip() == "doctor"


@pytest.mark.usefixtures("environments")
@pytest.mark.parametrize("name", ["<b>", "no good", "", "no\udce9text"])
def test_show_of_any_unknown_name_is_an_error(name, capsys):
    assert main(["show", name]) == 64
    assert f"There is no environment {name!r}" in capsys.readouterr().err


@pytest.mark.usefixtures("environments")
def test_names_that_the_terminal_cannot_show_are_written_escaped(monkeypatch):
    """A terminal with ASCII only gets escapes; bytes that are not UTF-8 are replaced; the HTML file is UTF-8."""
    monkeypatch.setenv("ASTRO_PYENV_no\udce9text\u00fc", "/nowhere")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    command = [sys.executable, "-c", "import sys; from airflow_venv.cli import main; sys.exit(main(sys.argv[1:]))"]
    process = subprocess.run([*command, "list"], check=False, capture_output=True)
    assert (process.returncode, process.stderr) == (1, b"")
    assert rb"no\ufffdtext\xfc" in process.stdout
    process = subprocess.run([*command, "list", "--format=html"], check=False, capture_output=True)
    assert (process.returncode, process.stderr) == (1, b"")
    assert "no\ufffdtext\u00fc" in process.stdout.decode()


@pytest.mark.usefixtures("environments")
@pytest.mark.parametrize("options", [["list"], ["list", "--format=json"], ["list", "--format=html"], ["show", "good"]])
def test_a_reader_that_ends_early_is_no_error(options):
    """An example is `airflow-venv list | head`."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", "import sys; from airflow_venv.cli import main; sys.exit(main(sys.argv[1:]))"]
    process = subprocess.run([*command, *options], check=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (process.returncode, process.stderr) == (141, b"")
