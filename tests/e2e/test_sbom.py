"""`--sbom`: the engine scans our result as it scans the result of its own frontend."""

import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest

from tests.e2e.conftest import need_images
from tests.support import buildkitd
from tests.support.builds import Builder
from tools.state import Unavailable

BASE = "python:3.13-slim-bookworm"
SCANNER = """\
FROM debian:bookworm-slim
COPY --chmod=755 <<'EOF' /scan
#!/bin/sh
found=$(test -e "$BUILDKIT_SCAN_SOURCE/opt/venv/etl/pyvenv.cfg" && echo the environment)
cat > "$BUILDKIT_SCAN_DESTINATION/found.spdx.json" <<E
{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document",
 "predicate": {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "found $found"}}
E
EOF
ENTRYPOINT ["/scan"]
"""


def scanned(builder, scanner, folder, *arguments):
    """Build with a bill of materials, and return the small files of the image's archive."""
    to = folder / "image.tar"
    options = (f"--sbom=generator={scanner}", f"--output=type=oci,dest={to}", *arguments)
    build = builder.attempt(f"FROM {BASE}\nPYENV 3.13 etl\n", {}, *options)
    if "network bridge not found" in build.log:
        pytest.skip("this engine has no network bridge, and a scanner runs in one")
    assert build.code == 0, build.log[-4000:]
    with tarfile.open(to) as tar:
        return [
            tar.extractfile(member).read() for member in tar.getmembers() if member.isfile() and member.size < 100_000
        ]


def test_a_scanner_sees_the_environments(builder_on, tmp_path):
    """The engine has the containerd store, and the scanner is the user's."""
    builder = builder_on("docker-28-containerd")
    need_images(builder.engine, BASE, "debian:bookworm-slim")
    scanner = builder(SCANNER, {}, syntax=False)
    assert any(b'"found the environment"' in content for content in scanned(builder, scanner.image, tmp_path))


def test_a_scanner_of_buildkitd_sees_the_environments(buildx, engine, frontend, base_images, tmp_path):
    """The build uses BuildKit without Docker."""
    base_images(BASE, "debian:bookworm-slim")
    scanner = buildx(SCANNER, {}, syntax=False).image
    folder = Path(tempfile.mkdtemp(prefix="bk"))
    try:
        with buildkitd.run(engine, folder, BASE, frontend, scanner) as known:
            builder = Builder(known, frontend, tmp_path)
            small = scanned(builder, scanner, tmp_path, "--allow=network.host")
    except Unavailable as reason:
        pytest.skip(f"no buildkitd: {reason}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert any(b'"found the environment"' in content for content in small)
