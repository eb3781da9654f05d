"""Warnings about PYENVs that are valid: the rules, the cases they check, and which of them are on."""
