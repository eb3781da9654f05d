"""The settings of a stage that an installer gets, from variables and pip's configuration files."""

import configparser
import os

import pytest

from pyenv_image import pip_configuration
from pyenv_image.failure import StepError
from pyenv_image.installer_settings import PIP_SETTINGS, SWITCH, UV_SETTINGS
from pyenv_image.settings import file_option, settings_for


@pytest.fixture(autouse=True)
def _no_system_file(monkeypatch, tmp_path):
    """Hide the system-wide configuration of this machine."""
    monkeypatch.setattr(pip_configuration, "SYSTEM_FILE", tmp_path / "etc/pip.conf")


def settings(environ, installer="uv", home="/nonexistent"):
    return settings_for(installer, {"XDG_CONFIG_DIRS": "/nonexistent", **environ}, str(home), "/here")


def variables(installer_settings):
    """Return the variables that an installer gets in addition to those of the stage."""
    return {key: value for key, value in installer_settings.environ.items() if not key.startswith("XDG_")}


def configured(home, text, place=".config/pip/pip.conf"):
    (home / place).parent.mkdir(parents=True, exist_ok=True)
    (home / place).write_text(text)


def test_variables_of_the_images_python_are_removed():
    """The image sets them for its own Python, not for the environment's."""
    environ = {
        "PYTHONPATH": "/x", "PYTHONHOME": "/y", "PIP_USER": "true", "PIP_TARGET": "/t", "UV_SYSTEM_PYTHON": "1",
        "UV_PROJECT_ENVIRONMENT": "/p", "VIRTUAL_ENV": "/v", "CONDA_PREFIX": "/c", "ASTRO_PYENV_a": "/a",
    }  # fmt: skip
    installer_settings = settings(environ)
    assert (variables(installer_settings), installer_settings.arguments, installer_settings.notes) == ({}, [], [])


