"""Dockerfiles for hypothesis: random bytes, random fragments, and files that follow the grammar."""

from __future__ import annotations

from hypothesis import strategies as st

FRAGMENTS = (
    b"FROM a\n", b"RUN ", b"run", b"COPY ", b"ADD ", b"ONBUILD ", b"PYENV 3.8 x ", b"pyenv", b"ENV a=b\n", b"SBOM ",
    b"<<EOF", b"<<-EOF", b"<<'E F'", b"<<", b"<<-", b"<", b"EOF", b"EOF\n", b"\tEOF\r\n", b"E F\n",
    b"\n", b"\r\n", b"\r", b"\\\n", b"\\ \t\n", b"\\", b"`", b"`\n", b"#", b"# c\n", b"# escape=`\n", b"# syntax=a b\n",
    b"# check=skip=all\n", b"#!/x\n", b"--a=b ", b"-- ", b"--", b"-", b"'", b'"', b" ", b"\t", b"${a:-b}", b"${", b"}",
    b"$x", b'["a"]', b"[", b"]", b"x", b"3", b"\0", b"\x0b", b"\x1c", b"\x85", b"\xc2\xa0", b"\xe2\x80\x88", b"\xff",
    b"\xef\xbb\xbf", "\u0130".encode(), b'{"syntax": "q"}',
)  # fmt: skip

soups = st.lists(st.sampled_from(FRAGMENTS), max_size=24).map(b"".join)
"""Fragments that the parser treats specially, in random order."""

anything = st.one_of(st.binary(max_size=200), soups)
"""Bytes that may not look like a Dockerfile at all."""

_words = st.from_regex(rb"[A-Za-z0-9_./$=:@%+,\[\]{}-]{1,12}", fullmatch=True).filter(lambda word: b"<<" not in word)
_quoted = st.sampled_from([b"'a b'", b'"c $D"', b"e\\ f", b'"it\'s"', b"\xc3\xa9\xf0\x9f\x90\x8d", b"${A:-b}"])
_arguments = st.lists(st.one_of(_words, _quoted), min_size=1, max_size=5)
_comment = st.from_regex(rb"[ \t]{0,2}#[ -~]{0,20}", fullmatch=True)
_blank = st.sampled_from([b"", b" ", b"\t \t"])
_heredoc_lines = st.lists(st.from_regex(rb"[\t ]{0,2}[ -~]{0,15}", fullmatch=True), max_size=4)
_heredoc_names = st.sampled_from([b"EOF", b"END", b"_", b"file.txt"])

_PLAIN = (
    b"RUN",
    b"CMD",
    b"ENTRYPOINT",
    b"USER",
    b"WORKDIR",
    b"STOPSIGNAL",
    b"EXPOSE",
    b"VOLUME",
    b"MAINTAINER",
    b"SBOM",
)
_TAKERS = (b"RUN", b"COPY", b"ADD")


