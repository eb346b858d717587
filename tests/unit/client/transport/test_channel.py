"""The channel: targets that never answer, tokens that are never shown, options that gRPC knows."""

from __future__ import annotations

import logging
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

import workflow_results
import workflow_results_server
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import (
    InvalidRequestError,
    Results,
    ServiceUnavailableError,
)
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc


@pytest.fixture
def dead_target() -> Iterator[str]:
    with socket.socket() as bound:  # and not listening
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def mute_target() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    "call",
    [
        lambda results: results.status(),
        lambda results: results.lock("sample", ["a"]),
        lambda results: results.deposit([work("sample", "a")]),
        lambda results: results.view("sample", {}),
    ],
    ids=["status", "lock", "deposit", "view"],
)
@pytest.mark.parametrize("kind", ["dead_target", "mute_target"])
def test_target_that_never_answers_fails_in_time_with_the_cure(
    request: pytest.FixtureRequest, kind: str, call: Callable[[Results], object]
) -> None:
    target = request.getfixturevalue(kind)
    began = time.monotonic()
    with Results(target, timeout=0.4) as results, pytest.raises(ServiceUnavailableError) as caught:
        call(results)
    assert 0.2 < time.monotonic() - began < PATIENCE
    assert not caught.value.outcome_unknown
    for part in (target, "workflow-results serve", "WORKFLOW_RESULTS_TARGET"):
        assert part in str(caught.value)


def test_token_is_sent_and_never_shown(dead_target: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = "a-token-to-be-kept"
    with Results(dead_target, token=token, timeout=0.2) as results:
        assert ("authorization", f"Bearer {token}") in results._channel.metadata()
        shown = [repr(results)]
        for call in (results.status, lambda: results.view("sample", {}), lambda: results.lock("sample", ["a"])):
            with pytest.raises(ServiceUnavailableError) as caught:
                call()
            shown += str(caught.value), repr(caught.value)
    with pytest.raises(InvalidRequestError) as refused:
        Results(dead_target, token=f"{token}\n")
    assert token not in "".join([*shown, str(refused.value), caplog.text])


def test_grpc_knows_every_option() -> None:
    """It passes over those that it doesn't know without a word."""
    library = b"".join(path.read_bytes() for path in Path(grpc.__file__).parent.glob("_cython/cygrpc*"))
    packages = (workflow_results, workflow_results_server)
    sources = [path.read_text() for each in packages for path in Path(str(each.__file__)).parent.rglob("*.py")]
    options = {option for source in sources for option in re.findall(r'"(grpc\.[a-z0-9_.]+)"', source)}
    assert len(options) > 10
    assert {option for option in options if f"{option}\0".encode() not in library} == set()


class Ending(results_pb2_grpc.ResultsServiceServicer):
    """A server that calls off what it has not taken on, once for each method, as gRPC does when it ends."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def Count(self, _request: pb.CountRequest, context: grpc.ServicerContext) -> pb.CountResponse:  # noqa: N802
        self._call_off("Count", context)
        return pb.CountResponse(count=3)

    def Lock(self, _request: pb.LockRequest, context: grpc.ServicerContext) -> pb.LockResponse:  # noqa: N802
        self._call_off("Lock", context)
        return pb.LockResponse(outcome=pb.ChangeOutcome(applied=True))

    def _call_off(self, method: str, context: grpc.ServicerContext) -> None:
        self.seen.append(method)
        if self.seen.count(method) == 1:
            context.abort(grpc.StatusCode.CANCELLED, "")


def test_a_call_that_a_server_calls_off_is_sent_again_where_that_is_safe() -> None:
    server, ending = grpc.server(ThreadPoolExecutor(2)), Ending()  # type: ignore[abstract]
    results_pb2_grpc.add_ResultsServiceServicer_to_server(ending, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with Results(f"127.0.0.1:{port}") as results:
            assert results.count("any", {}) == 3
            with pytest.raises(ServiceUnavailableError) as caught:
                results.lock("any", ["a"])
            assert caught.value.outcome_unknown
            assert ending.seen == ["Count", "Count", "Lock"]
            ending.seen.clear()
            assert results.lock("any", ["a"], request_id="named")
            assert ending.seen == ["Lock", "Lock"]
    finally:
        server.stop(None)
