"""More calls of one client than a connection takes: open streams, single calls, and what either does to the other."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.launcher import Service
from tests.support.works import work
from workflow_results import Results, ResultsError
from workflow_results._transport import connections

COUNT = 700


@pytest.fixture(scope="module")
def stored(results: Results) -> tuple[str, list[str]]:
    """A pipeline whose results don't fit into what a stream sends before it is read, and their ids in order."""
    works = [work("many-calls", f"{number:04}", data=bytes(2_000)) for number in range(COUNT)]
    assert results.deposit(works) == {"many-calls": True}
    return "many-calls", [each["id"] for each in reversed(works)]


@pytest.fixture
def client(service: Service) -> Iterator[Results]:
    with Results(service.target, timeout=60) as opened:
        yield opened


def test_two_hundred_streams_of_one_client_are_read_in_turns(client: Results, stored: tuple[str, list[str]]) -> None:
    pipeline, ids = stored
    streams = [client.stream(pipeline, {}, timeout=100) for _ in range(200)]
    read = [[next(stream)["id"]] for stream in streams]
    for part in (2, 50):
        for stream, found in zip(streams, read, strict=True):
            found += [next(stream)["id"] for _ in range(part)]
        assert client.count(pipeline, {}) == COUNT
        assert client.info()["server"]["limits"]
        assert len(client.view(pipeline, {})) == 100
    for stream, found in zip(streams, read, strict=True):
        found += [result["id"] for result in stream]
        assert found == ids


def test_who_has_too_many_streams_open_is_told_what_to_do(
    client: Results, stored: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_STREAMS", 100)
    pipeline, ids = stored

    def open_one() -> Any:
        stream = client.stream(pipeline, {}, timeout=100)
        assert next(stream)["id"] == ids[0]
        return stream

    def check_full() -> None:
        for use in (open_one, lambda: client.view(pipeline, {})):
            with pytest.raises(ResultsError, match=r"100 open streams .* close\(\)"):
                use()
        assert client.count(pipeline, {}) == COUNT

    streams = [open_one() for _ in range(100)]
    check_full()
    streams.pop().close()
    streams.append(open_one())
    check_full()
    assert [result["id"] for result in streams[0]] == ids[1:]
    streams.append(open_one())
    check_full()
    del streams[-1]
    streams.append(open_one())
    cycle: list[Any] = [streams.pop()]
    cycle.append(cycle)
    del cycle
    gc.collect()
    streams.append(open_one())
    check_full()


def test_depositors_count_as_streams(client: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_STREAMS", 3)
    monkeypatch.setattr(connections, "_CALLS_PER_CONNECTION", 2)
    for _ in range(2):
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(client.depositor()) for _ in range(3)]
            for use in (client.depositor().__enter__, lambda: client.view(pipeline, {})):
                with pytest.raises(ResultsError, match=r"3 open streams .* leave the blocks of depositors"):
                    use()
            given = [each.deposit(work(pipeline, str(number))) for number, each in enumerate(opened)]
            assert all(future.result(30).stored for future in given)


def test_a_stream_that_is_left_early_takes_no_memory(service: Service, stored: tuple[str, list[str]]) -> None:
    program = (
        "from workflow_results import Results\n"
        f"results = Results({service.target!r})\n"
        "def use(times):\n"
        f"    for _ in range(times): next(results.stream({stored[0]!r}, {{}}))\n"
        "    return int(open('/proc/self/statm').read().split()[1]) * 4096\n"
        "use(100)\n"
        "print(-use(50) + use(650))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    assert int(done.stdout) < 5_000_000  # gRPC keeps 16 KB of a call whose end nobody reads, 10 MB in all


@pytest.mark.parametrize("connections_full_at", [connections._CALLS_PER_CONNECTION, 1_000])
def test_two_hundred_threads_are_answered(
    client: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch, connections_full_at: int
) -> None:
    """Also where they share a connection, at which the server then refuses calls."""
    monkeypatch.setattr(connections, "_CALLS_PER_CONNECTION", connections_full_at)
    ids = [str(number) for number in range(200)]
    assert client.deposit([work(pipeline, id_) for id_ in ids]) == {pipeline: True}
    together = threading.Barrier(len(ids))

    def use(id_: str) -> None:
        together.wait(60)
        for _ in range(2):
            assert client.lock(pipeline, [id_])
            assert client.count(pipeline, {}) == len(ids)
            assert client.deposit([work(pipeline, id_)]) == {pipeline: True}

    with ThreadPoolExecutor(len(ids)) as pool:
        list(pool.map(use, ids))
