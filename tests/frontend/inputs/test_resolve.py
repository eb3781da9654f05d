"""The files that a PYENV's requirements refer to, which are the inputs of its step."""

import pytest

from pyenv_frontend.cli.folder_context import FolderContext
from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.build_context import LARGEST, UnreadableFileError
from pyenv_frontend.inputs.resolve import DEEPEST, resolve_inputs
from tests.frontend.pyenv.contexts import Files, closure, pyenv
from tests.property.laws import steps


def test_nothing():
    """A bare PYENV needs no files and reads none."""
    files = Files({"requirements.txt": "a"})
    assert closure("PYENV 3.9 x", files).inputs == ()
    assert files.reads == []


def test_nested_files_are_found_relative_to_the_file():
    """-r and -c are relative to their own file, in every spelling; addresses are left to the installer."""
    files = {
        "r/a.txt": "-r b.txt\n-rsub/c.txt\n--requirement=../top.txt\n-c con.txt\n-c https://x/y\n"
        '--constraint con2.txt\n-r "my file.txt"\n-r \\\nnext.txt\n-r /opt/of-the-stage.txt',
        "r/my file.txt": "five",
        "r/next.txt": "six",
        "r/b.txt": "one\n",
        "r/sub/c.txt": "two\n-r d.txt\n",
        "r/sub/d.txt": "three",
        "top.txt": "four",
        "r/con.txt": "one==1\n-c con3.txt\n",
        "r/con2.txt": "",
        "r/con3.txt": "two==2",
        "unrelated.txt": "seven",
    }
    inputs = closure("PYENV 3.9 x r/a.txt", files)
    assert set(inputs.inputs) == set(files) - {"unrelated.txt"}
    assert [requirement.text for requirement in inputs.listed] == ["one", "two", "three", "four", "five", "six"]
    assert set(inputs.constraints) == {"one==1", "two==2"}


def test_cycle():
    """Files that refer to each other are read once each."""
    files = Files({"a.txt": "-r b.txt\n-r a.txt\none", "b.txt": "-r ./a.txt\ntwo"})
    assert closure("PYENV 3.9 x a.txt a.txt", files).files == ("a.txt", "b.txt")
    assert files.reads == ["a.txt", "b.txt"]


@pytest.mark.parametrize(("count", "fine"), [(DEEPEST, True), (DEEPEST + 1, False)])
def test_depth(count, fine):
    """A hundred levels of nested files are accepted, and more are refused."""
    files = {f"{number}.txt": f"-r {number + 1}.txt" for number in range(1, count)} | {f"{count}.txt": "numpy"}
    try:
        inputs = closure("PYENV 3.9 x 1.txt", files)
    except UserError as error:
        message = error.message
    else:
        message = inputs.listed[0].text
    assert message == ("numpy" if fine else "requirements files name one another more than 100 deep")


def test_constraints_of_the_option():
    """--constraint files are read in the same way, but their packages are not installed."""
    inputs = closure("PYENV --constraint=c/a.txt 3.9 x", {"c/a.txt": "-c b.txt\nnumpy==1", "c/b.txt": "scipy==1"})
    assert inputs.files == ("c/a.txt", "c/b.txt")
    assert inputs.listed == ()


@pytest.mark.parametrize(
    ("line", "tree"),
    [
        ("./pkg", "r/pkg/"),
        ("-e ./pkg", "r/pkg/"),
        ("-epkg/", "r/pkg/"),
        ("--editable=pkg/sub", "r/pkg/sub/"),
        ("../lib", "lib/"),
        ("../lib[extra,more]", "lib/"),
        ("./pkg ; python_version < '3.9'", "r/pkg/"),
        ("name @ file:./pkg", "r/pkg/"),
        ("name[extra] @ ../lib", "lib/"),
        ("a-1.0-py3-none-any.whl", "r/a-1.0-py3-none-any.whl"),
        ("pkg/b-1.0.tar.gz#sha256=abc", "r/pkg/b-1.0.tar.gz"),
        ("--find-links pkg", "r/pkg/"),
        ("-f ../index.html", "index.html"),
        (".", "r/"),
        ("..", "./"),
        ('-e "./my pkg"', "r/my pkg/"),
        ("-e \\\n ./pkg", "r/pkg/"),
        ("name @ file:./my%20pkg", "r/my pkg/"),
    ],
)
def test_local_packages(line, tree):
    """Local packages and folders of wheels are inputs of the step; a folder ends with `/`."""
    files = {
        "r/a.txt": f"{line}\n",
        "r/pkg/sub/pyproject.toml": "",
        "r/pkg/pyproject.toml": "",
        "r/pyproject.toml": "",
        "pyproject.toml": "",
        "r/my pkg/setup.py": "",
        "r/pkg/b-1.0.tar.gz": "",
        "r/a-1.0-py3-none-any.whl": "",
        "lib/setup.py": "",
        "index.html": "",
    }
    inputs = closure("PYENV 3.9 x r/a.txt", files)
    assert tree in inputs.inputs
    assert inputs.listed == ()


