"""The logger whose records appear in the task's log."""

import logging

TASK_LOGGER = "airflow.task"
log = logging.getLogger(TASK_LOGGER)
