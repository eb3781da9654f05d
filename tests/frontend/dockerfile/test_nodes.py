"""The properties of instructions."""

from pyenv_frontend.dockerfile import parse, words
from pyenv_frontend.dockerfile.whitespace import SPACES, skip_space
from pyenv_frontend.positions import Position


def only(source: bytes):
    """Return the only instruction of a file."""
    (instruction,) = parse(source).instructions
    return instruction


def test_flags_have_name_value_and_place():
    """Quotes are part of the value, and a flag without = has no value."""
    flags = only(b"PYENV --installer=uv \\\n --mount='type=secret,id=a b' --no-compile 3.8 x\n").flags
    assert [(f.name.text, f.value and f.value.text) for f in flags] == [
        (b"installer", b"uv"),
        (b"mount", b"'type=secret,id=a b'"),
        (b"no-compile", None),
    ]
    assert flags[1].name.location.position == Position(2, 4)


def test_flags_hold_characters_beyond_ascii():
    """Only white space ends a flag, including wide characters."""
    flags = only("PYENV --path=/\u00e9 --a=\u00a0--b 3.8 x\n".encode()).flags
    assert [flag.text.text.decode() for flag in flags] == ["--path=/\u00e9", "--a=", "--b"]


def test_an_onbuild_is_taken_apart_twice():
    """The inner instruction has its own flags, arguments and heredocs."""
    instruction = only(b"ONBUILD pyenv --installer=pip 3.8 x <<EOF\npandas\nEOF\n")
    inner = instruction.trigger
    assert (instruction.name, inner.name, inner.keyword.text) == ("ONBUILD", "PYENV", b"pyenv")
    assert [flag.name.text for flag in inner.flags] == [b"installer"]
    assert [word.text for word in words.split(inner.arguments, b"\\")] == [b"3.8", b"x", b"<<EOF"]
    assert instruction.heredocs[0].marker.text == b"<<EOF"
    assert instruction.heredocs[0].content == b"pandas\n"
    assert only(b"ONBUILD\n").trigger is None
    assert only(b"RUN a\n").trigger is None


def test_words_over_continuations_point_at_their_own_lines():
    """A file on the third line has the right position, despite a comment before it."""
    instruction = only(b"PYENV 3.8 \\\n  # why\n  x req\\\nuirements.txt\n")
    version, name, requirements = words.split(instruction.arguments, instruction.escape)
    assert [word.location.position for word in (version, name, requirements)] == [
        Position(1, 7),
        Position(3, 3),
        Position(3, 5),
    ]
    assert requirements.text == b"requirements.txt"
    assert requirements.location.lines == (3, 4)


def test_lines_of_a_stripped_heredoc_keep_their_places():
    """Tabs are removed from the text, and the remaining bytes keep their positions."""
    (heredoc,) = only(b"PYENV 3.8 x <<-EOF\n\t\tpandas\n\tnumpy\n\tEOF\n").heredocs
    assert heredoc.content == b"pandas\nnumpy\n"
    assert heredoc.body.locate(7, 12).position == Position(3, 2)


def test_the_document_has_escape_and_directives():
    """These are properties of the whole file."""
    document = parse(b"# escape=`\r\n# check=skip=all\r\nFROM x\r\n")
    assert document.escape == b"`"
    assert {name: one.value for name, one in document.directives.items()} == {"escape": b"`", "check": b"skip=all"}


def test_names_fold_as_in_go():
    """The engine folds a dotted capital I to i, so WORKDIR may be spelled with it."""
    assert only("WORKD\u0130R /x\n".encode()).name == "WORKDIR"
    assert only("wor\u212adir /x\n".encode()).name == "WORKDIR"
    assert only("\u00dcSER x\n".encode()).name == "\u00dcSER"


def test_nodes_show_what_they_are():
    """The representation is for debuggers and failing tests."""
    assert [repr(node) for node in parse(b"# a\n\nFROM x\n").nodes] == [
        "Comment(1-1: b'# a\\n')",
        "Blank(2-2: b'\\n')",
        "Instruction(3-3: b'FROM x\\n')",
    ]


def test_white_space_in_front_is_all_of_unicodes():
    """Exactly the characters with the Unicode property are skipped."""
    for code in (*range(0xD800), *range(0xE000, 0x11000)):
        data = chr(code).encode()
        assert (skip_space(data, 0, len(data)) == len(data)) == (chr(code) in SPACES)
