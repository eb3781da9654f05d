"""Fixtures for the tests of environments: built images in which commands can be run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.image_contents import Image

AIRFLOW = "apache/airflow:3.3.2-python3.12"

type BuildImage = Callable[..., Asked]


class Asked(Image):
    """An image in which commands are run; a command that fails also fails the test."""

    log = ""
    """The output of the build."""

    folder = Path()
    """The build context."""

    def sh(self, script: str, **options: object) -> str:
        """Run a shell script in the image and return its output."""
        return self.ask("/bin/sh", "-euc", script, **options)

    def ask(self, *command: str, **options: object) -> str:
        """Run a command in the image and return its output."""
        ran = self.run(*command, **options)
        assert ran.code == 0, f"{command} ended with {ran.code}:\n{ran.out}\n{ran.err}"
        return ran.out


@pytest.fixture
def usual_images():
    """Return the base images of tests without a marker."""
    return (AIRFLOW,)


@pytest.fixture
def build_image(buildx, api):
    """Build an image and return it for inspection: `build_image(dockerfile, files, *arguments)`."""

    def make(dockerfile, files=None, *arguments, **options):
        build = buildx(dockerfile, files, *arguments, **options)
        image = Asked(api, build.image)
        image.log, image.folder = build.log, build.folder
        return image

    return make
