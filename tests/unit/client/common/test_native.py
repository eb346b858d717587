"""Which native part is used, and what is said of it."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from workflow_results.common import native

MODULE = "workflow_results_native"


@pytest.fixture(autouse=True)
def asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKFLOW_RESULTS_NATIVE", raising=False)


def test_it_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(INTERFACE=1, __version__="0.1.0")
    monkeypatch.setitem(sys.modules, MODULE, module)
    assert native._load() == ("native 0.1.0", module)


@pytest.mark.parametrize("value", ["off", "OFF", "0", "false"])
def test_it_can_be_done_without(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_NATIVE", value)
    monkeypatch.setitem(sys.modules, MODULE, SimpleNamespace(INTERFACE=1, __version__="0.1.0"))
    assert native._load() == ("python (WORKFLOW_RESULTS_NATIVE is off)", None)


def test_nothing_is_said_of_one_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "import_module", missing)
    assert native._load() == ("python", None)


def test_one_that_cannot_be_loaded_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "import_module", broken)
    assert native._load() == ("python (workflow-results-native can't be loaded: wrong ELF class)", None)


@pytest.mark.parametrize(
    ("module", "version"),
    [(SimpleNamespace(INTERFACE=2, __version__="7.0"), "7.0"), (ModuleType(MODULE), "of an unknown version")],
)
def test_one_that_is_made_for_another_version_is_not_used(
    monkeypatch: pytest.MonkeyPatch, module: object, version: str
) -> None:
    monkeypatch.setitem(sys.modules, MODULE, module)
    assert native._load() == (f"python (workflow-results-native {version} is made for another version)", None)


def missing(name: str) -> object:
    raise ModuleNotFoundError(name)


def broken(_name: str) -> object:
    raise ImportError("wrong ELF class")
