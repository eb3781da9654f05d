"""Files of images, read within limits."""

import pytest

from pyenv_frontend.buildkit.api import RefId
from pyenv_frontend.expansion.image_limits import LARGEST, MOST_NAMES, ImageFileError
from pyenv_frontend.expansion.inspection import inspection
from pyenv_frontend.solve.image_files import ImageFiles
from pyenv_frontend.together import finish, together
from tests.frontend.solve.fake_bridge import PIPE, FakeBridge

ELF = b"\x7fELF" + bytes(14) + b"\x3e\0"
RHEL = {
    "etc/os-release": b"ID=rhel\n",
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "usr/bin/python3.9": "python3.9-real",
    "usr/bin/python3.9-real": ELF,
    "usr/bin/python3.11": ELF,
    "usr/include/python3.9/patchlevel.h": b'#define PY_VERSION "3.9.18"\n',
    "lib64/libc.so.6": b"GNU C Library (GNU libc) stable release version 2.34.",
    "usr/lib64/libssl.so.3": b"",
}
DEBIAN = {"etc/os-release": b"VERSION_CODENAME=bookworm\n", "usr/local/bin/python3.12": ELF}


def bridge(*systems, **options):
    return FakeBridge({f"image{number}": files for number, files in enumerate(systems)}, **options)


def files_of(engine, number=0):
    return ImageFiles(engine, RefId(f"image{number}"), "the base image x")


def facts(engine, number=0):
    series = {"3.9", "3.12"}
    return inspection(
        "x", files_of(engine, number), env={"PATH": "/usr/bin"}, series=series, checked=series, architecture="amd64"
    )


def test_the_facts_of_an_image_are_read():
    """Its release is unknown, so the C library, other libraries, a linked interpreter and its headers are read."""
    base = finish(facts(bridge(RHEL)))
    assert (base.libc.version, base.openssl, base.interpreters["3.9"].version) == ((2, 34), {"libssl.so.3"}, "3.9.18")
    assert base.interpreters["3.11"].path == "/usr/bin/python3.11"


def test_images_are_looked_at_in_as_many_rounds_as_one():
    """This holds even if they need different requests."""
    alone = bridge(RHEL)
    finish(facts(alone))
    many = bridge(*[RHEL, DEBIAN, {}] * 5)
    together(*(facts(many, number) for number in range(15)))
    assert many.rounds == alone.rounds <= 5


def test_an_image_of_a_known_release_takes_three_rounds():
    """Files are first listed, then read, and then the listed interpreters are checked."""
    engine = bridge(DEBIAN)
    finish(inspection("x", files_of(engine), checked={"3.12"}, architecture="amd64"))
    assert engine.rounds == 3


@pytest.mark.parametrize(
    ("path", "content", "sizes", "reason"),
    [
        ("etc/passwd", PIPE, {}, "is a named pipe, and must be a regular file"),
        ("etc/passwd", b"", {"etc/passwd": LARGEST + 1}, "has 8 MB, and no more than 8 MB of it are read"),
    ],
)
def test_what_could_never_be_read_is_not_requested(path, content, sizes, reason):
    """An image may be hostile."""
    engine = bridge({path: content}, sizes=sizes)
    with pytest.raises(ImageFileError, match=f"^/{path} of the base image x {reason}$"):
        files_of(engine).read(path)
    assert not [call for call in engine.calls if call[0] == "read"]


def test_a_folder_of_very_many_names_is_not_looked_at():
    """Each name would need a request."""
    engine = bridge({f"usr/bin/python3.{number}": b"" for number in range(MOST_NAMES + 1)})
    with pytest.raises(ImageFileError, match=r"/usr/bin of the base image x has 1001 names like python3\.\*"):
        finish(facts(engine))


def test_the_number_of_folders_read_from_path_is_limited():
    """This holds however many folders the image's PATH has."""
    engine = bridge({})
    path = ":".join(f"/usr/{number}/bin" for number in range(1000))
    finish(inspection("x", files_of(engine), env={"PATH": path}))
    assert len([call for call in engine.calls if call[0] == "list"]) < 30