@pytest.mark.parametrize(
    ("line", "tree"),
    [
        ("-e ./libs/one", "libs/one/"),
        ("-f libs", "r/libs/"),
        ("-f wheels", "wheels/"),
        ("-e .", "./"),
        (".[extra]", "./"),
        ("./both", "r/both/"),
    ],
)
def test_local_packages_from_the_top(line, tree):
    """A path with nothing to install next to the file is looked up in the context's root, where most users run pip."""
    files = {
        "r/a.txt": f"{line}\n",
        "libs/one/setup.py": "",
        "libs/x.whl": "",
        "r/libs/y.whl": "",
        "wheels/z.whl": "",
        "pyproject.toml": "",
        "both/setup.py": "",
        "r/both/pyproject.toml": "",
    }
    assert tree in closure("PYENV 3.9 x r/a.txt", files).inputs


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("-e .", ".dockerignore leaves setup.py out; add the line !setup.py to it"),
        ("./pkg", "the folder pkg holds a.py"),
        ("name @ file:pkg", "the folder pkg holds a.py"),
    ],
)
def test_a_folder_that_is_no_project(line, hint):
    """The error says so before anything is built, and names the ignore file if that is the reason."""
    files = Files({"r.txt": f"six\n{line}\n", "pkg/a.py": "", "setup.py": ""}, ignored=["setup.py"])
    with pytest.raises(UserError, match=r"which r\.txt names in line 2, is not a project") as caught:
        closure("PYENV 3.9 x r.txt", files)
    assert caught.value.hint == hint


def test_a_project_in_a_subdirectory():
    """With #subdirectory, the project is not at the top of the folder."""
    files = {"r.txt": "./repo#subdirectory=python\n", "repo/python/setup.py": ""}
    assert "repo/" in closure("PYENV 3.9 x r.txt", files).inputs


@pytest.mark.parametrize(
    "line", ["-e ./pkg", "./pkg", "https://example.org/a-1-py3-none-any.whl", "git+https://a/b.git"]
)
def test_a_constraint_without_a_name(line):
    """Uv takes none; pip decides for itself."""
    files = {"r.txt": "-c c.txt\nsix\n", "c.txt": f"# a comment\n{line}\n", "pkg/setup.py": ""}
    with pytest.raises(UserError, match=r"which c\.txt names in line 2, has no name") as caught:
        closure("PYENV 3.9 x r.txt", files)
    assert caught.value.hint.startswith("write NAME==VERSION")
    assert closure("PYENV --installer=pip 3.9 x r.txt", files).listed


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("-r reqs\\base.txt", "reqs/base.txt"),
        ("--find-links .\\wheels", "./wheels"),
        (".\\a-1-py3-none-any.whl", "./a-1-py3-none-any.whl"),
    ],
)
def test_paths_of_windows(line, shown):
    """Nothing is found behind a backslash, and the hint has the path with slashes."""
    with pytest.raises(UserError, match="is not in the build context") as caught:
        closure("PYENV 3.9 x r.txt", {"r.txt": f"{line}\n", "reqs/base.txt": "six"})
    assert caught.value.hint == f"paths have / here: {shown}"


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "numpy==1.0 --hash=sha256:abc/def",
        "name @ https://example.org/a/b.whl",
        "git+https://example.org/a.git@v1#egg=a",
        "-e git+ssh://git@example.org/a.git",
        "-f https://example.org/wheels/",
        "--find-links=/opt/wheels",
        "--index-url https://example.org/simple/",
        "--no-binary=:all:",
        "--pre",
        "# -r missing.txt",
        "numpy  # -r missing.txt",
        "  ",
        "name @ file:///mnt/wheels/a.whl",
        "/mnt/wheels/a.whl",
        "-e /opt/app",
        "/opt/app[extra] ; python_version > '3'",
    ],
)
def test_what_names_no_file(line):
    """Names, addresses, comments, other options, and files of the stage or of a mount are not looked up."""
    assert closure("PYENV 3.9 x a.txt", {"a.txt": f"{line}\n"}).inputs == ("a.txt",)


def test_continued_lines():
    """A backslash continues a line, both for options and requirements."""
    inputs = closure(
        "PYENV 3.9 x a.txt",
        {"a.txt": "numpy==1 \\\n  --hash=sha256:a \\\n  --hash=sha256:b\n-r \\\nb.txt", "b.txt": ""},
    )
    assert inputs.files == ("a.txt", "b.txt")
    assert [requirement.text for requirement in inputs.listed] == ["numpy==1"]


def test_files_inside_trees_are_not_repeated():
    """Files within a folder that is already an input are not listed again."""
    files = {"pkg/a.txt": "-e .\n-e ./sub\n", "pkg/sub/setup.py": "", "pkg/setup.py": ""}
    assert closure("PYENV 3.9 x pkg/a.txt", files).inputs == ("pkg/",)


