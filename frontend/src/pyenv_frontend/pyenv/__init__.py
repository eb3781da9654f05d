"""The instruction PYENV: its grammar, its options, and the value that one line stands for."""
