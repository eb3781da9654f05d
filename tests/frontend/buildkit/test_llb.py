"""Our own graphs, with the same bytes as those written by Go."""

import pytest

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit import wire_pb2 as wire
from tests.frontend.buildkit.fake_engine import unknown_field

# From a definition of BuildKit 0.25.
GO_SOURCE = (
    b"R\x0e\n\x05amd64\x12\x05linuxZ\x00\x1aX\n:docker-image://docker.io/library/python:3.13-slim-bookworm"
    b"\x12\x1a\n\x11image.resolvemode\x12\x05local"
)


def test_an_op_is_written_as_go_writes_it():
    """The field of a oneof comes last, whereas Python's library writes fields in the order of their numbers."""
    op = wire.Op.FromString(GO_SOURCE)
    assert llb.encode(op) == GO_SOURCE
    assert op.SerializeToString(deterministic=True) != GO_SOURCE


# From a definition of BuildKit 0.13.
GOGO_SOURCE = GO_SOURCE[18:] + GO_SOURCE[:18]


@pytest.fixture
def in_this_manner():
    """Provide a function that selects the encoding of an op; it is reset after the test."""
    yield llb.detect_oneof_order
    llb.detect_oneof_order(GO_SOURCE)


@pytest.mark.parametrize("op", [GO_SOURCE, GOGO_SOURCE], ids=["BuildKit 0.25", "BuildKit 0.13"])
def test_ops_are_written_in_the_manner_of_the_engine(in_this_manner, op):
    """Older engines write fields in another order, which changes the digests."""
    in_this_manner(op)
    assert llb.encode(wire.Op.FromString(op)) == op


def test_fields_that_we_do_not_know_are_written_again():
    """Fields of a newer engine are preserved."""
    raw = wire.Op(source={"identifier": "x"}).SerializeToString() + unknown_field()
    assert unknown_field() in llb.encode(wire.Op.FromString(raw))


def test_written_files_have_their_folders():
    """The engine does not create parent folders by itself."""
    op = wire.Op.FromString(llb.written({"a/b/Dockerfile": b"x", "y": b""}, "name").ops[0])
    kinds = [(action.WhichOneof("action"), action.input, action.output) for action in op.file.actions]
    assert kinds == [("mkdir", -1, -1), ("mkfile", 0, -1), ("mkfile", 1, 0)]
    assert op.file.actions[0].mkdir.path == "/a/b"
    assert op.file.actions[0].mkdir.make_parents
    assert op.file.actions[1].mkfile.path == "/a/b/Dockerfile"
    assert op.file.actions[1].mkfile.data == b"x"


def test_a_closed_graph_names_its_output():
    """The last op refers to the output, and the step's name is stored under the op's digest."""
    graph = llb.definition(llb.source("local://context", {"k": "v"}, "a name"))
    end = wire.Op.FromString(graph.ops[-1]).inputs[0].digest
    assert end == llb.digest_of(graph.ops[0])
    assert graph.metadata[end].description[llb.NAME] == "a name"


def test_a_graph_can_be_opened_and_built_on():
    """A copy from another graph keeps the ops and names of that graph."""
    graph = llb.definition(llb.source("local://context", {}, "origin"))
    copied = llb.definition(llb.copied(llb.output_of(graph), "/sub", "copy", contents=True))
    assert copied.ops[0] == graph.ops[0]
    assert {entry.description[llb.NAME] for entry in copied.metadata.values()} == {"origin", "copy"}
    op = wire.Op.FromString(copied.ops[1])
    assert op.inputs[0].digest == llb.digest_of(graph.ops[0])
    assert (op.file.actions[0].copy.src, op.file.actions[0].copy.dir_copy_contents) == ("/sub", True)


def test_an_empty_graph_cannot_be_opened():
    """It has no output that could be used."""
    with pytest.raises(ValueError, match="no output"):
        llb.output_of(wire.Definition())
