"""The how-to pages: their files are written, and their commands are run with the real tools."""

import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
import yaml

from pyenv_frontend.expansion.standalone import UV_VERSION
from tests.airflow import installations
from tests.e2e.conftest import need_images
from tests.e2e.examples.conftest import AIRFLOW, REGISTRY, publish_frontend
from tests.support import services
from tools import debian, packages
from tools.build_image import FRONTEND
from tools.state import ROOT, Unavailable, run

PYTHONS = {series: f"python:{series}-slim-bookworm" for series in ("3.9", "3.11", "3.12")}
DAG = """\
from airflow.sdk import dag, task


@dag
def d():
    @task.venv("report")
    def f():
        import six

        return six.__version__

    f()


d()
"""


@pytest.fixture(scope="session")
def tools() -> Path:
    """Return the folder of the programs that the pages use, installed from their own lock."""
    place = ROOT / ".venv/pages"
    lock = ROOT / "requirements/pages.txt"
    done = place / "lock.txt"
    if not done.exists() or done.read_text() != lock.read_text():
        packages.make(place, lock)
        shutil.copy(lock, done)
    return place / "bin"


@pytest.fixture
def add(tools):
    """Make programs from that folder available to a reader: `add(page, "hadolint")`."""

    def give(page, *names: str) -> None:
        for name in names:
            page.program(name).symlink_to(tools / name)

    return give


def checked(tools: Path, schema: str, text: str, scratch: Path, name: str) -> None:
    """Validate a file against a published schema."""
    (scratch / name).write_text(text)
    run([tools / "check-jsonschema", "--builtin-schema", schema, scratch / name])


def debian_program(package: str, path: str) -> Path:
    """Return a program from a Debian package; skip the test if it is not available."""
    try:
        debian.install(package)
    except Unavailable as reason:
        pytest.skip(f"no {package}: {reason}")
    return Path(path)


def test_private_indexes(walk, base_images, engine, registry):
    """The page covers a variable, a file, an SSH agent and a mirror of the Python images; each of its builds works."""
    base_images(AIRFLOW, PYTHONS["3.11"])
    page = walk("docs/how-to/private-indexes.md")
    wheel = services.wheel("inhouse-tools", "1.0")
    dockerfiles = [line for line in page.page.read_text().splitlines() if line.startswith("PYENV --mount")]
    secret, netrc, ssh = (f"# syntax={page.frontend}\nFROM {AIRFLOW}\n{line}\n" for line in dockerfiles)
    with services.package_index({"inhouse_tools-1.0-py3-none-any.whl": wheel}, user="u", password="p") as url:
        home = Path(page.environ["HOME"])
        (home / ".index-url").write_text(url.replace("://", "://u:p@"))
        (page.folder / "requirements.txt").write_text(f"inhouse-tools\n# {uuid.uuid4()}\n")  # in no cache yet
        (page.folder / "Dockerfile").write_text(secret)
        assert "inhouse-tools==1.0" in page.type("--secret id=index")
        (page.folder / "requirements.txt").write_text(f"--index-url {url}\ninhouse-tools\n")
        (page.folder / "Dockerfile").write_text(netrc)
        (home / ".netrc").write_text("machine 127.0.0.1\nlogin u\npassword p\n")
        assert "inhouse-tools==1.0" in page.type("--secret id=netrc")
        agent = page.run(
            "eval $(ssh-agent) > /dev/null; ssh-keygen -q -t ed25519 -N '' -f key; ssh-add -q key; ssh-add -l"
        )
        assert "ED25519" in agent
        (page.folder / "requirements.txt").write_text("")
        (page.folder / "Dockerfile").write_text(ssh)
        try:
            page.type("--ssh default")
        finally:
            page.run("kill $SSH_AGENT_PID")
    mirrored = f"{registry}/{PYTHONS['3.11']}"
    engine.run("tag", PYTHONS["3.11"], mirrored)
    engine.run("push", "--quiet", mirrored)
    page.replace[REGISTRY] = registry
    (page.folder / "Dockerfile").write_text(f"# syntax={page.frontend}\nFROM {AIRFLOW}\nPYENV 3.11 mirrored\n")
    assert mirrored in page.type("PYENV_PYTHON_IMAGE")


