"""A Dockerfile without PYENV gives the same image with and without our frontend, and uses the same cache."""

import pytest

from tests.e2e.conftest import need_images

BASE = "debian:bookworm-slim"

FILES = {
    "file": "content\n",
    "folder/a.txt": "a\n",
    "folder/b c.txt": "b\n",
    "script.sh": "#!/bin/sh\necho ran\n",
    ".dockerignore": "ignored\n*.log\nDockerfile\n",
    "ignored": "x",
    "debug.log": "x",
}

BODIES = {
    "env": "ENV A=1 B='two words' C=\"$A\"\n",
    "env_old_form": "ENV A one two\n",
    "arg_default": "ARG V=1\nENV A=$V\n",
    "arg_in_run": "ARG V=1\nRUN echo $V > /v\n",
    "label": 'LABEL a=b "c.d"="e f"\n',
    "workdir": "WORKDIR /a\nWORKDIR b\nRUN pwd > x\n",
    "user": "USER 1234:0\nRUN id -u > /tmp/u\n",
    "shell": 'SHELL ["/bin/bash", "-c"]\nRUN echo $BASH_VERSION > /v\n',
    "exec_form": 'RUN ["/bin/sh", "-c", "echo exec > /e"]\n',
    "cmd": 'CMD ["true"]\n',
    "cmd_shell": "CMD true\n",
    "entrypoint": 'ENTRYPOINT ["sleep"]\nCMD ["1"]\n',
    "expose": "EXPOSE 80 443/udp 1000-1002\n",
    "volume": 'VOLUME /data ["/more"]\n',
    "volume_json": 'VOLUME ["/data", "/more"]\n',
    "stopsignal": "STOPSIGNAL SIGINT\n",
    "healthcheck": "HEALTHCHECK --interval=5s --retries=2 CMD true\n",
    "healthcheck_none": "HEALTHCHECK NONE\n",
    "maintainer": "MAINTAINER somebody\n",
    "onbuild": "ONBUILD RUN true\nONBUILD COPY file /\n",
    "copy": "COPY file /target\n",
    "copy_folder": "COPY folder /folder/\n",
    "copy_json": 'COPY ["folder/b c.txt", "/b"]\n',
    "copy_chown": "COPY --chown=1:2 file /t\n",
    "copy_chmod": "COPY --chmod=0751 file /t\n",
    "copy_link": "COPY --link file /t\n",
    "copy_glob": "COPY folder/*.txt /t/\n",
    "copy_everything": "COPY . /all/\n",
    "add": "ADD file /t\n",
    "run_continuation": "RUN echo one \\\n    && echo two \\\n    # a comment inside\n    && echo three > /t\n",
    "run_backslash_blank": "RUN echo one \\  \n  two > /t\n",
    "run_heredoc": "RUN <<EOF\necho one > /t\necho two >> /t\nEOF\n",
    "run_heredoc_interpreter": "RUN <<'EOF' /bin/bash\necho $BASH_VERSION > /t\nEOF\n",
    "copy_heredoc": "COPY <<-A <<B /t/\n\tone\n\tA\ntwo\nB\n",
    "run_mount_cache": "RUN --mount=type=cache,target=/c echo x > /t\n",
    "run_mount_bind": "RUN --mount=type=bind,source=file,target=/f cat /f > /t\n",
    "run_mount_tmpfs": "RUN --mount=type=tmpfs,target=/m echo x > /t\n",
    "run_network_none": "RUN --network=none echo x > /t\n",
    "secret_optional": "RUN --mount=type=secret,id=none test ! -e /run/secrets/none && echo x > /t\n",
    "lower_case": "run echo x > /t\nenv A=1\n",
    "indented": "  RUN echo x > /t\n\tENV A=1\n",
    "comments": "# one\n\n  # two\nRUN echo x > /t # no comment\n",
    "unicode": "ENV A=grüße\nRUN echo $A > /t\n",
    "word_pyenv_elsewhere": "ENV PYENV=1\n# PYENV 3.8 x\nRUN echo PYENV > /t\n",
    "pyenv_in_heredoc": "RUN <<EOF\ncat > /t <<E\nPYENV 3.8 x\nE\nEOF\n",
    "substitution": "ENV A=${NO:-default} B=${A:+set} C=${A#d}\n",
    "script": "COPY --chmod=755 script.sh /s\nRUN /s > /t\n",
}

