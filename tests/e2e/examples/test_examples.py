"""Every example is built on the engine, and its DAG does in the image what its README says."""

import re
import subprocess
import uuid

import pytest

from tests.e2e.conftest import need_images
from tests.e2e.examples.conftest import AIRFLOW
from tests.support import examples, postgres, services
from tests.support.builds import installed_environments
from tools import dag_runs, wheels
from tools.files import write_files
from tools.state import ROOT, Unavailable


def ran(buildx, image: str, dag: str, *options: str) -> dag_runs.DagRun:
    """Run a DAG of an image, every task of which must end well."""
    run = dag_runs.run_dag(buildx.engine, image, dag, *options)
    assert run.code == 0, run.log[-6000:]
    assert run.tasks
    return run


def test_private_index(example, buildx, base_images, look, tmp_path):
    """The package comes from an index that wants a password, and the password is nowhere in the image or the log."""
    base_images(AIRFLOW, "python:3.11-slim-bookworm")
    password = "pa55-0f-the-1ndex"  # noqa: S105 - of this test's own index
    wheel = services.wheel("inhouse-tools", "1.0", {"inhouse_tools.py": 'NAME = "of the house"\n'})
    with services.package_index({"inhouse_tools-1.0-py3-none-any.whl": wheel}, user="u", password=password) as url:
        (tmp_path / "index").write_text(url.replace("://", f"://u:{password}@"))
        build = example("private-index", f"--secret=id=index,src={tmp_path / 'index'}")
    assert password not in build.log
    assert password.encode() not in look(build.image).saved()
    assert ran(buildx, build.image, "private_index").value("use") == "of the house"


def test_compiled(example, buildx, base_images, look):
    """What is compiled in one stage runs in the other, which has no compiler."""
    base_images(AIRFLOW, "python:3.11-slim-bookworm")
    build = example("compiled")
    image = look(build.image)
    assert image.run("command -v gcc cc").code != 0
    assert not image.exists("/usr/include/stdio.h")
    assert ran(buildx, build.image, "compiled").value("compute") == 333833500


def test_dbt(example, buildx, base_images, look):
    """Dbt builds its tables in a real PostgreSQL with Airflow's connection, from an environment without Airflow."""
    base_images(AIRFLOW, "python:3.11-slim-bookworm")
    build = example("dbt")
    packages = look(build.image).run("ls /home/airflow/.venv/dbt/lib/python3.11/site-packages").out.split()
    assert not [name for name in packages if name.startswith("apache_airflow")]
    try:
        server = postgres.postgres("shop")
        with server as port:
            address = f"postgresql://{postgres.USER}:{postgres.PASSWORD}@127.0.0.1:{port}/shop"
            run = ran(buildx, build.image, "dbt_shop", f"--env=AIRFLOW_CONN_WAREHOUSE={address}")
            rows = postgres.query(port, "shop", "select city, amount from totals order by city")
    except Unavailable as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    assert rows == [["Lima", "5"], ["Oslo", "7"]]
    assert run.value("build")["totals"] == "success"
    assert run.value("build")["unique_orders_id"] == "pass"
    assert postgres.PASSWORD not in run.log


def test_machine_learning(example, buildx, base_images):
    """Two versions of scikit-learn train and predict side by side."""
    base_images(AIRFLOW, "python:3.9-slim-bookworm", "python:3.12-slim-bookworm")
    run = ran(buildx, example("machine-learning").image, "two_models")
    assert run.value("fit_sklearn-old")["python"].startswith("3.9.")
    assert run.value("score_sklearn-old")["sklearn"] == "1.2.2"
    assert run.value("score_sklearn-new")["sklearn"] == "1.5.2"
    assert re.fullmatch(r"1\.2\.2: 0\.9\d*, 1\.5\.2: 0\.9\d*", run.value("compare"))


def test_monorepo(example, buildx, base_images):
    """Bake builds each team's image; the shared constraints decide versions, and an edit rebuilds one environment."""
    base_images(AIRFLOW, *(f"python:{series}-slim-bookworm" for series in ("3.9", "3.11", "3.12")))
    risk = example("monorepo", "--target=risk")
    run = ran(buildx, risk.image, "risk")
    assert run.value("new")["python"].startswith("3.12.")
    assert (run.value("new")["idna"], run.value("legacy")["six"]) == ("3.6", "1.16.0")
    edited = example("monorepo", "--target=risk", changed={"risk/requirements.txt": f"idna\n# {uuid.uuid4()}\n"})
    assert installed_environments(edited.log) == {"/home/airflow/.venv/risk"}
    everybody = example("monorepo", "--target=all")
    assert ran(buildx, everybody.image, "sales").value("versions")["python-dateutil"] == "2.9.0.post0"


