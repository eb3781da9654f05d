"""The options of `docker buildx build` work with our frontend."""

import json
import tarfile
import urllib.request

import pytest

from tests.e2e.conftest import need_images
from tests.support.builds import installed_environments

BASE = "python:3.13-slim-bookworm"
PYENV = f"FROM {BASE}\nPYENV 3.13 etl\n"


pytestmark = pytest.mark.images(BASE)


def test_build_args_reach_pyenv_and_run(buildx, look):
    """PYENV and RUN expand the same variable."""
    text = f"FROM {BASE}\nARG NAME=wrong\nPYENV 3.13 $NAME\nRUN echo $NAME > /name\n"
    image = look(buildx(text, {}, "--build-arg=NAME=right").image)
    assert image.read("/name") == b"right\n"
    assert "ASTRO_PYENV_right" in image.env


def test_a_target_is_built_and_nothing_behind_it(buildx):
    """Stages after the target are ignored, even if they would fail."""
    text = f"FROM {BASE} AS one\nPYENV 3.13 etl\nRUN true\nFROM one AS two\nRUN false\n"
    assert "[one 3/3] RUN true" in buildx(text, {}, "--target=one").steps


def test_no_cache_runs_everything_again(buildx):
    """This includes the PYENV."""
    buildx(PYENV)
    again = buildx(PYENV, {}, "--no-cache")
    assert "[2/2] PYENV 3.13 etl" not in again.cached
    assert "[2/2] PYENV 3.13 etl" in buildx(PYENV).cached


def test_a_no_cache_filter_runs_one_stage_again(buildx):
    """The option refers to the stages' original names."""
    copy = "COPY --from=one /opt/venv/etl/pyvenv.cfg /"
    text = f"FROM {BASE} AS one\nPYENV 3.13 etl\nFROM {BASE} AS two\n{copy}\nRUN true\n"
    buildx(text)
    again = buildx(text, {}, "--no-cache-filter=two")
    assert "[one 2/2] PYENV 3.13 etl" in again.cached
    assert "[two 3/3] RUN true" not in again.cached


def test_run_options_of_the_client_hold_behind_a_pyenv(buildx, look):
    """Hosts, limits, shared memory, a secret and a proxy take effect."""
    text = (
        f"FROM {BASE}\nPYENV 3.13 etl\n"
        "RUN --mount=type=secret,id=s grep -q name /etc/hosts && ulimit -n > /n && df -k /dev/shm | tail -1 > /shm "
        "&& cat /run/secrets/s > /secret && echo $http_proxy > /proxy\n"
    )
    arguments = ("--add-host=name:127.0.0.9", "--ulimit=nofile=123:123", "--shm-size=32m", "--secret=id=s,env=SECRET")
    built = buildx(text, {}, *arguments, "--build-arg=http_proxy=http://p:1", env={"SECRET": "said"})
    image = look(built.image)
    assert image.read("/n") == b"123\n"
    assert b" 32768 " in image.read("/shm")
    assert image.read("/secret") == b"said"
    assert image.read("/proxy") == b"http://p:1\n"


def test_labels_and_the_image_file_reach_the_client(buildx, tmp_path):
    """The options are `--label` and `--iidfile`."""
    built = buildx(PYENV, {}, "--label=a=b", f"--iidfile={tmp_path / 'id'}")
    assert (tmp_path / "id").read_text().startswith("sha256:")
    labels = built_labels(buildx, built.image)
    assert labels["a"] == "b"


def built_labels(buildx, image):
    """Return the labels of an image."""
    return json.loads(buildx.engine.run("image", "inspect", "--format={{json .Config.Labels}}", image))


@pytest.mark.parametrize("kind", ["local", "tar"])
def test_files_can_be_exported(buildx, tmp_path, kind):
    """Every type of `--output` that writes files works."""
    to = tmp_path / "out"
    text = f"FROM {BASE} AS made\nPYENV 3.13 etl\nFROM scratch\nCOPY --from=made /opt/venv/etl/pyvenv.cfg /\n"
    buildx(text, {}, f"--output=type={kind},dest={to}")
    if kind == "local":
        names = [path.name for path in to.iterdir()]
    else:
        with tarfile.open(to) as tar:
            names = tar.getnames()
    assert names == ["pyvenv.cfg"]


@pytest.fixture
def modern(builder_on):
    """Provide a builder with the containerd store, which supports these options."""
    builder = builder_on("docker-28-containerd")
    need_images(builder.engine, BASE)
    return builder


