"""Offsets, lines, columns, logical text and line maps."""

import pytest

from pyenv_frontend.positions import LineMap, Lines, Logical, Position, SourceFile, Span


def test_lines_end_behind_their_line_feed():
    """A line feed belongs to the line that it ends, and the last line does not need one."""
    file = SourceFile("Dockerfile", b"one\r\ntwo\n\nfour")
    assert [file.line_text(line) for line in range(6)] == [b"", b"one", b"two", b"", b"four", b""]
    assert [file.line_at(offset) for offset in (0, 4, 5, 8, 9, 10, 13, 99)] == [1, 1, 2, 2, 3, 4, 4, 4]


def test_a_file_that_ends_in_a_line_feed_has_no_line_behind_it():
    """As in BuildKit, there is no empty last line."""
    assert SourceFile("x", b"a\nb").starts == [0, 2]
    assert SourceFile("x", b"a\n").starts == [0]
    assert SourceFile("x", b"").starts == [0]


def test_columns_count_characters():
    """A character of several bytes is one column, and so is each byte that is not UTF-8."""
    file = SourceFile("x", b"\xc3\xa9\xff=x\n")
    assert [file.position(offset) for offset in (0, 2, 3, 4)] == [
        Position(1, 1),
        Position(1, 2),
        Position(1, 3),
        Position(1, 4),
    ]


@pytest.mark.parametrize(("start", "end", "lines"), [(0, 2, (1, 1)), (0, 3, (1, 2)), (2, 2, (2, 2)), (2, 4, (2, 2))])
def test_a_span_touches_the_lines_of_its_bytes(start, end, lines):
    """A span that ends after a line feed does not touch the next line."""
    assert SourceFile("x", b"a\nb\n").lines_of(Span(start, end)) == Lines(*lines)


def holed() -> Logical:
    """Return `abcdef`, with its three pairs at the offsets 1, 5 and 9."""
    return Logical(SourceFile("x", b".ab..cd..ef."), (Span(1, 3), Span(5, 7), Span(9, 11)))


def test_every_byte_of_a_logical_text_has_its_offset():
    """The file has the same byte at the offset."""
    text = holed()
    assert text.text == b"abcdef"
    assert [text.offset(index) for index in range(7)] == [1, 2, 5, 6, 9, 10, 11]
    assert text.span == Span(1, 11)


@pytest.mark.parametrize("start", range(8))
@pytest.mark.parametrize("end", [*range(8), None])
def test_a_slice_is_the_slice_of_the_text_with_its_places(start, end):
    """Slicing text and slicing positions agree for each pair of indexes."""
    text = holed()
    part = text.slice(start, end)
    assert part.text == text.text[start:end]
    assert [part.offset(i) for i in range(len(part))] == [text.offset(i) for i in range(len(text))][start:end]


def test_an_empty_slice_stays_where_it_was_cut():
    """An error about a missing word still has a location."""
    assert holed().slice(4, 4).span == Span(9, 9)
    assert holed().slice(6).span == Span(11, 11)


def test_locating_a_stretch_covers_what_was_cut_out_inside_it():
    """The result includes gaps within the range, but not a gap after it."""
    assert holed().locate(1, 4).span == Span(2, 7)
    assert holed().locate(0, 2).span == Span(1, 3)
    assert holed().locate(6, 6).span == Span(11, 11)


def test_a_line_map_is_total():
    """Numbers outside of the range give the nearest line."""
    mapping = LineMap([Lines(1, 1), Lines(2, 4), Lines(2, 4), Lines(5, 5)])
    assert [mapping[line] for line in (0, 1, 2, 3, 4, 9)] == [
        Lines(1, 1), Lines(1, 1), Lines(2, 4), Lines(2, 4), Lines(5, 5), Lines(5, 5),
    ]  # fmt: skip
    assert LineMap([])[7] == Lines(1, 1)


@pytest.mark.parametrize("ranges", [[(2, 2), (1, 1)], [(1, 3), (2, 2)], [(3, 2)], [(0, 1)]])
def test_a_line_map_that_goes_backwards_is_refused(ranges):
    """A map must be monotone."""
    with pytest.raises(ValueError, match="monotone"):
        LineMap(Lines(*entry) for entry in ranges)


def test_line_maps_compose():
    """The result maps lines through both maps."""
    earlier = LineMap([Lines(1, 1), Lines(2, 3), Lines(2, 3), Lines(4, 4)])
    later = LineMap([Lines(1, 1), Lines(2, 3), Lines(4, 4), Lines(4, 4)])
    assert later.then(earlier) == LineMap([Lines(1, 1), Lines(2, 3), Lines(4, 4), Lines(4, 4)])
    assert later.then(LineMap.identity(4)) == later
    assert LineMap.identity(4).then(later) == later
