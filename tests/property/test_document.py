"""Properties of the document for random bytes, random fragments, and files that follow the grammar."""

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from pyenv_frontend.dockerfile import Instruction, parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.solve.source import mentions_pyenv
from pyenv_frontend.stages.analyze import has_pyenv
from tests.property.laws import ask_everything, steps
from tests.property.strategies import anything, dockerfiles, soups


def lossless(source: bytes) -> None:
    try:
        document = parse(source)
    except UserError as error:
        refused = error
    else:
        ask_everything(document)
        return
    assert b"PYENV" in source.upper()
    assert refused.format().startswith("Dockerfile:")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_document(source):
    """Only our own error may be raised, and no byte is lost."""
    lossless(source)


@given(soups)
def test_any_fragments_are_a_document(source):
    """The same holds for fragments that the parser treats specially."""
    lossless(source)


@given(dockerfiles())
def test_every_dockerfile_is_a_document(source):
    """A file that follows the grammar is read without an error."""
    ask_everything(parse(source))


@given(anything, dockerfiles())
def test_a_file_reads_the_same_behind_complete_nodes(head, tail):
    """Complete lines above an instruction only change its position, unless they set the escape token."""
    document = parse(tail)
    head = b"FROM x\n# " + head.replace(b"\n", b" ") + b"\n"
    if tail.startswith(b"\xef\xbb\xbf") or document.escape != b"\\":
        return
    moved = parse(head + tail).instructions[1:]
    assert [(node.name, node.text, node.heredocs and node.heredocs[0].content) for node in moved] == [
        (node.name, node.text, node.heredocs and node.heredocs[0].content) for node in document.instructions
    ]


@given(dockerfiles())
def test_line_ends_change_no_instruction(source):
    """With CRLF line ends, the same instructions are on the same lines."""
    unix = source.replace(b"\r\n", b"\n")
    here, there = parse(unix), parse(unix.replace(b"\n", b"\r\n"))
    assert [(i.logical.text, i.lines) for i in here.instructions] == [
        (i.logical.text, i.lines) for i in there.instructions
    ]


def read_all(source: bytes) -> None:
    for node in parse(source).nodes:
        if isinstance(node, Instruction):
            _ = node.command


@pytest.mark.parametrize(
    "unit",
    [
        b"RUN a b\n",
        b"RUN a && \\\n  # c\n\n  b\n",
        b"RUN <<EOF\nx\nEOF\n",
        b"COPY --a='b c' --from=x -- ${a:-${b}} d\n",
        b"# c\n\n",
        b"RUN a \\\n",
        b"ENV a=${b:-$c}",
        b" ",
        b"\\",
        b"\\\n",
        b"<<EOF ",
        b"'a' ",
        b"${a",
    ],
)
def test_reading_takes_steps_in_proportion_to_the_file(unit):
    """Reading a file of twice the size takes about twice the steps."""
    once, twice = (steps(lambda n=n: read_all(b"RUN " + unit * n + b"\n")) for n in (400, 800))
    assert twice < 2.2 * once + 100


BETWEEN = (
    b"# c\n",
    b"\xc2\xa0# c\n",
    b"\x0b#\n",
    b"\xe2\x80\x83\n",
    b"\r\r\n",
    b"\n",
    b" \t\n",
    b"#\\\n",
    b"\\\n",
    b"x",
)


@given(
    st.sampled_from([b"", b"# escape=`\n", b"FROM x\n", b"\xef\xbb\xbf", b"\\\n", b"ONBUILD "]),
    st.integers(0, 4),
    st.sampled_from([b"\\\n", b"`\n", b"\\ \t\r\n", b"", b"\\\\\n"]),
    st.lists(st.sampled_from(BETWEEN), max_size=3).map(b"".join),
)
def test_every_pyenv_is_recognized(head, broken_at, end, between):
    """The quick check for PYENV, which decides whether a build reads the file, also finds one on continued lines."""
    source = head + b"PyEnV"[:broken_at] + end + between + b"PyEnV"[broken_at:] + b" 3.8 x\n"
    try:
        finds_pyenv = has_pyenv(parse(source))
    except UserError:
        finds_pyenv = True
    event("a PYENV" if finds_pyenv else "none")
    assert mentions_pyenv(source) or not finds_pyenv
