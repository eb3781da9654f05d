"""The table of all settings of pip and uv, with the effect of each with both installers.

The step reads it, tests compare it with the options of real pips and uvs, and `docs/reference/settings.md` is made from
it. Sources of truth: the options of `pip install` (pip 26.0) and the variables of uv (0.13).

A setting of pip can be a variable (`PIP_INDEX_URL`), an entry of a configuration file, or, for some, an option in a
requirements file. A setting of uv is a variable; uv reads its own configuration files itself.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "INVERTED",
    "PACKAGES",
    "PIP_SETTINGS",
    "SWITCH",
    "UV_SETTINGS",
    "VALUE",
    "VALUES",
    "PipSetting",
    "UvSetting",
    "pip_setting",
]

VALUE, VALUES, SWITCH, INVERTED, PACKAGES = "value", "values", "switch", "inverted switch", "packages"
"""The kinds of pip's settings. pip sets what an inverted switch turns off: `PIP_NO_BUILD_ISOLATION=0` turns it off."""


@dataclass(frozen=True)
class PipSetting:
    """A setting of pip, named after its option."""

    name: str
    kind: str = VALUE
    uv: tuple[str, ...] = ()
    """What it becomes with uv: variables (`UV_INDEX`, `UV_PRERELEASE=allow`) or an option (`--no-index`)."""

    uv_error: str = ""
    """Why uv has no equivalent: a warning for a variable or configuration, an error in a requirements file."""

    uv_unneeded: str = ""
    """Why nothing is lost when uv does not get it."""

    meaningless: str = ""
    """Why it has no meaning for a PYENV, with either installer."""

    in_files: bool = False
    """Whether it can be an option in a requirements file."""

    uv_reads_files: bool = False
    """Whether uv itself reads the option in a requirements file."""

    path: bool = False
    """Whether its value is a path, relative to the stage's WORKDIR."""

    before: tuple[str, ...] = ()
    """Settings of uv, as variables, that are used instead where they are set."""

    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class UvSetting:
    """A variable of uv."""

    name: str
    arguments: tuple[str, ...] = ()
    """Options of `uv pip install` for it where that command does not read the variable; `{}` is a word of the value."""

    meaningless: str = ""
    """Why it has no meaning for a PYENV."""

    about_packages: bool = True
    """Whether it affects what is installed or from where, so that the log must say if pip does not read it."""


_NAMED = "what is installed is what the PYENV names"
_PLACE = "the PYENV decides where packages go, and for which Python"
_NEW = "every environment is made anew"
_OUTPUT = "it only changes the installer's output"
_CACHE = "the step has a cache mount of its own"
_COMPILE = "`--no-compile` of the PYENV decides"
_PROJECTS = "it is for commands of uv that a PYENV does not run"


def _meaningless(reason: str, *names: str) -> tuple[PipSetting, ...]:
    return tuple(PipSetting(name, meaningless=reason) for name in names)


