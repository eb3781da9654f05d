"""`parallelize`: the file system on which each step runs, and the parts of the graph that stay the same."""

import hashlib
from dataclasses import replace

import pytest

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.expansion.expand import Step
from pyenv_frontend.expansion.steps import BUILDER, INTERPRETER, TOOLS
from pyenv_frontend.solve.install_graph import parallelize

SOURCE = b"the expanded file"
COMMAND = ["-IB", "/run/pyenv/pyenv_image"]


class Graph:
    """A hand-written chain of steps, as the engine creates it from a Dockerfile."""

    def __init__(self):
        self.definition = wire.Definition()
        self.definition.source.infos.add(filename="Dockerfile", data=SOURCE)

    def add(self, op, line=0, name=""):
        raw = op.SerializeToString(deterministic=True)
        digest = "sha256:" + hashlib.sha256(raw).hexdigest()
        self.definition.ops.append(raw)
        self.definition.metadata[digest].description["llb.customname"] = name
        if line:
            places = self.definition.source.locations[digest].locations
            places.add(source_index=0).ranges.add().start.line = line
        return digest

    def image(self, name):
        return self.add(wire.Op(source=wire.SourceOp(identifier=f"docker-image://{name}")))

    def run(self, below, *args, line=0, mounts=(), env=()):
        op = wire.Op(exec=wire.ExecOp(meta=wire.Meta(args=args, env=env)))
        op.inputs.add(digest=below, index=0)
        op.exec.mounts.add(input=0, dest="/", output=0)
        for number, digest in enumerate(mounts, 1):
            op.inputs.add(digest=digest, index=0)
            op.exec.mounts.add(input=number, dest=f"/mnt{number}", output=-1, readonly=True)
        return self.add(op, line, " ".join(args))

    def end(self, digest):
        self.definition.ops.append(wire.Op(inputs=[wire.Input(digest=digest)]).SerializeToString())
        return self.definition


def story(definition):
    """Return the graph as text, starting at its end, with each op and its inputs."""
    ops = ops_of(definition)

    def tell(digest):
        op = ops[digest]
        below = [tell(entry.digest) for entry in op.inputs]
        kind = op.WhichOneof("op")
        if kind == "source":
            return op.source.identifier.removeprefix("docker-image://")
        if kind == "exec":
            return f"{' '.join(op.exec.meta.args)}({', '.join(below)})"
        if kind == "file" and op.file.actions[0].HasField("mkfile"):
            return f"script({', '.join(below)})"
        if kind == "file":
            names = [f"{a.copy.src}/{a.copy.include_patterns[0]}" for a in op.file.actions]
            return f"copy[{' '.join(names)}]({', '.join(below)})"
        return f"{kind}({', '.join(below)})"

    return tell(wire.Op.FromString(definition.ops[-1]).inputs[0].digest)


def graft(line, prefix):
    return Step(
        kind="graft", environment=0, line=line, carries=(prefix,), graft=None, command=(), title=("PYENV", "3.8")
    )


def environment(line, path, graft=None):
    return Step(
        kind="environment",
        environment=0,
        line=line,
        carries=(path,),
        graft=graft,
        command=(),
        title=("PYENV", "3.8", path[1:]),
    )


@pytest.fixture
def independent():
    """Return the graph of a graft and two locked environments of one user, and their steps."""
    graph = Graph()
    tools, image, chain = graph.image("tools"), graph.image("python"), graph.image("base")
    for line, (name, *arguments) in enumerate(
        [
            ("graft", "--source=/run/pyenv-python", "--prefix=/opt/3.8"),
            ("environment", "--name=a", "--path=/v/a", "--user=1"),
            ("environment", "--name=b", "--path=/v/b", "--user=1"),
        ],
        2,
    ):
        meta = wire.Meta(args=["/run/pyenv-python/bin/python3.8", *COMMAND, name, *arguments], env=["PATH=/bin"])
        op = wire.Op(exec=wire.ExecOp(meta=meta))
        op.inputs.extend([wire.Input(digest=chain), wire.Input(digest=tools), wire.Input(digest=image)])
        op.exec.mounts.add(input=0, dest="/", output=0)
        op.exec.mounts.add(input=1, dest="/run/pyenv", output=-1, readonly=True)
        op.exec.mounts.add(input=2, dest="/run/pyenv-python", output=-1, readonly=True)
        chain = graph.add(op, line)
    steps = [graft(2, "/opt/3.8"), environment(3, "/v/a", 0), environment(4, "/v/b", 0)]
    return graph.end(chain), [replace(step, independent=True) for step in steps]


