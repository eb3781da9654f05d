"""Failures become a status with a single sentence."""

import dataclasses
import json

from pyenv_frontend.buildkit.status import CallError, Detail, Status
from pyenv_frontend.solve.build_options import BuildOptions, Delegate, OptionsError
from pyenv_frontend.solve.error_details import SOURCE
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


OPTIONS = BuildOptions(raw={}, session="s", delegate=Delegate(frontend="dockerfile.v0"), filename="a.Dockerfile")


def test_no_line_is_marked_for_an_error_without_a_place():
    """The engine marks the syntax line for an error that has no source."""
    status = failed(CallError("Solve", Status("no such target", 5)), OPTIONS)
    (detail,) = status.details
    assert (status.message, status.code) == ("no such target", 5)
    assert detail.type_url == SOURCE
    assert json.loads(detail.value) == {"info": {"filename": "a.Dockerfile"}, "ranges": []}


def test_a_place_is_kept():
    """It is the user's own line."""
    status = Status("it failed", details=(Detail(SOURCE, b"{}"),))
    assert failed(CallError("Solve", status), OPTIONS) == status


def test_the_syntax_line_is_marked_if_the_frontend_that_it_names_cannot_be_had():
    """`dockerfile=IMAGE` is part of that line."""
    options = dataclasses.replace(OPTIONS, delegate=Delegate(frontend="gateway.v0", source="docker/dockerfile:0"))
    status = Status("docker/dockerfile:0: not found")
    assert failed(CallError("Solve", status), options) == status


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