def test_inline_is_relative_to_the_context():
    """Paths in a heredoc are relative to the context's root."""
    inputs = closure("PYENV 3.9 x <<E\nnumpy\n-r r/a.txt\nE", {"r/a.txt": "scipy\n-r b.txt", "r/b.txt": ""})
    assert inputs.files == ("r/a.txt", "r/b.txt")
    assert [requirement.text for requirement in inputs.listed] == ["numpy", "scipy"]
    assert inputs.listed[0].origin.word.position == (3, 1)


def test_a_form_feed_is_no_line_of_the_dockerfile():
    """A form feed ends a line for pip; what follows is still on the line that an editor shows."""
    inputs = closure("PYENV 3.9 x <<E\nnumpy\x0cscipy\x1e\npandas\nE", {})
    lines = {requirement.text: requirement.origin.word.position.line for requirement in inputs.listed}
    assert lines == {"numpy": 3, "scipy": 3, "pandas": 4}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings(encoding):
    """A byte order mark determines the encoding; Windows shells write such files."""
    text = "numpy\r\n-r b.txt\r\n".encode(encoding)
    assert closure("PYENV 3.9 x a.txt", {"a.txt": text, "b.txt": ""}).files == ("a.txt", "b.txt")


def test_project():
    """A project needs its lock, the files it names, and the members it depends on, but not its source."""
    files = {
        "app/pyproject.toml": """
            [project]
            name = "app"
            readme = "README.md"
            license = {file = "LICENSE"}
            dynamic = ["optional-dependencies"]
            dependencies = ["numpy", "common", "helper", "tool @ file:../tool"]
            [tool.setuptools.dynamic]
            dependencies = {file = ["deps.txt"]}
            [tool.uv.sources]
            helper = {path = "../helper"}
            common = {workspace = true}
            [tool.uv.workspace]
            members = ["libs/*"]
            """,
        "app/uv.lock": """
            [[package]]
            name = "v"
            source = { path = "vendor/v.whl" }
            [[package]]
            name = "app"
            source = { virtual = "." }
            dependencies = [{ name = "common" }]
            [[package]]
            name = "common"
            source = { editable = "libs/common" }
            dependencies = [{ name = "v" }]
            [[package]]
            name = "other"
            source = { editable = "libs/other" }
            [[package]]
            name = "numpy"
            [[package]]
            name = "helper"
            [[package]]
            name = "tool"
            """,
        "app/README.md": "",
        "app/LICENSE": "",
        "app/deps.txt": "scipy\n-r more.txt",
        "app/more.txt": "pandas",
        "app/src/app.py": "",
        "app/vendor/v.whl": "",
        "app/libs/common/pyproject.toml": '[project]\nname = "Common"',
        "app/libs/common/c.py": "",
        "app/libs/other/pyproject.toml": '[project]\nname = "other"',
        "app/libs/other/o.py": "",
        "helper/setup.py": "",
        "tool/setup.py": "",
    }
    inputs = closure("PYENV 3.9 x app/pyproject.toml", files)
    assert set(inputs.inputs) == {
        "app/pyproject.toml",
        "app/uv.lock",
        "app/README.md",
        "app/LICENSE",
        "app/deps.txt",
        "app/more.txt",
        "app/vendor/v.whl",
        "app/libs/common/",
        "helper/",
        "tool/",
    }
    assert {requirement.text for requirement in inputs.listed if requirement.locked} == {
        "numpy",
        "common",
        "helper",
        "tool @ file:../tool",
    }
    assert [requirement.text for requirement in inputs.listed if not requirement.locked] == ["scipy", "pandas"]


MEMBER = """
    [project]
    name = "app"
    dependencies = ["common", "numpy"]
    [tool.uv.sources]
    common = { workspace = true }
    """
ROOT = """
    [tool.uv.workspace]
    members = ["apps/*", "libs/*"]
    exclude = ["apps/not-*"]
    """
