"""Watches of a service that breaks, falls silent or ends, for threads and for event loops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import bson
import grpc
import pytest

from tests.support.blocking import Facade, blocking
from tests.support.event_loops import run, until
from tests.support.fake_service import serving
from tests.support.waiting import PATIENCE, eventually
from workflow_results import AsyncResults, Results, ResultsError, ServiceUnavailableError
from workflow_results._stream import async_watching, watching
from workflow_results._transport.forks import fork_guard
from workflow_results.v1 import results_pb2 as pb

Method = Callable[[pb.WatchRequest, grpc.ServicerContext], Iterator[pb.WatchResponse]]


@pytest.fixture(params=[Results, blocking], ids=["Results", "AsyncResults"])
def facade(request: pytest.FixtureRequest) -> Facade:
    made: Facade = request.param
    return made


def bookmark(token: bytes) -> pb.WatchResponse:
    return pb.WatchResponse(resume_token=token)


def deposited(id_: str, token: bytes = b"") -> pb.WatchResponse:
    event = pb.WatchEvent(kind=pb.CHANGE_KIND_DEPOSITED, pipeline="p", id=id_, result_index=0)
    results = pb.EncodedDocuments(bson=bson.encode({"_id": id_, "id": id_}))
    return pb.WatchResponse(events=[event], results=results, resume_token=token)


def idle(ended: threading.Event) -> Method:
    """Return a service where nothing changes, and which says when it is left."""

    def watch(_request: pb.WatchRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchResponse]:
        context.add_callback(ended.set)
        yield bookmark(b"1")
        while context.is_active():
            threading.Event().wait(0.01)

    return watch


def test_a_stream_that_breaks_is_resumed_behind_the_last_token(facade: Facade) -> None:
    asked: list[bytes] = []

    def watch(request: pb.WatchRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchResponse]:
        asked.append(request.resume_token)
        number = len(asked)
        yield bookmark(b"%d" % number)
        yield deposited(f"{number}a", b"%da" % number)
        yield deposited(f"{number}b")  # to which more belongs
        if number % 2:
            context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")  # the others simply end

    with serving(Watch=watch) as target, facade(target) as results, results.watch("p") as changes:
        found = [next(changes) for _ in range(6)]
        assert changes.resume_token == b"3a"
        assert repr(changes) == f"<watch of p at {target}: 6 changes so far>"
    assert [change.id for change in found] == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert [change.resume_token for change in found] == [b"1a", b"1a", b"2a", b"2a", b"3a", b"3a"]
    assert asked[:3] == [b"", b"1a", b"2a"]


def test_a_stream_that_falls_silent_is_given_up_and_resumed(facade: Facade, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (watching, async_watching):
        monkeypatch.setattr(module, "SILENCE", 0.2)
    over = threading.Event()
    asked: list[bytes] = []

    def watch(request: pb.WatchRequest, _context: Any) -> Iterator[pb.WatchResponse]:
        asked.append(request.resume_token)
        yield bookmark(b"1")
        if len(asked) > 2:
            yield deposited("a", b"2")
        over.wait(PATIENCE)

    with serving(Watch=watch) as target, facade(target) as results:
        try:
            with results.watch("p", timeout=PATIENCE) as changes:  # also with a deadline, which is far away
                assert next(changes).id == "a"
        finally:
            over.set()
    assert asked[:3] == [b"", b"1", b"1"]


def test_it_begins_again_where_it_was_once_its_process_has_forked() -> None:
    """The child may have read from the socket what was to come here."""
    asked: list[bytes] = []
    over = threading.Event()

    def watch(request: pb.WatchRequest, _context: Any) -> Iterator[pb.WatchResponse]:
        asked.append(request.resume_token)
        yield bookmark(request.resume_token or b"0")
        for id_, token in (("b", b"2"),) if request.resume_token else (("a", b"1"), ("c", b"3")):
            yield deposited(id_, token)
        over.wait(PATIENCE)

    with serving(Watch=watch) as target, Results(target) as results, results.watch("p") as changes:
        try:
            read = [next(changes).id]
            fork_guard.close()
            fork_guard.open()
            read.append(next(changes).id)
        finally:
            over.set()
    assert read == ["a", "b"]
    assert asked[:2] == [b"", b"1"]


def test_it_fails_after_a_while_without_a_service(facade: Facade) -> None:
    began = threading.Event()

    def watch(_request: Any, context: grpc.ServicerContext) -> Iterator[pb.WatchResponse]:
        if began.is_set():
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        began.set()
        yield bookmark(b"1")

    with serving(Watch=watch) as target, facade(target, timeout=0.5) as results, results.watch("p") as changes:
        with pytest.raises(ServiceUnavailableError, match="gone"):
            next(changes)
        assert changes.resume_token == b"1"
        with pytest.raises(ResultsError, match="has failed"):
            next(changes)
        changes.close()
        with pytest.raises((ResultsError, StopIteration)):
            next(changes)


def test_patience_begins_with_the_failure(facade: Facade) -> None:
    over = threading.Event()
    asked: list[bytes] = []

    def watch(request: pb.WatchRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchResponse]:
        asked.append(request.resume_token)
        yield bookmark(b"1")
        if len(asked) > 1:
            yield deposited("a", b"2")
            over.wait(PATIENCE)
        over.wait(1.5)  # longer than the patience of the client, in which nothing changes
        context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")

    with serving(Watch=watch) as target, facade(target, timeout=1.0) as results:
        try:
            with results.watch("p") as changes:
                assert next(changes).id == "a"
        finally:
            over.set()


def test_the_end_of_a_watch_is_told_to_the_service(facade: Facade) -> None:
    ended = threading.Semaphore(0)

    def watch(_request: Any, context: grpc.ServicerContext) -> Iterator[pb.WatchResponse]:
        context.add_callback(ended.release)
        yield bookmark(b"1")
        yield deposited("a", b"2")
        while context.is_active():
            threading.Event().wait(0.01)

    with serving(Watch=watch) as target, facade(target) as results:
        with results.watch("p") as changes:
            next(changes)
        assert ended.acquire(timeout=PATIENCE)
        changes.close()
        assert repr(changes) == f"<watch of p at {target}: ended after 1 change>"
        closed = results.watch("p")
        closed.close()
        assert ended.acquire(timeout=PATIENCE)


def test_an_error_at_the_start_is_raised_by_the_call(facade: Facade) -> None:
    def watch(_request: Any, context: grpc.ServicerContext) -> Iterator[pb.WatchResponse]:
        context.abort(grpc.StatusCode.INTERNAL, "a bug")
        yield bookmark(b"never")

    with serving(Watch=watch) as target, facade(target) as results, pytest.raises(ResultsError, match="a bug"):
        results.watch(None)


def test_a_watch_that_nobody_keeps_is_ended() -> None:
    ended = threading.Event()

    with serving(Watch=idle(ended)) as target, Results(target) as results:
        results.watch("p")
        eventually(ended.is_set)


def test_closing_ends_the_wait_for_a_service_that_is_gone() -> None:
    asked: list[bytes] = []

    def watch(request: pb.WatchRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchResponse]:
        asked.append(request.resume_token)
        if len(asked) > 1:
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        yield bookmark(b"1")

    async def main() -> None:
        with serving(Watch=watch) as target:
            async with AsyncResults(target, timeout=PATIENCE) as results, results.watch("p") as changes:
                waiting = asyncio.ensure_future(anext(changes))
                await until(lambda: len(asked) > 5)  # it sleeps now, for a second or longer
                began_at = time.monotonic()
                await changes.close()
                with pytest.raises(StopAsyncIteration):
                    await waiting
                assert time.monotonic() - began_at < PATIENCE / 4

    run(main())


def test_closing_ends_the_wait_for_a_service_that_was_never_there() -> None:
    async def main() -> None:
        async with AsyncResults("127.0.0.1:1", timeout=PATIENCE) as results:
            changes = results.watch("p")
            waiting = asyncio.ensure_future(anext(changes))
            await until(lambda: changes._receiving)
            began_at = time.monotonic()
            await changes.close()
            with pytest.raises(StopAsyncIteration):
                await waiting
            assert time.monotonic() - began_at < PATIENCE / 4
            assert "ended after 0 changes" in repr(changes)

    run(main())


def test_a_watch_that_was_interrupted_has_no_end() -> None:
    with serving(Watch=idle(threading.Event())) as target, Results(target) as results, results.watch("p") as changes:
        with pytest.raises(KeyboardInterrupt):  # as Ctrl-C does while it waits
            changes._parts.throw(KeyboardInterrupt())
        with pytest.raises(ResultsError, match="interrupted: begin another one with its resume_token"):
            next(changes)


def test_a_watch_that_is_polled_resumes_between_two_polls() -> None:
    asked: list[bytes] = []
    over = threading.Event()

    def watch(request: pb.WatchRequest, context: grpc.ServicerContext) -> Iterator[pb.WatchResponse]:
        asked.append(request.resume_token)
        if 1 < len(asked) < 5:
            context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")
        yield bookmark(b"1")
        if len(asked) >= 5:
            yield deposited("a", b"2")
            over.wait(PATIENCE)

    async def main() -> None:
        with serving(Watch=watch) as target:
            async with AsyncResults(target, timeout=2.0) as results, results.watch("p") as changes:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(anext(changes), 0.01)
                await until(lambda: len(asked) >= 5)  # without another poll
                assert (await anext(changes)).id == "a"
                over.set()

    try:
        run(main())
    finally:
        over.set()


@pytest.mark.parametrize("waits", [False, True])
def test_a_watch_that_another_thread_collects_as_garbage_is_ended(
    caplog: pytest.LogCaptureFixture, waits: bool
) -> None:
    ended = threading.Event()

    async def main() -> None:
        asyncio.get_running_loop().set_debug(True)
        with serving(Watch=idle(ended)) as target:
            async with AsyncResults(target) as results:
                changes = [results.watch("p")]
                async with contextlib.AsyncExitStack() as stack:
                    await stack.enter_async_context(changes[0])
                    stack.pop_all()
                if waits:
                    with pytest.raises(asyncio.TimeoutError):
                        await asyncio.wait_for(anext(changes[0]), 0.05)
                await asyncio.to_thread(changes.clear)
                await until(ended.is_set)

    run(main())
    gc.collect()
    assert [each for each in caplog.messages if "destroyed" in each or "never" in each] == []
