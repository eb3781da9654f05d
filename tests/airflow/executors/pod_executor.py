"""Runs each task in a new container that receives a workload and an address, as the KubernetesExecutor does with pods.

The scheduler imports this module with its own interpreter. The variable `POD_COMMAND` has the first part of the command
that runs a container, up to the image's name, as JSON.
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
        """Start without any containers."""
        self.pods = {}

    def _process_workloads(self, workloads):
        for workload in workloads:
            del self.queued_tasks[workload.ti.key]
            self.running.add(workload.ti.key)
            program = ["python", "-m", "airflow.sdk.execution_time.execute_workload"]
            command = [*json.loads(os.environ["POD_COMMAND"]), *program, "--json-string", workload.model_dump_json()]
            self.pods[workload.ti.key] = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def sync(self):
        """Report the containers that have exited."""
        for key, process in list(self.pods.items()):
            if process.poll() is not None:
                del self.pods[key]
                state = TaskInstanceState.FAILED if process.returncode else TaskInstanceState.SUCCESS
                self.change_state(key, state)

    def end(self):
        """Wait for all containers to exit."""
        for process in self.pods.values():
            process.wait()

    def terminate(self):
        """Kill all containers."""
        for process in self.pods.values():
            process.terminate()
