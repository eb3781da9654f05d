"""The steps of an environment that does not depend on its stage."""

import pytest

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.expansion.steps import CACHE
from pyenv_frontend.solve import independent_graph


def cache_of(identity, mount_id):
    """Return the id of a step's cache, as it is in the graph of the engine and then changed."""
    op = wire.Op(exec=wire.ExecOp())
    op.exec.mounts.add(dest=CACHE, output=-1, cache=wire.CacheOpt(id=mount_id))
    independent_graph.trust_cache(op, identity)
    return [mount.cache.id for mount in op.exec.mounts]


def test_a_cache_belongs_to_an_interpreter_and_a_namespace():
    """A Dockerfile cannot name it: the ids of its mounts have a slash."""
    (usual,) = cache_of("sha256:a", "/pyenv-cache")
    assert "/" not in usual
    assert cache_of("sha256:a", "/pyenv-cache") == [usual]
    assert cache_of("sha256:b", "/pyenv-cache") != [usual]
    assert cache_of("sha256:a", "team/pyenv-cache") != [usual]


def test_an_unknown_image_has_no_cache():
    """Another image could have written there."""
    assert cache_of("", "/pyenv-cache") == []


@pytest.mark.parametrize(
    ("path", "user", "setting", "alike"),
    [
        ("/v/b", "--user=1", "UV_INDEX=a", True),
        ("/w/b", "--user=1", "UV_INDEX=a", False),
        ("/v/b", "--user=2", "UV_INDEX=a", False),
        ("/v/b", "--user=1", "UV_INDEX=b", False),
        ("/v/b", "--user=1", "HTTPS_PROXY=p", False),
        ("/v/b", "--user=1", "no_proxy=p", False),
    ],
)
def test_what_decides_on_what_is_collected(path, user, setting, alike):
    """Installs with the same folder, owner and settings may know the same."""

    def surroundings(path, user, setting):
        meta = wire.Meta(
            args=["py", "-IB", "x", "environment", "--name=a", f"--path={path}", user], env=["PATH=/bin", setting]
        )
        return independent_graph.surroundings(wire.Op(exec=wire.ExecOp(meta=meta)))

    assert (surroundings(path, user, setting) == surroundings("/v/a", "--user=1", "UV_INDEX=a")) is alike