def ops_of(definition):
    """Return the ops of a graph by their digests."""
    return {"sha256:" + hashlib.sha256(raw).hexdigest(): wire.Op.FromString(raw) for raw in definition.ops}


def scripts_of(ops):
    """Return the scripts of the steps of a graph."""
    return [op.file.actions[0].mkfile.data for op in ops.values() if op.file.actions and op.file.actions[0].mkfile]


def test_nothing_runs_on_what_was_merged(independent):
    """The engine would apply all merges for it, which takes seconds; at the end it needs them only to unpack."""
    definition, steps = independent
    ops = ops_of(parallelize(definition, steps, source=SOURCE, merge=True))
    merges = {digest for digest, op in ops.items() if op.WhichOneof("op") == "merge"}
    users = [op.WhichOneof("op") for op in ops.values() if any(entry.digest in merges for entry in op.inputs)]
    assert len(merges) == 3
    assert set(users) <= {"merge", None}


@pytest.mark.parametrize("merge", [False, True])
def test_environments_of_one_user_and_folder_collect_once(independent, merge):
    """One step looks at the stage for both of them."""
    definition, steps = independent
    ops = ops_of(parallelize(definition, steps, source=SOURCE, merge=merge))
    (collect,) = [script for script in scripts_of(ops) if b"'collect'" in script]
    assert b"'--path=/v/a', '--path=/v/b'" in collect


def test_a_graft_that_is_mounted_counts_as_an_output(independent):
    """The engine would read each of its files, for a digest that decides on nothing."""
    definition, steps = independent
    execs = [op.exec for op in ops_of(parallelize(definition, steps, source=SOURCE, merge=True)).values()]
    mounts = [mount for step in execs for mount in step.mounts if mount.selector == "/opt/3.8"]
    assert len(mounts) == len(["graft", "finish", "collect", "a", "b"])
    assert all(mount.output > 0 and not mount.readonly for mount in mounts)
    for step in execs:
        outputs = [mount.output for mount in step.mounts if mount.output >= 0]
        assert sorted(outputs) == list(range(len(outputs)))  # the engine numbers them without gaps


@pytest.mark.parametrize("source", [(), ("me/python", "--from", "/usr/local", "3.8", "3.8", "glibc 2.36")])
def test_only_an_official_interpreter_is_checked_on_its_stage_alone(independent, source):
    """Installs use any other one before that check has ended, so it is checked where it is made, too."""
    definition, steps = independent
    graph = parallelize(definition, [replace(steps[0], source=source), *steps[1:]], source=SOURCE, merge=True)
    grafts = [script for script in scripts_of(ops_of(graph)) if b"'graft'" in script and b"--prefix" in script]
    assert any(b"--checked-on-stage" in script for script in grafts) is not bool(source)


def test_two_environments_start_from_the_same_base():
    """The second environment does not wait for the first; its folder is copied onto the chain afterwards."""
    graph = Graph()
    a = graph.run(graph.image("base"), "a", line=2)
    definition = graph.end(graph.run(graph.run(a, "b", line=3), "user"))
    steps = [environment(2, "/v/a"), environment(3, "/v/b")]
    assert story(parallelize(definition, steps, source=SOURCE, merge=False)) == "user(copy[/v/b](a(base), b(base)))"


def test_where_the_store_merges_nothing_is_copied():
    """A store that can merge uses the step's difference instead of copying files."""
    graph = Graph()
    a = graph.run(graph.image("base"), "a", line=2)
    definition = graph.end(graph.run(a, "b", line=3))
    steps = [environment(2, "/v/a"), environment(3, "/v/b")]
    assert story(parallelize(definition, steps, source=SOURCE, merge=True)) == "merge(a(base), diff(base, b(base)))"


def test_an_environment_starts_from_its_own_graft():
    """Each interpreter is added to the base, and each environment only depends on its own interpreter."""
    graph = Graph()
    chain = graph.run(graph.image("base"), "g8", line=2)
    for line, name in enumerate(("a", "g9", "b", "c"), 3):
        chain = graph.run(chain, name, line=line)
    steps = [
        graft(2, "/opt/3.8"),
        environment(3, "/v/a", 0),
        graft(4, "/opt/3.9"),
        environment(5, "/v/b", 2),
        environment(6, "/v/c", 0),
    ]
    assert story(parallelize(graph.end(chain), steps, source=SOURCE, merge=False)) == (
        "copy[/v/c](copy[/v/b](copy[/opt/3.9](a(g8(base)), g9(base)), b(g9(base))), c(g8(base)))"
    )


