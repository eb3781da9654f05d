"""A stage that the build does not need is not evaluated, as with the engine's own frontend."""

DOCKERFILE = """\
FROM python:3.12-slim-bookworm AS wanted
PYENV 3.12 here
FROM no-such-registry.invalid/base AS unwanted
PYENV 3.9 there no-such-file.txt
PYENV $OF_THAT_IMAGE x <<EOF
numpy
EOF
FROM wanted AS last
"""


def test_target_and_last_stage(buildx, base_images, look):
    """The image and the requirements of the stage in between are not looked up."""
    base_images("python:3.12-slim-bookworm")
    for arguments in (["--target=wanted"], []):
        build = buildx(DOCKERFILE, {}, *arguments)
        assert [name for name in look(build.image).env if name.startswith("ASTRO_PYENV_")] == ["ASTRO_PYENV_here"]
        assert "no-such" not in build.log


def test_a_broken_stage_that_is_needed_is_an_error(buildx, base_images):
    """If the same stage is the target, the error is reported at its line."""
    base_images("python:3.12-slim-bookworm")
    log = buildx.fails(DOCKERFILE, {}, "--target=unwanted").log
    assert ">>> FROM no-such-registry.invalid/base AS unwanted" in log
