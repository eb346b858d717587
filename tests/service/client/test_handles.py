"""What the objects in the hands of users show, and that they are neither copied nor pickled."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from tests.support.launcher import Service
from tests.support.proxy import Proxy
from tests.support.waiting import eventually
from tests.support.works import work
from workflow_results import (
    DepositFuture,
    Depositor,
    InvalidRequestError,
    Outcome,
    Receipt,
    Results,
    ResultsError,
    ServiceUnavailableError,
)


def test_a_future_shows_what_became_of_its_work(results: Results, pipeline: str) -> None:
    works = [work(pipeline, "a", n=1), work(pipeline, "a", n=2), work(pipeline, "a b\n", n=1)]
    with results.depositor() as depositor:
        futures = [depositor.deposit(each) for each in works]
    assert list(map(repr, futures)) == [
        f"<DepositFuture of {pipeline} a: deposited>",
        f"<DepositFuture of {pipeline} a: conflict: a result with this id is stored with other content>",
        f"<DepositFuture of {pipeline} 'a b\\n': deposited>",
    ]
    pending = DepositFuture(threading.Lock(), {"pipeline": "p", "id": "a", "data": bytes(1_000)})
    assert repr(pending) == "<DepositFuture of p a: pending>"
    assert not pending.done(), "shown without being made whole, and whole when that is asked"
    assert repr(pending) == "<DepositFuture of p a: pending>"
    pending.become(ServiceUnavailableError("nobody\nis there"))
    assert repr(pending) == r"<DepositFuture of p a: ServiceUnavailableError: nobody\nis there>"
    assert pending._work == {"pipeline": "p", "id": "a"}, "the rest may be large"
    futures[0].result()
    assert futures[0]._work is None


def test_a_depositor_shows_its_state(service: Service, pipeline: str) -> None:
    with closing(Proxy(service.target)) as proxy, Results(proxy.target) as results:
        depositor = results.depositor()
        named = f"<Depositor of {proxy.target}: "
        assert repr(depositor) == f"{named}not open yet, 0 given, 0 not acknowledged>"
        seen = threading.Event()
        go_on = threading.Event()

        def hold(_: object) -> None:
            seen.set()
            assert go_on.wait(30)

        with depositor:
            assert repr(depositor) == f"{named}open, 0 given, 0 not acknowledged>"
            depositor.deposit(work(pipeline, "a")).add_done_callback(hold)  # in the thread that receives receipts
            assert seen.wait(30)
            for id_ in "bc":
                depositor.deposit(work(pipeline, id_))
            assert repr(depositor) == f"{named}open, 3 given, 3 not acknowledged>", "a's request is not settled yet"
            go_on.set()
            depositor.flush()
            assert repr(depositor) == f"{named}open, 3 given, 0 not acknowledged>"
        assert repr(depositor) == f"{named}closed, 3 given, 0 not acknowledged>"

        lost = results.depositor(timeout=2)
        with pytest.raises(ResultsError), lost:
            proxy.close()
            for id_ in "de":
                lost.deposit(work(pipeline, id_))
        assert repr(lost) == f"{named}failed, 2 given, 2 not acknowledged>"


def test_a_depositor_that_was_not_opened_cannot_be_left(results: Results, pipeline: str) -> None:
    depositor = results.depositor()
    for kind, error in ((None, None), (ValueError, ValueError("of the block"))):
        with pytest.raises(ResultsError, match="the depositor is not open: use it in a `with` or `async with` block"):
            depositor.__exit__(kind, error, None)
    with depositor as opened:
        assert opened.deposit(work(pipeline, "a")).result(30).stored


def test_a_stream_shows_how_far_it_is(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:03}", pad="x" * 10_000) for number in range(250)])
    stream = results.stream(pipeline, {})
    named = f"<stream of {pipeline} at {results.baseurl}: "
    assert repr(stream) == f"{named}not begun>"
    for number, result in enumerate(stream, 1):
        assert result["id"] == f"{250 - number:03}"
        if number in (1, 2, 100, 250):
            assert repr(stream) == f"{named}{number} result{'' if number == 1 else 's'} so far>"
    assert repr(stream) == f"{named}ended after 250 results>"
    assert list(stream) == []

    batches = results.stream_batches(pipeline, {})
    sizes = [len(next(batches))]
    named = f"<stream_batches of {pipeline} at {results.baseurl}: "
    assert repr(batches) == f"{named}1 batch of {sizes[0]:,} bytes so far>"
    sizes += map(len, batches)
    assert repr(batches) == f"{named}ended after {len(sizes)} batches of {sum(sizes):,} bytes>"


def test_a_stream_is_an_iterator_that_is_closed_in_every_way(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:03}") for number in range(250)])

    def closed(stream: Any) -> None:
        stream.close()

    def with_closing(stream: Any) -> None:
        with closing(stream) as same:
            assert same is stream

    def as_a_block(stream: Any) -> None:
        with stream as same:
            assert same is stream

    def failing(stream: Any) -> None:
        with pytest.raises(KeyError), stream:
            raise KeyError

    for make in (results.stream, results.stream_batches):
        for close in (closed, with_closing, as_a_block, failing):
            stream: Any = make(pipeline, {})
            assert iter(stream) is stream
            assert next(stream)
            close(stream)
            assert "ended after 1 " in repr(stream)
            assert list(stream) == []
            stream.close()


def test_what_is_wrong_is_told_before_the_first_result(results: Results, pipeline: str) -> None:
    for make in (results.stream, results.stream_batches):
        with pytest.raises(InvalidRequestError, match="limit must be from -1"):
            make(pipeline, {}, limit=-2)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_holds_a_connection_is_neither_copied_nor_pickled(
    results: Results, pipeline: str, how: Callable[[Any], object]
) -> None:
    with results.depositor() as depositor:
        done = depositor.deposit(work(pipeline, "a"))
        for each, cure in (
            (DepositFuture(threading.Lock()), r"use the Receipt that result\(\) returns"),
            (done, r"use the Receipt that result\(\) returns"),
            (depositor, r"create one with Results.depositor\(\) where it is needed"),
            (results.stream(pipeline, {}), "start another one where it is needed"),
            (results.stream_batches(pipeline, {}), "start another one where it is needed"),
        ):
            with pytest.raises(TypeError, match=f"^an? .* can't be copied or pickled: {cure}"):
                how(each)
    assert pickle.loads(pickle.dumps(done.result())) == Receipt(pipeline, "a", Outcome.DEPOSITED)


def test_a_depositor_of_another_process_is_shown_without_its_lock(results: Results) -> None:
    depositor: Depositor = results.depositor()
    depositor._forks -= 1  # as it is in the child
    shown: list[str] = []
    with depositor._changed:  # whoever held it is not there
        thread = threading.Thread(target=lambda: shown.append(repr(depositor)), daemon=True)
        thread.start()
        eventually(lambda: shown)
    assert shown == [f"<Depositor of {results.baseurl}: opened before a fork>"]
