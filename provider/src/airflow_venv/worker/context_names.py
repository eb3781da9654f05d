"""Which names of Airflow's context reach an environment, and in what shape. Pure: nothing of Airflow is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ASSETS", "DERIVED", "EVENTS", "LATE", "PLAIN", "RECORDS", "SERVED", "given", "refusals"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_TI = _words(
    """task_id dag_id run_id map_index try_number max_tries prev_attempted_tries state start_date end_date hostname
    operator operator_name queue pool priority_weight unixname pid job_id logical_date execution_date log_url
    task_display_name rendered_map_index is_mapped external_executor_id queued_dttm bundle_version"""
)
RECORDS: dict[str, tuple[str, ...]] = {
    "ti": _TI,
    "task_instance": _TI,
    "dag_run": _words(
        """run_id dag_id run_type state conf logical_date execution_date data_interval_start data_interval_end
        start_date end_date run_after queued_at external_trigger is_backfill clear_number note creating_job_id
        triggered_by triggering_user_name partition_key partition_date"""
    ),
    "dag": _words(
        """dag_id dag_display_name description tags owner start_date end_date catchup max_active_runs max_active_tasks
        timezone doc_md fileloc filepath relative_fileloc folder task_ids params default_args schedule_interval
        timetable_summary is_paused_upon_creation max_consecutive_failed_dag_runs dagrun_timeout owner_links"""
    ),
    "task": _words(
        """task_id dag_id owner email retries retry_delay max_retry_delay retry_exponential_backoff execution_timeout
        queue pool pool_slots priority_weight trigger_rule doc doc_md doc_json doc_yaml doc_rst task_type
        operator_name label task_display_name params upstream_task_ids downstream_task_ids start_date end_date
        depends_on_past wait_for_downstream max_active_tis_per_dag inlets outlets template_fields multiple_outputs
        map_index_template run_as_user do_xcom_push"""
    ),
}
"""Objects that reach an environment as records, with the fields they take along where they have them."""

SERVED = frozenset({"conn", "var", "macros", "task_state_store", "asset_state_store"})
"""Objects that the environment makes itself, or that ask the worker for each value."""

ASSETS = frozenset({"inlets", "outlets"})
EVENTS = frozenset({"inlet_events", "outlet_events", "triggering_asset_events", "triggering_dataset_events"})

PLAIN = frozenset(
    _words(
        """params run_id ds ds_nodash ts ts_nodash ts_nodash_with_tz logical_date execution_date data_interval_start
        data_interval_end prev_ds prev_ds_nodash next_ds next_ds_nodash prev_execution_date next_execution_date
        prev_execution_date_success prev_data_interval_start_success prev_data_interval_end_success
        prev_start_date_success prev_end_date_success yesterday_ds yesterday_ds_nodash tomorrow_ds tomorrow_ds_nodash
        task_instance_key_str test_mode try_number templates_dict expanded_ti_count map_index_template
        task_reschedule_count start_date dag_id task_id partition_key partition_date"""
    )
)

DERIVED = {"try_number": "ti", "dag_id": "ti", "task_id": "ti", "start_date": "ti"}
"""Names that some versions list but do not fill: they are taken from another value's field of that name."""

LATE = frozenset(
    _words(
        """prev_data_interval_start_success prev_data_interval_end_success prev_start_date_success
        prev_end_date_success prev_execution_date_success triggering_asset_events triggering_dataset_events"""
    )
)
"""Values that cost Airflow a query: a function with ``**context`` gets them when it looks at them."""

_REASONS = {
    "conf": "it is Airflow's own configuration; read what you need with templates or pass it as an argument",
    "exception": "it exists in callbacks only",
    "reason": "it exists in callbacks only",
}


def given(name: str) -> bool:
    """Tell whether a name of the context can be given to a function in an environment."""
    return name in RECORDS or name in SERVED or name in ASSETS or name in EVENTS or name in PLAIN


def refusals(names: Iterable[str]) -> dict[str, str]:
    """Give, for those names of the context that cannot reach an environment, the reason.

    Args:
        names: parameters of the function that nobody passes and that this Airflow's context has.
    """
    return {
        name: _REASONS.get(name, "it cannot be described as plain data outside Airflow's own process")
        for name in names
        if not given(name)
    }
