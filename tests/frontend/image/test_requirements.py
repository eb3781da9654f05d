"""Copies of requirements files: local paths, names of copies, and options that only pip supports in a file."""

import re

import pytest

from pyenv_image.failure import StepError
from pyenv_image.requirements import Requirements
from pyenv_image.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    """Provide a context with a local package in its root, and a wheel and a nested file in a folder."""
    root = tmp_path / "context"
    for name in ("libs/own/pyproject.toml", "reqs/wheels/w-1-py3-none-any.whl", "reqs/more/base.txt", "six"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("idna\n")
    with Workspace() as workspace:
        workspace.use_context(root, copy=False)
        yield workspace


@pytest.fixture
def context(workspace):
    """Return the folder of the context."""
    return workspace.context


def copied(workspace, text, name="reqs/one.txt", environ=None, **options):
    """Return the copy of a requirements file; CONTEXT stands for the context, STAGE for copies of stage folders."""
    (workspace.context / name).write_text(text)
    requirements = Requirements(workspace, environ or {}, options.pop("installer", "uv"), **options)
    assert requirements.copy(name) == name
    copy = (workspace.files / name).read_text()
    return copy.replace(str(workspace.context), "CONTEXT").replace(str(workspace.stage), "STAGE")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("./wheels/w-1-py3-none-any.whl", "CONTEXT/reqs/wheels/w-1-py3-none-any.whl"),
        (
            "wheels/w-1-py3-none-any.whl ; a > '3'",
            "CONTEXT/reqs/wheels/w-1-py3-none-any.whl ; a > '3'",
        ),
        ("../libs/own[extra]", "CONTEXT/libs/own[extra]"),
        ("./libs/own", "CONTEXT/libs/own"),
        ("-e ../libs/own", "CONTEXT/libs/own"),
        ("--editable=../libs/own[extra]", "CONTEXT/libs/own[extra]"),
        ("-e../libs/own", "CONTEXT/libs/own"),
        ("-e 'git+https://example.com/a/b.git#egg=b'", "git+https://example.com/a/b.git#egg=b"),
        ("-fwheels", "--find-links CONTEXT/reqs/wheels"),
        ("--find-links=wheels", "--find-links CONTEXT/reqs/wheels"),
        ("own @ ../libs/own", "own @ file://CONTEXT/libs/own"),
        ("own @ file:../libs/own", "own @ file://CONTEXT/libs/own"),
        ("six", "six"),
        ("six==1.16.0 --hash=sha256:00", "six==1.16.0 --hash=sha256:00"),
        ("git+https://example.com/a/b.git", "git+https://example.com/a/b.git"),
        ("--index-url https://example.com/simple", "--index-url https://example.com/simple"),
        ("-r https://example.com/r.txt", "-r https://example.com/r.txt"),
        ("# ./wheels/w-1-py3-none-any.whl", "# ./wheels/w-1-py3-none-any.whl"),
        ("./not/there", "./not/there"),
        ("", ""),
    ],
)
def test_lines(workspace, line, expected):
    """Existing paths become absolute, and all other text is unchanged."""
    assert copied(workspace, f"{line}\n") == f"{expected}\n"


def test_the_project_at_the_top(workspace):
    """A folder beside the file that has no project gives way to one at the top, as the frontend has it."""
    (workspace.context / "pyproject.toml").touch()
    assert copied(workspace, "-e .\n.[more]\n") == "CONTEXT\nCONTEXT[more]\n"
    (workspace.context / "reqs/setup.py").touch()
    assert copied(workspace, "-e .\n") == "CONTEXT/reqs\n"


def test_a_variable_without_a_value_is_named(workspace):
    """The note has its line and two ways to set it; variables that are set or that pip ignores are not noted."""
    text = "--index-url https://${USER}:${TOKEN}@example.com/simple\nsix ; platform_release != '${small}'\n"
    (workspace.context / "index.txt").write_text(text)
    requirements = Requirements(workspace, {"USER": "me"}, "uv")
    requirements.copy("index.txt")
    (note,) = requirements.notes
    assert note.startswith("index.txt:1 names ${TOKEN}, which is not set: declare it with ARG, or hand it in by ")


def test_packages_stay_editable_where_their_sources_do(workspace):
    """Outside of images, a package under development is used in place."""
    assert copied(workspace, "-e ../libs/own\n", local=True) == "-e CONTEXT/libs/own\n"


