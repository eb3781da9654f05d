"""The properties of a single PYENV."""

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.stages.analyze import read


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Dockerfile", "Dockerfile:3"),
        ("./docker/web.Dockerfile", "docker/web.Dockerfile:3"),
        ("/srv/app/Dockerfile", "srv/app/Dockerfile:3"),
        ("../Dockerfile", "Dockerfile:3"),
        ("../../app/../Dockerfile", "Dockerfile:3"),
    ],
)
def test_a_heredoc_starts_in_a_file_whose_name_stays_in_a_folder(name, start):
    """The install copies the lines to a file of that name, whatever the path of the Dockerfile."""
    document = parse(b"FROM base\nPYENV 3.12 x <<EOF\nsix\nEOF\n", name)
    (environment,) = read(document).environments
    assert environment.pyenv.heredoc_start == start
