"""How many examples: some hundreds each by default, as many as PYENV_EXAMPLES says in a long run (`make property`)."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "pyenv",
    max_examples=int(os.environ.get("PYENV_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("pyenv")
