"""Settings for all tests."""

import signal

# Background processes of a shell script ignore Ctrl-C, and their child processes inherit this. Tests interrupt the
# programs that they start, which have to behave as in a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
