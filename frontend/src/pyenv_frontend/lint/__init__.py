"""Advice on PYENVs that are valid: the rules, their checks, and which of them are enabled."""
