"""What a file operation removes and copies, and in which order."""

from dataclasses import dataclass

from pyenv_frontend.solve import file_ops
from pyenv_image.times import FIXED_TIME


@dataclass
class Output:
    digest: str
    number: int = 0


STAGE, RESULT, SKELETON = Output("sha256:stage"), Output("sha256:result", 1), Output("sha256:collected", 2)


def story(op):
    """Return each action as text: what it changes, what it does, and from which input."""
    inputs = [entry.digest.removeprefix("sha256:") for entry in op.inputs]
    lines = []
    for number, action in enumerate(op.file.actions):
        target = "nothing" if action.input < 0 else (inputs + ["the last"] * number)[action.input]
        what = (
            f"remove {action.rm.path}"
            if action.WhichOneof("action") == "rm"
            else f"copy {inputs[action.secondary_input]}:{action.copy.src} to {action.copy.dest}"
        )
        lines.append(f"{target}: {what}")
    assert [action.output for action in op.file.actions] == [-1] * (len(lines) - 1) + [0]
    return lines


def test_a_folder_is_copied_below_folders_that_stay_as_they_are():
    """The skeleton is copied before, to create what is missing, and after, for the times."""
    op = file_ops.copied_below(STAGE, RESULT, SKELETON, "/opt/venv/x", replaces=True)
    assert story(op) == [
        "stage: remove /opt/venv/x",
        "the last: copy collected:/ to /",
        "the last: copy result:/opt/venv/x to /opt/venv",
        "the last: copy collected:/ to /",
    ]
    times = [action.copy.timestamp for action in op.file.actions]
    assert times == [0, -1, FIXED_TIME * 10**9, -1]
    added = file_ops.copied_below(STAGE, RESULT, SKELETON, "/opt/venv/x", replaces=False)
    assert story(added)[0] == "stage: copy collected:/ to /"
    # What is in a folder is copied without its owner.
    assert not any(action.copy.dir_copy_contents for action in (op.file.actions[2], added.file.actions[1]))


def test_a_place_depends_on_links_alone_and_has_fixed_times():
    """The folders are copied once made, since making one changes the time of the one above it."""
    op = file_ops.place("/homes/ada/x", SKELETON)
    links, folder, copied = op.file.actions
    assert (links.copy.src, folder.mkdir.path, folder.mkdir.make_parents) == ("/links", "/homes/ada/x", True)
    assert [action.input for action in (links, folder, copied)] == [-1, 1, -1]
    assert (copied.secondary_input, copied.copy.timestamp) == (2, FIXED_TIME * 10**9)


def test_a_place_depends_on_nothing_where_no_link_is_followed():
    """The folders are made, and copied from what made them."""
    folder, copied = file_ops.place("/opt/pyenv/3.8").file.actions
    assert (folder.input, folder.mkdir.path) == (-1, "/opt/pyenv/3.8")
    assert (copied.input, copied.secondary_input, copied.copy.timestamp) == (-1, 0, FIXED_TIME * 10**9)


def test_what_is_missing_is_removed_without_an_error():
    """Mostly, there is no earlier environment."""
    op = file_ops.removed(STAGE, ["/opt/venv/x"])
    assert story(op) == ["stage: remove /opt/venv/x"]
    assert op.file.actions[0].rm.allow_not_found


def test_entries_are_copied_one_by_one():
    """A name with characters of a pattern matches only itself."""
    op = file_ops.copied_entries(STAGE, RESULT, ["/opt/pyenv/3.9", "/usr/local/bin/python3.9*"])
    assert story(op) == [
        "stage: copy result:/opt/pyenv to /opt/",
        "the last: copy result:/usr/local/bin to /usr/local/",
    ]
    assert [[*action.copy.include_patterns] for action in op.file.actions] == [["3.9"], ["python3.9\\*"]]
