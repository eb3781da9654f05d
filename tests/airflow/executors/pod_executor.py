"""Runs each task as the KubernetesExecutor does: in a container of its own, that is given a workload and an address.

The scheduler imports it, with its own interpreter. Variables: `POD_COMMAND` is the beginning of the command that runs a
container, in JSON, up to the image's name.
"""

from __future__ import annotations

import json
import os
import subprocess

from airflow.executors.base_executor import BaseExecutor
from airflow.utils.state import TaskInstanceState


class PodExecutor(BaseExecutor):
    """Starts a container for each workload, and reports its exit code."""

    supports_multi_team = False
    serve_logs = False

    def start(self):
        """Begin with no container."""
        self.pods = {}

    def _process_workloads(self, workloads):
        for workload in workloads:
            del self.queued_tasks[workload.ti.key]
            self.running.add(workload.ti.key)
            program = ["python", "-m", "airflow.sdk.execution_time.execute_workload"]
            command = [*json.loads(os.environ["POD_COMMAND"]), *program, "--json-string", workload.model_dump_json()]
            self.pods[workload.ti.key] = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def sync(self):
        """Report the containers that have ended."""
        for key, process in list(self.pods.items()):
            if process.poll() is not None:
                del self.pods[key]
                state = TaskInstanceState.FAILED if process.returncode else TaskInstanceState.SUCCESS
                self.change_state(key, state)

    def end(self):
        """Wait for the containers."""
        for process in self.pods.values():
            process.wait()

    def terminate(self):
        """End the containers."""
        for process in self.pods.values():
            process.terminate()
