"""The settings for resolving an environment."""

import pytest

from pyenv_frontend.lock.settings import INDEXES, resolver_settings

OF_STAGE = {
    "UV_EXCLUDE_NEWER": "2024-01-01",
    "UV_TORCH_BACKEND": "cpu",
    "UV_DEFAULT_INDEX": "https://stage.example/simple",
    "UV_CONSTRAINT": "/of/the/image.txt",
}


@pytest.fixture(autouse=True)
def _nobody_has_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (*INDEXES, *OF_STAGE):
        monkeypatch.delenv(name, raising=False)


def test_settings_of_the_stage_for_versions_and_indexes_apply():
    """The lock must have the versions of a build; paths within the image are ignored."""
    environ = resolver_settings("uv", OF_STAGE).environ
    assert {name: environ.get(name) for name in OF_STAGE} == {**OF_STAGE, "UV_CONSTRAINT": None}


def test_the_users_own_index_takes_precedence_over_the_stage(monkeypatch):
    """The stage's other settings for versions are still used."""
    monkeypatch.setenv("UV_INDEX", "https://own.example/simple")
    environ = resolver_settings("uv", OF_STAGE).environ
    assert environ["UV_INDEX"] == "https://own.example/simple"
    assert "UV_DEFAULT_INDEX" not in environ
    assert environ["UV_EXCLUDE_NEWER"] == "2024-01-01"


def test_pip_asks_nothing(monkeypatch):
    """Nobody answers where it would ask for a password, and pip ends with a traceback."""
    monkeypatch.setenv("PIP_NO_INPUT", "0")
    assert resolver_settings("pip", {}).environ["PIP_NO_INPUT"] == "1"
