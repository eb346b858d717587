"""The embedded mongod, where it can't be started: in one line, why and what cures it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient

from tests.support.mongods import fake_mongod, start_error
from workflow_results_server.mongod.data_directory import DataDirectory

if TYPE_CHECKING:
    Client = AsyncMongoClient[dict[str, Any]]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo $0: error while loading shared libraries: libcurl.so.4: cannot open it; exit 127",
            "mongod needs the library libcurl.so.4: install the package libcurl4",
        ),
        ("kill -ILL $$", "mongod needs a CPU with AVX"),
        ("echo '{\"cut by a full disk'; exit 14", 'with exit code 14: {"cut by a full disk'),
        (
            (
                """echo '{"s": "E", "msg": "WiredTiger error message", "attr": {"error": 5, "message": """
                """{"thread": "1", "msg": "file.wt: write", "error_str": "Input/output error"}}}'; exit 14"""
            ),
            '14: WiredTiger error message {"error_str": "Input/output error", "msg": "file.wt: write"} (see',
        ),
        ("echo No space left on device; exit 100", "No space left on device: mongod needs room in /"),
        ("echo 5; exit 3", "with exit code 3: it gave no reason"),
        ("exit 48", "5 ports in a row were taken"),
        ("exit 3", "with exit code 3: it gave no reason"),
    ],
)
def test_mongod_that_cannot_run_here_is_explained(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", fake_mongod(tmp_path, script))
    assert message in start_error(directory)


def test_data_that_mongod_refuses_is_explained(directory: Path) -> None:
    (directory / "db").mkdir(parents=True)
    (directory / "db" / "storage.bson").write_text("nonsense")
    message = start_error(directory)
    assert "mongod failed to start, with exit code" in message
    assert str(directory / "mongod.log") in message


def test_directory_that_cannot_be_used_is_explained(directory: Path) -> None:
    directory.touch()
    assert start_error(directory).startswith(f"cannot use the data directory {directory}: ")


def test_large_log_is_set_aside(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = DataDirectory(directory)
    files.acquire()
    monkeypatch.setattr("workflow_results_server.mongod.data_directory._LOG_BYTES", 3)
    for text in (b"old", b" log", b"new"):
        with files.open_log() as log:
            log.write(text)
    files.release()
    assert (directory / "mongod.log.1").read_bytes() == b"old log"
    assert files.log.read_bytes() == b"new"
