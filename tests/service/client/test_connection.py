"""The client's connection: servers that are dead, mute, restarted or cut off, threads, forks, and the end."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from tests.support.launcher import Service
from tests.support.proxy import Proxy
from tests.support.waiting import PATIENCE, eventually
from tests.support.wire import open_channel
from tests.support.works import work
from workflow_results import (
    DeadlineExceededError,
    NotFoundError,
    Results,
    ResultsError,
    ServiceUnavailableError,
)
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

Serve = Callable[..., Service]
CHANGES: dict[str, Callable[[Results, str], bool]] = {
    "update": lambda results, pipeline: results.update([{"pipeline": pipeline, "id": "a", "n": 1}]),
    "lock": lambda results, pipeline: results.lock(pipeline, ["a"]),
    "unlock": lambda results, pipeline: results.unlock(pipeline, ["b"], force=True),
    "delete_ids": lambda results, pipeline: results.delete_ids(pipeline, ["a"]),
}
"""Calls that must not be repeated when it is not known what became of them, for a result a and a locked result b."""


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with contextlib.closing(Proxy(service.target)) as opened:
        yield opened


def in_a_thread(call: Callable[..., Any], *arguments: Any) -> Future[Any]:
    with_one = ThreadPoolExecutor(1)
    future = with_one.submit(call, *arguments)
    with_one.shutdown(wait=False)
    return future


def restarted(serve: Serve, service: Service) -> Service:
    service.stop(signal.SIGKILL)
    return serve("--port", service.target.rpartition(":")[2])


def test_one_client_serves_eight_threads(results: Results, pipeline: str) -> None:
    def use(number: int) -> None:
        mine = [f"{number}-{each}" for each in range(10)]
        for id_ in mine:
            assert results.deposit([work(pipeline, id_, event=[number])]) == {pipeline: True}
            assert [result["id"] for result in results.get_by_id(pipeline, [id_])] == [id_]
        assert results.lock(pipeline, mine)
        assert not results.delete_ids(pipeline, mine)
        assert len(results.get_by_event(pipeline, number)) == results.count(pipeline, {"event": number}) == 10

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(8)))
    assert results.get_locked_count(pipeline) == 80


def test_closed_client_says_so(service: Service, pipeline: str) -> None:
    with Results(service.target) as results:
        works = [work(pipeline, str(number), data=bytes(50_000)) for number in range(100)]
        assert results.deposit(works) == {pipeline: True}
        under_way = results.stream(pipeline, {})
        next(under_way)
    results.close()
    for call in (results.status, lambda: results.view(pipeline, {}), lambda: list(under_way)):
        with pytest.raises(ResultsError, match="closed"):
            call()


def test_closing_at_once_is_silent(service: Service) -> None:
    program = f"from workflow_results import Results\nwith Results({service.target!r}) as results: results.status()"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("", "")


FORKING = """
import itertools, multiprocessing, os, sys, threading
from workflow_results import Results, ResultsError

target, pipeline, how = sys.argv[1:]
results = Results(target)
expected = [f"{number:04}" for number in reversed(range(2000))]
stream = results.stream(pipeline, {})
read, stop, failures = [], threading.Event(), []

def call():
    while not stop.is_set():
        try:
            assert results.count(pipeline, {}) == 2000
        except BaseException as error:
            failures.append(error)

def use_in_child(_=None):
    assert results.count(pipeline, {}) == 2000
    assert [result["id"] for result in results.stream(pipeline, {})] == expected

if how == "idle":
    assert results.count(pipeline, {}) == 2000
else:
    read += [result["id"] for result in itertools.islice(stream, 10)]
    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()

try:
    for end in (sys.exit, os._exit) * 2:
        if not (child := os.fork()):
            use_in_child()
            if read:
                try:
                    list(stream)
                except ResultsError as error:
                    assert "fork" in str(error)
                else:
                    os._exit(3)
            end(0)
        assert os.waitpid(child, 0)[1] == 0
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(use_in_child, range(4))
        pool.close()
        pool.join()

    assert read + [result["id"] for result in stream] == expected
    assert results.count(pipeline, {}) == 2000
finally:
    stop.set()
