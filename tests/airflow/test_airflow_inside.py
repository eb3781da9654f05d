"""Every release of Airflow in the environment, under a worker that has the variables of a real executor.

The worker is a stand-in made of dictionaries: what Airflow does in the child depends only on the environment and the
variables. `test_scheduler.py` and others use real executors.
"""

import pytest

from airflow_venv.call import Fail, Skip, Value
from airflow_venv.worker.child_environment import child_variables
from tests.airflow.installations import RELEASES
from tests.support.children import FakeServices, Lines, run, variables

pytestmark = pytest.mark.airflow
BLOCKED = "airflow-db-not-allowed:///"
EXECUTOR = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": BLOCKED,
    "AIRFLOW__CORE__SQL_ALCHEMY_CONN": BLOCKED,
    "AIRFLOW__SECRETS__BACKEND": "no.such.Backend",
}
every = pytest.mark.parametrize("release", RELEASES, ids=[release.name for release in RELEASES])


class Worker(FakeServices):
    """The task process of an Airflow 3 executor, with a different release installed in the environment."""

    def __init__(self, release, home):
        connection = {
            **dict.fromkeys(("description", "schema", "port", "extra")),
            "conn_id": "c",
            "conn_type": "http",
            "host": "h",
            "login": "l",
            "password": "p4ssw0rd",
            "uri": "u",
        }
        super().__init__(
            answers={
                "get_connection": lambda conn_id: {"$": ["connection", {**connection, "conn_id": conn_id}]},
                "get_variable": lambda key, deserialize_json: [True, f"{key} of the worker"],  # noqa: ARG005
                "mask_secret": None,
                "context": lambda name: ["run_id"] if not name else "the run",
            }
        )
        self.version = release.version
        self.inherited = variables(AIRFLOW_HOME=str(home), **EXECUTOR)

    def variables(self, called):  # noqa: ARG002
        return child_variables(
            self.inherited, packages={"apache-airflow": self.version}, worker_version="3.0.0", inherited=self.inherited
        )

    def masked(self):
        return [arguments["secret"] for request, arguments in self.requests if request == "mask_secret"]


def inside(release, home, source, **options):
    """Run a function in an environment with a release; return its outcome, the worker, and the log."""
    worker, lines = Worker(release, home), Lines()
    outcome = run(source, python=str(release.install() / "python"), services=worker, lines=lines, **options)
    return outcome, worker, lines


@every
@pytest.mark.timeout(300)
def test_hooks_variables_and_masks_of_any_airflow_reach_the_worker(release, tmp_path):
    """The environment's Airflow offers them at the import paths of its own version, which its providers use."""
    source = """
        def f():
            import airflow
            from airflow.models import Variable
            try:
                from airflow.providers.standard.operators.python import get_current_context
                from airflow.sdk.bases.hook import BaseHook
            except ImportError:
                from airflow.hooks.base import BaseHook
                from airflow.operators.python import get_current_context
            masks = []
            for home in (
                "airflow.utils.log.secrets_masker",
                "airflow.sdk.log",
                "airflow.sdk.execution_time.secrets_masker",
                "airflow.sdk._shared.secrets_masker",
            ):
                try:
                    mask_secret = getattr(__import__(home, fromlist=["x"]), "mask_secret")
                except (ImportError, AttributeError):
                    continue
                masks.append("masked by " + home)
                mask_secret(masks[-1])
            from airflow_venv import mask_secret
            mask_secret("masked by airflow_venv")

            class Hook(BaseHook):
                def get_conn(self):
                    return self.get_connection("c")

            connection = Hook().get_conn()
            version = airflow.__version__
            run_id = get_current_context()["run_id"]
            return [version, connection.host, connection.password, Variable.get("v"), run_id, masks]
        """
    outcome, worker, lines = inside(release, tmp_path, source)
    assert type(outcome) is Value, f"{outcome}\n{lines.texts}"
    *values, masks = outcome.value
    assert values == [release.version, "h", "p4ssw0rd", "v of the worker", "the run"]
    assert masks
    assert {*masks, "masked by airflow_venv"} <= set(worker.masked())


@every
@pytest.mark.timeout(300)
def test_skip_and_fail_of_any_airflow_are_understood(release, tmp_path):
    """The function raises classes of the environment's Airflow, which the worker does not have."""
    source = """
        def f(name):
            from airflow import exceptions
            raise getattr(exceptions, name)("said by " + name)
        """
    outcome, _, lines = inside(release, tmp_path, source, kwargs={"name": "AirflowSkipException"})
    assert outcome == Skip("said by AirflowSkipException"), lines.texts
    assert not [text for text in lines.texts if "secrets_masker" in text], "a warning about an import of ours"
    outcome, _, lines = inside(release, tmp_path, source, kwargs={"name": "AirflowFailException"})
    assert (type(outcome), outcome.message) == (Fail, "said by AirflowFailException"), lines.texts
