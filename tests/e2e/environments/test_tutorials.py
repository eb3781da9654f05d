"""The published tutorials of the original frontend, with their Dockerfiles unchanged except for the syntax line.

The base images have the version of the stand-in; small packages replace large ones and those that no longer exist.
"""

import pytest

from tests.e2e.environments.test_install import installed
from tests.support import services

BASE = "quay.io/astronomer/astro-runtime:9.1.0-base"
RUNTIME = "quay.io/astronomer/astro-runtime:9.1.0"
PY38, PY39, PY310 = (f"python:3.{minor}-slim-bookworm" for minor in (8, 9, 10))
WHEEL = services.wheel_file("astro_provider_snowflake", "0.0.0")


@pytest.mark.images(BASE, PY38)
def test_a_wheel_of_the_stage_and_the_interpreters_own_packages(build_image):
    """In the Snowpark tutorial, one requirements file with a wheel in /tmp serves an environment and `pip`."""
    image = build_image(
        f"FROM {BASE}\n"
        "\n"
        "# Copy the whl file to the image\n"
        f"COPY include/{WHEEL} /tmp\n"
        "\n"
        "# Create the virtual environment\n"
        "PYENV 3.8 snowpark requirements-snowpark.txt\n"
        "\n"
        "# Install packages into the virtual environment\n"
        "COPY requirements-snowpark.txt /tmp\n"
        "RUN python3.8 -m pip install -r /tmp/requirements-snowpark.txt\n",
        {
            f"include/{WHEEL}": services.wheel("astro_provider_snowflake", "0.0.0"),
            "requirements-snowpark.txt": f"six==1.16.0\nvirtualenv\n/tmp/{WHEEL}\n",
        },
    )
    packages = installed(image, "snowpark")
    assert packages["six"] == "1.16.0"
    assert "virtualenv" in packages
    assert "pip" not in packages
    assert "0.0.0" in packages.values()
    assert image.sh("python3.8 -c 'import six; print(six.__version__)'") == "1.16.0\n"


@pytest.mark.images(RUNTIME, PY39, PY310)
def test_an_environment_for_external_python_and_one_for_virtualenv(build_image):
    """The tutorial has an environment with pinned requirements, and a Python for `@task.virtualenv`."""
    image = build_image(
        f"FROM {RUNTIME}\n"
        "\n"
        "# create a virtual environment for the ExternalPythonOperator and @task.external_python decorator\n"
        "# using Python 3.9 and install the packages from epo_requirements.txt\n"
        "PYENV 3.9 epo_pyenv epo_requirements.txt\n"
        "PYENV 3.10 pyenv_3_10\n",
        {"packages.txt": "", "requirements.txt": "", "epo_requirements.txt": "pandas==1.4.4\nnumpy<1.24\n"},
    )
    assert image.env["ASTRO_PYENV_epo_pyenv"] == "/home/astro/.venv/epo_pyenv/bin/python"
    assert image.sh(
        "$ASTRO_PYENV_epo_pyenv -c 'import pandas, sys; print(pandas.__version__, sys.version_info[:2])'"
    ) == ("1.4.4 (3, 9)\n")
    # `@task.virtualenv(python_version="3.10")` runs these commands.
    assert image.sh("python3.10 -m venv /tmp/made && /tmp/made/bin/python -V; $ASTRO_PYENV_pyenv_3_10 -V") == (
        "Python 3.10.13\nPython 3.10.13\n"
    )
