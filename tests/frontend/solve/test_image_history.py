"""`rewrite_created_by` puts the PYENV into an image's history, and changes nothing else."""

import json
from dataclasses import replace

import pytest

from pyenv_frontend.expansion.expand import Step
from pyenv_frontend.expansion.weight import Parts
from pyenv_frontend.solve.image_history import limit_layers, rewrite_created_by

COMMAND = ("/opt/pyenv/3.8/bin/python3.8", "-IB", "/run/pyenv/pyenv_image", "environment", '--line=a; "b" <3')
STEPS = [
    Step(
        kind="environment",
        environment=0,
        line=2,
        carries=("/a",),
        graft=None,
        command=COMMAND,
        title=("PYENV", "3.8", "a", "<<EOF"),
    )
]


def config(*commands):
    entries = [{"created": "2026-01-01T00:00:00Z", "created_by": command, "comment": "c"} for command in commands]
    return json.dumps({"os": "linux", "history": [*entries, {"empty_layer": True}], "x": [None, "\u00e9"]}).encode()


@pytest.mark.parametrize("arguments", ["", "|2 A=1 B=two words "], ids=["no ARG", "ARGs before it"])
def test_a_step_has_the_users_instruction_in_the_history(arguments):
    """The number of entries, their order and their times stay the same."""
    command = " ".join(COMMAND)
    before = config("RUN true # buildkit", f"RUN {arguments}{command} # buildkit", f"CMD {command}")
    after = config("RUN true # buildkit", "PYENV 3.8 a <<EOF # buildkit", f"CMD {command}")
    assert json.loads(rewrite_created_by(before, STEPS)) == json.loads(after)


@pytest.mark.parametrize("before", [config("RUN true # buildkit"), b'{"os":   "linux"}', b'{"history": null}'])
def test_a_history_that_has_none_of_ours_is_the_same_bytes(before):
    """It is not even serialized again."""
    assert rewrite_created_by(before, STEPS) == before


@pytest.mark.parametrize(
    ("layers", "apart", "independent"), [(117, True, True), (118, False, True), (119, False, False)]
)
def test_an_image_with_many_layers_gets_only_necessary_ones(layers, apart, independent):
    """Engines limit the number of layers; entries without a layer do not count."""
    step = replace(STEPS[0], independent=True, parts=Parts(heavy=b"", rest=b"", names=()))
    history = json.dumps({"history": [{}] * layers + [{"empty_layer": True}] * 9}).encode()
    (merged,) = limit_layers([history, b"{}"], [step], merge=True)
    assert (merged.parts is not None) is apart
    assert merged.independent is independent
