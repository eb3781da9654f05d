"""The graph of an expanded file, with the names and lines of the user's file."""

import json
from base64 import b64decode, b64encode

import pytest

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.status import Detail, Status
from pyenv_frontend.dockerfile import parse
from pyenv_frontend.errors import UserError
from pyenv_frontend.positions import LineMap, Lines, Location, SourceFile, Span
from pyenv_frontend.solve.error_details import SOURCE, at_lines, located, of_same_lines, relabelled
from pyenv_frontend.solve.relabel import Labels
from pyenv_frontend.solve.source import UserFile
from pyenv_frontend.solve.subrequests.blanked_file import blanked
from pyenv_frontend.stages.analyze import read

USER = b"FROM base\nRUN one\nPYENV 3.8 a \\\n  reqs.txt\nRUN two\n"
EXPANDED = b"FROM base\nRUN one\nUSER 0\nRUN graft\nRUN install \\\n  more\nENV A=1\nRUN two\n"
LINES = [(1, 1), (2, 2), (3, 4), (3, 4), (3, 4), (3, 4), (3, 4), (5, 5)]


@pytest.fixture
def file():
    """Provide the user's file."""
    definition = llb.definition(llb.source("local://dockerfile", {}, "load"))
    return UserFile(name="Dockerfile", text=USER, definition=definition, ref=RefId("r"), context=None)


@pytest.fixture
def labels(file):
    """Provide the labels of the expanded lines."""
    return Labels(file, parse(USER), EXPANDED, LineMap(Lines(*span) for span in LINES))


def graph(*steps, data=EXPANDED):
    """Return a chain of steps, each with a name and its lines."""
    definition = wire.Definition()
    definition.source.infos.add(filename="Dockerfile", data=data)
    before = None
    for name, lines in steps:
        op = wire.Op(exec=wire.ExecOp(meta=wire.Meta(args=[name])))
        if before:
            op.inputs.add(digest=before)
        raw = llb.encode(op)
        before = llb.digest_of(raw)
        definition.ops.append(raw)
        definition.metadata[before].description[llb.NAME] = name
        place = definition.source.locations[before].locations.add(source_index=0)
        for line in lines:
            place.ranges.add(start={"line": line}, end={"line": line})
    definition.ops.append(llb.encode(wire.Op(inputs=[wire.Input(digest=before)])))
    return definition


def names(definition):
    """Return the names of the steps in order."""
    return [definition.metadata[llb.digest_of(raw)].description[llb.NAME] for raw in definition.ops[:-1]]


STEPS = (
    ("[stage-0 1/5] FROM docker.io/library/base", [1]), ("[stage-0 2/5] RUN one", [2]),
    ("[stage-0 3/5] RUN graft", [4]), ("[stage-0 4/5] RUN install   more", [5, 6]), ("[stage-0 5/5] RUN two", [8]),
)  # fmt: skip


def test_names_count_what_the_user_wrote(labels):
    """Two generated steps count as one, and the prefix of the stage is left out for a file with a single stage."""
    definition = graph(*STEPS)
    labels.apply(definition)
    assert names(definition) == [
        "[1/4] FROM docker.io/library/base", "[2/4] RUN one", "[3/4] PYENV 3.8 a reqs.txt",
        "[3/4] PYENV 3.8 a reqs.txt", "[4/4] RUN two",
    ]  # fmt: skip


def test_the_parts_of_a_pyenv_are_one_group(labels):
    """The client shows a group as one step; the group has no other ops."""
    definition = graph(*STEPS)
    labels.apply(definition)
    groups = [definition.metadata[llb.digest_of(raw)].progress_group for raw in definition.ops[:-1]]
    assert [group.name for group in groups] == ["", "", *["[3/4] PYENV 3.8 a reqs.txt"] * 2, ""]
    assert groups[2].id == groups[3].id


def test_ops_are_not_touched(labels):
    """Changed bytes would change the digests and invalidate the cache."""
    definition = graph(*STEPS)
    before = list(definition.ops)
    labels.apply(definition)
    assert list(definition.ops) == before


