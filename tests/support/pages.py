"""Documentation pages as a reader uses them: their code blocks, and a shell that runs their commands."""

import dataclasses
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import interpreters, wheels
from tools.build_image import FRONTEND
from tools.engine import Engine
from tools.state import ROOT, folder

__all__ = ["COMMANDS", "Block", "Walkthrough", "blocks", "typed_lines"]

COMMANDS = ("shell", "console")
"""The languages of code blocks that contain commands."""

PYTHONS = ("3.12", "3.13")
"""The Python versions that a reader has installed."""

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)[^\n]*\n(?P<text>.*?)^ *```", re.MULTILINE | re.DOTALL)

_DOCKER = '''\
#!{python}
"""Run docker for a page: images get names of this test's own, an engine without a network uses the machine's."""
import json, os, pathlib, subprocess, sys

words, names = sys.argv[1:], pathlib.Path({names!r})
builds = words[:2] == ["buildx", "build"] or words[:1] == ["build"]
if builds or words[:1] == ["tag"]:
    for at, word in enumerate(words):
        if words[at - 1] in ("-t", "--tag") or (words[0] == "tag" and at == 2):
            if "/" not in word:
                with names.open("a") as file:
                    file.write(word + "\\n")
known = names.read_text().split() if names.exists() else []
words = [word + {suffix!r} if word in known else word for word in words]
if {own_network!r}:
    if builds or words[:1] == ["run"]:
        at = 1 if words[0] in ("build", "run") else 2
        words[at:at] = ["--network=host"]
    elif words[:2] == ["buildx", "bake"]:
        host = names.with_name("network.json")  # --set has no word for the network
        listed = json.loads(subprocess.check_output([{docker!r}, *words, "--print"], stderr=subprocess.DEVNULL))
        host.write_text(json.dumps({{"target": {{name: {{"network": "host"}} for name in listed["target"]}}}}))
        words[2:2] = ["--allow=network.host", "--file=docker-bake.hcl", f"--file={{host}}"]
if words[:1] == ["run"]:  # Airflow's images have no byte code: what one run compiles, the next one finds
    words[1:1] = ["--volume={compiled}:/pycache", "--env=PYTHONPYCACHEPREFIX=/pycache"]
os.execv({docker!r}, [{docker!r}, *words])
'''


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A code block on a page."""

    kind: str
    """The text after the three backticks: `Dockerfile`, `shell`, `python` and so on."""
    text: str
    """The block's content, with common indentation removed."""
    line: int
    """The line of the page on which the block begins."""


def blocks(page: Path, *kinds: str) -> Iterator[Block]:
    """Yield the code blocks of a page that have one of the given kinds."""
    text = page.read_text()
    for match in _BLOCK.finditer(text):
        if match["kind"] in kinds:
            lines = match["text"].splitlines(keepends=True)
            yield Block(
                kind=match["kind"],
                text="".join(line.removeprefix(match["indent"]) for line in lines),
                line=text.count("\n", 0, match.start()) + 1,
            )


def typed_lines(block: Block) -> str:
    """Return the lines of a block that a reader types; if the block has prompts, only the lines after them."""
    lines = block.text.splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line.removeprefix("$ ") for line in lines if line.startswith(("$ ", "> "))]
    return "\n".join(lines)


class Walkthrough:
    """A reader of one page, whose commands are run in one shell in the order of the page.

    The shell has docker, uv, Python and its own home folder; anything else must come from the page. `<checkout>` is
    replaced by a copy of the checkout, in which the examples use this checkout's frontend.

    Args:
        page: the page.
        engine: the engine that `docker` uses.
        frontend: the name of this checkout's frontend on the engine.
        scratch: an empty folder.
    """

    def __init__(self, page: Path, engine: Engine, frontend: str, scratch: Path) -> None:
        self.page = page
        self.frontend = frontend
        self.checkout = _checkout(scratch / "checkout", frontend)
        self.folder = scratch / "project"
        self.folder.mkdir()
        self.replace: dict[str, str] = {}
        """Texts that a reader has to replace, such as the address of a server, with their replacements."""
        self._left = list(blocks(page, *COMMANDS))
        self._state = scratch / "state"
        self._suffix = f"-{os.getpid()}-{abs(hash(str(scratch))) % 10**6}"
        self._names = scratch / "images"
        self._engine = engine
        self._programs = scratch / "bin"
        self.environ = self._environment(scratch)
        """The environment variables of the shell."""

    def image(self, name: str) -> str:
        """Return the engine's name for an image that the page has built."""
        return name + self._suffix

    def write(self, name: str, pattern: str, *kinds: str) -> str:
        """Write the only code block that matches a pattern to a file in the folder, and return its text."""
        text = self.code(pattern, *kinds)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._filled(text).replace(FRONTEND, self.frontend))
        return text

    def code(self, pattern: str, *kinds: str) -> str:
        """Return the only code block of certain kinds that matches a pattern."""
        texts = [block.text for block in blocks(self.page, *kinds) if re.search(pattern, block.text, re.MULTILINE)]
        assert len(texts) == 1, f"{pattern!r} is in {len(texts)} blocks of {self.page}"
        return texts[0]

    def type(self, pattern: str, *, code: int | None = 0) -> str:
        """Run the next block of commands.

        Args:
            pattern: a pattern that the block must match.
            code: 0 if the commands must succeed, 1 if one must fail, None if both are accepted.

        Returns:
            The output of the commands.
        """
        assert self._left, f"all commands of {self.page} were typed"
        assert re.search(pattern, self._left[0].text), f"{pattern!r} is not what comes next: {self._left[0].text}"
        return self.run(typed_lines(self._left.pop(0)), code=code)

    def type_rest(self) -> str:
        """Run all remaining blocks of commands, and return their output."""
        printed = ""
        while self._left:
            printed += self.run(typed_lines(self._left.pop(0)))
        return printed

    def again(self, pattern: str, *, code: int = 0) -> str:
        """Run the only command line that matches a pattern once more."""
        lines = [line for block in blocks(self.page, *COMMANDS) for line in typed_lines(block).splitlines()]
        matching = [line for line in lines if re.search(pattern, line)]
        assert len(matching) == 1, (pattern, matching)
        return self.run(matching[0], code=code)

    def leave(self, pattern: str, because: str) -> None:
        """Skip the next block of commands."""
        assert because
        assert re.search(pattern, self._left[0].text), f"{pattern!r} is not what comes next: {self._left[0].text}"
        self._left.pop(0)

    def left(self) -> list[str]:
        """Return the blocks of commands that have not been run."""
        return [f"{self.page.name}:{block.line}: {block.text}" for block in self._left]

    def remove_images(self) -> None:
        """Remove the names of the images that the page has built."""
        names = self._names.read_text().split() if self._names.exists() else []
        if names:
            command = ["docker", "image", "rm", "--force", *map(self.image, names)]
            subprocess.run(command, env=self._engine.environment(), capture_output=True, check=False)

    def program(self, name: str) -> Path:
        """Return the path of a program in the reader's PATH."""
        return self._programs / name

    def plugin(self, name: str, program: Path) -> None:
        """Install a Docker plugin, such as `docker-compose`."""
        own = self._programs.parent / "docker"
        (own / "cli-plugins").mkdir(parents=True)
        old = Path(self.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        for path in [*old.glob("cli-plugins/*"), *old.glob("config.json")]:
            (own / path.relative_to(old)).symlink_to(path)
        (own / "cli-plugins" / name).unlink(missing_ok=True)
        (own / "cli-plugins" / name).symlink_to(program)
        self.environ["DOCKER_CONFIG"] = str(own)

    def run(self, commands: str, *, code: int | None = 0) -> str:
        """Run commands that are not on the page; see `type`."""
        commands = self._filled(commands)
        # The folder and the variables are saved for the next block, as in a terminal.
        script = f'[ ! -e "{self._state}" ] || . "{self._state}"\nset -e\n{commands}\nset +e\n'
        script += f'{{ export -p; printf "cd %q\\n" "$PWD"; }} > "{self._state}"\n'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=1500,
            check=False,
        )
        assert code is None or (done.returncode == 0) == (code == 0), f"{self.page}\n{commands}\n{done.stdout[-8000:]}"
        return done.stdout

    def _filled(self, text: str) -> str:
        """Replace texts of the page that depend on the reader."""
        for word, typed in {"<checkout>": str(self.checkout), **self.replace}.items():
            text = text.replace(word, typed)
        return text

    def _environment(self, scratch: Path) -> dict[str, str]:
        environ = self._engine.environment()
        for name in list(environ):
            if name.startswith(("VIRTUAL_ENV", "PYTHON", "AIRFLOW", "ASTRO_PYENV_")):
                del environ[name]
        docker = shutil.which("docker", path=environ["PATH"])
        compiled = folder("pycache", "pages")
        compiled.chmod(0o777)
        shim = _DOCKER.format(
            python=sys.executable,
            names=str(self._names),
            suffix=self._suffix,
            own_network=self._engine.ours,
            compiled=compiled,
            docker=docker,
        )
        programs = self._programs
        programs.mkdir()
        (programs / "docker").write_text(shim)
        (programs / "docker").chmod(stat.S_IRWXU)
        for series in PYTHONS:
            (programs / f"python{series}").symlink_to(interpreters.find(series) / "bin" / f"python{series}")
        home = scratch / "home"
        (home / ".local/bin").mkdir(parents=True)
        cache = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache/uv")
        pythons = os.environ.get("UV_PYTHON_INSTALL_DIR") or str(Path.home() / ".local/share/uv/python")
        own = {"HOME": str(home), "UV_CACHE_DIR": cache, "UV_PYTHON_INSTALL_DIR": pythons}
        environ |= own
        (home / ".config").mkdir()
        configured = [f".config/{path.name}" for path in (Path.home() / ".config").glob("*")]
        for source in (".docker", ".cache", ".pyenv", *configured):  # the settings of this machine's user
            if (Path.home() / source).exists():
                (home / source).symlink_to(Path.home() / source)
        paths = (programs, home / ".local/bin", interpreters.uv().parent)
        clean = [part for part in environ["PATH"].split(":") if part != str(ROOT / ".venv/bin")]
        environ["PATH"] = ":".join([*map(str, paths), *clean])
        return environ


def _checkout(place: Path, frontend: str) -> Path:
    """Copy the checkout, as it is after `make image` and `make dist`."""
    place.mkdir()
    for path in ROOT.iterdir():
        if path.name not in {"examples", "dist", ".git"}:
            (place / path.name).symlink_to(path)
    (place / "dist").mkdir()
    for wheel in wheels.provider_wheel().glob("*.whl"):
        shutil.copy(wheel, place / "dist")
    left_out = shutil.ignore_patterns(".pyenv", ".pyenv-frontend", "__pycache__")
    shutil.copytree(ROOT / "examples", place / "examples", ignore=left_out)
    for dockerfile in place.glob("examples/*/Dockerfile"):
        dockerfile.write_text(dockerfile.read_text().replace(FRONTEND, frontend))
    return place
