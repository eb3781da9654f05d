"""Which of the stage's environment variables reach the installer.

An image may set ``PIP_USER``, ``PYTHONPATH``, ``UV_SYSTEM_PYTHON`` or a target folder for its own Python; none of that
may bend an environment. Where packages come from and how the network is reached is the user's to say, and is kept.
"""

from __future__ import annotations

from typing import Mapping

_OURS = ("PYTHON", "PIP_", "UV_", "VIRTUAL_ENV", "CONDA_", "ASTRO_PYENV_")
_KEPT = frozenset(
    {
        "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST", "PIP_CERT",
        "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_KEYRING_PROVIDER",
        "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX",
        "UV_INDEX_STRATEGY", "UV_KEYRING_PROVIDER", "UV_INSECURE_HOST", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS",
        "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_CONCURRENT_DOWNLOADS",
        "UV_GITHUB_TOKEN", "UV_OFFLINE",
    }
)  # fmt: skip
_KEPT_PREFIXES = ("UV_INDEX_",)  # UV_INDEX_<NAME>_USERNAME and _PASSWORD, which secrets are made of

# uv does not read pip's settings; a user who set them means them.
_PIP_TO_UV = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
}


def for_installer(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables an installer may see: everything but what steers a Python, save where packages come from."""
    kept = {key: value for key, value in environ.items() if _may_pass(key)}
    for pip, uv in _PIP_TO_UV.items():
        if pip in kept and uv not in kept and not (uv == "UV_DEFAULT_INDEX" and "UV_INDEX_URL" in kept):
            kept[uv] = kept[pip]
    return kept


def _may_pass(key: str) -> bool:
    return not key.startswith(_OURS) or key in _KEPT or key.startswith(_KEPT_PREFIXES)
