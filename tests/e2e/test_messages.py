"""All messages of a build refer to the user's file: step names, errors, warnings and provenance."""

import base64
import re

import pytest

from tests.e2e.conftest import need_images

BASE = "python:3.13-slim-bookworm"
GRAFTED = "python:3.11-slim-bookworm"


pytestmark = pytest.mark.images(BASE, GRAFTED)


def marked(log):
    """Return the marked lines of the excerpt of the Dockerfile, preceded by the file's name."""
    name = re.search(r"^(\S+):\d+\n-{20}$", log, re.MULTILINE)
    marked = re.findall(r"^ +(\d+) \| >>> (.*)$", log, re.MULTILINE)
    return (name[1] if name else None), [(int(number), text.strip()) for number, text in marked]


def test_one_pyenv_is_one_step_in_the_users_own_counting(buildx):
    """The generated instructions of a PYENV are one step; other steps are numbered as in the user's file."""
    build = buildx(f"FROM {BASE}\nRUN true\nPYENV 3.11 etl\nCOPY file /\n", {"file": "x"})
    # The steps are sorted since cached ones are logged in any order. Their names may have a digest, depending on the
    # store, and a step that runs in another build at the same time has the name used there.
    steps = (step.partition("@")[0] for step in build.steps if re.match(r"\[\d/\d\]", step) and GRAFTED not in step)
    assert sorted(steps) == [
        f"[1/4] FROM docker.io/library/{BASE}",
        "[2/4] RUN true",
        "[3/4] PYENV 3.11 etl",
        "[4/4] COPY file /",
    ]
    assert "pyenv_image" not in build.log


def test_stages_keep_their_names_and_their_own_counting(buildx):
    """A PYENV in one stage does not change the step numbers of another."""
    build = buildx(
        f"FROM {BASE} AS first\nPYENV 3.11 a\nRUN true\nFROM {BASE}\nCOPY --from=first /etc/os-release /x\nRUN true\n"
    )
    assert {"[first 2/3] PYENV 3.11 a", "[stage-1 3/3] RUN true"} <= set(build.steps)
    assert not [step for step in build.steps if "--mount" in step]


def test_more_than_nine_steps_are_padded_as_docker_pads_them(buildx):
    """Docker right-aligns the step numbers."""
    build = buildx(f"FROM {BASE}\nPYENV 3.11 a\n" + "".join(f"RUN echo {n}\n" for n in range(9)))
    assert "[ 2/11] PYENV 3.11 a" in build.steps
    assert "[11/11] RUN echo 8" in build.steps


def test_a_run_that_fails_is_marked_on_its_own_lines(buildx):
    """The generated instructions of a PYENV do not shift later lines."""
    build = buildx.fails(f"FROM {BASE}\nPYENV 3.11 etl\n# comment\nRUN true && \\\n    exit 3\n")
    assert marked(build.log) == ("Dockerfile", [(5, "RUN true && \\"), (6, "exit 3")])
    assert 'process "/bin/sh -c true' in build.log.rpartition("ERROR: ")[2]


def test_a_pyenv_that_fails_in_the_build_is_marked(buildx):
    """The log shows the resolver's message under the PYENV's name, and the PYENV's lines are marked."""
    build = buildx.fails(f"FROM {BASE}\nPYENV 3.11 ok\nPYENV 3.11 etl <<EOF\nno-such-package-of-ours==3\nEOF\n")
    assert marked(build.log)[1] == [(4, "PYENV 3.11 etl <<EOF"), (5, "no-such-package-of-ours==3"), (6, "EOF")]
    assert re.search(r"> \[3/3\] PYENV 3.11 etl <<EOF:", build.log)
    assert build.log.rpartition("ERROR: ")[2].strip() == (
        'failed to build: failed to solve: process "PYENV 3.11 etl <<EOF" did not complete successfully: exit code: 1'
    )
    assert "no-such-package-of-ours" in build.log
    processes = set(re.findall(r'process ".*', build.log))
    assert processes == {'process "PYENV 3.11 etl <<EOF" did not complete successfully: exit code: 1'}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("PYENV 3.11 etl nope.txt", "nope.txt is not in the build context"),
        ("PYENV 2.99 etl", "2.99"),
        ("PYENV 3.11 1etl", "1etl"),
        ("PYENV etl 3.11", "version and name are swapped"),
        ("PYENV --instaler=pip 3.11 etl", "--installer"),
    ],
)
def test_an_invalid_pyenv_has_a_message_and_a_marked_line(buildx, line, sentence):
    """Nothing is built, and the line is shown as for Docker's own instructions."""
    build = buildx.fails(f"FROM {BASE}\nRUN true\n{line}\n")
    assert marked(build.log) == ("Dockerfile", [(4, line)])
    assert sentence in build.log.rpartition("ERROR: ")[2]
    assert not re.search(r"\] RUN true", build.log)


