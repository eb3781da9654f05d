"""Warn about valid but questionable PYENV instructions: the rules, the cases they check, and their configuration."""
