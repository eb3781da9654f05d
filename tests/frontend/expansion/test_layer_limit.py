"""The layers of an image, and what is said of environments that would give it too many."""

from dataclasses import replace

import pytest

from pyenv_frontend.dockerfile import parse
from pyenv_frontend.expansion.base_image import Base
from pyenv_frontend.expansion.expand import Step
from pyenv_frontend.expansion.independence import Way
from pyenv_frontend.expansion.layer_limit import count_layers, limit, limited_ways
from pyenv_frontend.expansion.weight import Parts
from pyenv_frontend.stages.analyze import Settings, read

GRAFT = Step(kind="graft", environment=0, line=1, carries=("/g",), graft=None, command=(), title=(), independent=True)
STEP = replace(GRAFT, kind="environment", parts=Parts(heavy=b"", rest=b"", names=("a",)))
WAY = Way(name="x", line=3, reason="", layers="with a layer of its own for a")


@pytest.mark.parametrize(
    ("layers", "merge", "way"),
    [
        (119, False, "independently of the stage, with a layer of its own for a"),
        (120, False, "independently of the stage, in one layer: the image would have more than 120 layers"),
        (121, False, "independently of the stage, in one layer: the image would have more than 120 layers"),
        (116, True, "independently of the stage, with a layer of its own for a"),
        (117, True, "independently of the stage, in one layer: the image would have more than 120 layers"),
        (118, True, "on the stage: the image would have more than 120 layers"),
    ],
)
def test_what_is_said_is_what_is_done(layers, merge, way):
    """A way follows the steps as they are built."""
    steps = [GRAFT, STEP]
    (limited,) = limited_ways([WAY], steps, limit(layers, steps, merge=merge))
    assert str(limited) == f"line 3: x is installed {way}"


@pytest.mark.parametrize(("target", "layers"), [("", 7 + 3 + 1 + 1), ("one", 7 + 3), ("two", 1)])
def test_the_layers_of_a_stage(target, layers):
    """Those of the stages that it begins with count, and those of other stages do not."""
    text = "FROM a AS one\nWORKDIR /x\nENV A=1\nRUN <<EOF\nRUN true\nEOF\nCOPY a b\nFROM scratch AS two\nADD a b\n"
    program = read(parse(f"{text}FROM one\nRUN true\nUSER 1\n".encode()), Settings())
    steps = [replace(STEP, stage=2)]
    assert count_layers(program, {("a", None): Base(reference="a", layers=7)}, steps, target) == layers
