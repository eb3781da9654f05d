"""What of the stage's variables reaches the installer."""

from pyenv_image.settings import for_installer


def test_what_bends_a_python_is_kept_out():
    """An image sets these for its own Python; an environment is not it."""
    environ = {
        "PYTHONPATH": "/x", "PYTHONHOME": "/y", "PIP_USER": "true", "PIP_TARGET": "/t", "UV_SYSTEM_PYTHON": "1",
        "UV_PROJECT_ENVIRONMENT": "/p", "VIRTUAL_ENV": "/v", "CONDA_PREFIX": "/c", "ASTRO_PYENV_a": "/a",
    }  # fmt: skip
    assert for_installer(environ) == {}


def test_where_packages_come_from_is_kept():
    """Indexes, their credentials and the network are the user's to choose."""
    environ = {
        "PATH": "/bin", "HTTPS_PROXY": "http://proxy", "SSL_CERT_FILE": "/ca.pem", "CFLAGS": "-O2",
        "UV_INDEX_PRIVATE_PASSWORD": "secret", "UV_EXTRA_INDEX_URL": "http://a", "PIP_RETRIES": "9",
    }  # fmt: skip
    assert for_installer(environ) == environ


def test_pips_settings_hold_for_uv():
    """Who set PIP_INDEX_URL meant it, whichever program installs."""
    kept = for_installer({"PIP_INDEX_URL": "http://i", "PIP_CERT": "/ca.pem", "PIP_EXTRA_INDEX_URL": "http://e"})
    assert kept["UV_DEFAULT_INDEX"] == "http://i"
    assert kept["SSL_CERT_FILE"] == "/ca.pem"
    assert kept["UV_INDEX"] == "http://e"


def test_uvs_own_settings_win():
    """A setting made for uv is not overruled by one made for pip."""
    kept = for_installer(
        {"PIP_INDEX_URL": "http://i", "UV_INDEX_URL": "http://u", "PIP_CERT": "a", "SSL_CERT_FILE": "b"}
    )
    assert "UV_DEFAULT_INDEX" not in kept
    assert kept["SSL_CERT_FILE"] == "b"
