"""A BuildKit Dockerfile frontend that adds the instruction PYENV."""