LOCK = """
    [[package]]
    name = "app"
    source = { virtual = "apps/app" }
    dependencies = [{ name = "Common", extra = ["fast"] }, { name = "numpy" }]
    optional-dependencies = { more = [{ name = "by-extra" }], unasked = [{ name = "other" }] }
    dev-dependencies = { lint = [{ name = "by_group" }], dev = [{ name = "other" }] }
    [[package]]
    name = "common"
    source = { editable = "libs/common" }
    dependencies = [{ name = "util" }]
    optional-dependencies = { fast = [{ name = "by-its-extra" }], unasked = [{ name = "other" }] }
    [[package]]
    name = "util"
    source = { directory = "libs/util" }
    dependencies = [{ name = "common" }]
    [[package]]
    name = "numpy"
    source = { registry = "https://example.org/simple" }
    """ + "".join(
    f"""
    [[package]]
    name = "{name}"
    source = {{ path = "libs/{name}.whl" }}
    """
    for name in ("by-extra", "by-group", "by-its-extra", "other")
)
WORKSPACE = {
    "pyproject.toml": ROOT,
    "uv.lock": LOCK,
    "apps/app/pyproject.toml": MEMBER,
    "apps/app/src/app.py": "",
    "apps/other/pyproject.toml": '[project]\nname = "another"\n',
    "libs/common/pyproject.toml": '[project]\nname = "common"\ndependencies = ["util"]\n'
    "[tool.uv.sources]\nutil = { workspace = true }\n",
    "libs/util/pyproject.toml": '[project]\nname = "util"\n',
    "libs/other/pyproject.toml": '[project]\nname = "other"\n',
    **{f"libs/{name}.whl": "" for name in ("by-extra", "by-group", "by-its-extra", "other")},
}
LOCKED = {"apps/app/pyproject.toml", "pyproject.toml", "uv.lock", "libs/common/", "libs/util/", "libs/by-its-extra.whl"}


def test_a_lock_at_the_root_of_the_workspace():
    """As for uv, it may be above the project; only its packages that the project needs become inputs."""
    inputs = closure("PYENV 3.9 x apps/app/pyproject.toml", WORKSPACE)
    assert set(inputs.inputs) == LOCKED
    assert inputs.step_inputs.locked == ("apps/app/pyproject.toml",)
    assert all(requirement.locked for requirement in inputs.listed)
    more = "optional-dependencies = { more = [] }\n[dependency-groups]\nlint = []\n[tool.uv.sources]"
    files = WORKSPACE | {"apps/app/pyproject.toml": MEMBER.replace("[tool.uv.sources]", more)}
    inputs = closure("PYENV --extra=more --group=lint 3.9 x apps/app/pyproject.toml", files)
    assert set(inputs.inputs) == LOCKED | {"libs/by-extra.whl", "libs/by-group.whl"}