def test_places_and_text_are_the_users(labels, file):
    """A step of a PYENV has a range for each of its lines."""
    definition = graph(*STEPS)
    labels.apply(definition)
    assert definition.source.infos[0].data == USER
    assert definition.source.infos[0].definition == file.definition
    lines = [
        [span.start.line for span in definition.source.locations[llb.digest_of(raw)].locations[0].ranges]
        for raw in definition.ops[:-1]
    ]
    assert lines == [[1], [2], [3, 4], [3, 4], [5]]


def test_a_graph_of_another_file_is_unchanged(labels):
    """A linked target has its own Dockerfile."""
    definition = graph(*STEPS, data=b"FROM other\n")
    before = definition.SerializeToString(deterministic=True)
    labels.apply(definition)
    assert definition.SerializeToString(deterministic=True) == before


def test_triggers_and_platforms_stay_in_the_count(labels):
    """ONBUILD steps of the base are counted first, and the text before the number is kept."""
    definition = graph(("[linux/arm64 stage-0  9/11] RUN install   more", [5, 6]))
    labels.apply(definition)
    assert names(definition) == ["[linux/arm64  8/10] PYENV 3.8 a reqs.txt"]


def source(data, *lines, **more):
    """Return a source location as the engine reports it."""
    ranges = [{"start": {"line": line}, "end": {"line": line}} for line in lines]
    info = {"filename": "x", "data": b64encode(data).decode(), "definition": {"def": ["kept"]}}
    return Detail(SOURCE, json.dumps({"info": info, "ranges": ranges, **more}).encode())


def test_an_error_of_the_delegates_moves_to_the_users_lines(labels):
    """The message and the locations get the user's line numbers, and the rest of a location is kept."""
    status = Status("dockerfile parse error on line 8: unknown instruction", 2, (source(EXPANDED, 8),))
    relabelled_status = relabelled(status, labels)
    assert relabelled_status.message == "dockerfile parse error on line 5: unknown instruction"
    place = json.loads(relabelled_status.details[0].value)
    assert place["ranges"] == [{"start": {"line": 5}, "end": {"line": 5}}]
    assert b64decode(place["info"]["data"]) == USER
    assert place["info"]["definition"] == {"def": ["kept"]}


@pytest.mark.parametrize(
    "detail",
    [Detail("other", b"\xff\x00"), Detail(SOURCE, b"no json"), Detail(SOURCE, b"{}"), source(b"FROM other", 8)],
)
def test_details_that_are_not_about_our_file_are_kept(labels, detail):
    """Unknown kinds, unreadable details and locations in other files stay unchanged."""
    assert relabelled(Status("m", 2, (detail,)), labels).details == (detail,)


def test_an_error_about_a_small_file_of_ours_moves_as_a_whole(file):
    """A base is resolved with a generated Dockerfile of one line."""
    relabelled_status = at_lines(
        Status("m on line 1", 2, (source(b"FROM base\n", 1),)), b"FROM base\n", file, Lines(4, 5)
    )
    assert [span["start"]["line"] for span in json.loads(relabelled_status.details[0].value)["ranges"]] == [4, 5]


def test_an_error_has_a_message_and_marked_lines(file):
    """The message includes the expectation and the hint, and names locations in other files."""
    other = SourceFile("reqs.txt", b"a\nb\n")
    here = Location(SourceFile("Dockerfile", USER), Span(18, 23))
    error = UserError("it is wrong", here, Location(other, Span(2, 3)), expected="this", hint="write that")
    status = located(error, file)
    assert status.message == "it is wrong (reqs.txt:2). Expected this. Write that"
    assert [json.loads(detail.value)["ranges"][0]["start"]["line"] for detail in status.details] == [3]


def test_an_error_about_the_blanked_file_is_about_the_users(file):
    """The line numbers are the same, and the text shown has the PYENVs."""
    text = blanked(read(parse(USER)))
    relabelled_status = of_same_lines(Status("m on line 5", 2, (source(text, 5),)), text, file)
    place = json.loads(relabelled_status.details[0].value)
    assert relabelled_status.message == "m on line 5"
    assert (place["ranges"][0]["start"]["line"], b64decode(place["info"]["data"])) == (5, USER)
