"""What holds for all tests."""

import signal

# What a script starts in its background ignores Ctrl-C, and hands that on to all that it starts. Tests start programs
# and interrupt them: those shall be as they are in a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