def test_without_docker(walk):
    """Environments are created, checked and removed."""
    page = walk("docs/how-to/without-docker.md")
    (page.folder / "Dockerfile").write_text(f"FROM {AIRFLOW}\nPYENV 3.12 tiny\n")
    page.type("pyenv-frontend local")
    assert "3.12" in page.run("$ASTRO_PYENV_tiny --version")
    page.type("local --check")
    assert not (page.folder / ".pyenv-frontend/tiny").exists()


def test_lock(walk):
    """Locks are written, also from a private index, checked and upgraded."""
    page = walk("docs/how-to/locks.md")
    page.type("uv tool install")
    text = f"# syntax={page.frontend}\nFROM {AIRFLOW}\nPYENV 3.12 x <<E\nidna<3.11\nE\n"
    (page.folder / "Dockerfile").write_text(text)
    page.type("^pyenv-frontend lock$")
    lock = page.folder / "pylock.x.toml"
    assert 'name = "idna"' in lock.read_text()
    (page.folder / "docker").mkdir()
    (page.folder / "docker/Dockerfile").write_text(text.replace("x <<", "other <<"))
    page.type("--file=docker/Dockerfile")
    assert 'name = "idna"' in (page.folder / "pylock.other.toml").read_text()
    with services.package_index(services.wheels(("idna", "3.6")), user="u", password="p") as url:
        (Path(page.environ["HOME"]) / ".index-url").write_text(url.replace("://", "://u:p@"))
        page.type("UV_DEFAULT_INDEX")
        assert "u:p" not in lock.read_text()
    page.type("lock --check")
    page.type("--upgrade")
    (page.folder / "Dockerfile").write_text(
        f"# syntax={page.frontend}\nFROM {AIRFLOW}\nPYENV 3.12 x <<E\nidna<3.7\nE\n"
    )
    page.again("--check", code=1)


def test_check(walk, add):
    """Findings are shown as text and as JSON, by Docker's own check and by pre-commit."""
    page = walk("docs/how-to/check.md")
    page.run(f"uv tool install --quiet {ROOT / 'frontend'}")
    (page.folder / "Dockerfile").write_text(
        f"# syntax={page.frontend}\nFROM debian:bookworm-slim\nPYENV 3.12 x <<E\nsix\nE\n"
    )
    assert "PyenvUnpinnedRequirements" in page.type("pyenv-frontend check")
    assert "PyenvUnpinnedRequirements" in page.type("docker buildx build --check", code=1)
    add(page, "pre-commit")
    page.run("git init --quiet . && git add Dockerfile")
    repository = Path(page.checkout).parent / "repository"
    page.run(f"git clone --quiet {ROOT} {repository} && git -C {repository} checkout --quiet {head()}")
    page.replace["<checkout>"] = str(repository)
    assert "Passed" in page.type("pre-commit try-repo")


def head() -> str:
    """Return the current commit."""
    return run(["git", "rev-parse", "HEAD"], cwd=ROOT).strip()


def test_other_builders(walk, base_images):
    """The printed Dockerfiles can be built without our frontend, and one without any image of ours or an engine."""
    base_images(AIRFLOW, PYTHONS["3.9"], f"ghcr.io/astral-sh/uv:{UV_VERSION}")
    page = walk("docs/how-to/other-builders.md")
    page.run(f"uv tool install --quiet {ROOT / 'frontend'}")
    (page.folder / "Dockerfile").write_text(
        f"# syntax={page.frontend}\nFROM {AIRFLOW}\nPYENV 3.9 old <<E\nsix==1.16.0\nE\n"
    )
    page.type("-o Dockerfile.plain")
    plain = (page.folder / "Dockerfile.plain").read_text()
    assert not re.search("^PYENV", plain, re.MULTILINE)
    page.run("docker buildx build -t plain -f Dockerfile.plain .")
    assert "3.9" in page.run("docker run --rm plain bash -c '$ASTRO_PYENV_old --version'")
    assert "ENV ASTRO_PYENV_old=" in page.type("--base-suite bookworm")
    page.type("--standalone")
    assert page.frontend not in (page.folder / "Dockerfile.standalone").read_text()
    # Docker's classic builder supports neither mounts nor frontends.
    page.run("DOCKER_BUILDKIT=0 docker build -t classic -f Dockerfile.standalone .")
    for image in ("plain", "standalone", "classic"):
        assert "1.16.0" in page.run(
            f"docker run --rm {image} bash -c '$ASTRO_PYENV_old -c \"import six; print(six.__version__)\"'"
        )


