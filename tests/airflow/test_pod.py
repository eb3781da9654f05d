"""Tasks in restricted containers of an image built with PYENV, as in pods of Kubernetes.

A real scheduler starts a container for each workload, as the KubernetesExecutor starts pods. Containers run as a user
without a name, on a read-only file system, without capabilities, and only know the API server's address.
"""

import contextlib
import json
import shutil

import pytest

from tests.airflow.deployments import HERE, deploy
from tests.airflow.installations import CLUSTERS
from tests.airflow.table import ROWS, SECRETS, parameters
from tests.e2e.conftest import engine_of, frontend_on, need_images
from tests.support.builds import Builder
from tools import wheels
from tools.state import Unavailable, folder

pytestmark = [pytest.mark.airflow, pytest.mark.engine, pytest.mark.timeout(1800)]

BASE = "apache/airflow:3.3.2-python3.12"
DAGS = ["endings.py", "lines.py", "values.py"]
ENVIRONMENTS = {"none": "3.9", "py38": "3.9", "py313": "3.13", "af33": "3.12"}
DOCKERFILE = f"""\
FROM {BASE}
RUN --mount=from=provider,target=/provider pip install --quiet --no-cache-dir /provider/airflow*.whl
PYENV 3.9 none
PYENV 3.9 py38
PYENV 3.13 py313
PYENV 3.12 af33 <<EOF
apache-airflow==3.3.2
EOF
COPY dags /opt/airflow/dags
"""
ELSEWHERE = {"af24", "af27", "af211", "af30"}
"""Environments of `lines.py` that the image does not have."""
TABLE = [row for row in ROWS if f"{row.dag}.py" in DAGS and row.task.rpartition("_")[2] not in ELSEWHERE]


def pod(docker, image, home, api):
    """Return the command that runs a container, up to and including the image's name."""
    compiled = folder("pycache", "airflow-3.3.2-pod")
    for path in (compiled, home / "logs", home / "results"):
        path.chmod(0o777)
    limits = ["--user=12345:0", "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp"]
    volumes = [f"{home}/logs:/opt/airflow/logs", f"{home}/results:{home}/results", f"{compiled}:/pycache"]
    variables = {
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
        "PYTHONPYCACHEPREFIX": "/pycache",
        "RESULTS": f"{home}/results/results.jsonl",
        "USER": "airflow",  # Airflow does not start if neither /etc/passwd nor a variable names the user
    }
    command = [docker, "run", "--rm", "--network=host", *limits, *(f"--volume={volume}" for volume in volumes)]
    return [*command, *(f"--env={name}={value}" for name, value in variables.items()), image]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Provide an engine and the name of an image with Airflow, environments and DAGs."""
    engine = engine_of("docker")
    need_images(engine, BASE, *(f"python:{version}-slim-bookworm" for version in set(ENVIRONMENTS.values())))
    builder = Builder(engine, frontend_on(engine), tmp_path_factory.mktemp("image"))
    files = {f"dags/{name}": (HERE / "dags" / name).read_text() for name in DAGS}
    build = builder(DOCKERFILE, files, f"--build-context=provider={wheels.provider_wheel()}", timeout=1200)
    yield engine, build.image
    builder.remove_images()


@pytest.fixture(scope="module")
def deployment(image, tmp_path_factory):
    """Provide a deployment whose tasks have run in pods."""
    engine, name = image
    docker = shutil.which("docker", path=engine.environment()["PATH"])
    client = {key: value for key, value in engine.env.items() if key.startswith("DOCKER_")}
    known = {f"ASTRO_PYENV_{environment}": "/nowhere/python" for environment in ENVIRONMENTS}
    home = tmp_path_factory.mktemp("pod")

    def variables(api):
        return {**SECRETS, **client, **known, "POD_COMMAND": json.dumps(pod(docker, name, home, api))}

    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(deploy(CLUSTERS["3.3.2"], "pod", home, DAGS, variables))
        except Unavailable as reason:
            pytest.skip(str(reason))
        dag_ids = [dag.removesuffix(".py") for dag in DAGS]
        running.trigger(*dag_ids)
        running.wait(lambda: running.ended(*dag_ids), 900)
        yield running


@pytest.mark.parametrize("row", parameters(TABLE))
def test_a_task_in_a_pod_ends_as_it_should(deployment, row):
    """The outcome is the same as with every other executor."""
    row.check(deployment)
