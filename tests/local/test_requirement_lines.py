"""Lines of requirements files: the check refuses none that pip or uv takes. Both are asked."""

import json
import re
import subprocess
import sys

import pytest

from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.collector import Origin
from pyenv_frontend.inputs.operators import check_operator
from pyenv_frontend.positions import Location, SourceFile, Span
from tools import interpreters

ORIGIN = Origin(Location(SourceFile("r.txt", b"x"), Span(0, 1)))
OF_BOTH = """
a.b-c_d
a--b
1
six[]==1
six [ a , b.c_d-e ] == 1.2 , != 1.3 ,
six(==1.2)
six (>=1,<2);python_version>'3'
six==V1!1.2.0_ALPHA-1.POST2.dev3+Local_1.x
six==1.2-1
six==1.2c1
six==1.2.r4
six==2024.1.a
six~=v1.2a
six!=1.*,==1!2.*
six===1.2,>=1
six<1.2.dev1,>1.2.post1
six; 'x'=='y'
six;"3.8" <= python_version and('a' in extra or os.name!='nt')
six; python_version not  in '3.8 3.9'
six;'3.8'in python_version
six; python_version<'3.10'or (os_name=='nt')
six; ((sys.platform=="it's")) and platform.machine ~= 'x' or 'a' in dependency_groups
""".strip().splitlines()
OF_PIP = ["six_", "six;", "six==1;", "six ()", "six===", "six===foo", "six; extras == 'a'", "six; os_name === 'nt'"]
OF_NONE = r"""
six==$VER
six==$(VER)
six==${ver}
six=={{ version }}
six==%VER%
six==<version>
six>=1.0<2
six==1.2 ==1.3
six==1.2# c
six==1.2;python_version>'3'#c
six==“1.2”
six≥1.2
six==
six==*
six==latest
six==1.x
six==1.2.
six==1..2
six==1.*.2
six==1.2-SNAPSHOT
six==1.2+
six~=1
six~=1.*
six>=1.2.*
six>==1.2
six> =1.2
six==1. 2
six==1,2
six>=1,,<2
six,
six, idna
six-
six.
six@
six@1.2
six @ ^1.2
six: 1.2
six (1.2)
six (>=1.2
six[foo==1
six[foo]]==1
six[foo,]==1
six[foo bar]==1
six{foo}==1
six|idna
six; python_version < 3.8
six; python_version<'3.8
six; python_version = '3.8'
six; python_version => '3.8'
six; python_version
six; python == '3.8'
six; extra == x
six; (python_version > '3'
six; python_version > '3')
six; not python_version > '3'
six; python_version > '3' and
six; python_version > '3' && os_name == 'nt'
six; python_version>'3';
six;>1.1
six; idna
six;;
""".strip().splitlines()
_PIP = """
import json, sys
from pip._internal.exceptions import InstallationError
from pip._internal.req.constructors import install_req_from_line
from pip._internal.req.req_file import preprocess
refused = []
for line in json.load(sys.stdin):
    try:
        requirements = [install_req_from_line(part) for _, part in preprocess(line)]
        assert all(requirement.link is None or requirement.link.scheme for requirement in requirements)
    except (AssertionError, InstallationError):  # pip asks for an address without a scheme all the same
        refused.append(line)
print(json.dumps(refused))
"""


def refused_by_check(lines, **options):
    """Return the lines that `check` refuses."""
    refused = []
    for line in lines:
        try:
            check_operator(line, ORIGIN, **options)
        except UserError:
            refused.append(line)
    return refused


def refused_by_uv(lines, folder):
    """Return the lines that uv refuses; it names one at a time."""
    left, refused = list(lines), []
    while True:
        folder.joinpath("r.txt").write_text("\n".join(left) + "\n", "utf-8")
        command = [interpreters.uv(), "pip", "compile", "--no-config", "--no-index", "--offline", "--no-deps", "r.txt"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        position = re.search(r"at position (\d+)", done.stderr)
        if position is None:
            assert "No solution found" in done.stderr, done.stderr
            return refused
        refused.append(left.pop("\n".join(left).encode()[: int(position[1])].count(b"\n")))


@pytest.fixture(scope="module")
def pip(tmp_path_factory):
    """Return a Python with a pip as new as the one that builds use."""
    folder = tmp_path_factory.mktemp("pip")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin/python"
    update = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pip>=25"]
    if subprocess.run(update, check=False, capture_output=True).returncode:
        pytest.skip("no index has a new pip")
    return python


def test_the_check_refuses_what_neither_pip_nor_uv_takes(pip, tmp_path):
    """What one of them takes is for that one to judge, apart from a semicolon at the end, which only pip takes."""
    lines = [*OF_BOTH, *OF_PIP, *OF_NONE]
    by_pip = subprocess.run([pip, "-c", _PIP], input=json.dumps(lines), capture_output=True, text=True, check=True)
    assert json.loads(by_pip.stdout) == OF_NONE
    assert refused_by_uv(lines, tmp_path) == OF_PIP + OF_NONE
    assert refused_by_check(OF_PIP, by_pip=True) == []
    assert refused_by_check(lines) == ["six;", "six==1;", *OF_NONE]
