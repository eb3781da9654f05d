"""Local paths in requirements files, made absolute."""

import pytest

from pyenv_image.failure import StepError
from pyenv_image.requirements import Requirements


@pytest.fixture
def context(tmp_path):
    """A context with a local package at the top, and a wheel and a nested file in a folder."""
    root = tmp_path / "context"
    for name in ("libs/own/pyproject.toml", "reqs/wheels/w-1-py3-none-any.whl", "reqs/more/base.txt", "six"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("idna\n")
    (tmp_path / "copies").mkdir()
    return root


def copied(context, text, name="reqs/one.txt"):
    """What a requirements file becomes; the context is written as CONTEXT."""
    (context / name).write_text(text)
    copy = Requirements(context, context.parent / "copies", {}).copy(context / name)
    return copy.read_text().replace(str(context), "CONTEXT").replace(str(context.parent), "TMP")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("./wheels/w-1-py3-none-any.whl", "CONTEXT/reqs/wheels/w-1-py3-none-any.whl"),
        (
            "wheels/w-1-py3-none-any.whl ; a > '3'",
            "CONTEXT/reqs/wheels/w-1-py3-none-any.whl ; a > '3'",
        ),
        ("../libs/own[extra]", "CONTEXT/reqs/../libs/own[extra]"),
        ("./libs/own", "CONTEXT/libs/own"),
        ("-e ../libs/own", "CONTEXT/reqs/../libs/own"),
        ("--editable=../libs/own[extra]", "CONTEXT/reqs/../libs/own[extra]"),
        ("-e../libs/own", "CONTEXT/reqs/../libs/own"),
        ("-e 'git+https://example.com/a/b.git#egg=b'", "git+https://example.com/a/b.git#egg=b"),
        ("-fwheels", "--find-links CONTEXT/reqs/wheels"),
        ("--find-linksx wheels", "--find-linksx wheels"),
        ("--find-links=wheels", "--find-links CONTEXT/reqs/wheels"),
        ("own @ ../libs/own", "own @ file://CONTEXT/reqs/../libs/own"),
        ("own @ file:../libs/own", "own @ file://CONTEXT/reqs/../libs/own"),
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
def test_lines(context, line, expected):
    """A path that leads somewhere is made absolute; all else stays as it is."""
    assert copied(context, f"{line}\n") == f"{expected}\n"


def test_packages_stay_editable_where_their_sources_do(context):
    """Outside an image, a package under development is used where it lies."""
    (context / "reqs/one.txt").write_text("-e ../libs/own\n")
    copy = Requirements(context, context.parent / "copies", {}, editable=True).copy(context / "reqs/one.txt")
    assert copy.read_text() == f"-e {context}/reqs/../libs/own\n"


def test_nested_files_are_copied_too(context):
    """Including themselves, in a circle."""
    assert copied(context, "-r more/base.txt\n-c one.txt\n") == (
        "--requirement TMP/copies/1/base.txt\n--constraint TMP/copies/0/one.txt\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('-r "my file.txt"\n', "--requirement TMP/copies/1/my%20file.txt\n"),
        ("-r my\\ file.txt\n", "--requirement TMP/copies/1/my%20file.txt\n"),
        ("-r \\\nmore/base.txt\nsix\n", "--requirement TMP/copies/1/base.txt\n\nsix\n"),
        ("-r more/\\\nbase.txt", "--requirement TMP/copies/1/base.txt\n"),
        ("--requirem more/base.txt\n", "--requirement TMP/copies/1/base.txt\n"),
        ("-r ${NAME}.txt\n", "--requirement TMP/copies/1/base.txt\n"),
    ],
)
def test_every_spelling_of_a_nested_file(context, text, expected):
    """What pip takes for a file is copied, and named as both installers read it."""
    (context / "reqs/my file.txt").write_text("six\n")
    (context / "reqs/one.txt").write_text(text)
    copies = Requirements(context, context.parent / "copies", {"NAME": "more/base"})
    written = copies.copy(context / "reqs/one.txt").read_text()
    assert written.replace(str(context.parent), "TMP").replace("file://", "") == expected


def test_a_file_that_is_no_text(context):
    """It is one sentence, as every failure of a step."""
    (context / "bad.txt").write_bytes(b"six\n\xff\n")
    with pytest.raises(StepError, match=r"bad.txt is not text in UTF-8 \(byte 4\)"):
        Requirements(context, context.parent / "copies", {}).copy(context / "bad.txt")


def test_locks_stay_where_they_are(context):
    """Their paths are relative to themselves for every installer."""
    lock = context / "pylock.toml"
    assert Requirements(context, context.parent / "copies", {}).copy(lock) == lock


def test_inline_lines_are_relative_to_the_context(context):
    """There is no file whose folder could be meant."""
    path = Requirements(context, context.parent / "copies", {}).inline(["./libs/own", "six"])
    assert path.read_text() == f"{context}/libs/own\nsix\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(context, encoding):
    """As pip reads it; the copy is UTF-8."""
    (context / "marked.txt").write_bytes("# ä\nsix\n".encode(encoding))
    copy = Requirements(context, context.parent / "copies", {}).copy(context / "marked.txt")
    assert copy.read_bytes() == "# ä\nsix\n".encode()
