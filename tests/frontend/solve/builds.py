"""Builds for unit tests."""

from pyenv_frontend.buildkit import llb
from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.solve.build_options import parse
from pyenv_frontend.solve.source import UserFile

LOCAL = "local://context"


def options(**raw):
    """Return the options of a client, by name."""
    environment = {f"BUILDKIT_FRONTEND_OPT_{n}": f"{key}={value}" for n, (key, value) in enumerate(raw.items())}
    return parse(environment | {"BUILDKIT_SESSION_ID": "the-session"})


def user_file(text=b"", *, context=None):
    """Return a Dockerfile in the client's folder."""
    definition = llb.definition(llb.source("local://dockerfile", {}, "load"))
    return UserFile(
        name="Dockerfile", text=text, definition=definition, ref=RefId("local://dockerfile"), context=context
    )
