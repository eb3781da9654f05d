"""The provider as Airflow sees it: discovery, schema, options, imports without warnings, serialization."""

import json

import pytest

from tests.airflow.conftest import EVERY

pytestmark = pytest.mark.airflow

SCHEMA = """
import json, sys
from pathlib import Path
import airflow, jsonschema
from airflow_venv.get_provider_info import get_provider_info
schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
jsonschema.validate(get_provider_info(), schema)
import warnings
warnings.simplefilter("ignore")
from airflow.providers_manager import ProvidersManager
manager = ProvidersManager()
info = manager.providers["airflow-provider-venv"]
assert info.version == "0.2.0", info
names = set(manager.taskflow_decorators)
assert {"venv", "venv_bash", "venv_branch", "venv_short_circuit", "venv_sensor"} <= names, names
from airflow_venv._compat import AIRFLOW_3
if AIRFLOW_3:
    from airflow.sdk import task
else:
    from airflow.decorators import task
from airflow_venv import decorators
assert task.venv is decorators.venv_task
assert task.venv_sensor is decorators.venv_sensor_task
print("VALID")
"""
WARNINGS = """
import airflow  # what Airflow's own start warns about is its own affair
import warnings
warnings.simplefilter("ignore")
from airflow.sdk import DAG, task
import airflow.sdk.bases.sensor, airflow.sdk.bases.decorator, airflow.providers.standard.decorators.external_python
import airflow.providers.standard.operators.branch, airflow.configuration
warnings.simplefilter("error")
import airflow_venv.decorators
import airflow_venv.worker.services, airflow_venv.worker.context_encoding
for name in airflow_venv.__all__:
    getattr(airflow_venv, name)
print("QUIET")
"""
SERIALIZE = """
import json, logging, os, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
options = {"bundle_name": "dags-folder"} if "bundle_name" in DagBag.__init__.__code__.co_varnames else {}
bag = DagBag(dag_folder=os.environ["AIRFLOW__CORE__DAGS_FOLDER"], **options)
assert not bag.import_errors, bag.import_errors
dag = bag.dags["forms"]
try:
    from airflow.serialization.serialized_objects import DagSerialization as Serialization
except ImportError:
    from airflow.serialization.serialized_objects import SerializedDAG as Serialization
from airflow.models.serialized_dag import SerializedDagModel
data = Serialization.to_dict(dag)
try:
    model = SerializedDagModel(dag)
except Exception:
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    model = SerializedDagModel(LazyDeserializedDAG.from_dag(dag))
Serialization.from_dict(json.loads(json.dumps(data)))
print("HASH", model.dag_hash)
print("DATA", json.dumps(data))
"""


def script(airflow, text, **variables):
    """Run a script in the installation."""
    path = airflow.home / "script.py"
    path.write_text(text)
    return airflow.run("python", path, **variables)


@pytest.mark.releases(*EVERY)
def test_the_provider_is_found_and_valid(airflow):
    """The schema and the providers manager of the installed Airflow accept it, and its decorators are registered."""
    assert "VALID" in script(airflow, SCHEMA)


def test_providers_list_and_configs_show_it(airflow):
    """The commands `airflow providers list` and `airflow config` show it."""
    listed = airflow.run("airflow", "providers", "list", "-o", "plain")
    assert any(line.split()[0] == "airflow-provider-venv" for line in listed.splitlines() if line.strip()), listed
    if airflow.release.number >= (2, 7):
        assert "parse_check" in airflow.run("airflow", "config", "list", "--section", "venv")
        assert "airflow-provider-venv" in airflow.run("airflow", "providers", "configs", "-o", "plain")


@pytest.mark.releases(*(version for version in EVERY if version.startswith("3.")))
def test_our_imports_cause_no_deprecation_warnings(airflow):
    """On Airflow 3 every warning is an error."""
    assert "QUIET" in script(airflow, WARNINGS)


def test_a_dag_of_all_forms_is_serialized_alike_in_every_process(airflow):
    """The hash that identifies a DAG version does not depend on hash seeds or on the location of environments."""
    airflow.dag("forms.py")
    (airflow.home / "dags" / ".airflowignore").write_text("newer.py\n")
    seen = []
    for seed in ("1", "2"):
        printed = script(airflow, SERIALIZE, PYTHONHASHSEED=seed)
        lines = dict(line.partition(" ")[::2] for line in printed.splitlines() if line.startswith(("HASH", "DATA")))
        seen.append(lines)
    assert seen[0]["HASH"] == seen[1]["HASH"]
    text = json.dumps(json.loads(seen[0]["DATA"]))
    assert '"venv": "py38"' in text
    assert " at 0x" not in text
