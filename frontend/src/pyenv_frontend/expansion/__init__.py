"""PYENV becomes plain instructions that a person could have written. Pure: values in, values out."""