def test_nested_files_are_copied_too(workspace):
    """Each has its own copy, so that messages have its name; a file may refer to itself."""
    text = "-r more/base.txt\n-r one.txt\n"
    assert copied(workspace, text) == "--requirement more/base.txt\n--requirement one.txt\n"
    assert (workspace.files / "reqs/more/base.txt").read_text() == "idna\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('-r "my file.txt"\n', "--requirement 'my file.txt'\n"),
        ("-r \\\nmore/base.txt\nsix\n", "--requirement more/base.txt\n\nsix\n"),
        ("-r more/\\\nbase.txt", "--requirement more/base.txt\n"),
        ("--requirem more/base.txt\n", "--requirement more/base.txt\n"),
        ("-r ${NAME}.txt\n", "--requirement more/base.txt\n"),
        ("-r six\n", "--requirement ../six\n"),
    ],
)
def test_every_spelling_of_a_nested_file(workspace, text, expected):
    """All files that pip would read are copied, and named in a form that both installers support."""
    (workspace.context / "reqs/my file.txt").write_text("six\n")
    assert copied(workspace, text, environ={"NAME": "more/base"}) == expected


def test_a_file_that_is_no_text(workspace):
    """The error is one sentence, as for every failure of a step."""
    (workspace.context / "bad.txt").write_bytes(b"six\n\xff\n")
    with pytest.raises(StepError, match=r"bad.txt is not text in UTF-8: byte 4, in line 2"):
        Requirements(workspace, {}, "uv").copy("bad.txt")


def test_locks_stay_where_they_are(workspace):
    """Installers resolve paths in a lock relative to the lock itself."""
    assert Requirements(workspace, {}, "uv").copy("pylock.toml") == str(workspace.context / "pylock.toml")


@pytest.mark.parametrize(("heredoc", "name", "before"), [("", "heredoc", ""), ("Dockerfile:4", "Dockerfile", "\n\n\n")])
def test_inline_lines(workspace, heredoc, name, before):
    """Paths are relative to the context; line numbers are those of the Dockerfile if they are known."""
    assert Requirements(workspace, {}, "uv").inline(["./libs/own", "six"], heredoc) == name
    assert (workspace.files / name).read_text() == f"{before}{workspace.context}/libs/own\nsix\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(workspace, encoding):
    """The file is decoded as by pip, and its copy is UTF-8."""
    (workspace.context / "marked.txt").write_bytes("# ä\nsix\n".encode(encoding))
    Requirements(workspace, {}, "uv").copy("marked.txt")
    assert (workspace.files / "marked.txt").read_bytes() == "# ä\nsix\n".encode()


def test_constraints_files_are_named_in_the_command(workspace):
    """An index that stands in one holds with uv only there, options about builds nowhere; a file may name itself."""
    context = workspace.context
    (context / "reqs/c.txt").write_text("-i https://i/simple\nsix==1\n-c more/d.txt\n")
    (context / "reqs/more/d.txt").write_text("--no-binary six\n--pre\nidna<4\n-c d.txt\n")
    (context / "r.txt").write_text("-c reqs/c.txt\nsix\n-c https://h/c.txt\n-c reqs/c.txt\n")
    requirements = Requirements(workspace, {}, "uv")
    requirements.copy("r.txt")
    assert (workspace.files / "r.txt").read_text() == "\nsix\n-c https://h/c.txt\n\n"
    assert sorted(requirements.constraints) == ["reqs/c.txt", "reqs/more/d.txt"]
    assert (workspace.files / "reqs/c.txt").read_text() == "-i https://i/simple\nsix==1\n\n"
    assert (workspace.files / "reqs/more/d.txt").read_text() == "\n\nidna<4\n\n"
    assert requirements.arguments == ["--no-binary=six", "--prerelease=allow"]