def test_a_parse_error_of_dockers_names_the_users_line(buildx):
    """The line number in the message and the marked line agree."""
    build = buildx.fails(f"FROM {BASE}\nPYENV 3.11 etl\nRAN true\n")
    assert marked(build.log) == ("Dockerfile", [(4, "RAN true")])
    assert "dockerfile parse error on line 4: unknown instruction: RAN" in build.log


def test_a_base_that_cannot_be_had_is_marked_at_its_from(buildx):
    """The generated file that resolves the base is never shown."""
    build = buildx.fails(f"FROM {BASE} AS a\nFROM 127.0.0.1:1/nothing:1\nPYENV 3.11 etl\n")
    assert marked(build.log) == ("Dockerfile", [(3, "FROM 127.0.0.1:1/nothing:1")])


def test_an_error_in_a_large_file_is_still_that_error(buildx):
    """The error includes the whole file, and 100 KB must not exceed the transport's limits."""
    filler = "".join(f"# {n} {'x' * 90}\n" for n in range(1100))
    build = buildx.fails(f"FROM {BASE}\nPYENV 3.11 etl\n{filler}RAN true\n")
    assert marked(build.log) == ("Dockerfile", [(1104, "RAN true")])


@pytest.mark.usefixtures("linting")
def test_warnings_of_docker_and_of_ours_are_on_the_users_lines(buildx):
    """The summary at the end of the build has both kinds, and none for generated instructions."""
    build = buildx(f"from {BASE}\nPYENV 3.11 etl <<EOF\nsix\nEOF\nRUN true\nMAINTAINER me\n")
    summary = set(re.findall(r"^ - (\w+): .*\(line (\d+)\)$", re.sub(r"\x1b\[\d+m", "", build.log), re.MULTILINE))
    assert summary == {
        ("ConsistentInstructionCasing", "2"),
        ("MaintainerDeprecated", "7"),
        ("PyenvUnpinnedRequirements", "4"),
    }


@pytest.mark.usefixtures("linting")
def test_a_build_prints_its_warnings_where_they_happen(buildx):
    """Besides the summary at the end, in the words and the order of the built-in frontend."""
    once = {"TTY_DISPLAY_RATE": "600000"}  # the client prints each step when all is done, so nothing depends on time
    text = f"from {BASE}\nMAINTAINER me\nENV A b\nCMD echo hi\n"
    builtin = buildx(text, {}, syntax=False, env=once)
    ours = buildx(f"{text}PYENV 3.13 etl <<EOF\nsix\nEOF\n", {}, env=once)
    warnings = re.findall(r"^#\d+ WARN: (.*) \(line", builtin.log, re.MULTILINE)
    assert len(warnings) == 4
    block = ours.log.partition("[internal] warnings of Dockerfile\n")[2].partition("\n\n")[0]
    assert re.findall(r"^#\d+ WARN: (.*) \(line", block, re.MULTILINE)[:-1] == warnings
    assert "WARN: PyenvUnpinnedRequirements" in block


