"""The steps that run inside the user's image while it is built: copy an interpreter, and create environments.

Standard library only, Python 3.7 and newer: these files are bind-mounted into the build step and run by the interpreter
of the environment, so that neither a shell nor any tool of the base image is needed.
"""