def test_a_lock_that_is_too_large_is_reported(tmp_path):
    """Otherwise other versions would be installed than those of the lock."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\n')
    with (tmp_path / "uv.lock").open("wb") as stream:
        stream.truncate(LARGEST + 1)
    with pytest.raises(UserError, match=r"uv\.lock has 32 MB, and no more than 32 MB of a file are read"):
        resolve_inputs(pyenv("PYENV 3.9 x pyproject.toml"), FolderContext(tmp_path))


def test_a_workspace_without_a_lock():
    """The members that a project depends on become inputs, and also the dependencies of those."""
    files = {path: text for path, text in WORKSPACE.items() if path != "uv.lock"}
    inputs = closure("PYENV 3.9 x apps/app/pyproject.toml", files)
    assert set(inputs.inputs) == {"apps/app/pyproject.toml", "pyproject.toml", "libs/common/", "libs/util/"}
    assert [requirement.text for requirement in inputs.listed if not requirement.locked] == ["numpy"]
    assert inputs.step_inputs.locked == ()


def test_sources_of_the_root_hold_for_its_members():
    """A member does not have to repeat the sources of the root."""
    sources = "[tool.uv.sources]\ncommon = { workspace = true }\nodd = { path = 'libs/other.whl' }"
    files = {
        "pyproject.toml": ROOT + sources,
        "apps/app/pyproject.toml": MEMBER.partition("[tool")[0],
        "libs/common/pyproject.toml": '[project]\nname = "common"',
        "libs/other.whl": "",
    }
    assert set(closure("PYENV 3.9 x apps/app/pyproject.toml", files).inputs) == {
        "apps/app/pyproject.toml", "pyproject.toml", "libs/common/", "libs/other.whl",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "between"),
    [
        ("apps/not-me", {}),  # excluded
        ("elsewhere/app", {}),  # not a member
        ("apps/deep/er", {}),  # `*` matches a single folder
        ("apps/mine/tests", {"apps/mine/pyproject.toml": '[project]\nname = "mine"\n'}),  # a folder of another project
    ],
)
def test_a_project_of_no_workspace(path, between):
    """A workspace that does not include the project is ignored, together with its lock."""
    files = WORKSPACE | between | {f"{path}/pyproject.toml": '[project]\nname = "me"\ndependencies = ["numpy"]\n'}
    inputs = closure(f"PYENV 3.9 x {path}/pyproject.toml", files)
    assert inputs.inputs == (f"{path}/pyproject.toml",)
    assert not any(requirement.locked for requirement in inputs.listed)


def test_a_folder_between_that_says_nothing():
    """A pyproject.toml between them that has no project and no workspace, or is invalid, is skipped."""
    files = {"pyproject.toml": ROOT, "uv.lock": LOCK, "apps/app/pyproject.toml": '[project]\nname = "nobody"'}
    for text in ("[tool.ruff]\n", "="):
        inputs = closure("PYENV 3.9 x apps/app/pyproject.toml", files | {"apps/pyproject.toml": text, **WHEELS})
        assert {"uv.lock", "pyproject.toml"} <= set(inputs.inputs)
        assert "apps/pyproject.toml" not in inputs.inputs


WHEELS = {path: "" for path in WORKSPACE if path.endswith(".whl")} | {"libs/common/x": "", "libs/util/x": ""}


def test_project_alone():
    """Without a lock, only the file itself is read, and a missing readme is ignored."""
    files = {"pyproject.toml": '[project]\nname = "x"\nreadme = "README.md"\ndependencies = ["numpy"]'}
    assert closure("PYENV 3.9 x pyproject.toml", files).inputs == ("pyproject.toml",)


def test_lock():
    """A pylock.toml needs the archives, wheels, source trees and folders that it refers to by path."""
    lock = """
        lock-version = "1.0"
        [[packages]]
        name = "a"
        wheels = [{path = "w/a.whl"}, {url = "https://example.org/a.whl"}]
        sdist = {path = "w/a.tar.gz"}
        [[packages]]
        name = "b"
        directory = {path = "./b", editable = true}
        [[packages]]
        name = "c"
        vcs = {type = "git", url = "https://example.org/c", commit-id = "1"}
        [[packages]]
        name = "d"
        archive = {path = "w/d.zip"}
        """
    files = {"l/pylock.toml": lock, "l/w/a.whl": "", "l/w/a.tar.gz": "", "l/b/x": "", "l/w/d.zip": "", "l/w/e.zip": ""}
    inputs = closure("PYENV 3.9 x l/pylock.toml", files)
    assert set(inputs.inputs) == {"l/pylock.toml", "l/w/a.whl", "l/w/a.tar.gz", "l/w/d.zip", "l/b/"}


POETRY = "[tool.poetry]\nname = 'x'\n[tool.poetry.dependencies]\nsix = '1'\n"
BUILT = "[build-system]\nrequires = []\n"


@pytest.mark.parametrize(
    ("files", "inputs"),
    [
        ({"pyproject.toml": f"{POETRY}{BUILT}"}, ("./",)),
        ({"pyproject.toml": BUILT, "setup.py": "setup()", "setup.cfg": ""}, ("./",)),
        ({"pyproject.toml": "[tool.black]\n", "setup.cfg": "[metadata]\n"}, ("./",)),
        (
            {"pyproject.toml": f"{BUILT}[project]\nname = 'x'\ndynamic = ['dependencies']\n", "setup.py": ""},
            ("./",),
        ),
        ({"pyproject.toml": f"{BUILT}[project]\nname = 'x'\n", "setup.py": ""}, ("pyproject.toml",)),
    ],
)
def test_what_a_build_says_a_project_depends_on(files, inputs):
    """Without a list in `[project]` the build is asked, which may read any file beside it."""
    assert closure("PYENV 3.9 x pyproject.toml", files).inputs == inputs


@pytest.mark.parametrize(
    ("project", "hint"),
    [
        ("[tool.black]\n", "write [project] with a name"),
        (f"[dependency-groups]\nlint = ['six']\n{POETRY}", "poetry export"),
        (POETRY, "poetry export"),
        (POETRY.replace("]\n", "]\npackage-mode = false\n", 1) + BUILT, "poetry export"),
    ],
)
def test_a_project_that_lists_nothing(project, hint):
    """No installer finds dependencies there; the error has the ways out."""
    with pytest.raises(UserError, match=r"pyproject.toml has no \[project\] table") as caught:
        closure("PYENV --group=lint 3.9 x pyproject.toml", {"pyproject.toml": project})
    assert hint in caught.value.hint


OUT_OF_DATE = [
    ("'six', 'idna'", "", "it does not have idna"),
    ("'six>=2'", "", "it has six 1.16.0 and not >=2"),
    ("'six>=1', 'idna; python_version < \"3\"', 'X[more]', 'git @ https://a/b.whl'", "", ""),
    ("'six>=2', 'idna'", "[tool.uv]\noverride-dependencies = ['six<2']\n", ""),
]


@pytest.mark.parametrize(("dependencies", "settings", "message"), OUT_OF_DATE)
def test_a_uv_lock_that_is_out_of_date(dependencies, settings, message):
    """What the lock lacks would not be installed, without a word; what uv may have changed on purpose is fine."""
    package = "[[package]]\nname = '{}'\nversion = '{}'\n"
    lock = "version = 1\n" + package.format("six", "1.16.0") + package.format("git", "1") + package.format("x", "1")
    project = f"[project]\nname = 'x'\nversion = '1'\ndependencies = [{dependencies}]\n{settings}"
    files = {"pyproject.toml": project, "uv.lock": lock}
    if not message:
        assert closure("PYENV 3.9 x pyproject.toml", files).step_inputs.locked
        return
    with pytest.raises(UserError, match=rf"uv\.lock is out of date: {message}, as pyproject\.toml requires") as caught:
        closure("PYENV 3.9 x pyproject.toml", files)
    assert caught.value.hint == "write it anew: uv lock"


def test_a_dependency_with_a_source_of_its_own():
    """What comes from a path or the workspace has no version to pin; a branch may be another one tomorrow."""
    project = (
        "[project]\nname = 'x'\ndependencies = ['a-b', 'c', 'd']\n[tool.uv.sources]\nA_b = { path = 'lib' }\n"
        "c = { git = 'https://a/b', branch = 'main' }\nd = { git = 'https://a/b', rev = '1' }\n"
    )
    files = {"pyproject.toml": project, "lib/pyproject.toml": ""}
    inputs = closure("PYENV 3.9 x pyproject.toml", files)
    assert [requirement.text for requirement in inputs.listed if not requirement.locked] == ["c"]


GROUPS = """
[dependency-groups]
lint = ['six', 'a @ file:w/a.whl', {include-group = 'more'}]
more = ['idna', {include-group = 'Lint'}]
"""


@pytest.mark.parametrize("beside", [{}, {"setup.cfg": "[flake8]\n"}])
def test_dependencies_in_groups_alone(beside):
    """Without a [project], the named group counts: its requirements, those of included groups, and its local files."""
    files = {"pyproject.toml": GROUPS, "w/a.whl": "", **beside}
    inputs = closure("PYENV --group=lint 3.9 x pyproject.toml", files)
    assert {requirement.text for requirement in inputs.listed} == {"six", "a @ file:w/a.whl", "idna"}
    assert inputs.step_inputs.only_groups == ("pyproject.toml",)
    assert set(inputs.inputs) == {"pyproject.toml", "w/a.whl", *beside}


@pytest.mark.parametrize(
    ("project", "beside"),
    [
        (f"{GROUPS}[project]\nname = 'x'\n", {}),
        (GROUPS, {"setup.py": ""}),
        (GROUPS, {"setup.cfg": "[metadata]\nname = x\n"}),
        (f"{GROUPS}[build-system]\nrequires = []\n", {}),
    ],
)
def test_a_group_beside_other_dependencies(project, beside):
    """Where the file or setuptools' files say more, the group is an addition."""
    files = {"pyproject.toml": project, "w/a.whl": "", **beside}
    assert closure("PYENV --group=lint 3.9 x pyproject.toml", files).step_inputs.only_groups == ()


