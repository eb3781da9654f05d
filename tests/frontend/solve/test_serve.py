"""Failures become a status with a single sentence."""

from pyenv_frontend.buildkit.status import CallError, Detail, Status
from pyenv_frontend.solve.build_options import OptionsError
from pyenv_frontend.solve.serve import failed


def test_the_engines_own_errors_go_on_as_they_are():
    """Code, message and details are kept."""
    status = Status("it failed", 5, (Detail("t", b"v"),))
    assert failed(CallError("Solve", status)) == status


def test_a_disabled_frontend_is_reported_with_a_solution():
    """The engine's administrator may only allow frontends in images."""
    status = failed(CallError("Solve", Status("invalid frontend: dockerfile.v0")))
    assert status.message.startswith("invalid frontend: dockerfile.v0. ")
    assert "dockerfile=docker/dockerfile:1" in status.message


def test_invalid_options_are_reported():
    """The user can solve them, so they are not reported as a defect."""
    assert failed(OptionsError("the option x cannot be read")) == Status("the option x cannot be read")


def test_a_defect_asks_for_a_report_and_leaves_the_traceback_on_stderr(capsys):
    """The user gets one sentence, and the engine's log has the rest."""
    try:
        raise ZeroDivisionError("oh")  # noqa: TRY301
    except ZeroDivisionError as error:
        status = failed(error)
    assert status.message.startswith("ZeroDivisionError: oh: this is a defect of pyenv-frontend")
    assert "test_serve.py" in capsys.readouterr().err