def test_monorepo_bake(buildx, base_images, tmp_path):
    """The bake file names targets that exist, and builds all of them."""
    base_images(AIRFLOW, *(f"python:{series}-slim-bookworm" for series in ("3.9", "3.11", "3.12")))
    files = examples.files("monorepo")
    files["Dockerfile"] = files["Dockerfile"].replace(b"pyenv-frontend:dev", buildx.frontend.encode())
    write_files(tmp_path, files)
    environ = {**buildx.engine.environment(), "PROVIDER": str(wheels.provider_wheel())}
    (tmp_path / "network.hcl").write_text('target "team" {\n  network = "host"\n}\n')
    command = ["docker", "buildx", "bake", "--progress=plain", "-f", "docker-bake.hcl", "-f", "network.hcl"]
    for options in (["--allow=network.host", "--allow=fs.read=*"], []):  # older bakes know no --allow
        words = [*command, *options]
        done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        if "unknown flag: --allow" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr[-4000:]
    listed = buildx.engine.run("image", "ls", "--format", "{{.Repository}}").split()
    assert {"airflow-sales", "airflow-risk"} <= set(listed)
    buildx.images.extend(["airflow-sales:dev", "airflow-risk:dev"])


def test_astro_runtime(example, buildx, base_images):
    """The triggers' work is done around the environment, which an edit of a DAG leaves cached."""
    name = "quay.io/astronomer/astro-runtime:13.4.0"
    base_images(name, f"{name}-base", "python:3.9-slim-bookworm")
    wheel = next(wheels.provider_wheel().glob("*.whl"))
    with services.package_index({wheel.name: wheel.read_bytes()}) as url:
        address = url.replace("/simple/", f"/files/{wheel.name}")
        changed = {"requirements.txt": f"airflow-provider-venv @ {address}\n"}
        build = example("astro-runtime", changed=changed)
        dag = examples.files("astro-runtime")["dags/astro_reports.py"] + b"\n# edited\n"
        edited = example("astro-runtime", changed={**changed, "dags/astro_reports.py": dag})
    assert installed_environments(edited.log) == set()
    assert ran(buildx, build.image, "astro_reports").value("report").split() == ["3", "9"]


def test_ci(builder_on, provider, registry, tmp_path):
    """A builder that has nothing takes the environments from the cache in the registry, but for the edited one."""
    builder = builder_on("docker-28-containerd")  # the classic store cannot export a cache
    need_images(builder.engine, AIRFLOW, "python:3.9-slim-bookworm", "python:3.11-slim-bookworm")
    files = examples.files("ci")
    files["Dockerfile"] = files["Dockerfile"].replace(b"pyenv-frontend:dev", builder.frontend.encode())
    files["old-requirements.txt"] += f"# {uuid.uuid4()}\n".encode()  # in no cache yet
    write_files(tmp_path / "ci", files)
    (tmp_path / "ci/build.sh").chmod(0o755)

    def build() -> str:
        command = ["./build.sh", f"{registry}/ci", provider, "--network=host", "--progress=plain"]
        environ = builder.engine.environment()
        done = subprocess.run(
            command, cwd=tmp_path / "ci", env=environ, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stderr

    assert "/home/airflow/.venv/old" in installed_environments(build())
    builder.engine.run("buildx", "prune", "--all", "--force", timeout=300)
    (tmp_path / "ci/new-requirements.txt").write_text(f"idna==3.7\n# {uuid.uuid4()}\n")
    log = build()
    assert "importing cache manifest" in log
    assert installed_environments(log) == {"/home/airflow/.venv/new"}


def test_snowpark(example, buildx, base_images):
    """The original's own example: a hook in the environment gets its connection from the worker, a frame comes back.

    Snowflake's service has a stand-in, which lies beside Snowpark in an image on top of the example's.
    """
    base_images("apache/airflow:2.11.2-python3.12", "python:3.8-slim-bookworm")
    built = example("snowpark")
    site = "/home/airflow/.venv/snowpark/lib/python3.8/site-packages/"
    standin = (ROOT / "tests/e2e/examples/snowflake_standin.py").read_text()
    image = buildx(
        f"FROM {built.image}\nCOPY snowflake_standin.* {site}\n",
        {"snowflake_standin.py": standin, "snowflake_standin.pth": "import snowflake_standin\n"},
    ).image
    connection = "snowflake://alice:w0nderland@/PUBLIC?account=acme&warehouse=w&database=d"
    run = ran(buildx, image, "astro_snowpark", f"--env=AIRFLOW_CONN_SNOWFLAKE_DEFAULT={connection}")
    assert re.search(r"My python version is 3\.8\.", run.log)
    assert re.search(r"2\s+desk", run.log)
    assert "w0nderland" not in run.log


def test_every_example_has_a_readme():
    """And none of them is missing here."""
    folders = sorted(each.name for each in (ROOT / "examples").iterdir() if each.is_dir())
    text = (ROOT / "tests/e2e/examples/test_examples.py").read_text()
    text += (ROOT / "tests/e2e/test_quickstart.py").read_text()
    for name in folders:
        assert (ROOT / "examples" / name / "Dockerfile").is_file()
        assert (ROOT / "examples" / name / "README.md").is_file()
        assert f'"{name}"' in text or f"examples/{name}" in text, f"{name} is not tested"
