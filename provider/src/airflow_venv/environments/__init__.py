"""Environments as they are on disk: found by name, read, and checked."""
