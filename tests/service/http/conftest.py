"""A server with an HTTP door, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.launcher import Service


@pytest.fixture(scope="session")
def door(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server with both doors, where everyone may do everything."""
    log = tmp_path_factory.mktemp("door") / "log"
    running = Service("--mongo-uri", mongo_uri, "--http-port", "0", log=log)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in log.read_text(), log.read_text()
