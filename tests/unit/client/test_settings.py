"""The settings of a client: what they take, and what they refuse rather than guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from workflow_results import GRPCContext, InvalidRequestError, Results
from workflow_results.common import rules

HUGER = 10**5_000
"""Python writes no int with so many digits."""


@pytest.mark.parametrize(
    "target",
    [
        "localhost:٥٠٠٥١",  # noqa: RUF001
        "localhost:5²",
        "localhost:99999",
        "localhost:65536",
        "localhost:0",
        "localhost:00050051",
        "localhost:5_0051",
        "localhost:+50051",
        "localhost:",
        "localhost",
        "localhost:50051/",
        "localhost: 50051",
        "local host:50051",
        "localhost:50051\n",
        "local\0host:50051",
        "local\u202ehost:50051",
        "\ud800:50051",
        ":50051",
        "",
        "::1:50051",
        "dns:50051",
        "a:1,b:2",
        "ipv4:127.0.0.1:1,127.0.0.1:x",
        "http://localhost:50051",
        "HTTPS://localhost:50051",
        5,
        False,
        b"localhost:50051",
        HUGER,
    ],
    ids=rules.shorten,
)
def test_targets_that_are_refused(target: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WORKFLOW_RESULTS_TARGET", raising=False)
    with pytest.raises(InvalidRequestError, match=r"^target must ") as caught:
        Results(target)
    assert str(caught.value).isprintable()
    if isinstance(target, str) and target.isascii() and target.isprintable() and target:
        workspace = tmp_path / "workspace.yml"
        workspace.write_text(f"grpc: {{targets: {{results: {target!r}}}}}")
        with pytest.raises(InvalidRequestError, match=r"workspace .*workspace.yml: grpc.targets.results must "):
            GRPCContext(workspace)
        monkeypatch.setenv("WORKFLOW_RESULTS_TARGET", target)
        with pytest.raises(InvalidRequestError, match=r"^WORKFLOW_RESULTS_TARGET must "):
            Results()


@pytest.mark.parametrize(
    "target",
    [
        "localhost:1",
        "a-b.example.org:65535",
        "bücher.example:5",
        "127.0.0.1:5",
        "[::1]:5",
        "[fe80::1%eth0]:5",
        "dns:a:5",
        "dns:///a:5",
        "dns://8.8.8.8/a:5",
        "ipv4:127.0.0.1:5,127.0.0.2:6",
        "ipv6:[::1]:5,[::2]:6",
        "unix:/a b",
        "unix:relative",
        "unix-abstract:name",
    ],
)
def test_targets_that_are_taken(target: str) -> None:
    with Results(target) as results:
        assert results.baseurl == target


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("grpc: localhost:5", "grpc must be a mapping, not str"),
        ("grpc: {targets: [1]}", "grpc.targets must be a mapping, not list"),
        ("[grpc]", "the file must be a mapping, not list"),
        ("grpc: {targets: {results: false}}", "grpc.targets.results must be a string like 'host:port', not False"),
        ("grpc: {targets: {results: ''}}", "grpc.targets.results must be 'host:port'"),
    ],
)
def test_a_workspace_that_names_no_target_where_it_should(
    content: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKFLOW_RESULTS_TARGET", raising=False)
    path = tmp_path / "workspace.yml"
    path.write_text(content)
    with pytest.raises(InvalidRequestError) as caught:
        GRPCContext(path)
    assert problem in str(caught.value)
    for without in ("", "grpc:", "grpc: {targets: }", "grpc: {targets: {results: }}", "other: 1"):
        path.write_text(without)
        assert GRPCContext(path).results.baseurl == "localhost:50051"


@pytest.mark.parametrize(
    "text",
    ["1_0", "٧", "nan", "inf", "Infinity", "1e999", "0x10", " 5", "5s", "-1", "0", "true", "9" * 500],  # noqa: RUF001
)
def test_timeouts_in_the_environment_that_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_TIMEOUT", text)
    with pytest.raises(InvalidRequestError, match="WORKFLOW_RESULTS_TIMEOUT must be a positive number") as caught:
        Results("localhost:1")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "seconds"), [("5", 5.0), ("+5", 5.0), ("2.5", 2.5), (".5", 0.5), ("5.", 5), ("1e1", 10)]
)
def test_timeouts_in_the_environment_that_are_taken(text: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_TIMEOUT", text)
    assert Results("localhost:1").timeout == seconds


@pytest.mark.parametrize("token", [" x", "x ", "a b", "x\n", "é", b"x", 5, True])
def test_tokens_that_are_refused(token: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequestError, match=r"^token must be a string of visible ASCII characters"):
        Results("localhost:1", token=token)
    if isinstance(token, str):
        monkeypatch.setenv("WORKFLOW_TOKEN", token)
        with pytest.raises(InvalidRequestError, match=r"^WORKFLOW_TOKEN must be a string of visible ASCII characters"):
            Results("localhost:1")
        with pytest.raises(InvalidRequestError, match=r"^token must be"):
            Results("localhost:1", token=SecretStr(token))


@pytest.mark.parametrize("value", ["no", "false", "True", 1, 0, 1.0, [], np.bool_(True)])
def test_what_is_true_or_false_is_a_bool(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="strict must be True or False, not "):
        Results("localhost:1", strict=value)
    for make in (Results, lambda _, tls: GRPCContext(tls=tls)):
        with pytest.raises(InvalidRequestError, match="tls must be True, False or None, not "):
            make("localhost:1", tls=value)


def test_backends_and_workspaces_of_other_types_are_named() -> None:
    with pytest.raises(InvalidRequestError, match=r"backends must be a list like \['results'\], not 'results'"):
        GRPCContext(backends="results")
    with pytest.raises(InvalidRequestError, match="workspace must be the path of a file, not 5"):
        GRPCContext(5)  # type: ignore[arg-type]
