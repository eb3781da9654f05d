"""Locks: one `pylock.<name>.toml` (PEP 751) for each environment, made in advance and used by builds."""
