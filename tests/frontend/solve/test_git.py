"""Addresses of git repositories, parsed as by Docker."""

import pytest

from pyenv_frontend.buildkit import wire_pb2 as wire
from pyenv_frontend.solve.build_options import parse as parse_options
from pyenv_frontend.solve.git import parse, source


def git_source(address, **build_args):
    """Return the source op of an address, as identifier and attributes."""
    raw = {f"BUILDKIT_FRONTEND_OPT_{n}": f"build-arg:{k}={v}" for n, (k, v) in enumerate(build_args.items())}
    op = wire.Op.FromString(source(parse(address), parse_options(raw)).ops[-1])
    return op.source.identifier, dict(op.source.attrs)


@pytest.mark.parametrize(
    "address",
    ["https://host/archive.tar.gz", "http://host/Dockerfile", "./repo.git", "../x.git", "ftp://host/x.git", "folder",
     "", "https://host/x.git?unknown=1", "https://host/x.git?ref=a&ref=b", "https://host/x.git?branch=a&tag=b",
     "https://host/x.git?ref=a#b"],
)  # fmt: skip
def test_what_is_no_repository_is_none(address):
    """Downloads, paths, other schemes and contradictory addresses, which Docker reports, are no repositories."""
    assert parse(address) is None


@pytest.mark.parametrize(
    ("address", "identifier", "remote"),
    [
        ("https://host/a/b.git", "git://host/a/b.git", "https://host/a/b.git"),
        ("https://host/a.git#main", "git://host/a.git#main", "https://host/a.git"),
        ("https://host/a.git#main:sub/dir", "git://host/a.git#main:sub/dir", "https://host/a.git"),
        ("https://host/a.git#:sub", "git://host/a.git#:sub", "https://host/a.git"),
        ("https://host/a.git?branch=main&subdir=x", "git://host/a.git#refs/heads/main:x", "https://host/a.git"),
        ("https://host/a.git?tag=v1", "git://host/a.git#refs/tags/v1", "https://host/a.git"),
        ("https://me:pw@host:8443/a.git", "git://host:8443/a.git", "https://me:pw@host:8443/a.git"),
        ("git://host/a", "git://host/a", "git://host/a"),
        ("github.com/a/b#main", "git://github.com/a/b#main", "https://github.com/a/b"),
        ("git@host:a/b.git#v1", "git://host/a/b.git#v1", "git@host:a/b.git"),
        ("ssh://git@host:22/a.git", "git://host:22/a.git", "ssh://git@host:22/a.git"),
    ],
)
def test_an_address_becomes_the_op_that_docker_makes(address, identifier, remote):
    """The identifier has no scheme, and an attribute has the full address."""
    source_identifier, attrs = git_source(address)
    assert source_identifier == identifier
    assert attrs["git.fullurl"] == remote


@pytest.mark.parametrize(
    ("query", "attribute"),
    [
        ("keep-git-dir=1", {"git.keepgitdir": "true"}),
        ("keep-git-dir", {"git.keepgitdir": "true"}),
        ("keep-git-dir=0", {}),
        ("submodules=false", {"git.skipsubmodules": "true"}),
        ("submodules", {}),
        ("checksum=abc", {"git.checksum": "abc"}),
        ("commit=abc", {"git.checksum": "abc"}),
        ("mtime=commit", {"git.mtime": "commit"}),
        ("fetch-by-commit", {"git.fetchbycommit": "true"}),
    ],
)
def test_the_url_query_selects_the_checkout(query, attribute):
    """Each option has an attribute, except for Docker's defaults."""
    _, attrs = git_source(f"https://host/a.git?{query}")
    always = {"git.fullurl", "git.authheadersecret", "git.authtokensecret"}
    assert {key: value for key, value in attrs.items() if key not in always} == attribute


def test_a_build_arg_keeps_the_git_folder():
    """The build-arg is `BUILDKIT_CONTEXT_KEEP_GIT_DIR`."""
    assert git_source("https://host/a.git", BUILDKIT_CONTEXT_KEEP_GIT_DIR="1")[1]["git.keepgitdir"] == "true"


def test_ssh_asks_for_the_clients_agent():
    """This holds for both spellings of an SSH address."""
    assert git_source("git@host:a.git")[1]["git.mountsshsock"] == "default"
    assert git_source("ssh://host/a.git")[1]["git.mountsshsock"] == "default"