assert not failures, failures
"""


@pytest.mark.parametrize("how", ["idle", "busy"])
def test_forked_child_works_and_leaves_the_parent_alone(results: Results, pipeline: str, how: str) -> None:
    works = [work(pipeline, f"{number:04}", data=bytes(3_000)) for number in range(2000)]
    assert results.deposit(works) == {pipeline: True}
    program = [sys.executable, "-c", FORKING, results.baseurl, pipeline, how]
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=2 * PATIENCE)
    # gRPC itself says that it is busy, and that it leaves alone what was opened before a fork.
    told = [line for line in done.stderr.splitlines() if "fork_posix.cc" not in line and "pre fork" not in line]
    assert (done.returncode, done.stdout, told) == (0, "", []), done.stderr


def test_stream_survives_a_restart_of_the_server(serve: Serve, pipeline: str) -> None:
    service = serve()
    with Results(service.target) as results:
        works = [work(pipeline, f"{number:05}", data=bytes(300)) for number in range(30_000)]
        assert results.deposit(works) == {pipeline: True}
        read = []
        for result in results.stream(pipeline, {}):
            read.append(result["id"])
            if len(read) in (1, 15_000):
                service = restarted(serve, service)
    assert read == [each["id"] for each in reversed(works)]


def test_deposit_survives_a_restart_of_the_server(serve: Serve, pipeline: str, database: Any) -> None:
    service = serve()
    works = [work(pipeline, f"{number:03}", data=bytes(200_000)) for number in range(300)]
    with Results(service.target) as results:
        depositing = in_a_thread(results.deposit, works)
        eventually(lambda: database[pipeline].estimated_document_count() > 20)
        restarted(serve, service)
        assert depositing.result(PATIENCE) == {pipeline: True}
    assert database[pipeline].count_documents({}) == 300


@pytest.fixture
def results_through_proxy(proxy: Proxy, results: Results, pipeline: str) -> Iterator[Results]:
    locked = work(pipeline, "b", results={"locked": True})
    assert results.deposit([work(pipeline, "a"), locked]) == {pipeline: True}
    with Results(proxy.target, strict=True) as through_proxy:
        through_proxy.status()
        yield through_proxy


@pytest.mark.parametrize("method", CHANGES)
def test_change_whose_answer_is_lost_is_not_repeated(
    results_through_proxy: Results, proxy: Proxy, pipeline: str, database: Any, method: str
) -> None:
    before = list(database[pipeline].find())
    proxy.hold_from = pipeline.encode()
    changing = in_a_thread(CHANGES[method], results_through_proxy, pipeline)
    eventually(lambda: list(database[pipeline].find()) != before)
    proxy.cut()
    with pytest.raises(ServiceUnavailableError, match=proxy.target) as caught:
        changing.result(PATIENCE)
    assert caught.value.outcome_unknown
    assert results_through_proxy.count(pipeline, {}) == 2 - (method == "delete_ids")


def unanswered(results: Results, call: Callable[[Results, str], object], pipeline: str) -> DeadlineExceededError:
    """Make a call whose answer is held back; with more time if it was not even sent, as on a busy machine."""
    for results.timeout in (0.3, 3, 30):
        with pytest.raises((DeadlineExceededError, ServiceUnavailableError), match=results.baseurl) as caught:
            call(results, pipeline)
        if isinstance(caught.value, DeadlineExceededError):
            return caught.value
    raise caught.value


@pytest.mark.parametrize("method", CHANGES)
def test_change_that_is_not_answered_in_time_may_have_happened(
    results_through_proxy: Results, proxy: Proxy, pipeline: str, method: str
) -> None:
    proxy.hold_from = pipeline.encode()
    assert unanswered(results_through_proxy, CHANGES[method], pipeline).outcome_unknown
    assert not unanswered(
        results_through_proxy, lambda *_: results_through_proxy.count(pipeline, {}), pipeline
    ).outcome_unknown


def test_read_and_deposit_whose_answers_are_lost_are_repeated(
    results_through_proxy: Results, proxy: Proxy, pipeline: str, database: Any
) -> None:
    proxy.hold_from = pipeline.encode()
    counting = in_a_thread(results_through_proxy.count, pipeline, {})
    depositing = in_a_thread(results_through_proxy.deposit, [work(pipeline, "c")])
    eventually(lambda: database[pipeline].count_documents({}) == 3)
    proxy.cut()
    assert depositing.result(PATIENCE) == {pipeline: True}
    assert counting.result(PATIENCE) in (2, 3)


def test_change_waits_for_a_connection_that_was_lost(
    results_through_proxy: Results, proxy: Proxy, pipeline: str
) -> None:
    for change in CHANGES.values():
        proxy.cut()
        if change is CHANGES["delete_ids"]:
            assert results_through_proxy.unlock(pipeline, ["a"], force=True)
            proxy.cut()
        assert change(results_through_proxy, pipeline)
    with pytest.raises(NotFoundError):
        results_through_proxy.lock(pipeline, ["a"])


def test_commit_whose_answer_is_lost_is_not_called_off(
    serve: Serve, mongo_uri: str, results: Results, pipeline: str, database: Any
) -> None:
    """To say NOT_APPLIED of what was applied would make clients repeat it."""
    assert results.deposit([work(pipeline, "a")]) == {pipeline: True}
    host = re.findall(r"@([^/]+)/", mongo_uri)[0]
    with contextlib.closing(Proxy(host, cut_at=b"commitTransaction")) as proxy:
        uri = mongo_uri.replace(host, proxy.target).replace("replicaSet=rs0", "directConnection=true")
        service = serve("--mongo-uri", uri, "--call-seconds", "4")  # in which it must come to its commit
        with open_channel(service.target) as channel, pytest.raises(grpc.RpcError) as caught:
            stub = results_pb2_grpc.ResultsServiceStub(channel)
            stub.DeleteIds(pb.DeleteIdsRequest(pipeline=pipeline, ids=["a"]))
    eventually(lambda: database[pipeline].count_documents({}) == 0)
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert "NOT_APPLIED" not in str(caught.value.trailing_metadata())
