"""State of the one task that this process runs. The runner sets these variables before it calls the function."""

channel = None
"""The `OperatorChannel`: this process's connection to the operator."""
start = None
"""The `StartFrame` that the operator has sent."""
output = -1
"""File descriptor of the pipe that standard output goes to, for the marks after log records."""

decode = None
"""Function that decodes a value from the operator.

The runner sets it to avoid a circular import: the decoder imports the classes of Airflow's objects, which import
`services` to send requests.
"""
