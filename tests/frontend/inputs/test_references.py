"""A quick guess of the files that a file refers to."""

from pyenv_frontend.inputs.references import references


def test_requirements_files_name_others_beside_them():
    """Every spelling of the option is found; addresses, variables and paths outside of the context are ignored."""
    text = (
        b"-r other.txt\n  --requirement=b.txt\n-c../c.txt # why\n--constraint d.txt\nsix\n# -r no.txt\n"
        b"-r https://example.com/x.txt\n-r ${HOME}/x\n-r /abs.txt\n-r ../../out.txt\n"
    )
    assert references("sub/r.txt", text) == {"sub/other.txt", "sub/b.txt", "c.txt", "sub/d.txt"}
    assert references("r.txt", b"-r \0\n-r " + b"x" * 300) == set()


def test_a_project_has_its_lock_beside_it():
    """The lock is found if it exists."""
    assert references("sub/pyproject.toml", b"") == {"sub/uv.lock"}