@pytest.mark.parametrize(
    ("project", "message", "hint"),
    [
        (GROUPS, "the PYENV names none of its groups", "name one: PYENV --group=lint ..."),
        ("[tool.uv.workspace]\nmembers = ['a/*']\n", "the root of a workspace", "or write the lock: uv lock"),
    ],
)
@pytest.mark.parametrize("lock", [{}, {"uv.lock": "version = 1\n"}])
def test_nothing_is_named_of_a_file_without_a_project(project, message, hint, lock):
    """Nothing would be installed, which is an error; a locked workspace has its members."""
    if "workspace" in project and lock:
        assert closure("PYENV 3.9 x pyproject.toml", {"pyproject.toml": project, **lock}).step_inputs.locked
        return
    with pytest.raises(UserError, match=message) as caught:
        closure("PYENV 3.9 x pyproject.toml", {"pyproject.toml": project, **lock})
    assert caught.value.hint.endswith(hint)


def test_a_chosen_extra_is_an_input():
    """The requirements of an extra that is named count as those of the project, also by its name; others do not."""
    project = (
        '[project]\nname = "X.y"\n[project.optional-dependencies]\n'
        'my_extra = ["x-y[real, my-extra]"]\nreal = ["a @ file:w/a.whl", "six"]\nother = ["idna"]\n'
    )
    files = {"pyproject.toml": project, "w/a.whl": ""}
    inputs = closure("PYENV --extra=my-extra 3.9 x pyproject.toml", files)
    assert [requirement.text for requirement in inputs.listed] == ["a @ file:w/a.whl", "six"]
    assert set(inputs.inputs) == set(files)


