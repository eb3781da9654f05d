"""The self-check's words: the library, and how to get it."""

from pyenv_image import selfcheck


def failing(**failures):
    return selfcheck._explain(failures)


def test_missing_libraries_are_named_with_their_packages():
    """Every missing library is named at once, with one line that brings them all."""
    text = failing(
        ssl="libssl.so.3: cannot open shared object file: No such file or directory",
        sqlite3="libsqlite3.so.0: cannot open shared object file: No such file or directory",
    )
    assert "lacks: libsqlite3.so.0, libssl.so.3." in text
    assert "apt-get install -y --no-install-recommends libsqlite3-0 libssl3 &&" in text
    assert "import ssl: libssl.so.3" in text


def test_a_newer_libc_is_another_thing():
    """A library that exists but is too old is not to be installed; another interpreter is to be chosen."""
    text = failing(ssl="/lib/libc.so.6: version `GLIBC_2.38' not found (required by /opt/_ssl.so)")
    assert "GLIBC_2.38 is missing" in text
    assert "PYENV --from=python:" in text


def test_what_cannot_be_explained_is_shown():
    """An interpreter that was built without a module says so in the interpreter's words."""
    assert "import bz2: No module named '_bz2'" in failing(bz2="No module named '_bz2'")


def test_this_interpreter_passes():
    """The interpreter that runs the tests has all that the check asks for."""
    selfcheck.run()
