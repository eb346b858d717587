"""Works of the real `Work` class of workflow-core, and its settings, serve as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import PATIENCE
from tests.support.workflow_core import workflow_core
from workflow_results import GRPCContext, InvalidRequestError, Results

PAYLOADS = """
from workflow.definitions.work import Work

answer = []
for status in ("success", "failure"):
    work = Work(pipeline="PIPELINE", site="local", user="tester", event=[9385707, 9385708], tags=["frb"],
        function="workflow.examples.function.math", parameters={"a": 1, "b": 2.5}, plots=["waterfall.png"],
        products=["spectra.h5"], results={"dm": 348.8, "snr": 9.1, "fit": {"width": [1, 2, 3]}})
    work.id = f"{status}-1"
    work.status = status
    answer.append(work.payload)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory with workflow-core's development workspace."""
    home = tmp_path_factory.mktemp("home")
    command = [str(Path(sys.executable).with_name("workflow")), "workspace", "set", "development"]
    subprocess.run(
        command, env={"HOME": str(home), "PATH": "/usr/bin:/bin"}, check=True, capture_output=True, timeout=PATIENCE
    )
    return home


def test_payloads_come_back_equal(home: Path, results: Results, pipeline: str) -> None:
    pipeline = pipeline.replace("_", "-")  # as its Work wants it
    works = workflow_core(PAYLOADS.replace("PIPELINE", pipeline), home)
    assert results.deposit(works) == {pipeline: True}
    assert results.deposit(works) == {pipeline: True}
    assert results.get_by_event(pipeline, 9385708) == works
    assert results.lock(pipeline, ["failure-1"])
    assert results.get_locked(pipeline)[0]["results"] == {**works[1]["results"], "locked": True}


def test_the_context_reads_the_workspace_of_workflow_core(
    home: Path, service: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("WORKFLOW_RESULTS_TARGET", raising=False)
    assert GRPCContext().results.baseurl == "localhost:50051", "workflow-core's workspace names no gRPC target"
    active = home / ".config" / "workflow" / "workspace.yml"
    active.write_text(active.read_text() + f"\ngrpc:\n  targets:\n    results: {service.target}\n")
    with GRPCContext(backends=["results"]).results as client:
        assert client.baseurl == service.target
        assert isinstance(client.status(), dict)
    assert Results().baseurl == service.target
    monkeypatch.setenv("WORKFLOW_RESULTS_TARGET", "elsewhere:1")
    assert (Results().baseurl, Results("here:2").baseurl) == ("elsewhere:1", "here:2")
    other = tmp_path / "other.yml"
    other.write_text("grpc: {targets: {results: 'other:3'}}")
    monkeypatch.delenv("WORKFLOW_RESULTS_TARGET")
    assert GRPCContext(workspace=other).results.baseurl == "other:3"


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), "5", True])
def test_timeouts_that_cannot_be_used(timeout: Any, results: Results) -> None:
    with pytest.raises(InvalidRequestError, match="timeout must be a positive number of seconds"):
        Results("localhost:1", timeout=timeout)
    with pytest.raises(InvalidRequestError, match="timeout must be a positive number of seconds"):
        results.view("a", {}, timeout=timeout)
