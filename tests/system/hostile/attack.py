"""Sends cases, and judges the answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import bson
import grpc
from google.rpc import error_details_pb2, status_pb2

from tests.support.wire import SERVICE
from tests.system.hostile.cases import PIPELINE
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from multiprocessing.connection import Connection

    from tests.system.hostile.cases import Case

IN_FLIGHT: Final = 8
SLOW_SECONDS: Final = 1.0

_FINE: Final = {"OK", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED", "UNIMPLEMENTED", "GIVEN_UP"}
_FINE_AT_LIMITS: Final = {"UNAUTHENTICATED", "PERMISSION_DENIED", "UNAVAILABLE OVERLOADED"}
_DETAILED: Final = {"INVALID_ARGUMENT", "FAILED_PRECONDITION"}
_OWN_ERROR: Final = "Internal error from Core"
"""What grpc.aio says of a call that the server has answered while it still had messages to send."""
_BEAT_SECONDS: Final = 0.02
_KEPT_BYTES: Final = 1_000


class Judge:
    """What came of the cases.

    Args:
        limits: Whether they are at the limits: some have no token, and who asks for very much may be told to wait.

    Attributes:
        codes: How often each code came.
        kinds: How often each kind of case was answered OK, and how often it was not.
        wrong: The cases that were answered wrongly, and how.
        slow: The cases that took long, and the seconds.
    """

    def __init__(self, *, limits: bool = False) -> None:
        self._limits = limits
        self.codes: Counter[str] = Counter()
        self.kinds: dict[str, Counter[bool]] = {}
        self.wrong: list[tuple[Case, str]] = []
        self.slow: list[tuple[Case, float]] = []

    def take(self, case: Case, code: str, told: str, reason: str, seconds: float) -> None:
        """Take an answer."""
        short = f"{code} {reason}".rstrip()
        if self._limits:  # which must not be kept
            case = replace(case, messages=tuple(message[:_KEPT_BYTES] for message in case.messages))
        self.codes[short] += 1
        self.kinds.setdefault(case.kind, Counter())[code == "OK"] += 1
        if not {code, short} & (_FINE | _FINE_AT_LIMITS if self._limits else _FINE):
            self.wrong.append((case, f"{code} {reason}: {told}"))
        elif code in _DETAILED and not reason:
            self.wrong.append((case, f"{code} without a reason: {told}"))
        if seconds > SLOW_SECONDS:
            self.slow.append((case, seconds))


class Beats:
    """What another caller saw meanwhile."""

    def __init__(self) -> None:
        self._number = 0
        self._slowest = self._overslept = 0.0
        self._failures: list[str] = []

    def take(self, number: int, slowest: float, overslept: float, failures: list[str]) -> None:
        """Take what `beat` tells."""
        self._number, self._slowest, self._overslept, self._failures = number, slowest, overslept, failures

    @property
    def counts(self) -> int:
        """How many counts are among its calls, if it counts: each second one."""
        return self._number // 2

    def against(self) -> list[str]:
        """Return what speaks against the server."""
        slow = [f"an answer took {self._slowest:.1f} s"] if self._slowest > SLOW_SECONDS else []
        return [*self._failures, *slow]

    def __str__(self) -> str:
        return (
            f"{len(self._failures)} of {self._number:,} calls of another failed, and the slowest took"
            f" {self._slowest * 1000:.0f} ms (its process overslept by {self._overslept * 1000:.0f} ms)"
        )


async def send(
    target: str, cases: Iterable[Case], judge: Judge, in_flight: int = IN_FLIGHT, seconds: float = 30
) -> None:
    """Send cases, some at a time, each with so many seconds to be answered."""
    options = [("grpc.max_receive_message_length", 32 << 20), ("grpc.use_local_subchannel_pool", 1)]
    left = iter(cases)
    async with grpc.aio.insecure_channel(target, options) as channel:

        async def some() -> None:
            for case in left:
                began = time.perf_counter()
                code, told, reason = await _answer(channel, case, seconds)
                judge.take(case, code, told, reason, time.perf_counter() - began)

        await asyncio.gather(*(some() for _ in range(in_flight)))


async def _answer(channel: Any, case: Case, seconds: float) -> tuple[str, str, str]:
    if len(case.messages) == 1:
        call: Any = channel.unary_stream(case.path, None, None)(
            case.messages[0], timeout=seconds, metadata=case.metadata
        )
    else:
        requests = _one_by_one(case.messages)
        call = channel.stream_stream(case.path, None, None)(requests, timeout=seconds, metadata=case.metadata)
    try:
        number = 0
        async for _ in call:
            number += 1
            if number == case.parts:
                call.cancel()
                return "GIVEN_UP", "", ""
            if case.path == f"{SERVICE}/Watch":  # which has no end
                call.cancel()
                return "OK", "", ""
    except grpc.aio.AioRpcError as error:
        if error.details() == _OWN_ERROR:
            return "GIVEN_UP", "", ""
        return error.code().name, error.details() or "", _reason(error)
    return "OK", "", ""


async def _one_by_one(messages: Sequence[bytes]) -> AsyncIterator[bytes]:
    for message in messages:
        yield message


def _reason(error: grpc.aio.AioRpcError) -> str:
    trailing = dict(error.trailing_metadata() or ())
    info = error_details_pb2.ErrorInfo()
    for detail in status_pb2.Status.FromString(bytes(trailing.get("grpc-status-details-bin", b""))).details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
    return str(info.reason)


def beat(pipe: Connection, target: str, counts: bool, token: str) -> None:
    """Ask for Info, or for a count in turn, as a process of its own; tells the slowest answer and the slowest sleep."""
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    slowest = overslept = 0.0
    number = 0
    failures: list[str] = []
    one = pb.CountRequest(pipeline=PIPELINE, query=pb.EncodedDocument(bson=bson.encode({"id": "w1"})))
    with grpc.insecure_channel(target) as channel:
        stub = results_pb2_grpc.ResultsServiceStub(channel)
        stub.Info(pb.InfoRequest(), wait_for_ready=True, timeout=30, metadata=metadata)
        pipe.send("beating")
        kinds: list[Callable[[], object]] = [lambda: stub.Info(pb.InfoRequest(), timeout=30, metadata=metadata)]
        if counts:
            kinds.append(lambda: stub.Count(one, timeout=30))
        calls = itertools.cycle(kinds)
        while not pipe.poll():
            call = next(calls)
            began = time.monotonic()
            try:
                call()
            except grpc.RpcError as error:
                failures.append(f"{error.code()}: {error.details()}")
            answered = time.monotonic()
            slowest = max(slowest, answered - began)
            number += 1
            time.sleep(_BEAT_SECONDS)
            overslept = max(overslept, time.monotonic() - answered - _BEAT_SECONDS)
    with contextlib.suppress(BrokenPipeError):
        pipe.send((number, slowest, overslept, failures))
