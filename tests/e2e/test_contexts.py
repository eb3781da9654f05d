"""PYENV works with every source of the Dockerfile and the context; builds without PYENV are left to Docker."""

import io
import subprocess
import tarfile

import pytest

from tests.e2e.conftest import need_images
from tests.support.services import served

BASE = "python:3.13-slim-bookworm"
PYENV = f"FROM {BASE}\nCOPY marker /marker\nPYENV 3.13 etl reqs/etl.txt\n"
FILES = {"marker": "here", "reqs/etl.txt": "-r more.txt\n", "reqs/more.txt": "# nothing\n"}


pytestmark = pytest.mark.images(BASE)


@pytest.fixture
def dockerfile(frontend):
    """Provide a common Dockerfile with this checkout's frontend on its syntax line."""
    return f"# syntax={frontend}\n{PYENV}"


@pytest.fixture
def run(engine, tmp_path):
    """Run `docker buildx build` with a standard input, and return the finished process."""

    def run(*arguments, stdin=b"", cwd=tmp_path):
        command = ["docker", "buildx", "build", "--progress=plain", "--network=host", "--output=type=cacheonly"]
        done = subprocess.run(
            [*command, *arguments], input=stdin, capture_output=True, check=False, env=engine.environment(), cwd=cwd
        )
        assert done.returncode == 0, done.stderr.decode()[-4000:]
        return done.stderr.decode()

    return run


def tar(files, compression=""):
    """Return a tar archive of some files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{compression}") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def write(folder, files):
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def context(tmp_path):
    """Provide a folder with everything but a Dockerfile."""
    return write(tmp_path / "context", FILES)


def test_another_dockerfile_and_the_ignore_file_beside_it(run, context, dockerfile):
    """`docker/app.Dockerfile` has its own ignore file, which includes a file that .dockerignore leaves out."""
    write(
        context,
        {"docker/app.Dockerfile": dockerfile, ".dockerignore": "reqs\n", "docker/app.Dockerfile.dockerignore": "x\n"},
    )
    log = run("-f", "context/docker/app.Dockerfile", "context")
    assert "PYENV 3.13 etl reqs/etl.txt" in log


def test_a_file_that_the_ignore_file_leaves_out_is_named(engine, context, dockerfile):
    """The error mentions .dockerignore as the reason."""
    write(context, {"Dockerfile": dockerfile, ".dockerignore": "reqs\n"})
    done = subprocess.run(
        ["docker", "buildx", "build", "--progress=plain", "."],
        cwd=context, env=engine.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "reqs/etl.txt is not in the build context" in done.stderr
    assert ".dockerignore leaves it out" in done.stderr


def test_a_dockerfile_on_stdin_with_a_folder(run, context, dockerfile):
    """`-f -` reads the Dockerfile from stdin, and the client requires a folder for the context."""
    assert "PYENV 3.13 etl" in run("-f", "-", str(context), stdin=dockerfile.encode())


def test_a_dockerfile_on_stdin_without_a_context(run, frontend):
    """`docker build -` has no context."""
    text = f"# syntax={frontend}\nFROM {BASE}\nPYENV 3.13 bare\n"
    assert "PYENV 3.13 bare" in run("-", stdin=text.encode())


@pytest.mark.parametrize("compression", ["", "gz"])
def test_a_tar_on_stdin(run, dockerfile, compression):
    """The upload can only be read once, which is sufficient."""
    assert "PYENV 3.13 etl" in run("-", stdin=tar({"Dockerfile": dockerfile, **FILES}, compression))


@pytest.mark.engines
def test_a_tar_on_stdin_of_an_older_engine(builder_on):
    """This engine serializes the same graph differently; the upload is still read only once."""
    builder = builder_on("docker-26")
    need_images(builder.engine, BASE)
    done = subprocess.run(
        ["docker", "buildx", "build", "--progress=plain", "--network=host", "--output=type=cacheonly", "-"],
        input=tar({"Dockerfile": f"# syntax={builder.frontend}\n{PYENV}", **FILES}),
        env=builder.engine.environment(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-4000:]


def test_a_tar_on_stdin_with_another_dockerfile(run, dockerfile):
    """`-f` is a path within the archive."""
    assert "PYENV 3.13 etl" in run("-f", "sub/Other", "-", stdin=tar({"sub/Other": dockerfile, **FILES}))


def test_a_tar_from_an_address(run, dockerfile, tmp_path):
    """A downloaded archive is unpacked."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www/context.tar.gz").write_bytes(tar({"Dockerfile": dockerfile, **FILES}, "gz"))
    with served(tmp_path / "www") as address:
        assert "PYENV 3.13 etl" in run(f"{address}/context.tar.gz")


def test_a_dockerfile_from_an_address(run, frontend, tmp_path):
    """A download that is not an archive is used as the Dockerfile."""
    write(tmp_path / "www", {"Dockerfile": f"# syntax={frontend}\nFROM {BASE}\nPYENV 3.13 bare\n"})
    with served(tmp_path / "www") as address:
        assert "PYENV 3.13 bare" in run(f"{address}/Dockerfile")


