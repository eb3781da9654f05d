"""Every example works as its README says: a shell runs the README's commands in a copy of its folder."""

import re
import shutil
import uuid
from pathlib import Path

import pytest

from tests.e2e.conftest import need_images
from tests.e2e.examples.conftest import AIRFLOW, REGISTRY, publish_frontend
from tests.support import database_server, postgres, services
from tests.support.builds import installed_environments
from tools.state import ROOT, Unavailable

PYTHONS = {series: f"python:{series}-slim-bookworm" for series in ("3.8", "3.9", "3.11", "3.12")}


def touch(path: Path) -> None:
    """Append a unique comment, so that the file is not cached."""
    path.write_text(f"{path.read_text()}# {uuid.uuid4()}\n")


def test_quickstart(walk, base_images):
    """Four tasks pass values to each other across three Pythons, including a pandas frame."""
    base_images(AIRFLOW, PYTHONS["3.9"], PYTHONS["3.11"])
    log = walk("examples/quickstart/README.md").type_rest()
    assert re.search(r"'python': '3\.9\.", log), log[-4000:]
    assert "Oslo sold 7" in log
    assert "/home/airflow/.venv/tiny/bin/python" in log


def test_private_index(walk, base_images, look):
    """The package comes from an index with a password, which appears neither in the image nor in the log."""
    base_images(AIRFLOW, PYTHONS["3.11"])
    readme = walk("examples/private-index/README.md")
    password = "pa55-0f-the-1ndex"  # noqa: S105 - of this test's own index
    wheel = services.wheel("inhouse-tools", "1.0", {"inhouse_tools.py": 'NAME = "of the house"\n'})
    with services.package_index({"inhouse_tools-1.0-py3-none-any.whl": wheel}, user="u", password=password) as url:
        readme.replace["https://user:password@packages.example.com/simple/"] = url.replace("://", f"://u:{password}@")
        log = readme.type("docker buildx build")
        local = readme.type("pyenv-frontend local")
    assert password not in log + local
    assert password.encode() not in look(readme.image("inhouse")).saved()
    assert "Returned value was: of the house" in log
    assert "export ASTRO_PYENV_inhouse=" in local


def test_compiled(walk, base_images, look):
    """A module that is compiled in one stage works in another one without a compiler."""
    base_images(AIRFLOW, PYTHONS["3.11"])
    readme = walk("examples/compiled/README.md")
    assert "Returned value was: 333833500" in readme.type_rest()
    image = look(readme.image("compiled"))
    assert image.run("command -v gcc cc").code != 0
    assert not image.exists("/usr/include/stdio.h")


def test_dbt(walk, base_images, look):
    """Dbt builds tables in a real PostgreSQL with Airflow's connection: as a library, with Cosmos, and as a command."""
    base_images(AIRFLOW, PYTHONS["3.11"])
    readme = walk("examples/dbt/README.md")
    try:
        with postgres.postgres("shop") as port:
            address = f"postgresql://{database_server.USER}:{database_server.PASSWORD}@127.0.0.1:{port}/shop"
            readme.replace["postgresql://user:password@host:5432/shop"] = address
            log = readme.type("docker buildx build")
            ask = "select city, amount from totals order by city"
            rows = postgres.query(port, "shop", ask)
            forget = "drop table totals, orders cascade"
            postgres.query(port, "shop", forget)
            cosmos = readme.type("cosmos_shop")
            by_cosmos = postgres.query(port, "shop", ask)
            postgres.query(port, "shop", forget)
            shell = readme.type("shell_shop")
            by_shell = postgres.query(port, "shop", ask)
    except Unavailable as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    assert rows == by_cosmos == by_shell == [["Lima", "5"], ["Oslo", "7"]]
    tasks = set(re.findall(r"end task task_id=([\w.]+)", cosmos))
    assert tasks == {"orders.run", "orders.test", "totals_run"}, cosmos[-8000:]
    assert "/home/airflow/.venv/dbt/bin/dbt" in cosmos
    assert "Completed successfully" in shell
    assert database_server.PASSWORD not in cosmos + shell
    assert "'totals': 'success'" in log
    assert "'unique_orders_id': 'pass'" in log
    assert database_server.PASSWORD not in log
    packages = look(readme.image("shop")).run("ls /home/airflow/.venv/dbt/lib/python3.11/site-packages").out.split()
    assert not [name for name in packages if name.startswith("apache_airflow")]