@pytest.mark.parametrize("kind", ["registry", "local", "inline"])
def test_an_exported_cache_serves_another_builder(modern, registry, tmp_path, kind):
    """With `--cache-to` and `--cache-from`, renamed and regrouped steps are still found in the cache."""
    ref = f"{registry}/{kind}:1"
    to, origin, output = {
        "registry": (f"type=registry,ref={ref},mode=max", f"type=registry,ref={ref}", "type=cacheonly"),
        "local": (f"type=local,dest={tmp_path}/c,mode=max", f"type=local,src={tmp_path}/c", "type=cacheonly"),
        "inline": ("type=inline", f"type=registry,ref={ref}", f"type=image,push=true,name={ref}"),
    }[kind]
    modern(PYENV, {}, f"--cache-to={to}", f"--output={output}")
    modern.engine.run("buildx", "prune", "--all", "--force")
    again = modern(PYENV, {}, f"--cache-from={origin}")
    assert any("importing cache manifest" in line for line in again.log.splitlines())
    assert "[2/2] PYENV 3.13 etl" in again.steps
    assert installed_environments(again.log) == set()


@pytest.mark.parametrize("kind", ["oci", "docker", "image", "registry"])
def test_the_image_can_be_exported(modern, registry, tmp_path, kind):
    """Every type of `--output` that writes an image works."""
    to, name = tmp_path / "image.tar", f"{registry}/put-out:{kind}"
    modern(PYENV, {}, f"--output=type={kind},{f'dest={to}' if kind in {'oci', 'docker'} else f'name={name}'}")
    if kind == "image":
        modern.engine.run("push", "--quiet", name)
    config = _config_in(to) if to.exists() else _config_at(registry, kind)
    assert "ASTRO_PYENV_etl=/opt/venv/etl/bin/python" in config["config"]["Env"]


def _config_in(archive):
    """Return the configuration of the image in an archive."""
    with tarfile.open(archive) as tar:
        index = json.load(tar.extractfile("index.json"))["manifests"][0]
        manifest = json.load(tar.extractfile(f"blobs/sha256/{index['digest'].partition(':')[2]}"))
        return json.load(tar.extractfile(f"blobs/sha256/{manifest['config']['digest'].partition(':')[2]}"))


def _config_at(registry, tag):
    """Return the configuration of an image in a registry."""
    address = f"http://{registry}/v2/put-out"
    kinds = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
    request = urllib.request.Request(f"{address}/manifests/{tag}", headers={"Accept": kinds})
    with urllib.request.urlopen(request) as answer:
        digest = json.load(answer)["config"]["digest"]
    with urllib.request.urlopen(f"{address}/blobs/{digest}") as answer:
        return json.load(answer)


def test_the_epoch_is_the_time_of_everything(buildx):
    """`SOURCE_DATE_EPOCH` is taken from the client's environment."""
    built = buildx(PYENV, {}, env={"SOURCE_DATE_EPOCH": "1000000000"})
    created = buildx.engine.run("image", "inspect", "--format={{.Created}}", built.image)
    assert created.startswith("2001-09-09")


def test_build_syntax_by_build_arg(buildx, frontend):
    """`BUILDKIT_SYNTAX` replaces the syntax line."""
    built = buildx(PYENV, {}, f"--build-arg=BUILDKIT_SYNTAX={frontend}", syntax=False)
    assert "[2/2] PYENV 3.13 etl" in built.steps


def test_two_platforms_in_one_build(modern, tmp_path):
    """The result has both; nothing is executed on the foreign platform, whose stage only copies files."""
    stage = f"FROM --platform=$BUILDPLATFORM {BASE} AS made\nPYENV 3.13 etl\n"
    text = f"{stage}FROM scratch\nCOPY --from=made /opt/venv/etl /e\n"
    to = tmp_path / "image.tar"
    modern(text, {}, "--platform=linux/amd64,linux/arm64", "--provenance=false", f"--output=type=oci,dest={to}")
    with tarfile.open(to) as tar:
        outer = json.load(tar.extractfile("index.json"))["manifests"][0]
        index = json.load(tar.extractfile(f"blobs/sha256/{outer['digest'].partition(':')[2]}"))
    assert {manifest["platform"]["architecture"] for manifest in index["manifests"]} == {"amd64", "arm64"}


def test_attestations_come_through(modern):
    """The build has provenance if the client asks for it."""
    built = modern(PYENV, {}, "--attest=type=provenance,mode=max")
    assert "exporting attestation manifest" in built.log
