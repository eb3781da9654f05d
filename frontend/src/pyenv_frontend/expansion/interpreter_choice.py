"""Choose the interpreter of an environment: the base's own, or one that is grafted, once per stage and version."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.expansion import interpreter_image
from pyenv_frontend.expansion.base_image import is_of_debian
from pyenv_frontend.expansion.libc import has_only_openssl_3
from pyenv_frontend.positions import Location
from pyenv_frontend.pyenv.places import GRAFTS

if TYPE_CHECKING:
    from pyenv_frontend.expansion.base_image import Base
    from pyenv_frontend.pyenv.instruction import Pyenv
    from pyenv_frontend.stages.program import Program, StageState

__all__ = ["Graft", "InterpreterChoice", "Interpreters"]

_OLD_OPENSSL = "libssl.so.1.1"
_LOADERS = {
    "amd64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "arm64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}
"""Where Debian has the loader, by architecture, below `/lib`."""
_LINK_FOLDERS = ("/usr/local/bin", "/usr/bin")
_OFFICIAL = "/usr/local"
"""Where the official images have theirs."""
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graft:
    """An interpreter that is copied into the image."""

    image: str
    """Image or stage it comes from."""

    reason: str
    """Why this image, to follow its name in a sentence."""

    series: str
    prefix: str
    """Its path in the image: `/opt/pyenv/3.8`."""

    link: str | None
    """Its program on PATH: `/usr/local/bin/python3.8`; None if PATH has a Python of that series already."""

    source: str = _OFFICIAL
    """Its path in that image or stage."""

    libc: str = ""
    """The C library of the base image, if it is known: `glibc 2.36`."""

    named_by: str = ""
    """The user's setting that names the image, such as `--from`; empty: it is the official one."""

    loader: tuple[str, str] | None = None
    """The image's folder of libraries and its loader, if libraries that the base lacks have to be copied."""

    @property
    def python(self) -> str:
        """The grafted executable."""
        return f"{self.prefix}/bin/python{self.series}"

    @property
    def carries(self) -> tuple[str, ...]:
        """The paths that the step adds to the image."""
        return (self.prefix, self.link) if self.link else (self.prefix,)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterChoice:
    """The interpreter for one PYENV."""

    python: str
    """Its path in the image."""

    graft: Graft | None
    """The graft it comes from; None for the base's own."""

    is_new: bool
    """Whether the graft is still to be made."""


@dataclass(slots=True)
class Interpreters:
    """The interpreters that a stage has so far, those of the stages it is based on included.

    The choice for one PYENV depends as little as possible on the PYENVs around it: a step is built again if its text
    changes.
    """

    grafts: dict[tuple[str, str | None], Graft] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)

    def inherit(self) -> Interpreters:
        """Return a copy for a stage that is based on this one."""
        return Interpreters(dict(self.grafts), set(self.linked))

    def choose(
        self, pyenv: Pyenv, base: Base, state: StageState, program: Program, of_source: Interpreters
    ) -> InterpreterChoice:
        """Choose the interpreter for `pyenv`, and remember a graft that this makes.

        Args:
            pyenv: the instruction.
            base: the base image of its stage.
            state: what its stage has set before it.
            program: the Dockerfile.
            of_source: those of the stage that `--from` names, as far as its base image does not have them.

        Raises:
            UserError: no official interpreter of that version can run on the base's C library.
        """
        version, source = pyenv.version, pyenv.options.from_
        own = base.interpreters.get(version.minor)
        if source is None and own and version.full in {None, own.version}:
            return InterpreterChoice(python=own.path, graft=None, is_new=False)
        known = self.grafts.get((version.text, source))
        graft = known or Graft(
            image=source or _official(pyenv, base, program),
            reason=_reason(pyenv, base),
            series=version.minor,
            prefix=f"{GRAFTS}/{version.text}" + (f"-{_slug(source)}" if source else ""),
            link=self._link(version.minor, base, state),
            source=of_source.place_of(version.minor),
            libc=base.libc.name if base.libc else "",
            named_by="--from" if source else "" if program.python_image == "python" else "PYENV_PYTHON_IMAGE",
            loader=_LOADERS.get(base.architecture) if source is None and _lacks_libraries(base) else None,
        )
        self.grafts[version.text, source] = graft
        self.linked.add(version.minor)
        return InterpreterChoice(python=graft.python, graft=graft, is_new=known is None)

    def place_of(self, series: str) -> str:
        """Return where a Python of that series is: in a prefix of its own, or where the official images have it."""
        return next((graft.prefix for graft in self.grafts.values() if graft.series == series), _OFFICIAL)

    def _link(self, series: str, base: Base, state: StageState) -> str | None:
        """Return the path of `pythonX.Y` on the stage's PATH; None if it has another one already."""
        if series in base.interpreters or series in self.linked:
            return None
        folders = (state.path or base.env.get("PATH") or _DEFAULT_PATH).split(":")
        return next((f"{folder}/python{series}" for folder in _LINK_FOLDERS if folder in folders), None)


def _lacks_libraries(base: Base) -> bool:
    """Return whether the base's packages lack libraries of Debian's, or have them under other names or versions."""
    if base.libc is None or base.libc.kind == "musl":
        return False
    return not is_of_debian(base) or _lacks_openssl(base)


def _lacks_openssl(base: Base) -> bool:
    return base.libc is not None and has_only_openssl_3(base.libc) and _OLD_OPENSSL not in base.openssl


def _slug(reference: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", reference).strip("-")


def _reason(pyenv: Pyenv, base: Base) -> str:
    if pyenv.options.from_ is not None:
        return "which --from names"
    libc = "musl" if base.libc and base.libc.kind == "musl" else base.suite or "its C library"
    return f"the official image of Python {pyenv.version.text} that fits {base.reference} ({libc})"


def _official(pyenv: Pyenv, base: Base, program: Program) -> str:
    here = Location(program.document.file, pyenv.version.span)
    if base.libc is None:
        raise UserError(
            f"there is no C library in {base.reference}, so no Python can run there",
            here,
            expected="a base image with a C library, such as Debian's, Ubuntu's or Alpine's",
            hint="use PYENV in a stage based on such an image, or tell us if this one has one we overlook",
        )
    image = interpreter_image.image(
        pyenv.version.text,
        pyenv.version.minor,
        libc=base.libc,
        suite=base.suite,
        repository=program.python_image,
    )
    if image is None:
        glibc = ".".join(map(str, base.libc.version))
        raise UserError(
            f"no official Python {pyenv.version.text} runs on {base.reference}, whose glibc is {glibc}",
            here,
            expected=f"a version that was published for a Debian with glibc {glibc} or older",
            hint="choose another version or a newer base, or name an image that has one: "
            f"PYENV --from=IMAGE {pyenv.version.text} ...",
        )
    if _lacks_openssl(base) and base.architecture not in _LOADERS:
        glibc = ".".join(map(str, base.libc.version))
        raise UserError(
            f"no official Python {pyenv.version.text} works on {base.reference}: those that run with its glibc {glibc} "
            f"need OpenSSL 1.1 ({_OLD_OPENSSL}), and it has OpenSSL 3",
            here,
            expected="a base image with glibc 2.36 or newer, such as Debian 12, Ubuntu 24.04 or UBI 10",
            hint="name an image or a stage whose Python in /usr/local was built for this base: "
            f"PYENV --from=IMAGE {pyenv.version.text} ..., or, if the stage installs OpenSSL 1.1, PYENV --from={image}",
        )
    return image
