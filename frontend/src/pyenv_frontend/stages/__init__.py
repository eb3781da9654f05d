"""Stages of a Dockerfile: what each is based on, the variables in scope, and the PYENVs in them."""