def test_settings_of_the_network_and_of_uv_are_kept():
    """Users may choose indexes, credentials and the network."""
    environ = {
        "PATH": "/bin", "HTTPS_PROXY": "http://proxy", "SSL_CERT_FILE": "/ca.pem", "CFLAGS": "-O2",
        "UV_INDEX_PRIVATE_PASSWORD": "secret", "UV_EXTRA_INDEX_URL": "http://a", "UV_TORCH_BACKEND": "cpu",
        "UV_HTTP_CONNECT_TIMEOUT": "3",
    }  # fmt: skip
    installer_settings = settings(environ)
    assert (variables(installer_settings), installer_settings.arguments, installer_settings.notes) == (environ, [], [])


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PIP_INDEX_URL": "http://i"}, {"UV_DEFAULT_INDEX": "http://i"}),
        ({"PIP_PYPI_URL": "http://i"}, {"UV_DEFAULT_INDEX": "http://i"}),
        ({"PIP_INDEX_URL": "http://i", "UV_INDEX_URL": "http://u"}, {"UV_INDEX_URL": "http://u"}),
        (
            {"PIP_EXTRA_INDEX_URL": "http://a\n http://b"},
            {"UV_INDEX": "http://a http://b", "UV_INDEX_STRATEGY": "unsafe-best-match"},
        ),
        (
            {"PIP_EXTRA_INDEX_URL": "http://a", "UV_INDEX_STRATEGY": "first-index"},
            {"UV_INDEX": "http://a", "UV_INDEX_STRATEGY": "first-index"},
        ),
        ({"PIP_TRUSTED_HOST": "a b:8"}, {"UV_INSECURE_HOST": "a b:8"}),
        ({"PIP_CERT": "ca.pem"}, {"SSL_CERT_FILE": "/here/ca.pem"}),
        ({"PIP_CERT": "/ca.pem", "SSL_CERT_FILE": "/b"}, {"SSL_CERT_FILE": "/b"}),
        ({"PIP_CLIENT_CERT": "/c.pem"}, {"SSL_CLIENT_CERT": "/c.pem"}),
        ({"PIP_PROXY": "http://p"}, {"HTTP_PROXY": "http://p", "HTTPS_PROXY": "http://p"}),
        ({"PIP_TIMEOUT": "2.5"}, {"UV_HTTP_TIMEOUT": "3"}),
        ({"PIP_DEFAULT_TIMEOUT": "9"}, {"UV_HTTP_TIMEOUT": "9"}),
        ({"PIP_RETRIES": "9"}, {"UV_HTTP_RETRIES": "9"}),
        ({"PIP_PRE": "1"}, {"UV_PRERELEASE": "allow"}),
        ({"PIP_PRE": "off"}, {}),
        ({"PIP_ALL_RELEASES": ":all:"}, {"UV_PRERELEASE": "allow"}),
        ({"PIP_KEYRING_PROVIDER": "subprocess"}, {"UV_KEYRING_PROVIDER": "subprocess"}),
        ({"PIP_KEYRING_PROVIDER": "auto"}, {}),
        ({"PIP_UPLOADED_PRIOR_TO": "2026-01-01"}, {"UV_EXCLUDE_NEWER": "2026-01-01"}),
        ({"PIP_NO_BUILD_ISOLATION": "0"}, {"UV_NO_BUILD_ISOLATION": "1"}),
        ({"PIP_NO_BUILD_ISOLATION": "1"}, {}),
        ({"PIP_USE_FEATURE": "truststore fast-deps"}, {"UV_SYSTEM_CERTS": "1"}),
        ({"PIP_INDEX_URL": ""}, {}),
    ],
)
def test_variables_of_pip_become_variables_of_uv(environ, expected):
    """A setting for pip also applies to uv, unless there is one for uv."""
    installer_settings = settings(environ)
    assert (variables(installer_settings), installer_settings.arguments, installer_settings.notes) == (expected, [], [])


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REQUESTS_CA_BUNDLE": "/r", "CURL_CA_BUNDLE": "/c"}, {"SSL_CERT_FILE": "/r"}),
        ({"CURL_CA_BUNDLE": "/usr"}, {"SSL_CERT_DIR": "/usr"}),
        ({"REQUESTS_CA_BUNDLE": "/r", "PIP_CERT": "/ca.pem"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"REQUESTS_CA_BUNDLE": "/r", "SSL_CERT_DIR": "/d"}, {"SSL_CERT_DIR": "/d"}),
        ({"REQUESTS_CA_BUNDLE": "/r", "UV_SYSTEM_CERTS": "1"}, {}),
        ({"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "REQUESTS_CA_BUNDLE": ""}, {}),
    ],
)
def test_certificates(environ, expected):
    """The variables of pip's HTTP library apply to uv as well; an empty one (`ENV NAME=$NAME`) is like none."""
    known = variables(settings(environ))
    assert {name: value for name, value in known.items() if name.startswith("SSL_")} == expected
    assert not [name for name, value in settings(environ, installer="pip").environ.items() if not value]