def _cased(keyword: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from([keyword, keyword, keyword.lower(), keyword.capitalize()])


@st.composite
def _joined(draw: st.DrawFn, words: list[bytes], escape: bytes) -> bytes:
    """Join words with blanks or continuations, with comments and blank lines between them."""
    out = words[0]
    for word in words[1:]:
        if draw(st.integers(0, 5)):
            out += draw(st.sampled_from([b" ", b"  ", b"\t"]))
        else:
            between = draw(st.lists(st.one_of(_comment, _blank), max_size=2))
            out += b" " + escape + draw(st.sampled_from([b"", b" ", b"\t"])) + b"\n"
            out += b"".join(line + b"\n" for line in between) + b"  "
        out += word
    return out


@st.composite
def _heredoc(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return the word that opens a heredoc, and the heredoc's lines."""
    name, strip = draw(_heredoc_names), draw(st.booleans())
    quote = draw(st.sampled_from([b"", b"", b"'", b'"']))
    lines = [line for line in draw(_heredoc_lines) if line.strip(b"\t") != name]
    end = (draw(st.sampled_from([b"", b"\t"])) if strip else b"") + name
    opening = b"<<" + (b"-" if strip else b"") + quote + name + quote
    return opening, b"".join(line + b"\n" for line in [*lines, end])


@st.composite
def _instruction(draw: st.DrawFn, escape: bytes) -> bytes:
    kind = draw(st.integers(0, 9))
    prefix = [draw(_cased(b"ONBUILD"))] if draw(st.integers(0, 9)) == 0 else []
    body = b""
    if kind < 4:
        words = [draw(_cased(draw(st.sampled_from(_PLAIN)))), *draw(_arguments)]
    elif kind < 6:
        words = [draw(_cased(draw(st.sampled_from([b"ENV", b"LABEL", b"ARG"])))), b"k=" + draw(_words), b'j="a b"']
    elif kind < 7:
        words = [draw(_cased(b"FROM")), draw(_words), b"AS", draw(st.from_regex(rb"[a-z]{1,4}", fullmatch=True))]
    else:
        opened = draw(st.lists(_heredoc(), min_size=1, max_size=2))
        flags = draw(st.sampled_from([[], [b"--network=none"], [b"--mount=type=cache,target=/x", b"--"]]))
        words = [draw(_cased(draw(st.sampled_from(_TAKERS)))), *flags, b"/x", *(opening for opening, _ in opened)]
        body = b"".join(lines for _, lines in opened)
    line = draw(_joined([*prefix, *words], escape))
    return draw(st.sampled_from([b"", b"", b" ", b"\t"])) + line + b"\n" + body


@st.composite
def pyenvs(draw: st.DrawFn, escape: bytes = b"\\", name: bytes | None = None) -> bytes:
    """Draw a valid PYENV instruction.

    Args:
        draw: the function of hypothesis.
        escape: the file's escape token.
        name: the name of the environment; random by default.
    """
    version = draw(st.sampled_from([b"3.8", b"3.9.18", b"3.11", b"3.12", b"3.13", b'"3.10"', b"${V:-3.11}"]))
    name = name or draw(st.from_regex(rb"[a-z_][a-z0-9_]{0,6}", fullmatch=True))
    options = draw(
        st.lists(st.sampled_from([b"--no-compile", b"--installer=uv", b"--system-site-packages"]), unique=True)
    )
    files = draw(st.lists(st.sampled_from([b"requirements.txt", b"a/b.txt", b"'odd name.txt'"]), max_size=2))
    opening, lines = b"", b""
    if draw(st.integers(0, 3)) == 0:
        quote = draw(st.sampled_from([b"", b"'"]))
        opening, lines = b"<<" + quote + b"EOF" + quote, b"pandas>=2\n# why\n\nrequests==2.32.3\nEOF\n"
    words = [draw(_cased(b"PYENV")), *options, version, name, *files, *([opening] if opening else [])]
    return draw(_joined(words, escape)) + b"\n" + lines


@st.composite
def dockerfiles(draw: st.DrawFn, *, pyenv: bool = True, from_first: bool = False) -> bytes:
    """Draw a whole Dockerfile that the engine's parser accepts.

    Args:
        draw: the function of hypothesis.
        pyenv: whether to include PYENV instructions, each with a unique name.
        from_first: whether the first instruction is a FROM, as the language requires.
    """
    escape = draw(st.sampled_from([b"\\", b"\\", b"\\", b"`"]))
    head = [b"# syntax=docker/dockerfile:1\n"] if draw(st.booleans()) else []
    if escape != b"\\":
        head.append(b"# escape=" + escape + b"\n")
    parts = head + ([b"FROM debian:bookworm-slim\n"] if from_first else [])
    for number in range(draw(st.integers(1, 8))):
        kind = draw(st.integers(0, 6))
        if kind == 0:
            parts.append(draw(_comment) + b"\n")
        elif kind == 1:
            parts.append(draw(_blank) + b"\n")
        elif kind == 2 and pyenv:
            parts.append(draw(pyenvs(escape, b"env%d" % number)))
        else:
            parts.append(draw(_instruction(escape)))
    source = b"".join(parts)
    if draw(st.integers(0, 3)) == 0:
        source = source.replace(b"\n", b"\r\n")
    if draw(st.integers(0, 5)) == 0:
        source = source.rstrip(b"\r\n")
    return b"\xef\xbb\xbf" + source if draw(st.integers(0, 9)) == 0 else source