def test_an_instruction_between_ends_the_group():
    """The second install sees the result of an instruction between two PYENVs."""
    graph = Graph()
    a = graph.run(graph.image("base"), "a", line=2)
    between = graph.run(a, "apt-get", line=3)
    definition = graph.end(graph.run(between, "b", line=4))
    steps = [environment(2, "/v/a"), environment(4, "/v/b")]
    assert story(parallelize(definition, steps, source=SOURCE, merge=False)) == "b(apt-get(a(base)))"


def test_a_graft_of_an_earlier_group_is_in_the_base_already():
    """An interpreter that was added before the group is already in the group's base."""
    graph = Graph()
    a = graph.run(graph.run(graph.image("base"), "g", line=2), "a", line=3)
    between = graph.run(a, "apt-get", line=4)
    definition = graph.end(graph.run(graph.run(between, "b", line=5), "c", line=6))
    steps = [graft(2, "/opt"), environment(3, "/v/a", 0), environment(5, "/v/b", 0), environment(6, "/v/c", 0)]
    below = "apt-get(a(g(base)))"
    assert story(parallelize(definition, steps, source=SOURCE, merge=False)) == f"copy[/v/c](b({below}), c({below}))"


def test_published_variables_are_no_part_of_a_step():
    """The variables of earlier PYENVs are removed, so that the steps do not depend on each other; all others stay."""
    graph = Graph()
    env = ["PATH=/bin", "ASTRO_PYENV_a=/v/a/bin/python", "X=1"]
    definition = graph.end(graph.run(graph.image("base"), "b", line=2, env=env))
    result = parallelize(definition, [environment(2, "/v/b")], source=SOURCE, merge=False)
    assert list(wire.Op.FromString(result.ops[1]).exec.meta.env) == ["PATH=/bin", "X=1"]


def test_a_graft_has_the_variables_that_decide_on_how_a_program_starts():
    """A change of another one does not make it run again."""
    graph = Graph()
    env = ["PATH=/bin", "X=1", "LD_LIBRARY_PATH=/lib", "PATHS=1"]
    definition = graph.end(graph.run(graph.image("base"), "g", line=2, env=env))
    result = parallelize(definition, [graft(2, "/opt")], source=SOURCE, merge=False)
    assert list(wire.Op.FromString(result.ops[1]).exec.meta.env) == ["PATH=/bin", "LD_LIBRARY_PATH=/lib"]


@pytest.mark.parametrize(("env", "proxy"), [("X=1", "pyenv-heredoc:Dockerfile:7"), ("FTP_PROXY=mine", "")])
def test_a_step_gets_the_position_of_its_heredoc(env, proxy):
    """The position is passed in a way that is not part of the cache key, unless the user needs that."""
    graph = Graph()
    definition = graph.end(graph.run(graph.image("base"), "b", line=2, env=[env]))
    step = replace(environment(2, "/v/b"), heredoc="Dockerfile:7")
    result = parallelize(definition, [step], source=SOURCE, merge=False)
    assert wire.Op.FromString(result.ops[1]).exec.meta.proxy_env.ftp_proxy == proxy


def test_names_and_places_go_along():
    """A moved op keeps its name and line, and the ops that join it have the same ones."""
    graph = Graph()
    a = graph.run(graph.image("base"), "a", line=2)
    definition = graph.end(graph.run(a, "b", line=3))
    result = parallelize(definition, [environment(2, "/v/a"), environment(3, "/v/b")], source=SOURCE, merge=False)
    names = [
        result.metadata["sha256:" + hashlib.sha256(op).hexdigest()].description["llb.customname"] for op in result.ops
    ]
    assert names == ["", "a", "b", "b", ""]
    lines = [place.ranges[0].start.line for known in result.source.locations.values() for place in known.locations]
    assert sorted(lines) == [2, 3, 3]


@pytest.mark.parametrize("merge", [False, True])
def test_a_graph_without_our_steps_is_the_same_bytes(merge):
    """It is not even serialized again."""
    graph = Graph()
    definition = graph.end(graph.run(graph.image("base"), "user", line=2))
    result = parallelize(definition, [environment(9, "/v/a")], source=SOURCE, merge=merge)
    assert result.SerializeToString(deterministic=True) == definition.SerializeToString(deterministic=True)


def test_lines_of_another_file_mean_nothing():
    """Steps are recognized by their lines in the expanded file, and not by those of other files in the graph."""
    graph = Graph()
    graph.definition.source.infos[0].data = b"another file"
    a = graph.run(graph.image("base"), "a", line=2)
    definition = graph.end(graph.run(a, "b", line=3))
    result = parallelize(definition, [environment(2, "/v/a"), environment(3, "/v/b")], source=SOURCE, merge=False)
    assert story(result) == "b(a(base))"