@pytest.mark.parametrize(
    ("environ", "arguments", "sync"),
    [
        ({"PIP_NO_INDEX": "true"}, ["--no-index"], ["--no-index"]),
        ({"PIP_FIND_LINKS": "wheels http://x/y"}, ["--find-links=/here/wheels", "--find-links=http://x/y"], None),
        ({"PIP_ONLY_BINARY": "a,b"}, ["--only-binary=a", "--only-binary=b"],
         ["--no-build-package=a", "--no-build-package=b"]),
        ({"PIP_NO_BINARY": ":all:"}, ["--no-binary=:all:"], ["--no-binary"]),
        ({"UV_NO_BUILD": "1"}, ["--only-binary=:all:"], ["--no-build"]),
        ({"UV_NO_BUILD": "false"}, [], []),
        ({"UV_NO_BINARY_PACKAGE": "a b"}, ["--no-binary=a", "--no-binary=b"],
         ["--no-binary-package=a", "--no-binary-package=b"]),
        ({"PIP_CONSTRAINT": "c.txt /d.txt"}, ["--constraints=/here/c.txt", "--constraints=/d.txt"], []),
        ({"PIP_REQUIRE_HASHES": "yes"}, ["--require-hashes"], []),
        ({"PIP_NO_DEPS": "yes"}, ["--no-deps"], []),
        ({"PIP_ALL_RELEASES": "a"}, ["--prerelease-package=a=allow"], None),
        ({"PIP_ONLY_FINAL": "a"}, ["--prerelease-package=a=disallow"], None),
    ],
)  # fmt: skip
def test_settings_that_are_options_of_uv(environ, arguments, sync):
    """If uv has no variable for a setting, it becomes an option of the command."""
    installer_settings = settings(environ)
    assert installer_settings.arguments == arguments
    assert installer_settings.sync_arguments == (arguments if sync is None else sync)


@pytest.mark.parametrize(
    "setting", [setting for setting in PIP_SETTINGS if not setting.meaningless], ids=lambda setting: setting.name
)
def test_nothing_is_dropped_in_silence(setting):
    """With pip, every setting is used; with uv, it is used or the log has the reason."""
    value = "1" if setting.kind in {SWITCH, "inverted switch"} else "3"
    value = "0" if setting.kind == "inverted switch" else value
    value = "import" if setting.name == "keyring-provider" else value
    variable = "PIP_" + setting.name.upper().replace("-", "_")
    pip, uv = settings({variable: value}, "pip"), settings({variable: value})
    assert pip.environ[variable].endswith(value)
    if not setting.uv_unneeded:
        assert bool(variables(uv) or uv.arguments) is not bool(uv.notes)


@pytest.mark.parametrize(
    "setting", [setting for setting in UV_SETTINGS if not setting.meaningless], ids=lambda setting: setting.name
)
def test_no_variable_of_uv_is_dropped_in_silence(setting):
    """With uv, every variable is used; with pip, the log has those that are about packages."""
    assert settings({setting.name: "1"}).environ[setting.name] == "1"
    notes = (
        [f"{setting.name} is a setting of uv, which --installer=pip does not read"] if setting.about_packages else []
    )
    assert settings({setting.name: "1"}, "pip").notes == notes


@pytest.mark.parametrize(
    ("environ", "note"),
    [
        ({"UV_OF_A_LATER_UV": "1"}, "UV_OF_A_LATER_UV has no effect: this frontend does not know it"),
        ({"PIP_INDEX": "http://i"}, "PIP_INDEX sets index, which is not a setting of pip"),
        ({"PIP_PREFER_BINARY": "1"}, "prefer-binary of PIP_PREFER_BINARY has no effect: uv takes the newest version"),
        ({"PIP_KEYRING_PROVIDER": "import"}, "PIP_KEYRING_PROVIDER: uv starts the program keyring"),
    ],
)
def test_notes(environ, note):
    """A note has the name of a setting without effect, its source and the reason."""
    (text,) = settings(environ).notes
    assert text.startswith(note)


@pytest.mark.parametrize("environ", [{"PIP_VERSION": "24.0"}, {"PIP_HELP": "x"}, {"PIP_NO_CACHE_DIR": "1"}])
def test_variables_that_images_have(environ):
    """Settings that pip itself ignores, or that have no meaning here, get no note."""
    assert settings(environ).notes == []


