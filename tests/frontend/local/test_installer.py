"""The progress in an installer's output, and the part of the output that users see."""

import pytest

from pyenv_frontend.local.installer import latest_progress, plain

UP = "\x1b[1A\x1b[2K"


@pytest.mark.parametrize(
    ("output", "progress"),
    [
        ("⠋ Resolving dependencies...                  \r", "resolving"),
        (f"{UP}⠙ Preparing packages... (3/9)\n", "downloading 3/9"),
        ("⠙ Preparing packages... (3/9)\r⠙ Preparing packages... (4/9)\r", "downloading 4/9"),
        ("██░░░ [2/5] idna==3.20", "installing 2/5"),
        ("Downloading pandas (11.5MiB)\n", "downloading pandas"),
        ("Collecting six\n", "resolving six"),
        ("   Building slowly @ file:///x\n", "building slowly"),
        ("Installed 5 packages in 9ms\n", ""),
        ("", ""),
    ],
)
def test_the_latest_progress_is_returned(output: str, progress: str):
    """The latest progress is returned; other output returns nothing."""
    assert latest_progress(output) == progress


def test_plain_keeps_what_stays_on_the_screen():
    """Overwritten lines, colours and empty lines are removed, and the rest of the message is kept."""
    output = (
        "⠋ Resolving dependencies...\r\x1b[2K\r⠙ tiny==9      \r\x1b[2K  x No solution found\r\n"
        "  \x1b[31m╰─▶\x1b[0m Because there is no tiny\r\n\r\n      we can conclude\r\n"
    )
    assert plain(output) == "  x No solution found\n  ╰─▶ Because there is no tiny\n      we can conclude"