PIP_SETTINGS = (
    # Where packages come from.
    PipSetting("index-url", uv=("UV_DEFAULT_INDEX",), before=("UV_DEFAULT_INDEX", "UV_INDEX_URL"), in_files=True,
               uv_reads_files=True, aliases=("pypi-url",)),
    # pip treats all indexes alike; by default, uv uses only the first one that has a package.
    PipSetting("extra-index-url", VALUES, uv=("UV_INDEX", "UV_INDEX_STRATEGY=unsafe-best-match"),
               before=("UV_INDEX", "UV_EXTRA_INDEX_URL"), in_files=True,
               uv_reads_files=True),
    PipSetting("find-links", VALUES, uv=("--find-links",), before=("UV_FIND_LINKS",), path=True, in_files=True,
               uv_reads_files=True),
    PipSetting("no-index", SWITCH, uv=("--no-index",), in_files=True, uv_reads_files=True),
    PipSetting("trusted-host", VALUES, uv=("UV_INSECURE_HOST",), before=("UV_INSECURE_HOST",), in_files=True),
    PipSetting("keyring-provider", uv=("UV_KEYRING_PROVIDER",), before=("UV_KEYRING_PROVIDER",)),
    PipSetting("proxy", uv=("HTTP_PROXY", "HTTPS_PROXY")),
    PipSetting("cert", uv=("SSL_CERT_FILE",), before=("SSL_CERT_FILE",), path=True),
    PipSetting("client-cert", uv=("SSL_CLIENT_CERT",), before=("SSL_CLIENT_CERT",), path=True),
    PipSetting("timeout", uv=("UV_HTTP_TIMEOUT",), before=("UV_HTTP_TIMEOUT",), aliases=("default-timeout",)),
    PipSetting("retries", uv=("UV_HTTP_RETRIES",), before=("UV_HTTP_RETRIES",)),
    PipSetting("resume-retries", uv_unneeded="uv repeats a download that was cut off as `retries` says"),
    # Which versions are taken.
    PipSetting("pre", SWITCH, uv=("UV_PRERELEASE=allow",), before=("UV_PRERELEASE",), in_files=True),
    PipSetting("all-releases", PACKAGES, uv=("--prerelease-package={}=allow",), in_files=True),
    PipSetting("only-final", PACKAGES, uv=("--prerelease-package={}=disallow",), in_files=True),
    PipSetting("constraint", VALUES, uv=("--constraints",), before=("UV_CONSTRAINT",), path=True),
    PipSetting("build-constraint", VALUES, uv=("--build-constraints",), before=("UV_BUILD_CONSTRAINT",), path=True),
    PipSetting("uploaded-prior-to", uv=("UV_EXCLUDE_NEWER",), before=("UV_EXCLUDE_NEWER",)),
    PipSetting("no-deps", SWITCH, uv=("--no-deps",), aliases=("no-dependencies",)),
    PipSetting("require-hashes", SWITCH, uv=("--require-hashes",), in_files=True),
    PipSetting("ignore-requires-python", SWITCH,
               uv_error="uv installs nothing that is not for this Python; write --installer=pip"),
    PipSetting("use-deprecated", VALUES, uv_error="uv has no older resolver; write --installer=pip"),
    # How packages are built.
    PipSetting("no-binary", PACKAGES, uv=("--no-binary={}",), in_files=True, uv_reads_files=True),
    PipSetting("only-binary", PACKAGES, uv=("--only-binary={}",), in_files=True, uv_reads_files=True),
    PipSetting("prefer-binary", SWITCH, in_files=True,
               uv_error="uv takes the newest version, be it a source; write --only-binary or --installer=pip"),
    PipSetting("no-build-isolation", INVERTED, uv=("UV_NO_BUILD_ISOLATION=1",), before=("UV_NO_BUILD_ISOLATION",)),
    PipSetting("config-settings", uv=("--config-setting",)),
    PipSetting("use-pep517", SWITCH, uv_unneeded="uv builds in no other way"),
    PipSetting("check-build-dependencies", SWITCH, uv_unneeded="uv checks them when it installs them"),
    PipSetting("use-feature", VALUES, uv_unneeded="uv has its own features", in_files=True),
    # What the installer prints.
    PipSetting("verbose", uv_unneeded=_OUTPUT),
    PipSetting("quiet", uv_unneeded=_OUTPUT),
    *_meaningless(_NAMED, "requirement", "requirements-from-script", "editable", "group"),
    *_meaningless(
        _PLACE, "target", "platform", "python-version", "implementation", "abi", "user", "no-user", "root", "prefix",
        "src", "python", "break-system-packages", "require-virtualenv",
    ),
    *_meaningless(_NEW, "upgrade", "upgrade-strategy", "force-reinstall", "ignore-installed", "exists-action"),
    *_meaningless("the PYENV is there to install", "dry-run", "report", "help", "version", "isolated", "debug"),
    *_meaningless(_COMPILE, "compile", "no-compile"),
    *_meaningless(
        _OUTPUT, "progress-bar", "no-color", "root-user-action", "no-warn-script-location", "no-warn-conflicts",
        "disable-pip-version-check", "no-python-version-warning", "no-input",
    ),
    *_meaningless(_CACHE, "cache-dir", "no-cache-dir"),
    *_meaningless("nothing of an install is kept but the environment", "no-clean", "log"),
)  # fmt: skip

