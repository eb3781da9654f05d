"""The one task that this process runs. The runner sets these names before it calls the function."""

channel = None
"""The `OperatorChannel`: this process's connection to the operator."""
start = None
"""The `StartFrame`: what the operator has asked for."""
output = -1
"""A descriptor of the pipe that standard output goes to. The marks behind log records are written there."""

decode = None
"""Decodes a value that the operator has sent. The decoder imports the classes that represent Airflow's objects, which
send requests in turn: so the runner sets it, and nothing below has to know of it.
"""
