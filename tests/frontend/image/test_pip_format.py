"""The format of requirements files: parsing, and rewriting them for both pip and uv."""

import pytest

from pyenv_image import pip_format
from pyenv_image.pip_format import read_statements, rewrite


def statements(text):
    """Return the statements of a file in a short form."""
    return [(statement.kind, statement.value) for statement in read_statements(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six==1.16.0", [("requirement", "six==1.16.0")]),
        ("  six ; python_version < '3'  # why", [("requirement", "six ; python_version < '3'")]),
        ("six#1", [("requirement", "six#1")]),
        ("six --hash=sha256:a", [("requirement", "six"), ("option", "sha256:a")]),
        ("six \\\n --hash=sha256:a \\\n --hash b", [("requirement", "six"), ("option", "sha256:a"), ("option", "b")]),
        ("si\\\nx", [("requirement", "six")]),
        ("six \\\n# comment\nidna", [("requirement", "six"), ("requirement", "idna")]),
        ("six # comment \\\nidna\nurllib3", [("requirement", "six"), ("requirement", "urllib3")]),
        ("-r a.txt", [("file", "a.txt")]),
        ("-ra.txt", [("file", "a.txt")]),
        ("--requirement=a.txt", [("file", "a.txt")]),
        ("--requirem a.txt", [("file", "a.txt")]),
        ("--require a.txt", [("option", "")]),
        ('-r "my file.txt"', [("file", "my file.txt")]),
        ("-r 'my file.txt' # why", [("file", "my file.txt")]),
        ("-r my\\ file.txt", [("file", "my file.txt")]),
        ('--requirement="my file.txt"', [("file", "my file.txt")]),
        ("-r \\\na.txt", [("file", "a.txt")]),
        ("-r \\\r\n  a.txt\r\n", [("file", "a.txt")]),
        ("-r a.txt -c b.txt", [("file", "a.txt"), ("constraint", "b.txt")]),
        ("-e ./a", [("editable", "./a")]),
        ("-f wheels", [("find-links", "wheels")]),
        ("--pre\n--no-index", [("option", ""), ("option", "")]),
        ("-i https://x/simple --trusted-host x", [("option", "https://x/simple"), ("option", "x")]),
        ("-r 'open", [("file", "'open")]),
        ("-r", [("file", "")]),
        ("", []),
        ("\\", []),
        ("\n# a\n  # b\n", []),
    ],
)  # fmt: skip
def test_statements(text, expected):
    """Lines, comments, continuations, quotes and abbreviations are parsed as by pip."""
    assert statements(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "written"),
    [
        ("six", 1, "six"),
        ("a\n\n  -r  b.txt # c", 3, "b.txt"),
        ('-r "my file.txt"', 1, '"my file.txt"'),
        ("--requirement='my file.txt'", 1, "'my file.txt'"),
        ("-rb.txt", 1, "b.txt"),
        ("a\n-r \\\n  b.txt\n", 2, "b.txt"),
        ("a\n  --pre # c", 2, "--pre"),
        ("six\\\n==1", 1, "six\\\n==1"),
        ("a\x0cb\x1ec\u2028d\r\ne", 2, "e"),
    ],
)
def test_places(text, line, written):
    """A statement has its line, and the position of its value in the text."""
    statement = [*read_statements(text)][-1]
    assert (statement.line, text[statement.start : statement.end]) == (line, written)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six  # comment\r\n\r\nidna", "six  # comment\r\n\r\nidna"),
        ("six \\\n  --hash=sha256:a  # comment\nidna\n", "six \\\n  --hash=sha256:a  # comment\nidna\n"),
        ("six\\\n==1 --hash=sha256:a\nidna\n", "six==1 --hash sha256:a\n\nidna\n"),
        ("six # comment \\\nidna\nurllib3\n", "six\n\nurllib3\n"),
        ("six==${VERSION}\n", "six==1.16\n"),
        ("six==${VERSION}  # ${VERSION}\n", "six==1.16  # ${VERSION}\n"),
        ("six==${version} ; '${UNSET}${EMPTY}'\n", "six==${version} ; '${UNSET}${EMPTY}'\n"),
        ("--no-binary ${NAME}\n", "--no-binary six\n"),
        ("--index-url https://x:${TOKEN}@y/simple\n", "--index-url https://x:${TOKEN}@y/simple\n"),
        ("six @ https://x:${TOKEN}@y/six.whl\n", "six @ https://x:${TOKEN}@y/six.whl\n"),
        ("--index-url ${URL}\n", "--index-url ${URL}\n"),
        ("six\x0cidna\n", "six\nidna\n"),
        ("six==1 \\", "six==1 "),
        ("six==1 \\\n  --hash=x \\\n\n", "six==1 \\\n  --hash=x \n\n"),
    ],
)
def test_rewrite(text, expected):
    """Statements that uv would read differently are rewritten on their first line; secrets stay variables."""
    environ = {"VERSION": "1.16", "NAME": "six", "TOKEN": "secret", "URL": "https://x:secret@y", "EMPTY": ""}
    assert rewrite(text, lambda _: None, environ) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_byte_order_mark_selects_the_encoding(encoding):
    """Windows shells write files with such a mark."""
    marks = {"utf-16-le": b"\xff\xfe"}
    assert pip_format.decode(marks.get(encoding, b"") + "six # ä".encode(encoding)) == "six # ä"


def test_a_coding_comment_selects_the_encoding():
    """As in Python, it is in the first two lines; a byte order mark takes precedence in a UTF-8 file."""
    data = "# -*- coding: latin-1 -*-\n# é\nsix\n".encode("latin-1")
    text = pip_format.decode(data)
    assert "é" in text
    assert pip_format.decode(pip_format.encode(text)) == text
    assert pip_format.decode(b"# coding: nonsense\nsix") == "# coding: nonsense\nsix"


def test_no_text():
    """An unknown encoding is an error."""
    with pytest.raises(UnicodeDecodeError):
        pip_format.decode(b"six\xff")


def test_utf_16_without_its_mark_is_no_text():
    """Text with NULs would otherwise be read as a requirement."""
    with pytest.raises(UnicodeDecodeError):
        pip_format.decode("six\n".encode("utf-16-le"))
