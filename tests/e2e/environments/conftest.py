"""What the tests of environments share: base images by marker, and built images that are easy to ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.image_contents import Image

AIRFLOW = "apache/airflow:3.3.2-python3.12"

type BuildImage = Callable[..., Asked]


class Asked(Image):
    """An image to ask things of; what fails in it fails the test."""

    log = ""
    """What the build printed."""

    def sh(self, script: str, **options: object) -> str:
        """Run a shell script in it and return what it printed."""
        return self.ask("/bin/sh", "-euc", script, **options)

    def ask(self, *command: str, **options: object) -> str:
        """Run a command in it and return what it printed."""
        ran = self.run(*command, **options)
        assert ran.code == 0, f"{command} ended with {ran.code}:\n{ran.out}\n{ran.err}"
        return ran.out


@pytest.fixture(autouse=True)
def _bases(request, base_images):
    """Have the images that a test is marked to need: `@pytest.mark.images(...)`."""
    marker = request.node.get_closest_marker("images")
    base_images(*(marker.args if marker else (AIRFLOW,)))


@pytest.fixture
def build_image(buildx, api):
    """Build, and look into the image: `build_image(dockerfile, files, *arguments)`."""

    def make(dockerfile, files=None, *arguments, **options):
        build = buildx(dockerfile, files, *arguments, **options)
        image = Asked(api, build.image)
        image.log = build.log
        return image

    return make