def test_publish(walk, base_images, registry, frontend, builder_on, tools):  # noqa: PLR0913, PLR0917 - both halves
    """The OCI layout is pushed with skopeo; builds use it by digest, try a newer version, and return to the old one."""
    base_images(AIRFLOW, PYTHONS["3.12"])
    page = walk("docs/how-to/publish.md")
    page.program("skopeo").symlink_to(debian_program("skopeo", "/usr/bin/skopeo"))
    insecure = Path(page.environ["HOME"]) / ".config/containers/registries.conf"
    insecure.parent.mkdir()
    insecure.write_text(f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n')
    page.replace[REGISTRY] = registry
    layout = page.checkout / "dist/pyenv-frontend.oci.tar"
    other = builder_on("docker-28-containerd")  # the classic store cannot write a layout
    options = ["--network=host", f"--file={ROOT / 'Dockerfile.frontend'}", "--provenance=false"]
    other.engine.run("buildx", "build", f"--output=type=oci,dest={layout}", *options, str(ROOT), timeout=1200)

    digest = page.type("skopeo copy").split()[-1]
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    line = next(iter(page.code("^# syntax=.*@sha256", "Dockerfile").splitlines()))
    pinned = re.sub("sha256:.*", digest, line).replace(REGISTRY, registry)
    page.run(f"docker tag {frontend} {FRONTEND}")
    page.type("docker push")
    rest = "FROM debian:bookworm-slim\nRUN true\n"
    (page.folder / "Dockerfile").write_text(f"{pinned}\n{rest}")
    page.run(f"skopeo copy docker://{registry}/tools/pyenv-frontend:dev docker://{registry}/tools/pyenv-frontend:0.3")
    assert f"docker-image://{registry}/tools/pyenv-frontend:0.3" in page.type("BUILDKIT_SYNTAX")
    assert f"pyenv-frontend:0.2@{digest}" in page.run("docker buildx build --no-cache .")

    mirrored = f"{registry}/mirror/{PYTHONS['3.12']}"
    page.run(f"docker tag {PYTHONS['3.12']} {mirrored} && docker push --quiet {mirrored}")
    today = page.run(f"skopeo inspect --format '{{{{.Digest}}}}' docker://{mirrored}").split()[-1]
    line = re.sub(r"sha256:\w+", today, page.code("^PYENV --from=", "Dockerfile")).replace(REGISTRY, registry)
    (page.folder / "Dockerfile").write_text(f"{pinned}\nFROM {AIRFLOW}\n{line}")
    assert f"{mirrored}@{today}" in page.run("docker buildx build .")

    port = services.free_port()
    (page.folder.parent / "index").mkdir()
    command = [tools / "pypi-server", "run", "-p", str(port), "-i", "127.0.0.1", "-a", ".", "-P", ".", "index"]
    with subprocess.Popen(command, cwd=page.folder.parent, stderr=subprocess.DEVNULL) as server:
        try:
            services.await_answer(f"http://127.0.0.1:{port}/", server)
            page.replace["https://packages.example.com"] = f"http://127.0.0.1:{port}"
            page.environ |= {"UV_PUBLISH_USERNAME": "u", "UV_PUBLISH_PASSWORD": "p"}
            page.type("uv publish")
            page.write("Dockerfile", "id=index,env=PIP_EXTRA_INDEX_URL", "Dockerfile")
            assert re.search(r"tiny\s+3\.12\.", page.type("from-index"))
        finally:
            server.terminate()
    page.write("Dockerfile", "cd /project", "Dockerfile")
    page.write("requirements.txt", "wheels/airflow", "text")
    assert re.search(r"tiny\s+3\.12\.", page.type("from-wheel"))


def test_ci(walk_on, builder_on, registry, tools, tmp_path):
    """Both files are valid for GitHub and GitLab, and their commands build, check and push the image."""
    checked(tools, "vendor.github-workflows", (ROOT / "examples/ci/github-workflow.yml").read_text(), tmp_path, "a.yml")
    checked(tools, "vendor.gitlab-ci", (ROOT / "examples/ci/gitlab-ci.yml").read_text(), tmp_path, "b.yml")
    builder = builder_on("docker-28-containerd")
    need_images(builder.engine, AIRFLOW, PYTHONS["3.9"], PYTHONS["3.11"])
    page = walk_on("docs/how-to/ci.md", builder.engine, builder.frontend)
    page.replace[REGISTRY] = registry
    page.folder = page.checkout / "examples/ci"
    publish_frontend(page, builder, registry)
    page.run(f"mkdir wheels && cp {page.checkout}/dist/*.whl wheels/")
    job = yaml.safe_load((page.folder / "github-workflow.yml").read_text())["jobs"]["image"]
    for step in job["steps"]:
        if "run" in step:
            assert "nothing wrong" in page.run(step["run"])
    job = yaml.safe_load((page.folder / "gitlab-ci.yml").read_text())["airflow-image"]
    page.environ |= {"REGISTRY_USER": "u", "REGISTRY_PASSWORD": "p"}
    for command in job["script"]:
        page.run(command)
    assert page.run(f"docker image ls -q {registry}/team/airflow").split()
    (page.folder / "Dockerfile").write_text("FROM scratch\nCOPY dags dags\n")
    page.type("SOURCE_DATE_EPOCH")

    (page.folder / "dags/broken.py").write_text(
        "from airflow.sdk import task\n\n\n@task.venv('new')\ndef f():\n    import pandas\n"
    )
    shutil.copy(page.checkout.parent / "Dockerfile", page.folder)
    assert "imports pandas" in page.run(job["script"][0], code=1)


def test_compose(walk, base_images, engine, tools, tmp_path):
    """Compose builds the image with Airflow's own file unchanged, and each service has the environments."""
    base_images(AIRFLOW, PYTHONS["3.11"])
    page = walk("docs/how-to/compose.md")
    plugin = debian.unpack("forky", "docker-compose") / "usr/libexec/docker/cli-plugins/docker-compose"
    page.plugin("docker-compose", plugin)
    shutil.copy(ROOT / "tests/e2e/examples/airflow-compose.yaml", page.folder / "docker-compose.yaml")
    page.replace["my-airflow"] = page.image("my-airflow")
    page.write("Dockerfile", "^FROM", "Dockerfile")
    page.write(".env", "AIRFLOW_IMAGE_NAME", "ini")
    override = page.write("docker-compose.override.yaml", "airflow-worker", "yaml")
    checked(tools, "vendor.compose-spec", override, tmp_path, "compose.yaml")
    (page.folder / "report-requirements.txt").write_text("six==1.16.0\n")
    (page.folder / "dags").mkdir()
    (page.folder / "dags/d.py").write_text(DAG)
    if engine.ours:  # it has no network of its own
        names = yaml.safe_load((page.folder / "docker-compose.yaml").read_text())["services"]
        host = {name: {"network_mode": "host"} for name in names}
        host["airflow-worker"]["build"] = {"network": "host"}
        (page.folder / "host.yaml").write_text(yaml.safe_dump({"services": host}))
        page.environ["COMPOSE_FILE"] = "docker-compose.yaml:docker-compose.override.yaml:host.yaml"
    assert re.search(r"report\s+3\.11\.", page.type("docker compose build"))
    assert "nothing wrong" in page.type("doctor dags")
    page.run(f"docker image rm --force {page.image('my-airflow')}")


def test_clusters(walk, base_images, tmp_path, tools):
    """The values fit the chart; a pod's user can use the environments and check DAGs that git-sync has mounted."""
    base_images(AIRFLOW, PYTHONS["3.11"])
    page = walk("docs/how-to/clusters.md")
    values = page.code("gitSync", "yaml")
    (tmp_path / "values.yaml").write_text(values)
    schema = ROOT / "tests/e2e/examples/helm-values.schema.json"
    run([tools / "check-jsonschema", "--schemafile", schema, tmp_path / "values.yaml"])
    image = yaml.safe_load(values)["images"]["airflow"]
    name = page.image("team-airflow")
    page.replace[f"{image['repository']}:{image['tag']}"] = name
    (page.folder / "Dockerfile").write_text(
        f"# syntax={page.frontend}\nFROM {AIRFLOW}\n"
        "RUN --mount=from=provider,target=/provider pip install -q --no-cache-dir /provider/*.whl\n"
        "PYENV 3.11 report <<E\nsix==1.16.0\nE\n"
    )
    page.run(f"docker buildx build --build-context provider={page.checkout}/dist -t team-airflow .")
    (page.folder / "dags").mkdir()
    (page.folder / "dags/d.py").write_text(DAG)
    assert "nothing wrong" in page.type("airflow-venv doctor")
    config = yaml.safe_load(values)["config"]["venv"]
    variables = " ".join(f"-e AIRFLOW__VENV__{key.upper()}={value}" for key, value in config.items())
    mounted = "-v ./dags:/opt/airflow/dags/repo/dags:ro"
    command = "airflow db migrate > /dev/null && airflow dags test d"
    log = page.run(f"docker run --rm --user 12345:0 {variables} {mounted} {name} bash -c '{command}'")
    assert "Returned value was: 1.16.0" in log


def test_use_it_with(walk, base_images, registry, tools, tmp_path, add):  # noqa: PLR0913, PLR0917 - many tools
    """Mirrors, offline wheels, hadolint, pyright and pytest work as described, and the files are valid."""
    base_images(AIRFLOW, PYTHONS["3.9"])
    page = walk("docs/how-to/use-it-with.md")
    page.leave("standalone", "it starts and does not end; the image is that of the tutorial")
    page.replace[REGISTRY] = registry
    mirrored = f"{registry}/mirror/{PYTHONS['3.9']}"
    page.run(f"docker tag {PYTHONS['3.9']} {mirrored} && docker push --quiet {mirrored}")
    requirements = page.folder / "report-requirements.txt"
    requirements.write_text("six==1.16.0\n")
    (page.folder / "Dockerfile").write_text(
        f"# syntax={page.frontend}\nFROM {AIRFLOW}\nPYENV 3.9 report report-requirements.txt\n"
    )
    assert f"load metadata for {mirrored}" in page.type("--build-context python:3.9")
    dockerfile = page.code("--from=", "Dockerfile").replace(f"{REGISTRY}/mirror/airflow:3.3.2", AIRFLOW)
    (page.folder / "Dockerfile").write_text(f"# syntax={page.frontend}\n{dockerfile.replace(REGISTRY, registry)}")
    assert f"{mirrored}" in page.run("docker buildx build .")

    page.type("uv tool run pip download")
    page.write("Dockerfile", "--network=none", "Dockerfile")
    page.type("-t offline")

    page.run(f"uv tool install --quiet {ROOT / 'frontend'}")
    add(page, "hadolint")
    printed = page.type(r"\| hadolint", code=None)
    assert "unexpected" not in printed, printed

    checked(tools, "vendor.renovate", page.code("customManagers", "json"), tmp_path, "renovate.json")
    checked(tools, "vendor.dependabot", page.code("package-ecosystem", "yaml"), tmp_path, "dependabot.yml")
    manager = json.loads(page.code("customManagers", "json"))["customManagers"][0]
    pattern = manager["matchStrings"][0].replace("?<", "?P<")
    line = next(line for line in page.code("--from=", "Dockerfile").splitlines() if line.startswith("PYENV"))
    assert re.search(pattern, line).group("depName", "currentValue") == (
        f"{REGISTRY}/mirror/python".split(":")[0],
        "3.9-slim-bookworm",
    )

    (page.folder / "Dockerfile").write_text(f"FROM {AIRFLOW}\nPYENV 3.9 report <<E\nsix==1.16.0\npytest\nE\n")
    page.run('eval "$(pyenv-frontend local)"')
    page.program("pyright").symlink_to(ROOT / ".venv/bin/pyright")
    (page.folder / "tasks").mkdir()
    (page.folder / "tasks/report.py").write_text("import six\n\n\ndef totals() -> bool:\n    return six.PY3\n")
    assert "0 errors" in page.type("pyright --pythonpath")
    (page.folder / "tests/report").mkdir(parents=True)
    (page.folder / "tests/report/test_it.py").write_text("import six\n\n\ndef test_it():\n    assert six.PY3\n")
    assert "1 passed" in page.type("-m pytest tests/report")
    page.write("dags/reports.py", "@venv", "python")
    page.write("test_total.py", "total.function", "python")
    airflow = installations.release("3.3.2").install()
    path = f"{installations.provider()}{os.pathsep}."
    page.environ["AIRFLOW_HOME"] = str(tmp_path)
    assert "1 passed" in page.run(f"PYTHONPATH={path} {airflow}/python -m pytest -q -p no:cacheprovider test_total.py")