def test_pip_reads_constraints_files_where_they_are_named(workspace):
    """It takes their options as well."""
    (workspace.context / "reqs/c.txt").write_text("--no-binary six\n")
    requirements = Requirements(workspace, {}, "pip")
    (workspace.context / "r.txt").write_text("-c reqs/c.txt\n")
    requirements.copy("r.txt")
    assert (workspace.files / "r.txt").read_text() == "--constraint reqs/c.txt\n"
    assert (workspace.files / "reqs/c.txt").read_text() == "--no-binary six\n"
    assert not requirements.constraints


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{}/w-1.0-py3-none-any.whl", "{}/w-1.0-py3-none-any.whl"),
        ("w @ file://{}/w-1.0-py3-none-any.whl", "w @ file://{}/w-1.0-py3-none-any.whl"),
        ("-f {}", "--find-links {}"),
        ("{}/own", "STAGE{}/own"),
        ("own @ file://{}/own", "own @ file://STAGE{}/own"),
        ("-e {}/own", "STAGE{}/own"),
        ("-r {}/r.txt", "--requirement ../../stage{}/r.txt"),
        ("-c {}/r.txt", ""),
    ],
)
def test_absolute_paths_are_of_the_stage(workspace, tmp_path, line, expected):
    """Archives are used in place; folders are copied, since building a package writes to them."""
    stage = tmp_path / "in the stage".replace(" ", "-")
    (stage / "own").mkdir(parents=True)
    (stage / "own/pyproject.toml").write_text("")
    (stage / "w-1.0-py3-none-any.whl").write_text("")
    (stage / "r.txt").write_text("./own\n")
    assert copied(workspace, line.format(stage) + "\n") == expected.format(stage) + "\n"
    if line.startswith(("-r", "-c")):
        copy = workspace.stage.joinpath(*stage.parts[1:], "r.txt").read_text()
        assert copy == f"{workspace.stage}{stage}/own\n"


@pytest.mark.parametrize(
    "line",
    [
        "/gone/x-1.0-py3-none-any.whl",
        "x @ file:///gone/x.whl",
        "-e /gone/x",
        "-r /gone/x.txt",
        "-c /gone/x",
        "-f /gone",
    ],
)
def test_an_absolute_path_that_is_not_there(workspace, line):
    """The error has the file, the line and the path; outside an image there is no stage to copy something to."""
    message = r"^reqs/one.txt:2: /gone\S* does not exist on this machine; only a build has the files of a stage$"
    with pytest.raises(StepError, match=message):
        copied(workspace, f"six\n{line}\n")
    workspace.context = workspace.root / "context"
    (workspace.context / "reqs").mkdir(parents=True)
    message = r"^reqs/one.txt:2: /gone\S* does not exist in the stage; COPY it there before the PYENV$"
    with pytest.raises(StepError, match=message):
        copied(workspace, f"six\n{line}\n")


def test_a_path_is_missed_in_a_nested_file_and_in_a_heredoc(workspace, tmp_path):
    """The error has the user's own name for the file."""
    (tmp_path / "r.txt").write_text("\n\n/gone.whl\n")
    with pytest.raises(StepError, match=rf"^{tmp_path}/r.txt:3: /gone.whl does not exist"):
        copied(workspace, f"-r {tmp_path}/r.txt\n")
    with pytest.raises(StepError, match=r"^Dockerfile:8: /gone.whl does not exist"):
        Requirements(workspace, {}, "uv").inline(["six", "/gone.whl"], "Dockerfile:7")


def test_options_that_only_pip_reads_in_a_file(workspace):
    """They become options of uv, and other lines keep their numbers."""
    text = "--pre\n--trusted-host h\nsix --config-settings a=b\n--no-binary six\nidna # --pre\n"
    (workspace.context / "r.txt").write_text(text)
    requirements = Requirements(workspace, {}, "uv")
    requirements.copy("r.txt")
    expected = "\n\nsix \n--no-binary six\nidna # --pre\n"
    assert (workspace.files / "r.txt").read_text() == expected
    assert requirements.arguments == [
        "--prerelease=allow",
        "--allow-insecure-host=h",
        "--config-settings-package=six:a=b",
    ]


def test_pip_reads_its_options_itself(workspace):
    """With pip, nothing is removed from the file."""
    text = "--pre\n--prefer-binary\nsix\n"
    assert copied(workspace, text, installer="pip") == text