def test_configuration_files_in_pips_order(tmp_path):
    """[install] overrides [global], variables override both, and the user's file overrides the system's."""
    configured(tmp_path / "xdg", "[global]\nindex-url = http://system\ntimeout = 1\nretries = 1\n", "pip/pip.conf")
    configured(tmp_path, "[global]\nindex_url = http://old\nproxy = http://p\n", ".pip/pip.conf")
    configured(tmp_path, "[global]\nindex-url = http://user\n[install]\nretries = 2\n")
    environ = {"XDG_CONFIG_DIRS": str(tmp_path / "xdg"), "PIP_TIMEOUT": "7"}
    installer_settings = settings_for("uv", environ, str(tmp_path), "/")
    assert installer_settings.environ["UV_DEFAULT_INDEX"] == "http://user"
    assert installer_settings.environ["HTTPS_PROXY"] == "http://p"
    assert (installer_settings.environ["UV_HTTP_RETRIES"], installer_settings.environ["UV_HTTP_TIMEOUT"]) == ("2", "7")
    installer_settings = settings_for("pip", environ, str(tmp_path), "/")
    assert installer_settings.environ["PIP_INDEX_URL"] == "http://user"
    assert installer_settings.environ["PIP_CONFIG_FILE"] == os.devnull


def test_pip_config_file(tmp_path):
    """It overrides all other files and replaces the user's; the null device disables files."""
    configured(tmp_path, "[global]\nindex-url = http://user\n")
    configured(tmp_path, "[global]\nextra-index-url =\n  http://a\n  http://b\n", "own.conf")
    installer_settings = settings({"PIP_CONFIG_FILE": str(tmp_path / "own.conf")}, home=tmp_path)
    assert variables(installer_settings) == {"UV_INDEX": "http://a http://b", "UV_INDEX_STRATEGY": "unsafe-best-match"}
    assert variables(settings({"PIP_CONFIG_FILE": "/nonexistent"}, home=tmp_path)) == {
        "UV_DEFAULT_INDEX": "http://user"
    }
    assert variables(settings({"PIP_CONFIG_FILE": os.devnull}, home=tmp_path)) == {}


@pytest.mark.parametrize("text", ['[[index]]\nurl = "http://u"\n', '[pip]\nindex-url = "http://u"\n'])
def test_uvs_configuration_file_takes_precedence_over_pips_indexes(tmp_path, text):
    """Indexes for uv are not replaced by those for pip; other settings of pip are used."""
    configured(tmp_path, text, ".config/uv/uv.toml")
    configured(tmp_path, "[global]\nindex-url = http://p\nretries = 2\n")
    assert variables(settings({}, home=tmp_path)) == {"UV_HTTP_RETRIES": "2"}


@pytest.mark.parametrize("text", ["index-url = x\n", "[global]\nindex-url\n", "[global]\na = 1\na = 2\n"])
def test_a_file_that_is_no_configuration(tmp_path, text):
    """The error has the file and the parser's message."""
    configured(tmp_path, text)
    with pytest.raises(configparser.Error):  # the parser that pip uses
        configparser.RawConfigParser().read_string(text)
    with pytest.raises(StepError, match=r"pip.conf is not a configuration file of pip: "):
        settings({}, home=tmp_path)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PIP_PRE": "maybe"}, "pre of PIP_PRE is on or off, not 'maybe'"),
        ({"PIP_TIMEOUT": "soon"}, "timeout of PIP_TIMEOUT is a number of seconds, not 'soon'"),
        ({"PIP_TIMEOUT": "inf"}, "timeout of PIP_TIMEOUT is a number of seconds, not 'inf'"),
    ],
)
def test_values_without_meaning(environ, message):
    """A value that pip would reject is an error."""
    with pytest.raises(StepError, match=message):
        settings(environ)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("pre", "", ["--prerelease=allow"]),
        ("require-hashes", "", ["--require-hashes"]),
        ("trusted-host", "h:1", ["--allow-insecure-host=h:1"]),
        ("all-releases", "a,b", ["--prerelease-package=a=allow", "--prerelease-package=b=allow"]),
        ("only-final", ":all:", ["--prerelease=disallow"]),
        ("use-feature", "fast-deps", []),
        ("index-url", "http://i", None),
        ("no-binary", "a", None),
        ("hash", "sha256:0", None),
    ],
)
def test_options_of_requirements_files(name, value, expected):
    """An option that only pip supports in a file becomes an option of uv."""
    assert file_option(name, value, "uv") == expected
    assert file_option(name, value, "pip") is None