def test_a_mount_that_shares_the_root_keeps_its_own():
    """Another mount of the same input keeps that input."""
    graph = Graph()
    a = graph.run(graph.image("base"), "a", line=2)
    op = wire.Op(exec=wire.ExecOp(meta=wire.Meta(args=["b"])), inputs=[wire.Input(digest=a)])
    op.exec.mounts.add(input=0, dest="/", output=0)
    op.exec.mounts.add(input=0, dest="/mnt", output=-1)
    definition = graph.end(graph.add(op, 3))
    result = parallelize(definition, [environment(2, "/v/a"), environment(3, "/v/b")], source=SOURCE, merge=False)
    assert story(result) == "copy[/v/b](a(base), b(a(base), base))"


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("builder", [True, False], ids=["a stage", "an empty stage"])
def test_a_builders_stage_is_the_root_of_the_install(merge, builder):
    """With `--builder`, the environment is created on that stage, once it is checked; only its folder is copied."""
    graph = Graph()
    compilers = graph.run(graph.image("big"), "apt-get gcc") if builder else ""
    tools, image = graph.image("tools"), graph.image("python")
    op = wire.Op(exec=wire.ExecOp(meta=wire.Meta(args=["g"], env=["PATH=/own"])))
    op.inputs.extend([wire.Input(digest=graph.image("base")), wire.Input(digest=image)])
    op.exec.mounts.add(input=0, dest="/", output=0)
    op.exec.mounts.add(input=1, dest=INTERPRETER, output=-1, readonly=True)
    g = graph.add(op, 2)
    op = wire.Op(exec=wire.ExecOp(meta=wire.Meta(args=["a"], env=["PATH=/own", "OWN=1"])))
    op.inputs.extend([wire.Input(digest=g), wire.Input(digest=tools)])
    op.exec.mounts.add(input=0, dest="/", output=0)
    op.exec.mounts.add(input=1, dest=TOOLS, output=-1, readonly=True)
    if builder:
        op.inputs.add(digest=compilers)
    op.exec.mounts.add(input=2 if builder else -1, dest=BUILDER, output=-1, readonly=True)
    definition = graph.end(graph.add(op, 3))
    install = replace(
        environment(3, "/v/a", 0),
        variables={"CC": "gcc=1", "ASTRO_PYENV_b": "/b"},
        builder=("s", "base", "/opt/bin/python3.8", "python"),
    )
    result = parallelize(definition, [graft(2, "/opt"), install], source=SOURCE, merge=merge)
    checked = f"PYENV 3.8 v/a(tools, tools, {'apt-get gcc(big), ' if builder else ''}python, script(tools))"
    first, second = story(result).split(", a(")
    assert first == "copy[/v/a](g(base, python)"
    assert second.startswith(f"g({checked}, python), tools")
    root = [wire.Op.FromString(raw).exec for raw in result.ops if wire.Op.FromString(raw).exec.meta.args == ["a"]]
    assert [mount.dest for mount in root[0].mounts] == ["/", TOOLS]
    assert root[0].meta.env == ["PATH=/own", "CC=gcc=1"]


def test_a_step_runs_under_the_users_words():
    """Both steps of a PYENV are rewritten, but not the step of another instruction with the same command."""
    graph = Graph()
    tools = graph.image("tools")
    command = ["/py", *COMMAND, "environment"]

    def run(below, line):
        op = wire.Op(exec=wire.ExecOp(meta=wire.Meta(args=command, env=["PATH=/bin"])))
        op.inputs.extend([wire.Input(digest=below), wire.Input(digest=tools)])
        op.exec.mounts.add(input=0, dest="/", output=0)
        op.exec.mounts.add(input=1, dest="/run/pyenv", output=-1, readonly=True)
        return graph.add(op, line, "a PYENV")

    definition = graph.end(run(run(run(graph.image("base"), 2), 3), 4))
    result = parallelize(definition, [graft(2, "/opt"), environment(3, "/a", 0)], source=SOURCE, merge=False)
    ops = ops_of(result)
    steps = [op for op in ops.values() if op.WhichOneof("op") == "exec"]
    assert [" ".join(op.exec.meta.args) for op in steps] == ["PYENV 3.8", "PYENV 3.8 a", " ".join(command)]
    for op in steps[:2]:
        script = op.inputs[op.exec.mounts[-1].input].digest
        assert ops[script].file.actions[0].mkfile.path == "/PYENV"
        assert result.metadata[script].description["llb.customname"] == "a PYENV"
