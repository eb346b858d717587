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


@pytest.mark.parametrize(
    "content",
    ["a: [", "grpc: {targets: {results: [1]}}", "grpc: {targets: {results: 'http://a:1'}}", "password: 'hunter2' 3"],
)
def test_a_workspace_that_cannot_be_used(tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKFLOW_RESULTS_TARGET", raising=False)
    path = tmp_path / "workspace.yml"
    path.write_text(content)
    with pytest.raises(InvalidRequestError) as caught:
        GRPCContext(workspace=path)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(InvalidRequestError, match="there is none at"):
        GRPCContext(workspace=tmp_path / "missing.yml")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("grpc:\n  targets:\n    results: a:1\n    results: b:2", 4),
        ("grpc: {targets: {results: 'a:1'}}\nother: [{}]\ngrpc: {}", 3),
        ("other: [[{a: 1, 'a': 2}]]", 1),
    ],
)
def test_a_workspace_in_which_a_key_stands_twice(
    tmp_path: Path, content: str, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKFLOW_RESULTS_TARGET", raising=False)
    path = tmp_path / "workspace.yml"
    path.write_text(content)
    with pytest.raises(InvalidRequestError, match=f"workspace .* a key stands there twice in line {line}$"):
        GRPCContext(workspace=path)


def test_a_workspace_whose_keys_come_from_elsewhere_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKFLOW_RESULTS_TARGET", raising=False)
    path = tmp_path / "workspace.yml"
    path.write_text("any: &any {results: 'a:1', self: *any}\ngrpc: {targets: {<<: *any, results: 'b:2'}}")
    assert GRPCContext(workspace=path).results.baseurl == "b:2"


@pytest.mark.parametrize("target", ["http://localhost:50051", "localhost"])
def test_targets_that_cannot_be_used(target: str) -> None:
    with pytest.raises(InvalidRequestError, match="target must"):
        Results(target)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), "5", True])
def test_timeouts_that_cannot_be_used(timeout: Any, results: Results) -> None:
    with pytest.raises(InvalidRequestError, match="timeout must be a positive number of seconds"):
        Results("localhost:1", timeout=timeout)
    with pytest.raises(InvalidRequestError, match="timeout must be a positive number of seconds"):
        results.view("a", {}, timeout=timeout)


def test_timeouts_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_TIMEOUT", "2.5")
    assert (Results("localhost:1").timeout, Results("localhost:1", timeout=3).timeout) == (2.5, 3.0)
    monkeypatch.setenv("WORKFLOW_RESULTS_TIMEOUT", "soon")
    with pytest.raises(InvalidRequestError, match="WORKFLOW_RESULTS_TIMEOUT"):
        Results("localhost:1")