WHOLE = {
    "stages": f"FROM {BASE} AS one\nRUN echo x > /x\nFROM {BASE}\nCOPY --from=one /x /y\n",
    "stage_by_number": f"FROM {BASE}\nRUN echo x > /x\nFROM {BASE}\nCOPY --from=0 /x /y\n",
    "stage_of_stage": f"FROM {BASE} AS one\nENV A=1\nFROM one\nRUN echo $A > /a\n",
    "unused_stage": f"FROM {BASE} AS unused\nRUN false\nFROM {BASE}\nRUN echo x > /x\n",
    "global_arg": f"ARG BASE={BASE}\nFROM $BASE\nARG BASE\nRUN echo $BASE > /b\n",
    "scratch": "FROM scratch\nCOPY file /\n",
    "crlf": f"FROM {BASE}\r\nRUN echo x > /x\r\nENV A=1\r\n",
    "escape": f"# escape=`\nFROM {BASE}\nRUN echo one `\n  two > /t\n",
    "check": f"# check=skip=all\nfrom {BASE}\nRUN echo x > /x\n",
    "no_end_of_line": f"FROM {BASE}\nRUN echo x > /x",
    "platform": f"FROM --platform=$BUILDPLATFORM {BASE}\nARG TARGETARCH\nRUN echo $TARGETARCH > /x\n",
    "image_as_stage": f"FROM {BASE}\nCOPY --from={BASE} /etc/os-release /x\n",
}

ARGUMENTS = {
    "arg_default": ("--build-arg=V=2",),
    "label": ("--label=x=y",),
    "stages": ("--target=one",),
    "run_network_none": ("--add-host=a:127.0.0.1", "--shm-size=1g", "--ulimit=nofile=100"),
}

DOCKERFILES = {name: f"FROM {BASE}\n{body}" for name, body in BODIES.items()} | WHOLE


def test_at_least_fifty_dockerfiles_are_compared():
    """The comparison covers at least this many Dockerfiles."""
    assert len(DOCKERFILES) >= 50


ELSEWHERE = ("copy_heredoc", "copy_link", "onbuild", "run_mount_cache", "stage_by_number", "crlf")
"""The files that are most likely to differ between engines; `make engines` builds all."""


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_image_is_the_same(buildx, base_images, name):
    """The files are built on the default engine."""
    base_images(BASE)
    build_both_ways(buildx, name)


@pytest.mark.parametrize("flavour", [pytest.param("docker-26", marks=pytest.mark.engines), "docker-28-containerd"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_image_is_the_same_on_other_engines(builder_on, flavour, name):
    """These engines have another version or another store."""
    builder = builder_on(flavour)
    need_images(builder.engine, BASE)
    build_both_ways(builder, name)


def build_both_ways(build, name):
    """Assert equal digests (layers, environment, history and times) and a fully cached second build."""
    text, arguments = DOCKERFILES[name], ARGUMENTS.get(name, ())
    directive, _, rest = text.partition("\n") if text.startswith("# ") else ("", "", text)
    head = f"{directive}\n" if directive else ""
    plain = build(f"{head}# no syntax line\n{rest}", FILES, *arguments, syntax=False)
    ours = build(f"# syntax=pyenv-frontend:dev\n{head}{rest}", FILES, *arguments)
    assert ours.digest == plain.digest
    assert [step for step in ours.steps if "] RUN " in step and step not in ours.cached] == []
