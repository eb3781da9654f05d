"""Properties for every input: only our own errors, locations inside the instruction, and walks that end."""

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.inputs.resolve import resolve_inputs
from pyenv_frontend.stages.analyze import Settings, read
from pyenv_image.local_paths import local_path
from pyenv_image.pip_format import decode, read_statements, rewrite
from tests.frontend.pyenv.contexts import Files

EXAMPLES = int(os.environ.get("PYENV_EXAMPLES", "300"))
pytestmark = pytest.mark.timeout(900 + EXAMPLES // 5)  # long runs need more time

WORDS = st.sampled_from(
    [
        "3.8",
        "3.12.4",
        "$V",
        "${V:-3.9}",
        "${U}",
        "x",
        "my-env",
        "X_1",
        "--installer=pip",
        "--mount=type=ssh",
        "--from=b",
        "--builder=b",
        "--path=/x",
        "--extra=e",
        "--no-compile",
        "--",
        "a.txt",
        "r/b.txt",
        "../c",
        "pyproject.toml",
        "<<EOF",
        "'q r'",
        '"s t"',
        "\\",
        "\\\n",
        "`",
        "\t",
        "\xa0",
        "ü",
        "\x00",
        "$",
        "${",
        '"',
        "'",
    ]
)
LINES = st.builds(" ".join, st.lists(WORDS, max_size=8)) | st.text(max_size=30)
BEFORE = st.sampled_from(
    ["", "ARG V=3.9\n", "ENV V 3.9\n", "SHELL [1]\n", "WORKDIR ..\n", "USER $U\n", "ONBUILD ENV V=3\n"]
)
FROMS = st.sampled_from(
    ["FROM a\n", "FROM a AS b\n", "FROM --platform=$BUILDPLATFORM b\n", "from ${V} as B\n", "FROM\n", ""]
)
KEYWORDS = st.sampled_from(["PYENV ", "pyenv\t", "ONBUILD PYENV ", "onbuild\tPyEnv  "])
STAGES = st.builds("{}{}{}{}\nEOF\n".format, FROMS, BEFORE, KEYWORDS, LINES)
FILES = st.builds(
    "{}{}".format,
    st.sampled_from(["", "# escape=`\n", "ARG V=3.9\n"]),
    st.builds("".join, st.lists(STAGES, max_size=4)),
)


def checked(error, document):
    """Assert that an error's locations are inside the file, and that it can be formatted."""
    for location in error.locations:
        assert 0 <= location.span.start <= location.span.end <= len(location.file.data)
    assert error.locations[0].file is document.file
    assert error.format()


@settings(max_examples=EXAMPLES, deadline=None)
@given(FILES | st.binary(max_size=60).map(lambda data: "FROM a\nPYENV " + data.decode("latin-1")))
@example("FROM a\nPYENV \\")
@example("FROM a\nONBUILD PYENV 3.8 pyenv 3.8")
def test_only_our_own_errors(text):
    """A file is either read or refused with a location; with `report`, it is read to the end."""
    try:
        document = parse(text.encode("utf-8", "surrogatepass"))
    except UserError:
        return
    errors = []
    program = read(document, Settings(build_args={"V": "3.10"}), report=errors.append)
    for error in errors:
        checked(error, document)
    pyenvs = [
        instruction
        for instruction in document.instructions
        if "PYENV" in {instruction.name, instruction.trigger.name if instruction.trigger else ""}
    ]
    assert len(program.environments) + len(errors) == len(pyenvs)
    for environment in program.environments:
        pyenv = environment.pyenv
        start, end = pyenv.instruction.span
        spans = [pyenv.version.span, pyenv.name.span, *(file.span for file in pyenv.requirements)]
        spans += [span for _, span in pyenv.options.spans]
        assert all(start <= span.start < span.end <= end for span in spans)


PATHS = st.sampled_from(["a.txt", "b.txt", "r/a.txt", "r/b.txt", "r/s/c.txt"])
STATEMENTS = st.sampled_from(
    [
        "numpy",
        "-r a.txt",
        "-r b.txt",
        "-c ../a.txt",
        "-r r/a.txt",
        "-r s/c.txt",
        "-c ../../b.txt",
        "-e .",
        "./r",
        "# x",
        "-r \\",
    ]
)
CONTEXTS = st.dictionaries(PATHS, st.lists(STATEMENTS, max_size=4).map("\n".join), min_size=1)


@settings(max_examples=EXAMPLES, deadline=None)
@given(CONTEXTS, PATHS)
def test_walks_end_and_stay_inside(files, first):
    """Each file is read at most once, and all inputs of the step are in the context."""
    document = parse(f"FROM a\nPYENV 3.9 x {first}".encode())
    context = Files(files)
    (environment,) = read(document).environments
    try:
        inputs = resolve_inputs(environment.pyenv, context)
    except UserError as error:
        checked(error, document)
    else:
        assert set(inputs.files) <= set(files)
        assert all(path == "./" or context.exists(path.rstrip("/")) for path in inputs.inputs)
    assert len(context.reads) == len(set(context.reads))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=80) | st.lists(STATEMENTS, max_size=5).map(lambda lines: "\n".join(lines).encode()))
def test_requirements_files_are_read_or_not_text(data):
    """Any bytes are either not text or a requirements file whose statements have valid positions."""
    try:
        text = decode(data + b"\n")
    except UnicodeDecodeError:
        return
    for statement in read_statements(text):
        assert 0 <= statement.start <= statement.end <= len(text)
        local_path(statement.value)
    again = rewrite(text, lambda _: None, {})
    assert len(again.splitlines()) == len(text.splitlines())
    assert [statement.value for statement in read_statements(again)] == [
        statement.value for statement in read_statements(text)
    ]
