"""Values that the expansion writes are read back unchanged by the engine's parsers."""

import json

from hypothesis import given
from hypothesis import strategies as st

from pyenv_frontend.dockerfile import parse, words
from pyenv_frontend.expansion import quoting
from pyenv_frontend.positions import Logical, SourceFile, Span
from pyenv_frontend.pyenv.mount import read_mount

escapes = st.sampled_from(["\\", "`"])
values = st.one_of(
    st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12),
    st.text("a $'\"\\`,={}<#", min_size=1, max_size=8),
)


def line(text: str, escape: str):
    """Parse one line with an escape token."""
    return parse(f"# escape={escape}\n{text}\n".encode()).instructions[0]


@given(values, escapes)
def test_a_variable_gets_the_value(value, escape):
    """ENV reads back the original value."""
    instruction = line(f"ENV name={quoting.env_value(value, escape)} other=1", escape)
    name, other = words.assignments(instruction.arguments, instruction.escape, legacy=True)
    assert words.expand(name.value, {}.get, instruction.escape).value == value
    assert other.value.text == b"1"


@given(values, escapes)
def test_a_mount_gets_the_path(path, escape):
    """The flag lexer, the CSV reader and the expansion together return the original path."""
    instruction = line(f'RUN {quoting.mount(escape, type="bind", source=path, target="/x", rw="")} ["a"]', escape)
    (flag,) = instruction.flags
    assert json.loads(instruction.arguments.text) == ["a"]
    mount = read_mount(flag.value.text.decode(), escape)
    assert [mount.fields[0], *mount.fields[2:]] == [("type", "bind"), ("target", "/x"), ("rw", None)]
    source = mount.get("source").encode()
    word = Logical(SourceFile("Dockerfile", source), (Span(0, len(source)),))
    assert words.expand(word, {}.get, escape.encode()).value == path


@given(st.lists(values, min_size=1, max_size=4), escapes)
def test_an_exec_form_gets_the_arguments(arguments, escape):
    """Escape tokens do not change the arguments."""
    instruction = line(f"RUN {' '.join(['[' + ', '.join(quoting.exec_form(arguments)) + ']'])}", escape)
    assert json.loads(instruction.arguments.text) == arguments
    assert not instruction.heredocs
