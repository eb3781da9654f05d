"""The files and directories that requirements name."""

import pytest

from pyenv_image.local_paths import is_plain, local_path


@pytest.mark.parametrize(
    ("requirement", "path"),
    [
        ("./pkg", "./pkg"),
        ("pkg/", "pkg/"),
        ("pkg/sub ; python_version < '3'", "pkg/sub"),
        ("./pkg;python_version<'3'", "./pkg"),
        ("./pkg[extra,more]", "./pkg"),
        ("./my pkg", "./my pkg"),
        ("/wheels/a.whl#sha256=0", "/wheels/a.whl"),
        ("a-1.0-py3-none-any.whl", "a-1.0-py3-none-any.whl"),
        ("name @ file:./pkg", "./pkg"),
        ("name @ file:///a%20b/c.whl", "/a b/c.whl"),
        ("name[extra] @ file://localhost/a/c.whl ; python_version < '3'", "/a/c.whl"),
        ("file:///a/c.whl", "/a/c.whl"),
        ("name @ ../pkg", "../pkg"),
        (".", "."),
        ("six", None),
        ("six>=1.0/2", None),
        ("six @ https://x/a.whl", None),
        ("git+https://x/a.git@v1#egg=a", None),
        ("git+file:///a/b", None),
    ],
)
def test_local_paths(requirement, path):
    """Paths are distinguished from names and addresses as by pip."""
    local = local_path(requirement)
    assert (local and local.path) == path


def test_an_editable_is_a_path():
    """`-e` takes a path or an address, but no name."""
    assert local_path("pkg", editable=True).path == "pkg"
    assert local_path("my pkg[extra]", editable=True).path == "my pkg"
    assert local_path("git+ssh://git@x/a.git", editable=True) is None


@pytest.mark.parametrize(
    ("requirement", "plain"),
    [
        ("six", True),
        ("a-b.c[x,y_z] >=1.2, !=2.* ,<3", True),
        ("a~=1.0; python_version < '3.9'", True),
        ("a===1+local", True),
        ("a-1.zip", False),
        ("a-1.zip ; python_version < '3.9'", False),
        ("a @ ./b", False),
        ("./a", False),
        ("a=1", False),
        ("a==1 b==2", False),
        ("a>=1,b", False),
        ("a\u200b==1", False),
        ("a==1; \u200b", False),
    ],
)
def test_plain_requirements(requirement, plain):
    """A plain one has nothing that needs a closer look: no path, no unknown operator, nothing invisible."""
    assert is_plain(requirement) is plain
