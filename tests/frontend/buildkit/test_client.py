"""The messages of calls to the engine."""

import pytest

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.buildkit.client import Client
from pyenv_frontend.buildkit.status import CallError, Status
from tests.frontend.buildkit.fake_engine import FakeEngine

pytestmark = pytest.mark.timeout(30)

CACHES = (("registry", {"ref": "r/cache:1"}), ("local", {"src": "/cache"}))


def solves(engine):
    """Return the requests that the engine was asked to solve."""
    return [wire.SolveRequest.FromString(body) for method, body in engine.calls if method == "Solve"]


def test_every_graph_names_the_imported_caches():
    """Callers of `solve` do not have to pass them."""
    engine = FakeEngine({"Solve": lambda _: wire.SolveResponse().SerializeToString()})
    client = Client(engine.connect())
    client.import_caches(CACHES)
    for number in range(2):
        client.solve(wire.Definition(ops=[bytes([number])])).get()
    assert [[(cache.type, dict(cache.attrs)) for cache in request.cache_imports] for request in solves(engine)] == [
        list(CACHES),
        list(CACHES),
    ]


def test_another_frontend_reads_the_caches_out_of_its_own_options():
    """They are not sent twice."""
    engine = FakeEngine({"Solve": lambda _: wire.SolveResponse().SerializeToString()})
    client = Client(engine.connect())
    client.import_caches(CACHES)
    client.solve_frontend("dockerfile.v0", {"cache-imports": "[]"}, {}).get()
    assert [(request.frontend, len(request.cache_imports)) for request in solves(engine)] == [("dockerfile.v0", 0)]


def test_of_several_file_systems_the_first_error_ends_the_wait():
    """Other calls that still run are not waited for."""
    long = wire.EvaluateRequest(ref="long").SerializeToString()
    engine = FakeEngine({"Evaluate": lambda body: None if body == long else Status("it failed")})
    waiting = Client(engine.connect()).evaluate(RefId("long"), RefId("broken"))
    with pytest.raises(CallError, match="it failed"):
        waiting.get()


def test_no_file_system_at_all_is_waited_for_in_no_time():
    """A result may be empty."""
    engine = FakeEngine()
    Client(engine.connect()).evaluate().get()
    assert engine.calls == []
