"""An error tells that nothing was changed only where that is certain of every try and of every part of a call."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc
import pytest

from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import DeadlineExceededError, Results, ResultsError, ServiceUnavailableError
from workflow_results._transport.deadline import Deadline
from workflow_results.common.reasons import Reason
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc
from workflow_results_server import errors
from workflow_results_server.rpc.status import details


class Scripted(results_pb2_grpc.ResultsServiceServicer):
    """A server that does with each request what the test wants, the last of which goes on for ever."""

    def __init__(self) -> None:
        self.play([])

    def play(self, script: list[str]) -> None:
        """Begin a script."""
        self.script = [*script]
        self.over = False
        """Whether all of it has been done."""

    def Deposit(self, _request: pb.DepositRequest, context: grpc.ServicerContext) -> pb.DepositResponse:  # noqa: N802
        self._act(context)
        return pb.DepositResponse(outcomes=[pb.DEPOSIT_OUTCOME_DEPOSITED])

    def DepositStream(  # noqa: N802
        self, requests: Iterator[pb.DepositStreamRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.DepositStreamResponse]:
        next(requests)
        if self._act(context) != "end early":
            yield pb.DepositStreamResponse()

    def Lock(self, _request: pb.LockRequest, context: grpc.ServicerContext) -> pb.LockResponse:  # noqa: N802
        self._act(context)
        return pb.LockResponse(outcome=pb.ChangeOutcome(applied=True))

    def _act(self, context: grpc.ServicerContext) -> str:
        self.over = len(self.script) == 1
        act = self.script[0] if self.over else self.script.pop(0)
        if act == "break":
            context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        elif act in grpc.StatusCode.__members__:
            context.abort(grpc.StatusCode[act], "as a proxy may do")
        elif act == "too late":
            _refuse(errors.DeadlineExceeded("too late", errors.NOT_APPLIED), context)
        elif act == "busy":
            _refuse(errors.Unavailable(Reason.OVERLOADED, "busy", not_applied=True), context)
        return act


def _refuse(error: errors.RequestError, context: grpc.ServicerContext) -> NoReturn:
    context.set_trailing_metadata((("grpc-status-details-bin", details(error, "id")),))
    context.abort(grpc.StatusCode[error.code], error.message)


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()  # type: ignore[abstract] # it has some methods only


@pytest.fixture
def client(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Iterator[Results]:
    """A client that tries again until the script is over, and not until its time is, in the middle of a try."""
    pause = Deadline.pause
    monkeypatch.setattr(Deadline, "pause", lambda self, seconds: not scripted.over and pause(self, seconds))
    server = grpc.server(ThreadPoolExecutor(4))
    results_pb2_grpc.add_ResultsServiceServicer_to_server(scripted, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Results(f"127.0.0.1:{port}") as results:
        yield results
    server.stop(None).wait(PATIENCE)


@pytest.mark.parametrize(
    ("script", "unknown"),
    [(["too late"], False), (["busy"], False), (["break", "too late"], True), (["break", "busy"], True)],
)
def test_what_a_try_before_may_have_done_is_not_forgotten(
    scripted: Scripted, client: Results, script: list[str], unknown: bool
) -> None:
    for call in (
        lambda: client.deposit([work("any", "a")]),
        lambda: client.lock("any", ["a"], request_id="named"),
    ):
        scripted.play(script)
        with pytest.raises((DeadlineExceededError, ServiceUnavailableError)) as caught:
            call()
        assert caught.value.outcome_unknown is unknown


@pytest.mark.parametrize(
    ("code", "unknown"),
    [
        ("INTERNAL", True),
        ("UNKNOWN", True),
        ("ABORTED", True),
        ("DATA_LOSS", True),
        ("INVALID_ARGUMENT", False),
        ("FAILED_PRECONDITION", False),
        ("PERMISSION_DENIED", False),
        ("UNAUTHENTICATED", False),
        ("UNIMPLEMENTED", False),
        ("RESOURCE_EXHAUSTED", False),
    ],
)
def test_only_a_refusal_tells_that_nothing_was_changed(
    scripted: Scripted, client: Results, code: str, unknown: bool
) -> None:
    scripted.play([code])
    for call in (
        lambda: client.deposit([work("any", "a")]),
        lambda: client.lock("any", ["a"]),
        lambda: client.lock("any", ["a"], request_id="named"),
    ):
        with pytest.raises(ResultsError) as caught:
            call()
        assert caught.value.outcome_unknown is unknown


@pytest.mark.parametrize(("script", "unknown"), [(["too late"], False), (["go on", "too late"], True)])
def test_a_deposit_of_which_a_part_was_stored_has_changed_something(
    scripted: Scripted, client: Results, script: list[str], unknown: bool
) -> None:
    scripted.play(script)
    works = [work("any", "a", data=bytes(900_000)) for _ in range(2)]  # two requests, the one after the other
    with pytest.raises(DeadlineExceededError) as caught:
        client.deposit(works)
    assert caught.value.outcome_unknown is unknown
    assert len(caught.value.works) == 2


@pytest.mark.parametrize(
    ("script", "unknown"),
    [(["busy"], False), (["break", "busy"], True), (["end early", "busy"], True), (["end early"], True)],
)
def test_a_depositor_does_not_forget_what_a_stream_before_may_have_stored(
    scripted: Scripted, client: Results, script: list[str], unknown: bool
) -> None:
    scripted.play(script)
    with pytest.raises(ServiceUnavailableError) as caught, client.depositor() as depositor:
        future = depositor.deposit(work("any", "a"))
    failure = future.exception()
    assert isinstance(failure, ResultsError)
    assert failure.outcome_unknown is caught.value.outcome_unknown is unknown