def test_extras_and_groups():
    """Names of extras and groups are normalized as Python's package names."""
    project = '[project]\nname = "x"\n[project.optional-dependencies]\nMy_Extra = []\n[dependency-groups]\ndev = []\n'
    line = "PYENV --extra=my-extra --group=DEV 3.9 x pyproject.toml"
    assert closure(line, {"pyproject.toml": project}).files == ("pyproject.toml",)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[", b"a = 1\na = 2", b"[project]\ndependencies = 3\nname = []"])
def test_odd_projects(content):
    """Every project file is either read or refused with a location."""
    try:
        names = closure("PYENV 3.9 x pyproject.toml", {"pyproject.toml": content}).files
    except UserError as error:
        names = tuple(location.file.name for location in error.locations)
    assert names in {("pyproject.toml",), ("Dockerfile", "pyproject.toml")}


def test_a_pointer_of_git_lfs():
    """A checkout without Git LFS has a pointer in the place of the file, which is no list of requirements."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    with pytest.raises(UserError, match=r"b.txt, which a.txt names in line 1, is a pointer of Git LFS") as caught:
        closure("PYENV 3.9 x a.txt", {"a.txt": "-r b.txt\n", "b.txt": pointer})
    assert "git lfs pull" in caught.value.hint


def test_locations_of_a_nested_error():
    """The first location is that in the Dockerfile, which a build shows, and the next one is that of the wrong line."""
    with pytest.raises(UserError) as caught:
        closure("PYENV 3.9 x a.txt", {"a.txt": "numpy\n-r gone.txt"})
    assert [(location.file.name, location.position) for location in caught.value.locations] == [
        ("Dockerfile", (2, 13)),
        ("a.txt", (2, 4)),
    ]


def test_the_files_of_a_trigger_are_those_that_it_names():
    """They are in the context of the child's build, and so is a lock."""
    inputs = closure("ONBUILD PYENV --constraint=c.txt 3.9 x a.txt pyproject.toml", {})
    assert inputs.inputs == ("a.txt", "pyproject.toml", "c.txt")
    assert inputs.step_inputs.locked == ()


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_large_files_take_linear_time(encoding):
    """Four times the lines take about four times the work, with hashes, comments, wide characters and heredocs."""

    def work(count):
        comment = "wärum" if encoding == "utf-8" else "why"
        lines = [f"package-{number}==1 \\\n  --hash=sha256:a  # {comment}" for number in range(count)]
        files = {"a.txt": "\n".join(lines)}
        plain = "\n".join(f"one-{number}==1" for number in range(count))
        line = f"PYENV 3.9 x a.txt <<E\n{plain}\nE"
        return steps(lambda: closure(line, files))

    assert work(2000) < 4.5 * work(500)


@pytest.mark.parametrize("line", ["six{}x", "six{}x # y", "six[{}a", "./a{}b", "six @{}x"])
def test_a_long_row_of_blanks_takes_linear_time(line):
    """With the square of their number, this would not end."""
    with pytest.raises(UserError):
        closure("PYENV 3.9 x a.txt", {"a.txt": line.format(" " * 300_000)})


def test_constraints_that_files_name_are_known_in_order():
    """The command of uv has to name them, as it names those of `--constraint`."""
    files = {"r.txt": "-c b.txt\n-c c/a.txt\n", "c/a.txt": "-r n.txt\n", "c/n.txt": "six<2\n", "b.txt": "", "o.txt": ""}
    inputs = closure("PYENV --constraint=o.txt 3.9 x r.txt", files)
    assert inputs.nested_constraints == inputs.step_inputs.nested_constraints == ("b.txt", "c/a.txt", "c/n.txt")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("six==1.0 idna==2.0", "write each requirement on a line of its own"),
        ("six==1.0, idna>=2", "write each requirement on a line of its own"),
        ("'six==1.0'", "write six==1.0, without quotes"),
        ("six[a] >= '1.0'", "write six[a] >= 1.0, without quotes"),
        ("six^1.2", "^ is of other tools: write the oldest and the first excluded version, as in >=1.2,<2"),
        ("<<<<<<< HEAD", "it is a mark of a merge that is not finished: choose one side"),
        ("=======", "it is a mark of a merge that is not finished: choose one side"),
        ("\u2013r base.txt", "write -r base.txt: an option begins with a hyphen"),
        ("six\u200b==1.0", "delete the invisible character U+200B in it"),
        ("<html>", ""),
        ("six==$VER", "write ${VER}: installers fill in a variable in no other form, and in capitals only"),
        ("six==%ver%", "write ${VER}: installers fill in a variable in no other form, and in capitals only"),
        ("six=={{ v }}", "fill the template in before the build, or write ${NAME} and set NAME by ARG or ENV"),
        ("six; python_version < 3.8", "write six; python_version < '3.8'"),
        ("six; os_name='x' && extra == y", "write six; os_name=='x' and extra == 'y'"),
        ("six; python == '3.8'", "did you mean python_version?"),
        ("six;>1.1", "separate versions by commas: a marker stands behind a semicolon"),
        ("six; idna", "write each requirement on a line of its own"),
        ("six, idna", "write each requirement on a line of its own"),
        ("six,", "write six"),
        ("six==1;;", "write six==1"),
        ("six[foo==1", "close the bracket of the extras"),
        ("six@1.2", "write six==1.2"),
        ("six @ latest", "write six, or a version behind =="),
        ("six==latest", "write six for any version"),
        ("six>=", "write six for any version"),
        ("six>=1.*", ">= takes no *: write six>=1"),
        ("six~=1", "write six>=1,<2"),
        ("six==1.x", "write six==1.*"),
        ("six==1.2-SNAPSHOT", "1.2-SNAPSHOT is not a version"),
        ("six>=1 <2 ; os_name", "separate versions by commas: six>=1,<2"),
        ("six==1#why", "write a space before #"),
        ("\u201csix\u201d\u22651", "write six>=1"),
        ('six = "^1.2"', "^ is of other tools: write the oldest and the first excluded version, as in >=1.2,<2"),
        ('six = "1.2"', "write six==1.2"),
        ('dependencies = ["six"]', "it is TOML: name a pyproject.toml in the PYENV"),
        ("poetry add six", "write six"),
    ],
)
def test_a_line_that_is_no_requirement(line, hint):
    """What both installers refuse is an error of the check, too."""
    with pytest.raises(UserError, match=r", which r.txt names in line 1, is not a requirement") as caught:
        closure("PYENV 3.9 x r.txt", {"r.txt": f"{line}\n"})
    assert (caught.value.hint or "") == hint


