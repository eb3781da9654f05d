"""The names of the context that are available in an environment."""

import pytest

from airflow_venv.worker.context_encoding import is_available, is_lazy, refusals

# The union of Airflow's KNOWN_CONTEXT_KEYS from 2.4 to 3.3.
KNOWN = tuple(
    """
    asset_state_store conf conn dag dag_id dag_run data_interval_end data_interval_start ds ds_nodash exception
    execution_date expanded_ti_count inlet_events inlets logical_date macros map_index_template next_ds
    next_ds_nodash next_execution_date outlet_events outlets params partition_date partition_key
    prev_data_interval_end_success prev_data_interval_start_success prev_ds prev_ds_nodash prev_end_date_success
    prev_execution_date prev_execution_date_success prev_start_date_success reason run_id start_date task
    task_id task_instance task_instance_key_str task_reschedule_count task_state_store templates_dict test_mode
    ti tomorrow_ds tomorrow_ds_nodash triggering_asset_events triggering_dataset_events try_number ts ts_nodash
    ts_nodash_with_tz var yesterday_ds yesterday_ds_nodash
    """.split()  # noqa: SIM905 - sixty names in a list would be a page
)


def test_every_name_of_every_version_is_available_or_refused_with_a_reason():
    """No name is silently None."""
    refused = refusals(KNOWN)
    assert set(refused) == {"conf", "exception", "reason"}
    assert all(reason.startswith("it ") for reason in refused.values())
    assert all(is_available(name) for name in KNOWN if name not in refused)


@pytest.mark.parametrize("name", [name for name in KNOWN if is_lazy(name)])
def test_what_is_lazy_is_available(name):
    """A value that is fetched on use is also available."""
    assert is_available(name)


def test_an_unknown_name_of_the_context_is_refused():
    """A new name has to be added with a description first."""
    assert "plain data" in refusals(["brand_new"])["brand_new"]
