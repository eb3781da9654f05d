"""Tests of the tools that the other end-to-end tests use."""

import urllib.error
import urllib.request

import pytest

from tests.support import services
from tests.support.builds import Builder

PLAIN = 'FROM debian:bookworm-slim\nCOPY --chown=7:8 a /x/a\nRUN ln -s a /x/b\nENV GREETING="hello you"\n'


@pytest.fixture
def native(engine, base_images, tmp_path):
    """Return a builder that uses the engine's own Dockerfile frontend."""
    base_images("debian:bookworm-slim")
    builder = Builder(engine, "unused", tmp_path)
    yield builder
    builder.remove_images()


def test_a_built_image_can_be_inspected(native, look):
    """Files, owners, links, variables, history and commands of a built image can be inspected."""
    image = look(native(PLAIN, {"a": "text\n"}, syntax=False).image)
    assert image.read("/x/a") == b"text\n"
    entry = image.files("/x")["/x/a"]
    assert (entry.kind, entry.uid, entry.gid) == ("file", 7, 8)
    assert image.files("/x")["/x/b"].target == "a"
    assert image.exists("/x/b")
    assert not image.exists("/x/c")
    assert image.env["GREETING"] == "hello you"
    assert image.history()[-1].startswith("ENV GREETING=")
    assert image.run("cat /x/b; exit 3").code == 3
    assert image.run("cat", "/x/b").out == "text\n"


def test_equal_builds_have_one_digest_and_the_second_is_cached(native):
    """Different images have different digests, and the log shows which steps were cached."""
    first = native(PLAIN, {"a": "one"}, syntax=False)
    second = native(PLAIN, {"a": "one"}, syntax=False)
    other = native(PLAIN, {"a": "two"}, syntax=False)
    assert first.digest == second.digest != other.digest
    assert "[3/3] RUN ln -s a /x/b" in second.cached
    assert second.steps[-1] == "[3/3] RUN ln -s a /x/b"


def test_a_failed_build_has_its_log(native):
    """A failed build is an object with its log, not an exception."""
    build = native.fails("FROM debian:bookworm-slim\nRUN echo because >&2; exit 9\n", syntax=False)
    assert "because" in build.log
    assert "exit code: 9" in build.log


def test_the_index_wants_its_password():
    """The package index answers with status 401 without a password, and otherwise with the wheel."""
    packed = services.wheel("some-thing", "1.0")
    held = {services.wheel_file("some-thing", "1.0"): packed}
    with services.package_index(held, user="me", password="secret") as address:
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(f"{address}some-thing/")
        refused.value.close()
        manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        manager.add_password(None, address, "me", "secret")
        manager.add_password(None, address.replace("simple", "files"), "me", "secret")
        opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
        with opener.open(f"{address}some-thing/") as page:
            assert b"some_thing-1.0-py3-none-any.whl" in page.read()
        with opener.open(address.replace("simple/", "files/some_thing-1.0-py3-none-any.whl")) as file:
            assert file.read() == packed


def test_the_registry_keeps_what_is_pushed(native, registry, engine):
    """An image that a build pushes to the registry can be pulled from it."""
    name = f"{registry}/kept:1"
    native(PLAIN, {"a": "kept"}, f"--output=type=image,name={name},push=true", syntax=False)
    engine.run("image", "rm", "--force", name)
    assert name in engine.run("pull", name)
    engine.run("image", "rm", "--force", name)
