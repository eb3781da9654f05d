"""A graph as JSON that refers to the user's file."""

from base64 import b64decode, b64encode

from pyenv_frontend.solve.subrequests.convertllb import relabel_graph
from tests.frontend.solve.test_relabel import EXPANDED, USER, file, labels

__all__ = ["file", "labels"]  # fixtures


def answered():
    """Provide the answer of Docker's frontend for the expanded file; its second source is another file."""
    step = {"description": {"llb.customname": "[3/5] RUN graft"}, "caps": {"exec.meta.base": True}}
    place = {"ranges": [{"start": {"line": 4}, "end": {"line": 4}}]}
    foreign = {"sourceIndex": 1, "ranges": [{"start": {"line": 4}, "end": {"line": 4}}]}
    source = {"filename": "Dockerfile", "data": b64encode(EXPANDED).decode(), "definition": {"def": ["x"]}}
    other = {"filename": "other", "data": b64encode(b"FROM y").decode()}
    locations = {"sha256:a": {"locations": [place, foreign]}, "sha256:b": {}}
    return {
        "def": {"sha256:a": {"exec": {}}},
        "metadata": {"sha256:a": step, "sha256:b": {"caps": {"constraints": True}}},
        "source": {"locations": locations, "infos": [source, other]},
    }


def test_steps_places_and_source_are_the_users(labels):
    """A PYENV is a single group with its own name; capabilities and ops are unchanged."""
    graph = answered()
    relabel_graph(graph, labels)
    step = graph["metadata"]["sha256:a"]
    assert step["description"]["llb.customname"] == "[3/4] PYENV 3.8 a reqs.txt"
    assert step["progress_group"]["name"] == "[3/4] PYENV 3.8 a reqs.txt"
    assert step["caps"] == {"exec.meta.base": True}
    ours, foreign = graph["source"]["locations"]["sha256:a"]["locations"]
    assert [entry["start"]["line"] for entry in ours["ranges"]] == [3, 4]
    assert foreign["ranges"] == [{"start": {"line": 4}, "end": {"line": 4}}]
    info, other = graph["source"]["infos"]
    assert b64decode(info["data"]) == USER
    assert "definition" not in info
    assert other["filename"] == "other"


def test_a_graph_of_nothing_stays_as_it_is(labels):
    """The file is just `FROM scratch`."""
    graph = {"def": None, "metadata": None, "source": None}
    relabel_graph(graph, labels)
    assert graph == {"def": None, "metadata": None, "source": None}
