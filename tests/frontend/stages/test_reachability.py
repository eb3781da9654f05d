"""A build only reads PYENVs of the stages that it needs."""

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.stages.analyze import Settings, read

FILE = """\
FROM one AS a
PYENV 3.9 in_a
FROM two AS b
PYENV 3.9 in_b
FROM a AS c
PYENV 3.9 in_c
{line}
FROM three AS d
PYENV 3.9 in_d
FROM four AS e
PYENV 3.1 $$ not read
"""


def names(line, target):
    """Return the environments of a build, and the images that were looked up."""
    images = []
    program = read(
        parse(FILE.format(line=line).encode()),
        Settings(target=target, reachable_only=True),
        base_variables=lambda reference, _: images.append(reference) or {},
        report=lambda _: None,
    )
    read_names = [environment.pyenv.name.text for environment in program.environments]
    assert len(read_names) + len(program.left_out) == 5 + ("PYENV" in line) - (
        target in {"", "e", "none"} or "$" in line
    )
    return read_names, images


@pytest.mark.parametrize(
    ("line", "target", "environments", "images"),
    [
        ("", "a", ["in_a"], ["one"]),
        ("", "C", ["in_a", "in_c"], ["one"]),
        ("", "d", ["in_d"], ["three"]),
        ("", "", [], ["four"]),
        ("COPY --from=b /x /x", "c", ["in_a", "in_b", "in_c"], ["one", "two"]),
        ("COPY --link --from=1 /x /x", "c", ["in_a", "in_b", "in_c"], ["one", "two"]),
        ('COPY --from="B" /x /x', "c", ["in_a", "in_b", "in_c"], ["one", "two"]),
        ("COPY --from=elsewhere /x /x", "c", ["in_a", "in_c"], ["one"]),
        ("RUN --mount=type=bind,from=b,target=/x true", "c", ["in_a", "in_b", "in_c"], ["one", "two"]),
        ("RUN --mount=from=b,target=/x true", "c", ["in_a", "in_b", "in_c"], ["one", "two"]),
        ("PYENV --uv=b 3.9 x", "c", ["in_a", "in_b", "in_c", "x"], ["one", "two"]),
        ("ONBUILD COPY --from=b /x /x", "c", ["in_a", "in_b", "in_c"], ["one", "two"]),
        ("RUN cp --from=b /x /x", "c", ["in_a", "in_c"], ["one"]),
        ("COPY --from=${X} /x /x", "c", ["in_a", "in_b", "in_c", "in_d"], ["one", "two", "three", "four"]),
        ("", "none", ["in_a", "in_b", "in_c", "in_d"], ["one", "two", "three", "four"]),
    ],
)
def test_what_a_target_needs(line, target, environments, images):
    """A target needs its base and the stages that it copies or mounts from, recursively."""
    assert names(line, target) == (environments, images)


def test_builder_and_from_of_pyenv():
    """Stages that a PYENV names are needed as well."""
    text = b"FROM x AS a\nPYENV 3.9 in_a\nFROM y AS b\nPYENV 3.9 in_b\nFROM z\nPYENV --builder=a --from=b 3.9 x"
    assert len(read(parse(text), Settings(reachable_only=True)).environments) == 3


def test_everything_without_the_setting():
    """A check reads the whole file, whatever the target."""
    assert len(read(parse(b"FROM x\nPYENV 3.9 a\nFROM y\nPYENV 3.9 b")).environments) == 2
