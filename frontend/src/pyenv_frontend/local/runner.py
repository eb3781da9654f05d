"""Create the environments that are not up to date, side by side."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyenv_frontend.errors import UserError
from pyenv_frontend.local.installer import InstallError
from pyenv_frontend.local.interpreters import MissingInterpreterError, StoppedError
from pyenv_frontend.local.store import Record, TakenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyenv_frontend.local.installer import LocalInstaller
    from pyenv_frontend.local.interpreters import LocalInterpreters
    from pyenv_frontend.local.jobs import Job
    from pyenv_frontend.local.progress import Progress
    from pyenv_frontend.local.store import Store

__all__ = ["Runner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Makes environments."""

    store: Store
    interpreters: LocalInterpreters
    installer: LocalInstaller
    progress: Progress

    def make(self, jobs: Sequence[Job], at_once: int) -> dict[str, UserError]:
        """Create the environments, `at_once` at a time; return the errors by the environments' names."""
        errors: dict[str, UserError] = {}
        pool = ThreadPoolExecutor(max_workers=at_once)
        waiting = {pool.submit(self._run, job): job for job in jobs}
        try:
            for future in as_completed(waiting):
                error = future.result()
                errors |= {waiting[future].name: error} if error else {}
        except BaseException:  # Ctrl-C too: everything that still runs is stopped
            self.interpreters.stop()
            self.progress.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            self.installer.stop()
            raise
        pool.shutdown()
        return {job.name: errors[job.name] for job in jobs if job.name in errors}

    def _run(self, job: Job) -> UserError | None:
        error = job.error or self._make(job)
        if error is not None:
            note = " (the one made before stays)" if self.store.record(job.name) else ""
            self.progress.say(job.name, f"failed{note}", "failed")
        return error

    def _make(self, job: Job) -> UserError | None:
        began = time.monotonic()
        version = job.pyenv.version
        try:
            self.progress.say(job.name, f"looking for Python {version.text}")
            python = self.interpreters.find(version, lambda: self._say(job, f"downloading Python {version.text}"))
            folder = self.store.begin(job.name)
            self._say(job, f"making it with Python {python.version}")
            self.installer.run(job, python, folder, lambda text: self._say(job, text))
            if job.fingerprint is not None:
                parts, dockerfile = job.fingerprint.parts, job.pyenv.instruction.file.name.rpartition("/")[2]
                record = Record(
                    parts=parts, interpreter=str(python.python), version=python.version, dockerfile=dockerfile
                )
                self.store.finish(job.name, folder, record)
        except MissingInterpreterError as error:
            return UserError(str(error), job.place, hint=error.hint)
        except TakenError as error:
            return UserError(str(error), job.place, hint="move it away, or give the environment another name")
        except StoppedError:
            return None
        except InstallError as error:
            return UserError(f"PYENV {job.name} could not be made:\n{error}", job.place)
        packages = len([*folder.glob("lib/python*/site-packages/*.dist-info")])
        counted = f"{packages} package{'s' * (packages != 1)}, " if packages else ""
        self.progress.say(
            job.name, f"done in {time.monotonic() - began:.1f} s ({counted}Python {python.version})", "done"
        )
        return None

    def _say(self, job: Job, text: str) -> None:
        self.progress.say(job.name, text)