_HONOURED_BY_UV = (
    "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_STRATEGY",
    "UV_KEYRING_PROVIDER", "UV_INSECURE_HOST", "UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION", "UV_FORK_STRATEGY",
    "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_REQUIRE_HASHES", "UV_NO_VERIFY_HASHES",
    "UV_NO_SOURCES", "UV_NO_BUILD_ISOLATION", "UV_TORCH_BACKEND", "UV_OFFLINE", "UV_GITHUB_TOKEN", "UV_CONFIG_FILE",
    "UV_REQUIRE_BUILD_HASHES",
)  # fmt: skip
_OF_THE_NETWORK = (
    "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "UV_HTTP_CONNECT_TIMEOUT",
    "UV_HTTP_RETRIES", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_INSTALLS", "UV_GIT_LFS",
    "UV_LOCK_TIMEOUT", "UV_NO_CONFIG", "UV_NO_SYSTEM_CONFIG", "UV_PREVIEW", "UV_PREVIEW_FEATURES", "UV_SHOW_RESOLUTION",
    "UV_STACK_SIZE", "UV_CREDENTIALS_DIR", "UV_AUTH_TOKEN", "UV_API_KEY", "UV_ASTRAL_MIRROR_URL", "UV_NO_WRAP",
    "UV_NO_GITHUB_FAST_PATH", "UV_GITHUB_FAST_PATH_URL", "UV_HIDE_BUILD_OUTPUT", "UV_LOG_CONTEXT", "UV_NO_HF_TOKEN",
    "UV_S3_ENDPOINT_URL", "UV_GCS_ENDPOINT_URL", "UV_AZURE_ENDPOINT_URL", "UV_HF_TOKEN", "UV_CUDA_DRIVER_VERSION",
    "UV_AMD_GPU_ARCHITECTURE", "UV_SKIP_WHEEL_FILENAME_CHECK", "UV_REQUIRE_METADATA_RANGE_REQUESTS",
    "UV_LEGACY_TAR_BACKEND", "UV_INSECURE_NO_ZIP_VALIDATION", "UV_MALWARE_CHECK", "UV_MALWARE_CHECK_URL",
    "UV_CONCURRENT_CACHE_READS",
)  # fmt: skip


def _no_meaning(reason: str, *names: str) -> tuple[UvSetting, ...]:
    return tuple(UvSetting(name, meaningless=reason, about_packages=False) for name in names)