@pytest.fixture
def repository(tmp_path, dockerfile):
    """Provide a git repository, served over HTTP, with the context in a folder of a branch."""
    work = write(tmp_path / "work", {f"app/{name}": text for name, text in {"Dockerfile": dockerfile, **FILES}.items()})
    served_as = tmp_path / "www/repo.git"
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q", "-b", "topic"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=work, check=True, capture_output=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(served_as)], check=True, capture_output=True)
    subprocess.run(["git", "update-server-info"], cwd=served_as, check=True)
    with served(tmp_path / "www") as address:
        yield f"{address}/repo.git"


def test_a_git_repository_with_a_branch_and_a_folder(run, repository):
    """The address ends with `#ref:folder`, and the whole context comes from the repository."""
    assert "PYENV 3.13 etl" in run(f"{repository}#topic:app")


def test_a_dockerfile_on_stdin_with_a_git_repository(run, repository, dockerfile):
    """The client sends the Dockerfile, and the context comes from the repository."""
    assert "PYENV 3.13 etl" in run("-f", "-", f"{repository}#topic:app", stdin=dockerfile.encode())


@pytest.mark.usefixtures("linting")
def test_a_git_context_is_checked(engine, repository):
    """`--call` reads the repository in the same way as a build."""
    done = subprocess.run(
        ["docker", "buildx", "build", "--progress=plain", "--call=check", f"{repository}#topic:app"],
        env=engine.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout


def test_a_named_context_stands_for_the_image_that_is_grafted_from(run, context, frontend, base_images):
    """`--build-context python:...=` replaces the interpreter's image without a change to the Dockerfile."""
    base_images("python:3.10.13-slim-bookworm")
    text = f"# syntax={frontend}\nFROM {BASE}\nPYENV 3.10 old\nRUN test -x $ASTRO_PYENV_old\n"
    write(context, {"Dockerfile": text})
    log = run("--build-context=python:3.10-slim-bookworm=docker-image://python:3.10.13-slim-bookworm", "context")
    assert "python:3.10.13-slim-bookworm" in log


def test_a_named_context_stands_for_the_base(run, context, frontend):
    """The properties of the base are those of the image that replaces it."""
    write(context, {"Dockerfile": f"# syntax={frontend}\nFROM base\nPYENV 3.13 etl\n"})
    log = run(f"--build-context=base=docker-image://{BASE}", "context")
    assert "PYENV 3.13 etl" in log
    assert "graft" not in log


@pytest.fixture
def other(tmp_path, repository):
    """Return the address of another context by kind; it contains `reqs/etl.txt` and a marker."""
    return {"folder": str(write(tmp_path / "other", FILES)), "git": f"{repository}#topic:app"}


@pytest.mark.parametrize("kind", ["folder", "git"])
def test_a_named_context_has_files_beside_a_pyenv(run, context, frontend, other, kind):
    """The user's instructions can use them before and after the PYENV."""
    text = (
        f"# syntax={frontend}\nFROM {BASE}\nCOPY --from=other marker /marker\nPYENV 3.13 etl\n"
        "RUN --mount=from=other,target=/o test -e /o/reqs/etl.txt -a -e /marker\n"
    )
    write(context, {"Dockerfile": text})
    log = run(f"--build-context=other={other[kind]}", "context")
    assert "PYENV 3.13 etl" in log


def test_an_image_in_a_folder_stands_for_the_base(builder_on, tmp_path):
    """With `oci-layout://`, user, home and Python are those of the image in the layout."""
    builder = builder_on("docker-28-containerd")
    need_images(builder.engine, BASE)
    layout = tmp_path / "layout"
    base = f"FROM {BASE}\nENV HOME=/srv/me\nUSER 1234\n"
    builder(base, {}, f"--output=type=oci,tar=false,dest={layout}", syntax=False)
    text = "FROM base\nPYENV 3.13 etl\nRUN test -x /srv/me/.venv/etl/bin/python -a $(id -u) = 1234\n"
    built = builder(text, {}, f"--build-context=base=oci-layout://{layout}")
    assert "[1/3] PYENV 3.13 etl" in built.steps  # Docker's own numbers also begin with 1 here


def test_bake_links_one_target_to_another(engine, frontend, tmp_path):
    """A base that is another target of the same bake file is passed as an input."""
    bake = """
    target "base" {
      dockerfile = "base.Dockerfile"
    }
    target "app" {
      dockerfile = "app.Dockerfile"
      network = "host"
      contexts = { base = "target:base" }
    }
    """
    base = f"FROM {BASE}\nENV HOME=/srv/me SAID=yes\nUSER 1234\n"
    app = f"# syntax={frontend}\nFROM base\nPYENV 3.13 etl\nRUN test -x /srv/me/.venv/etl/bin/python -a $SAID = yes\n"
    write(tmp_path, {"base.Dockerfile": base, "app.Dockerfile": app, "docker-bake.hcl": bake})
    command = ["docker", "buildx", "bake", "--progress=plain", "--allow=network.host"]
    done = subprocess.run(
        [*command, "--set=*.output=type=cacheonly", "app"],
        cwd=tmp_path, env=engine.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert "PYENV 3.13 etl" in done.stderr
    assert "] load metadata for base" not in done.stderr
