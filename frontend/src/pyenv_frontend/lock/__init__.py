"""Locks: one `pylock.<name>.toml` (PEP 751) for each environment, made beforehand and taken by builds."""