def test_an_option_that_uv_cannot_follow(workspace):
    """The error has the line and what to write instead."""
    with pytest.raises(StepError, match=r"^reqs/one.txt:2: --prefer-binary has no effect with uv: .*--installer=pip"):
        copied(workspace, "six\n--prefer-binary\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--find-linksx wheels", "--find-linksx is not an option of requirements files"),
        ("--no-deps", "--no-deps is not an option of requirements files: write ARG PIP_NO_DEPS=1 above the PYENV"),
        ("--timeout 60", "--timeout is not an option of requirements files: write ARG PIP_TIMEOUT=... above the PYENV"),
        ("-U", "--upgrade is not an option of requirements files: leave it out, every environment is made anew"),
        (
            "six --global-option=--x",
            "--global-option has no effect with uv: write --config-settings, or --installer=pip",
        ),
        ("six\n--pre idna", "idna stands behind an option, where installers ignore it; write it on a line of its own"),
        ("--find-links\nsix", "--find-links needs a value on its line"),
        ("six\n--config-settings=a=b", "--config-settings belongs behind a requirement, on the same line"),
        ("https://h/x-1.tar.gz --config-settings=a=b", "write NAME @ https://h/x-1.tar.gz"),
    ],
)
def test_an_option_that_cannot_be_in_a_file(workspace, line, message):
    """The error says what to write, and no line is dropped."""
    with pytest.raises(StepError, match=rf"^reqs/one\.txt:[12]: .*{re.escape(message)}$"):
        copied(workspace, f"{line}\n")


def test_what_a_newer_pip_may_have(workspace):
    """With pip, unknown options are kept."""
    assert copied(workspace, "--find-linksx wheels\n", installer="pip") == "--find-linksx wheels\n"


@pytest.mark.parametrize(
    ("line", "name"),
    [("./libs/own", "Own.Name"), ("-e ./libs/own", "Own.Name"), ("own @ ./libs/own", "own"), ("six[a]>1", "six")],
)
def test_settings_of_a_build_have_the_name_that_uv_wants(workspace, line, name):
    """A local package's name is read from its project file."""
    project = "[build-system]\nrequires = []\n[project]\nversion = '1'\nname = 'Own.Name'\n[tool.x]\nname = 'no'\n"
    (workspace.context / "libs/own/pyproject.toml").write_text(project)
    (workspace.context / "one.txt").write_text(f"{line} --config-settings='k=v w'\n")
    requirements = Requirements(workspace, {}, "uv")
    requirements.copy("one.txt")
    assert requirements.arguments == [f"--config-settings-package={name}:k=v w"]


def test_the_systems_certificates(workspace):
    """--use-feature=truststore in a file becomes an option of uv."""
    (workspace.context / "one.txt").write_text("--use-feature=truststore\n--use-feature fast-deps\nsix\n")
    requirements = Requirements(workspace, {}, "uv")
    requirements.copy("one.txt")
    assert requirements.arguments == ["--system-certs"]


def test_what_is_fetched_with_git_is_known(workspace):
    """The first place that needs a program is named; a requirement with a marker may need none."""
    (workspace.context / "reqs/more/base.txt").write_text("a @ git+ssh://git@host/a.git\n-e git+file:///b#egg=b\n")
    (workspace.context / "r.txt").write_text("six\nc @ git+https://h/c ; python_version < '3'\n-r reqs/more/base.txt\n")
    requirements = Requirements(workspace, {}, "uv")
    requirements.copy("r.txt")
    assert requirements.programs == {"git": "reqs/more/base.txt:1", "ssh": "reqs/more/base.txt:1"}


HASH = f"--hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("text", "installer", "line"),
    [
        (f"six==1 \\\n  {HASH}\nidna==3\n", "uv", 3),
        (f"six==1 {HASH}\na @ https://h/a.whl\n", "uv", 2),
        (f"six==1 {HASH}\n-e ../libs/own\na @ git+https://h/a\nb @ https://h/b.whl#sha256=00\n", "uv", None),
        (f"six==1 {HASH}\nidna==3\n", "pip", None),
        ("six==1\nidna==3\n", "uv", None),
    ],
)
def test_a_requirement_without_a_hash_among_others(workspace, text, installer, line):
    """For pip one hash makes all necessary; uv checks those that are there, and the log names the first without."""
    (workspace.context / "reqs/r.txt").write_text(text)
    requirements = Requirements(workspace, {}, installer)
    requirements.copy("reqs/r.txt")
    assert [note.split(" has no hash")[0] for note in requirements.notes] == [f"reqs/r.txt:{line}"] * bool(line)


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_find_links_of_a_home(workspace, tmp_path, monkeypatch, installer):
    """With pip, `~` stands for the home of the user who installs, which uv does not know."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "wheels").mkdir()
    assert copied(workspace, "--find-links ~/wheels\n", installer=installer) == f"--find-links {tmp_path}/wheels\n"
