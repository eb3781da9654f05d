"""The inputs of a lock: each change is detected and named."""

import pytest

from pyenv_frontend.lock.inputs import changes, differences, lock_inputs
from tests.frontend.pyenv.contexts import closure, environment

FILES = {"r.txt": "six\n-r more.txt\n", "more.txt": "attrs\n", "c.txt": "six<2\n"}
LINE = "PYENV --constraint=c.txt 3.9 x r.txt"


def inputs(line, files):
    """Return the inputs of a PYENV line, which others may precede."""
    return lock_inputs(environment(line), closure(line, files))


@pytest.mark.parametrize(
    ("line", "files", "sentence"),
    [
        (LINE, {"more.txt": "attrs>20\n"}, "more.txt changed"),
        (LINE, {"c.txt": "six<1\n"}, "c.txt changed"),
        (LINE, {"r.txt": "six\n"}, "more.txt is gone"),
        (LINE.replace("3.9", "3.10"), {}, "Python 3.9 became 3.10"),
        (LINE.replace("--constraint=c.txt", ""), {}, "options changed"),
        (LINE.replace("PYENV", "PYENV --pre"), {}, "options changed"),
        (LINE.replace("PYENV", "PYENV --index-strategy=unsafe-best-match"), {}, "options changed"),
        ("ENV UV_EXCLUDE_NEWER=2026-01-01\n" + LINE, {}, "ENV UV_EXCLUDE_NEWER is new"),
        (LINE + " <<EOF\nattrs\nEOF\n", {}, "the heredoc is new"),
    ],
)
def test_a_change_of_what_decides_the_packages_is_named(line, files, sentence):
    """The contents of nested files and constraints are included."""
    assert sentence in changes(inputs(LINE, FILES), inputs(line, {**FILES, **files}))


PROJECT = """\
[project]
name = "p"
version = "1"
dependencies = ["six"]
[tool.uv]
prerelease = "allow"
[tool.ruff]
line-length = 100
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("line-length = 100", "line-length = 120  # wider", False),
        ("[tool.ruff]\nline-length = 100\n", "", False),
        ("[project]", "# A comment.\n[project]", False),
        ('["six"]', '["six<2"]', True),
        ('"allow"', '"if-necessary"', True),
        ("[tool.ruff]", "[tool.hatch]", True),
        ("[tool.ruff]", "[tool.ruff", True),
    ],
)
def test_the_settings_of_checkers_in_a_project_do_not_count(old, new, counts):
    """They decide on no package; installers and build systems may have settings of their own that do."""
    line, path = "PYENV 3.9 x <<EOF\n./pkg\nEOF\n", "pkg/pyproject.toml"
    before, after = (inputs(line, {path: text}) for text in (PROJECT, PROJECT.replace(old, new)))
    assert bool(changes(before, after)) is counts


HASHED = """\
--index-url https://index.example.com/simple
six==1.17.0 \\
    --hash=sha256:aa  # of the wheel
-r more.txt  # the rest
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("--index-url", "# A comment.\n\n  --index-url", False),
        ("# the rest", "# all others", False),
        ("  # of the wheel\n", "  \n\n", False),
        ("more.txt  # the rest\n", "more.txt", False),
        ("https://", "https://me:s3cret@", False),
        ("six==1.17.0 \\\n", "six==1.17.0  # \\\n", True),
        ("sha256:aa", "sha256:ab", True),
        ("  # of the wheel", " --hash=sha256:ab", True),
        ("index.example.com", "other.example.com", True),
        ("--index-url", "# --index-url", True),
        ("-r more.txt", "# -r more.txt", True),
    ],
)
@pytest.mark.parametrize("inline", [False, True])
def test_the_comments_of_requirements_do_not_count(old, new, counts, inline):
    """What counts are the logical lines, with hashes and options; credentials are in no digest."""

    def inputs_with(text):
        if inline:
            return inputs(f"PYENV 3.9 x <<'EOF'\n{text}\nEOF\n", FILES)
        return inputs("PYENV --constraint=c.txt 3.9 x r.txt", FILES | {"r.txt": text})

    assert bool(changes(inputs_with(HASHED), inputs_with(HASHED.replace(old, new)))) is counts


def test_the_comments_of_nested_files_and_constraints_do_not_count():
    """They are read in the same way."""
    files = {name: f"\n# A comment.\n{text}" for name, text in FILES.items()}
    assert changes(inputs(LINE, FILES), inputs(LINE, files)) == []


def test_the_order_of_requirements_counts():
    """Installers and their extra indexes may depend on it."""
    files = FILES | {"r.txt": "-r more.txt\nsix\n"}
    assert changes(inputs(LINE, FILES), inputs(LINE, files)) == ["r.txt changed"]


def test_a_file_with_the_name_of_another_input():
    """Both count."""
    before, after = (inputs("PYENV 3.9 x options", {"options": text}) for text in ("six\n", "attrs\n"))
    assert changes(before, after) == ["./options changed"]
    assert before["Python"] == "3.9"


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.py", "setup.cfg"])
@pytest.mark.parametrize("line", ["PYENV 3.9 x <<EOF\n./pkg\nEOF\n", "PYENV 3.9 x <<EOF\n-e pkg/\nEOF\n"])
def test_what_a_local_package_depends_on_counts(line, name):
    """The lock has what the package needed then; its other files do not decide on that."""
    files = {"pkg/setup.py": "", f"pkg/{name}": "one", "pkg/code.py": "one"}
    edited = files | {f"pkg/{name}": "two", "pkg/code.py": "two"}
    assert changes(inputs(line, files), inputs(line, edited)) == [f"pkg/{name} changed"]


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        LINE.replace("PYENV", "pyenv"),
        LINE.replace("PYENV", "PYENV --path=/x"),
        "ENV UV_INDEX_URL=http://x A=b\n" + LINE,
    ],
)
def test_what_does_not_decide_the_packages_is_no_change(line):
    """The environment's location, its indexes, other variables and line ends do not matter."""
    files = {name: text.replace("\n", "\r\n") for name, text in FILES.items()}
    assert changes(inputs(LINE, FILES), inputs(line, files)) == []


def test_the_differences_of_two_environments():
    """Neither of the two is the earlier one."""
    other = "ENV UV_PRERELEASE=allow\n" + LINE.replace("3.9", "3.10").replace("r.txt", "more.txt")
    assert differences(inputs(LINE, FILES), inputs(other, FILES)) == [
        "one has Python 3.9, the other Python 3.10",
        "they differ in options",
        "only one has r.txt",
        "only one has ENV UV_PRERELEASE",
    ]
