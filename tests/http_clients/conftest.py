"""A server with both doors, and the environments of the clients, which `make test-http-clients` makes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http_clients.programs import Programs
from tests.support.launcher import Service
from workflow_results import Results


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("server")
    running = Service("--data-dir", str(directory / "data"), "--http-port", "0", log=directory / "log")
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (directory / "log").read_text()


@pytest.fixture
def results(service: Service) -> Iterator[Results]:
    """A client of the other door."""
    with Results(service.target) as client:
        yield client


@pytest.fixture
def core(service: Service, tmp_path: Path) -> Programs:
    """Runs programs with workflow-core."""
    workspace = tmp_path / ".config" / "workflow" / "workspace.yml"
    workspace.parent.mkdir(parents=True)
    workspace.write_text(f"workspace: test\nhttp:\n  baseurls:\n    results: {service.http}\n")
    return Programs(Path(os.environ["WORKFLOW_CORE"]), tmp_path)


@pytest.fixture
def chime(tmp_path: Path) -> Programs:
    """Runs programs with chime-frb-api."""
    return Programs(Path(os.environ["CHIME_FRB_API"]), tmp_path)