UV_SETTINGS = (
    *(UvSetting(name) for name in _HONOURED_BY_UV),
    *(UvSetting(name, about_packages=False) for name in _OF_THE_NETWORK),
    # `uv pip install` reads these from options only.
    UvSetting("UV_NO_BINARY", ("--no-binary=:all:",)),
    UvSetting("UV_NO_BINARY_PACKAGE", ("--no-binary={}",)),
    UvSetting("UV_NO_BUILD", ("--only-binary=:all:",)),
    UvSetting("UV_NO_BUILD_PACKAGE", ("--only-binary={}",)),
    UvSetting("UV_NO_SOURCES_PACKAGE", ("--no-sources-package={}",)),
    *_no_meaning(
        _PLACE, "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_BREAK_SYSTEM_PACKAGES", "UV_NO_BREAK_SYSTEM_PACKAGES", "UV_TARGET",
        "UV_PREFIX", "UV_MANAGED_PYTHON", "UV_NO_MANAGED_PYTHON", "UV_PYTHON_PREFERENCE", "UV_PYTHON_DOWNLOADS",
        "UV_PYTHON_INSTALL_DIR", "UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_BIN_DIR", "UV_PYTHON_CACHE_DIR",
        "UV_PYTHON_SEARCH_PATH", "UV_PYTHON_INSTALL_BIN", "UV_PYTHON_INSTALL_REGISTRY", "UV_PYTHON_NO_REGISTRY",
        "UV_PYTHON_DOWNLOADS_JSON_URL", "UV_PYPY_INSTALL_MIRROR", "UV_GRAALPY_INSTALL_MIRROR",
        "UV_PYODIDE_INSTALL_MIRROR", "UV_PYTHON_CPYTHON_BUILD", "UV_PYTHON_PYPY_BUILD", "UV_PYTHON_GRAALPY_BUILD",
        "UV_PYTHON_PYODIDE_BUILD", "UV_PROJECT_ENVIRONMENT", "UV_PROJECT", "UV_NO_PROJECT", "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY", "UV_VENV_SEED", "UV_VENV_CLEAR", "UV_VENV_RELOCATABLE",
    ),
    *_no_meaning(_CACHE, "UV_CACHE_DIR", "UV_NO_CACHE", "UV_LINK_MODE"),
    *_no_meaning(_COMPILE, "UV_COMPILE_BYTECODE", "UV_COMPILE_BYTECODE_TIMEOUT"),
    *_no_meaning("packages are installed, never linked", "UV_NO_EDITABLE"),
    *_no_meaning(
        "a lock is used as it is, and `--extra` and `--group` say what of it", "UV_FROZEN", "UV_LOCKED", "UV_NO_SYNC",
        "UV_DEV", "UV_NO_DEV", "UV_NO_GROUP", "UV_NO_DEFAULT_GROUPS", "UV_NO_INSTALL_PROJECT",
        "UV_NO_INSTALL_WORKSPACE", "UV_NO_INSTALL_LOCAL", "UV_ONLY_INSTALL_PROJECT",
        "UV_ONLY_INSTALL_WORKSPACE", "UV_ONLY_INSTALL_LOCAL",
    ),
    *_no_meaning(_OUTPUT, "UV_NO_PROGRESS", "UV_NO_INSTALLER_METADATA", "UV_CUSTOM_COMPILE_COMMAND"),
    *_no_meaning(
        _PROJECTS, "UV_ENV_FILE", "UV_NO_ENV_FILE", "UV_ISOLATED", "UV_RUN_MAX_RECURSION_DEPTH",
        "UV_RUN_RECURSION_DEPTH",
        "UV_RUN_RLIMIT_NOFILE", "UV_TOOL_DIR", "UV_TOOL_BIN_DIR", "UV_PUBLISH_URL", "UV_PUBLISH_INDEX",
        "UV_PUBLISH_USERNAME", "UV_PUBLISH_PASSWORD", "UV_PUBLISH_TOKEN", "UV_PUBLISH_CHECK_URL",
        "UV_PUBLISH_NO_ATTESTATIONS", "UV_UPLOAD_HTTP_TIMEOUT", "UV_INIT_BARE", "UV_INIT_BUILD_BACKEND",
        "UV_INSTALL_DIR",
        "UV_INSTALLER_GITHUB_BASE_URL", "UV_INSTALLER_GHE_BASE_URL", "UV_DOWNLOAD_URL", "UV_UNMANAGED_INSTALL",
        "UV_NO_MODIFY_PATH", "UV_DISABLE_UPDATE", "UV_VERSION", "UV_TOOL_SPEC", "UV",
    ),
)  # fmt: skip

_PIP_BY_NAME = {alias: setting for setting in PIP_SETTINGS for alias in (setting.name, *setting.aliases)}


def pip_setting(name: str) -> PipSetting | None:
    """Find a setting of pip by the name of its option, without dashes at the front."""
    return _PIP_BY_NAME.get(name)
