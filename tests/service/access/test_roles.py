"""Who may do what: every RPC by every caller, over TLS, by token and by client certificate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.support.callers import bearer, entry, write
from tests.support.certificates import Authority
from tests.support.launcher import Service
from tests.support.roles import BY_CERTIFICATE, BY_TOKEN, CALLERS, RPCS, cells
from tests.support.waiting import PATIENCE, eventually
from tests.support.wire import Answer
from tests.support.works import work
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

Serve = Callable[..., Service]
Way = tuple[grpc.Channel, "str | None"]
"""A channel and the token that is sent on it."""

LETTERS = {
    "M": (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING"),
    "I": (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID"),
    "E": (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED"),
    "R": (grpc.StatusCode.PERMISSION_DENIED, "ROLE"),
    "P": (grpc.StatusCode.PERMISSION_DENIED, "PIPELINE"),
    "X": (grpc.StatusCode.UNAVAILABLE, ""),
}
OWN, OTHER = "own-1", "other-1"


def request(rpc: str, pipeline: str) -> Any:
    rpc, locked = rpc.rstrip("*"), rpc.endswith("*")
    kind = getattr(pb, f"{rpc}Request")
    if "works" in kind.DESCRIPTOR.fields_by_name:
        # The first work would be fine, so that a denied request shows that nothing of it is stored.
        works = [
            work(OWN, "fine"),
            work(pipeline, "locked", results={"locked": True}) if locked else work(pipeline, "a"),
        ]
        return kind(works=pb.EncodedDocuments(json=[json.dumps(each) for each in works]))
    if rpc == "DropPipeline":
        return kind(pipeline=f"{pipeline}-never-there")
    if rpc == "History":
        return kind(pipeline=pipeline, id="a")
    if rpc == "Watch":
        return kind(pipelines=[pipeline])
    if rpc == "DropIndex":
        return kind(pipeline=pipeline, field="a")
    if rpc == "CreateIndex":
        return kind(pipeline=pipeline, field="a")
    if rpc in ("Top", "CountBy"):
        return kind(pipeline=pipeline, field="a", **({"limit": 1} if rpc == "Top" else {}))
    if rpc == "GetByEvent":
        return kind(pipeline=pipeline, event_number=1)
    return kind(pipeline=pipeline) if "pipeline" in kind.DESCRIPTOR.fields_by_name else kind()


def made(channel: grpc.Channel, rpc: str, pipeline: str, metadata: list[tuple[str, str]]) -> str:
    """Make a call, and return the letter of what became of it."""
    try:
        if rpc == "Health":
            stub = health_pb2_grpc.HealthStub(channel)
            stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE, metadata=metadata)
            stub.List(health_pb2.HealthListRequest(), timeout=PATIENCE, metadata=metadata)
            next(stub.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE, metadata=metadata))
        elif rpc == "Reflection":
            names = reflection_pb2.ServerReflectionRequest(list_services="*")
            reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
            list(reflection.ServerReflectionInfo(iter([names]), timeout=PATIENCE, metadata=metadata))
        else:
            call = getattr(results_pb2_grpc.ResultsServiceStub(channel), rpc.rstrip("*"))
            given = request(rpc, pipeline)
            method = RPCS[rpc.rstrip("*")]
            answer = call(iter([given]) if method.client_streaming else given, timeout=PATIENCE, metadata=metadata)
            if rpc == "Watch":  # which has no end
                next(answer)
                answer.cancel()
            elif method.server_streaming:
                list(answer)
    except grpc.RpcError as error:
        code, reason = error.code(), Answer(error).info.reason
        return next((letter for letter, told in LETTERS.items() if told == (code, reason)), f"{code} {reason}")
    return "+"


def wrong_cells(table: str, channels: dict[str, Way]) -> list[str]:
    """Make all calls of a table, and tell those that went otherwise."""
    wrong = []
    for rpc, caller, expected in cells(table):
        channel, token = channels[caller]
        letters = "".join(made(channel, rpc, pipeline, bearer(token)) for pipeline in (OWN, OTHER))
        if letters != expected:
            wrong.append(f"{rpc} by {caller}: {letters} instead of {expected}")
    return wrong


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return write(tmp_path / "tokens.yml", CALLERS)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def clean(database: Any) -> Iterator[Any]:
    yield database
    for pipeline in (OWN, OTHER):
        database.drop_collection(pipeline)


def test_every_rpc_by_every_token(serve: Serve, authority: Authority, tokens: Path, clean: Any) -> None:
    with_removed = {**CALLERS, "removed": entry("admin", "*", token="removed")}
    write(tokens, with_removed)
    target = serve(*authority.server(), "--tokens", str(tokens)).target
    with authority.channel(target) as channel:
        assert made(channel, "Info", OWN, bearer("removed")) == "+"
        write(tokens, CALLERS)
        callers = dict.fromkeys(caller for _, caller, _ in cells(BY_TOKEN))
        channels: dict[str, Way] = {caller: (channel, None if caller == "none" else caller) for caller in callers}
        eventually(lambda: made(channel, "Info", OWN, bearer("removed")) == "I")
        assert wrong_cells(BY_TOKEN, channels) == []


def test_every_rpc_by_every_certificate(serve: Serve, authority: Authority, tokens: Path, clean: Any) -> None:
    options = [*authority.server(), "--tls-client-ca", str(authority.file), "--tokens", str(tokens)]
    target = serve(*options, "--workers", "2").target
    foreign = Authority(tokens.parent, "foreign-ca")
    reader = authority.issue("reader", "no-caller", common_name="by-certificate")
    identities = {
        "none": None,
        "expired": authority.issue("expired", "by-certificate", expired=True),
        "foreign": foreign.issue("foreign", "by-certificate"),
        "nobody": authority.issue("nobody", "nobody", common_name="admin2"),
        "reader": reader,
        "alternative": authority.issue("alternative", "no-caller", "worker@lab.example", common_name="admin"),
        "other": authority.issue("other", "192.0.2.1", common_name="reader of others"),
    }
    channels: dict[str, Way] = {
        name: (authority.channel(target, identity), None) for name, identity in identities.items()
    }
    for token in ("wrong", "depositor"):
        channels[f"reader+{token}"] = (authority.channel(target, reader), token)
    assert wrong_cells(BY_CERTIFICATE, channels) == []
    for channel, _ in channels.values():
        channel.close()
