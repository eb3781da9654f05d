"""The error of this package: a sentence for the person who reads the build's log."""


class StepError(Exception):
    """A build step cannot continue. `str()` is what the user reads, and says what to do."""


class InstallerError(StepError):
    """uv or pip has failed, and has said why."""
