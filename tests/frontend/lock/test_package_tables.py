"""Tables of packages: the same on another machine, and without credentials."""

from pathlib import Path

import pytest

from pyenv_frontend.lock.package_tables import CredentialError, portable

HERE = Path("/context")


def moved(package):
    """Return a package as a lock at the top of the context has it."""
    return portable({"name": "six", **package}, HERE, HERE, HERE)


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://me:pw@index.example/six.whl", "https://index.example/six.whl"),
        ("https://token@index.example/six.whl?a=1", "https://index.example/six.whl?a=1"),
        ("ssh://git@git.example/six.git", "ssh://git@git.example/six.git"),
        ("git+ssh://git:pw@git.example/six.git", "git+ssh://git@git.example/six.git"),
        ("https://index.example/six.whl?versionId=1&keys=2", "https://index.example/six.whl?versionId=1&keys=2"),
    ],
)
def test_users_and_passwords_are_left_out(url, written):
    """The user of an SSH address is no secret, and is needed."""
    assert moved({"wheels": [{"url": url}]})["wheels"] == [{"url": written}]
    assert moved({"vcs": {"type": "git", "url": url}})["vcs"]["url"] == written


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "access_token",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
        "sig",
        "Signature",
        "api_key",
        "apikey",
        "jwt",
    ],
)
def test_a_credential_that_an_address_needs_is_an_error(name):
    """A lock is committed, and kept in the image."""
    with pytest.raises(CredentialError, match=rf"^the address of six has one: {name}=\.\.\.$"):
        moved({"wheels": [{"url": f"https://files.example/six.whl?a=1&{name}=s3cret"}]})
