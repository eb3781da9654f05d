"""The value of `--mount`, parsed as by Docker for RUN."""

import pytest

from pyenv_frontend.pyenv.invalid_value import InvalidValue
from pyenv_frontend.pyenv.mount import parse_mount, read_mount


@pytest.mark.parametrize(
    ("raw", "escape", "target"),
    [
        ("type=bind,from=wheels,target=/wheels", "\\", "/wheels"),
        ("type=bind,from=wheels,target='/wheels'", "\\", "/wheels"),
        ('"type=bind,from=wheels,target=/my wheels"', "\\", "/my wheels"),
        ("'type=bind,from=wheels',dst=/wheels", "\\", "/wheels"),
        (r"from=wheels,\"destination=/a,b\"", "\\", "/a,b"),
        (r"from=wheels,target=/my\ wheels", "\\", "/my wheels"),
        ("from=wheels,target=/my` wheels", "`", "/my wheels"),
        (r"from=wheels,target=C:\wheels", "`", r"C:\wheels"),
        ("From=wheels,TARGET=/wheels", "\\", "/wheels"),
    ],
)
def test_quotes_and_escapes(raw, escape, target):
    """Quotes and escapes of the flag are removed first; the rest is a CSV record whose keys ignore letter case."""
    mount = parse_mount(raw, escape)
    assert (mount.type, mount.source_stage, mount.target, mount.raw) == ("bind", "wheels", target, raw)


@pytest.mark.parametrize(
    ("raw", "name", "required"),
    [
        ("type=secret,id=netrc", "netrc", False),
        ("'type=secret','id=netrc'", "netrc", False),
        ("type=SECRET,target=/etc/netrc,required", "netrc", True),
        ("type=secret,id=a,required=true,target=/b", "a", True),
        ("type=secret,id=a,required=false", "a", False),
        ("type=secret,src=a", "a", False),
        ("type=ssh", "default", False),
        ("type=ssh,id=github,required=1", "github", True),
    ],
)
def test_the_id_of_a_secret_and_whether_it_is_required(raw, name, required):
    """The id of a secret defaults to the name of its file."""
    mount = parse_mount(raw)
    assert (mount.id, mount.required) == (name, required)


@pytest.mark.parametrize(
    ("raw", "message", "hint"),
    [
        ("secret,id=a", "--mount has no field 'secret'", "write type=secret"),
        ("type=secrt,id=a", "--mount has no type 'secrt'", "write type=secret"),
        ("type='secrt'", "--mount has no type 'secrt'", "write type=secret"),
    ],
)
def test_mistakes(raw, message, hint):
    """Missing values and unknown types are detected without an engine."""
    with pytest.raises(InvalidValue) as caught:
        parse_mount(raw)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize("raw", ["type=$KIND,id=a", "type=bind,$MORE", '\\"a\\"b,type=ssh'])
def test_mounts_with_variables_and_broken_quotes_are_left_to_the_engine(raw):
    """The engine expands variables and reports broken quotes."""
    assert read_mount(raw).raw == parse_mount(raw).raw == raw
