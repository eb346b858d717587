"""The workspace file: what cannot be used of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_results import GRPCContext, InvalidRequestError, Results


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
    with pytest.raises(InvalidRequestError, match=f"workspace .* a key occurs twice in line {line}$"):
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


def test_timeouts_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_TIMEOUT", "2.5")
    assert (Results("localhost:1").timeout, Results("localhost:1", timeout=3).timeout) == (2.5, 3.0)
    monkeypatch.setenv("WORKFLOW_RESULTS_TIMEOUT", "soon")
    with pytest.raises(InvalidRequestError, match="WORKFLOW_RESULTS_TIMEOUT"):
        Results("localhost:1")