def test_an_option_of_a_file_that_uv_cannot_follow():
    """The error says what to write instead."""
    with pytest.raises(
        StepError, match=r"--prefer-binary has no effect with uv: .* write --only-binary or --installer"
    ):
        file_option("prefer-binary", "", "uv")


def test_a_lock_has_chosen_the_versions(tmp_path):
    """With a `pylock.toml`, uv rejects constraints and overrides; other settings are kept, and uv knows the format."""
    configured(tmp_path, "[global]\nconstraint = /c.txt\nfind-links = /wheels\n")
    environ = {"UV_CONSTRAINT": "/u.txt", "UV_OVERRIDE": "/o.txt", "UV_OFFLINE": "1"}
    installer_settings = settings(environ, home=tmp_path).for_lock()
    assert installer_settings.arguments == ["--find-links=/wheels"]
    assert variables(installer_settings) == {"UV_OFFLINE": "1", "UV_PREVIEW_FEATURES": "pylock"}
    chosen = settings({"UV_PREVIEW_FEATURES": "a"}, home=tmp_path).for_lock()
    assert variables(chosen)["UV_PREVIEW_FEATURES"] == "a,pylock"


def test_paths_of_a_home(monkeypatch):
    """With pip, `~` stands for the home of the user who installs; other paths are relative to the WORKDIR."""
    monkeypatch.setenv("HOME", "/home/me")
    environ = {"PIP_FIND_LINKS": "~/wheels more", "PIP_CERT": "~/ca.pem"}
    assert settings(environ).arguments == ["--find-links=/home/me/wheels", "--find-links=/here/more"]
    assert settings(environ).environ["SSL_CERT_FILE"] == "/home/me/ca.pem"
    assert settings(environ, "pip").environ["PIP_FIND_LINKS"] == "/home/me/wheels /here/more"


@pytest.mark.parametrize(
    ("installer", "environ", "named"),
    [
        ("uv", {"PIP_FIND_LINKS": "/no/such https://h/x"}, ["PIP_FIND_LINKS names /no/such"]),
        ("uv", {"PIP_FIND_LINKS": "/no/such", "UV_FIND_LINKS": "/nor,/that"}, ["UV_FIND_LINKS names /nor", "/that"]),
        ("pip", {"PIP_CONSTRAINT": "no.txt", "UV_CONSTRAINT": "/no"}, ["PIP_CONSTRAINT names /here/no.txt"]),
        ("pip", {"REQUESTS_CA_BUNDLE": "/no.pem"}, ["REQUESTS_CA_BUNDLE names /no.pem"]),
        (
            "uv",
            {"UV_CONFIG_FILE": "/no.toml", "PIP_CERT": "/c"},
            ["UV_CONFIG_FILE names /no.toml", "PIP_CERT names /c"],
        ),
        ("uv", {"PIP_FIND_LINKS": "/", "UV_OVERRIDE": "/etc", "SSL_CERT_DIR": "/etc"}, []),
    ],
)
def test_files_that_settings_name_and_that_are_not_there(installer, environ, named):
    """The sentence of a failed install names them; addresses are none, nor what another setting overrides."""
    missing = settings(environ, installer).missing
    assert len(missing) == len(named)
    assert all(name in sentence for name, sentence in zip(named, missing, strict=True))


def test_a_file_that_a_configuration_file_names_and_that_is_not_there(tmp_path):
    """The sentence names the configuration file, too."""
    configured(tmp_path, "[global]\nfind-links = /no/such\n")
    (sentence,) = settings({}, home=str(tmp_path)).missing
    assert sentence == f"find-links of {tmp_path}/.config/pip/pip.conf names /no/such, which is not in this stage"
