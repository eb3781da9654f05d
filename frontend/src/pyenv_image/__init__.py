"""What runs inside the user's image while it is built: the graft of an interpreter, and the making of an environment.

Standard library only, Python 3.7 and up: these files are bind-mounted into the build step and started by the very
interpreter that the environment is for, so that neither a shell nor any tool of the base image is needed.
"""