@pytest.mark.parametrize(
    ("directive", "arguments", "left"),
    [
        ("skip=MaintainerDeprecated", (), {"ConsistentInstructionCasing", "PyenvUnpinnedRequirements"}),
        ("skip=PyenvUnpinnedRequirements", (), {"ConsistentInstructionCasing", "MaintainerDeprecated"}),
        ("skip=all", (), set()),
        ("skip=all", ("--build-arg=BUILDKIT_DOCKERFILE_CHECK=skip=MaintainerDeprecated",),
         {"ConsistentInstructionCasing", "PyenvUnpinnedRequirements"}),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("linting")
def test_checks_are_switched_off_as_docker_does_it(buildx, directive, arguments, left):
    """`# check=` and the build-arg, which takes precedence, apply to Docker's rules and to ours."""
    body = f"from {BASE}\nPYENV 3.11 etl <<EOF\nsix\nEOF\nMAINTAINER me\n"
    text = f"# syntax=pyenv-frontend:dev\n# check={directive}\n{body}"
    build = buildx(text, {}, *arguments)
    assert set(re.findall(r" - (\w+): ", build.log)) == left


@pytest.mark.parametrize("line", ["MAINTAINER me", "RUN true"])
@pytest.mark.usefixtures("linting")
def test_checks_that_are_errors_fail_the_build(buildx, line):
    """With `error=true`, a warning of either kind fails the build."""
    text = f"# syntax=pyenv-frontend:dev\n# check=error=true\nFROM {BASE}\nPYENV 3.11 etl <<EOF\nsix\nEOF\n{line}\n"
    build = buildx.fails(text)
    rule = "MaintainerDeprecated" if "MAINTAINER" in line else "PyenvUnpinnedRequirements"
    assert re.search(rf"ERROR: .*lint violation found for rules: .*{rule}", build.log)


@pytest.mark.usefixtures("linting")
def test_warnings_are_of_the_stages_that_are_built(buildx):
    """As without our frontend, a stage that is not needed has no warnings."""
    build = buildx(f"FROM {BASE} AS unused\nLABEL a b\nFROM {BASE}\nPYENV 3.11 etl\nLABEL c d\n")
    assert set(re.findall(r"LegacyKeyValueFormat: .*\(line (\d+)\)", build.log)) == {"6"}


def test_provenance_has_the_users_file_and_lines(builder_on):
    """`--provenance=mode=max` records the user's Dockerfile as the source."""
    builder = builder_on("docker-28-containerd")
    need_images(builder.engine, BASE, GRAFTED)
    dockerfile = f"FROM {BASE}\nPYENV 3.11 etl\nRUN true\n"
    build = builder(dockerfile, {}, "--provenance=mode=max", env={"BUILDX_METADATA_PROVENANCE": "max"})
    provenance = build.metadata["buildx.build.provenance"]
    source = provenance["metadata"]["https://mobyproject.org/buildkit@v1#metadata"]["source"]
    texts = [base64.b64decode(info["data"]).decode() for info in source["infos"]]
    assert any("PYENV 3.11 etl" in text for text in texts)
    assert not any("pyenv_image" in text for text in texts)
    ops = [step["op"]["Op"] for step in provenance["buildConfig"]["llbDefinition"]]
    processes = {" ".join(op["exec"]["meta"]["args"]) for op in ops if "exec" in op}
    assert processes == {"PYENV 3.11", "PYENV 3.11 etl", "/bin/sh -c true"}


def test_the_expanded_file_is_shown_on_request(buildx):
    """With a build-arg, the frontend prints the expanded file and how long its work took."""
    build = buildx(f"FROM {BASE}\nPYENV 3.11 etl\n", {}, "--build-arg=PYENV_FRONTEND_DEBUG=1")
    assert re.search(r"PYENV_FRONTEND_DEBUG: start \d+ ms, ask \d+ ms, expand \d+ ms", build.log)
    assert "ENV ASTRO_PYENV_etl=/opt/venv/etl/bin/python" in build.log


@pytest.mark.engines
def test_an_engine_without_lint_builds_with_our_warnings(builder_on):
    """Docker 26 has no lint request; its own warnings are unchanged, and ours are shown."""
    builder = builder_on("docker-26")
    need_images(builder.engine, BASE, GRAFTED)
    build = builder(f"FROM {BASE}\nPYENV 3.11 etl <<EOF\nsix\nEOF\nRUN true\n")
    assert re.search(r"PyenvUnpinnedRequirements: .*\(line 4\)", build.log)
    assert "[2/3] PYENV 3.11 etl <<EOF" in build.steps