def test_a_line_that_is_for_an_old_pip():
    """Before 24.1, anything was a version for pip; `--installer=pip` may use such a one."""
    assert closure("PYENV --installer=pip 3.7 x r.txt", {"r.txt": "six==latest, >=1.*\n"}).listed
    with pytest.raises(UserError, match="is not a requirement"):
        closure("PYENV --installer=pip 3.7 x r.txt", {"r.txt": "six==$VER\n"})


@pytest.mark.parametrize(
    "line",
    [
        "six (>=1.0,<2)", "six>=1.0,<2", "six >=1.0 , <2", "six==1.*", "six===1.0-x", "six~=1.0; python_version<'3'",
        "a[b, c]>=1", "six ; 'a' in platform_version", "six==1!2.0+local", "${NAME}==1", "six@ https://h/six.whl",
    ],
)  # fmt: skip
def test_a_line_that_may_be_a_requirement(line):
    """The installer judges it."""
    assert [listed.text for listed in closure("PYENV 3.9 x r.txt", {"r.txt": f"{line}\n"}).listed] == [line]


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("-r ~/r.txt", "~/r.txt, which r.txt names in line 1, begins with ~, which", "write the absolute path"),
        ("-e ~me/p", "~me/p, which r.txt names in line 1, begins with ~, which", "write the absolute path"),
        ("git+git@host:a/b.git", "git+git@host:a/b.git, which r.txt", "write git+ssh://git@host/a/b.git"),
        ("b @ git+host:a/b.git", "git+host:a/b.git, which r.txt", "write git+ssh://host/a/b.git"),
        ("-r", "--requirement needs a value on its line", ""),
        ("-f", "--find-links needs a value on its line", ""),
    ],
)
def test_a_path_that_names_no_file(line, message, hint):
    """It is not looked for in the build context."""
    with pytest.raises(UserError) as caught:
        closure("PYENV 3.9 x r.txt", {"r.txt": f"{line}\n"})
    assert caught.value.message.startswith(message)
    assert (caught.value.hint or "").startswith(hint)


@pytest.mark.parametrize("line", ["--pre six", "-r more.txt six", "idna --hash=sha256:1 six", "--no-binary=idna six"])
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_word_that_installers_ignore_is_not_lost(line, installer):
    """Installs with pip went on without it."""
    with pytest.raises(UserError) as caught:
        closure(f"PYENV --installer={installer} 3.9 x r.txt", {"r.txt": f"{line}\n", "more.txt": ""})
    assert "six, which r.txt names in line 1, stands behind an option" in caught.value.message


def test_a_word_may_be_the_value_of_an_option_that_a_newer_pip_has():
    """The installer decides."""
    files = {"r.txt": "--of-a-newer-pip disabled\nsix\n"}
    assert [listed.text for listed in closure("PYENV --installer=pip 3.9 x r.txt", files).listed] == ["six"]


class _UnreadableData(Files):
    """A context with a file that is too large to be read."""

    def read(self, path):
        if path.endswith("data.txt"):
            raise UnreadableFileError("has 99 MB")
        return super().read(path)


@pytest.mark.parametrize(
    ("setup", "read"),
    [
        ("setup(install_requires=open('needs.txt').readlines())", {"lib/needs.txt", "lib/requirements/base.in"}),
        ("setup()", set()),
    ],
)
def test_files_from_which_a_package_may_compute_its_dependencies_are_read(setup, read):
    """A lock is made from them, too. What is too large is no list of requirements."""
    files = {"r.txt": "./lib\n", "lib/setup.py": setup, "lib/needs.txt": "six\n", "lib/requirements/base.in": "idna\n"}
    context = _UnreadableData({**files, "lib/data.txt": "", "lib/other.csv": ""})
    assert {*resolve_inputs(pyenv("PYENV 3.9 x r.txt"), context).files} == {"r.txt", "lib/setup.py", *read}


def test_find_links_of_a_home_are_in_the_stage():
    """With pip, `~` stands for the home of the user who installs."""
    assert closure("PYENV 3.9 x r.txt", {"r.txt": "--find-links ~/wheels\nsix"}).inputs == ("r.txt",)