def test_machine_learning(walk, base_images):
    """Two versions of scikit-learn train and predict side by side."""
    base_images(AIRFLOW, PYTHONS["3.9"], PYTHONS["3.12"])
    log = walk("examples/machine-learning/README.md").type_rest()
    assert re.search(r"Returned value was: 1\.2\.2: 0\.9\d*, 1\.5\.2: 0\.9\d*", log), log[-4000:]


def test_monorepo(walk, base_images):
    """Bake builds the image of each team with the shared versions, and an edit rebuilds one environment."""
    base_images(AIRFLOW, PYTHONS["3.9"], PYTHONS["3.11"], PYTHONS["3.12"])
    readme = walk("examples/monorepo/README.md")
    touch(readme.folder / "risk/requirements.txt")
    first = readme.type("docker buildx bake")
    assert "'python-dateutil': '2.9.0.post0'" in first
    touch(readme.folder / "risk/requirements.txt")
    assert installed_environments(readme.again("docker buildx bake")) == {"/home/airflow/.venv/risk"}
    printed = readme.type("pyenv-frontend local")
    assert set(re.findall(r"export (ASTRO_PYENV_\w+)", printed)) == {
        "ASTRO_PYENV_sales", "ASTRO_PYENV_risk", "ASTRO_PYENV_risk_legacy"
    }  # fmt: skip


def test_astro_runtime(walk, base_images):
    """The triggers run in the right order, and an edit of a DAG leaves the environment cached."""
    name = "quay.io/astronomer/astro-runtime:13.4.0"
    base_images(name, f"{name}-base", PYTHONS["3.9"])
    readme = walk("examples/astro-runtime/README.md")
    log = readme.type_rest()
    assert re.search(r"Returned value was: 3 +9", log), log[-4000:]
    touch(readme.folder / "dags/astro_reports.py")
    assert installed_environments(readme.again("docker buildx build")) == set()


def test_snowpark(walk, base_images):
    """A hook in the environment gets its connection from the worker, and a data frame is returned.

    A stand-in replaces Snowflake's service; it is installed next to Snowpark in an image based on the example's.
    """
    base_images("apache/airflow:2.11.2-python3.12", PYTHONS["3.8"])
    readme = walk("examples/snowpark/README.md")
    dockerfile = readme.folder / "Dockerfile"
    site = "/home/airflow/.venv/snowpark/lib/python3.8/site-packages/"
    dockerfile.write_text(f"{dockerfile.read_text()}\nCOPY snowflake_standin.* {site}\n")
    shutil.copy(ROOT / "tests/e2e/examples/snowflake_standin.py", readme.folder)
    (readme.folder / "snowflake_standin.pth").write_text("import snowflake_standin\n")
    readme.replace["user:password@"] = "alice:w0nderland@"
    log = readme.type_rest()
    assert re.search(r"My python version is 3\.8\.", log)
    assert re.search(r"2\s+desk", log)
    assert "w0nderland" not in log


def test_ci(walk_on, builder_on, registry):
    """A new builder gets the environments from the cache in the registry, except for the one that was edited."""
    builder = builder_on("docker-28-containerd")  # the classic store cannot export a cache
    need_images(builder.engine, AIRFLOW, PYTHONS["3.9"], PYTHONS["3.11"])
    readme = walk_on("examples/ci/README.md", builder.engine, builder.frontend)
    readme.replace[REGISTRY] = registry
    publish_frontend(readme, builder, registry)
    readme.type("wheels")
    touch(readme.folder / "old-requirements.txt")  # not in any cache yet
    assert "/home/airflow/.venv/old" in installed_environments(readme.type("build.sh"))
    builder.engine.run("buildx", "prune", "--all", "--force", timeout=300)
    touch(readme.folder / "new-requirements.txt")
    log = readme.again("build.sh")
    assert "importing cache manifest" in log
    assert installed_environments(log) == {"/home/airflow/.venv/new"}


def test_every_example_has_a_readme_and_a_test():
    """Every example has a README, and this module has a test for it."""
    text = Path(__file__).read_text()
    for folder in (ROOT / "examples").iterdir():
        if folder.is_dir():
            assert (folder / "Dockerfile").is_file()
            assert f'"examples/{folder.name}/README.md"' in text, f"{folder.name} is not tested"
