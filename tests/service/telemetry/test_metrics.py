"""What `serve --metrics-port` tells Prometheus."""

from __future__ import annotations

import os
import signal
import ssl
import urllib.error
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from itertools import count
from pathlib import Path
from threading import Event

import grpc
import pytest

from tests.support.asking import ask, ask_json
from tests.support.certificates import Authority
from tests.support.launcher import Service, run
from tests.support.metrics import RPC, Samples, metrics_of
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import InvalidRequestError, Results
from workflow_results_server.mongod.data_directory import DataDirectory

Serve = Callable[..., Service]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_calls_and_works_are_counted(serve: Serve, pipeline: str) -> None:
    server = serve("--metrics-port", "0", "--metrics-pipeline", pipeline)
    with Results(server.target) as results:
        results.deposit([work(pipeline, f"{number:03}") for number in range(100)])
        results.deposit([work(pipeline, "000"), {**work(pipeline, "001"), "status": "failure"}])
        results.deposit([work(f"{pipeline}-other", "0")])
        with results.depositor() as depositor:
            assert depositor.deposit(work(pipeline, "by-stream")).result(PATIENCE).stored
        with pytest.raises(InvalidRequestError):
            results.count(pipeline, {"$where": "1"})
        for _ in range(3):
            assert len(results.view(pipeline, {}, limit=-1)) == 101

        now = metrics_of(server)
        deposit = {"grpc_method": f"{RPC}Deposit", "grpc_status": "OK"}
        assert now("grpc_server_call_started_total", grpc_method=f"{RPC}Deposit") == 3
        assert now("grpc_server_call_duration_seconds_count", **deposit) == 3
        assert 0 < now("grpc_server_call_duration_seconds_sum", **deposit) < PATIENCE
        assert now("grpc_server_call_rcvd_total_compressed_message_size_bytes_sum", **deposit) > 100 * 100
        view = {"grpc_method": f"{RPC}View", "grpc_status": "OK"}
        assert now("grpc_server_call_sent_total_compressed_message_size_bytes_sum", **view) > 3 * 101 * 50
        refused = {"grpc_method": f"{RPC}Count", "grpc_status": "INVALID_ARGUMENT"}
        assert now("grpc_server_call_duration_seconds_count", **refused) == 1
        streamed = {"grpc_method": f"{RPC}DepositStream", "grpc_status": "OK"}
        assert now("grpc_server_call_rcvd_total_compressed_message_size_bytes_sum", **streamed) > 50

        assert now("workflow_results_works_total", pipeline=pipeline, outcome="deposited") == 101
        assert now("workflow_results_works_total", pipeline=pipeline, outcome="already_deposited") == 1
        assert now("workflow_results_works_total", pipeline=pipeline, outcome="conflict") == 1
        assert now("workflow_results_works_total", pipeline="", outcome="deposited") == 1
        assert now("workflow_results_works_per_insert_sum") == 104
        assert now("workflow_results_memory_bytes", of="works") == now("workflow_results_memory_bytes", of="reads") == 0
        assert now("workflow_results_mongodb_up") == 1
        assert now("workflow_results_connections", door="grpc") >= 1
        assert now("process_resident_memory_bytes") > 10_000_000


def test_rejected_works_are_counted_whichever_door_they_came_to(serve: Serve, pipeline: str) -> None:
    server = serve("--http-port", "0", "--metrics-port", "0", "--http-quarantine")
    bad = {**work(pipeline, "a"), "a.b": 1}
    assert ask_json(server, "POST", "/results", [work(pipeline, "b"), bad, 5])[0] == 200
    with Results(server.target) as results, pytest.raises(InvalidRequestError):
        results.deposit([{**work(pipeline, "x" * 200)}])
    now = metrics_of(server)
    assert now("workflow_results_works_total", pipeline="", outcome="rejected") == 2
    assert now("workflow_results_quarantined_works_total") == 2
    request = {"http_request_method": "POST", "http_route": "/results", "url_scheme": "http"}
    assert now("http_server_request_duration_seconds_count", http_response_status_code="200", **request) == 1


def test_callers_can_not_make_up_labels(serve: Serve, pipeline: str) -> None:
    server = serve("--http-port", "0", "--metrics-port", "0")
    with Results(server.target) as results, grpc.insecure_channel(server.target) as channel:

        def call(number: int) -> None:
            results.deposit([work(f"{pipeline}-{number}", "a")])
            ask(server, f"METHOD{number}", "/")
            ask(server, "GET", f"/nothing/{number}")
            ask(server, "GET", f"/version?{number}")
            with pytest.raises(grpc.RpcError, match="UNIMPLEMENTED"):
                channel.unary_unary(f"/{RPC}Method{number}")(b"", timeout=PATIENCE)  # type: ignore[arg-type]

        call(0)
        before = metrics_of(server).samples.keys()
        for number in range(1, 10):
            call(number)
        own = {"http_route": "/metrics"}.items()
        assert {key for key in metrics_of(server).samples.keys() - before if not own <= dict(key[1]).items()} == set()


def test_each_outcome_stands_there_before_the_first_work(serve: Serve, pipeline: str) -> None:
    now = metrics_of(serve("--workers", "2", "--metrics-port", "0", "--metrics-pipeline", pipeline))
    counts = {key: value for key, value in now.samples.items() if key[0] == "workflow_results_works_total"}
    outcomes = "deposited", "already_deposited", "conflict", "rejected"
    labels = [(("outcome", outcome), ("pipeline", name)) for outcome in outcomes for name in ("", pipeline)]
    assert counts == {("workflow_results_works_total", each): 0 for each in labels}


def test_readers_are_seen_while_they_last(serve: Serve, pipeline: str) -> None:
    server = serve("--metrics-port", "0")
    in_progress = "workflow_results_calls_in_progress"
    with Results(server.target) as results:
        results.deposit([work(pipeline, f"{number:03}", data=bytes(400_000)) for number in range(60)])
        stream = results.stream(pipeline, {})
        next(stream)
        assert metrics_of(server)(in_progress, grpc_method=f"{RPC}View") == 1
        assert metrics_of(server)("workflow_results_memory_bytes", of="reads") > 0
        stream.close()
        eventually(lambda: metrics_of(server)(in_progress, grpc_method=f"{RPC}View") == 0)
        eventually(lambda: metrics_of(server)("workflow_results_memory_bytes", of="reads") == 0)


def test_changes_that_get_in_each_other_s_way_are_seen(serve: Serve, pipeline: str) -> None:
    server = serve("--metrics-port", "0")
    with Results(server.target) as results, ThreadPoolExecutor(8) as pool:
        results.deposit([work(pipeline, "a")])

        def change(number: int) -> bool:
            return results.update([{"pipeline": pipeline, "id": "a", "number": number}])

        def changed() -> bool:
            assert all(pool.map(change, range(16)))
            return metrics_of(server)("workflow_results_transaction_retries_total") > 0

        eventually(changed)


def test_a_watch_that_is_not_read_lags(serve: Serve, pipeline: str) -> None:
    server = serve("--metrics-port", "0")
    with Results(server.target) as results, ThreadPoolExecutor(1) as pool:
        with results.watch(pipeline) as watch:
            first = pool.submit(next, watch)
            eventually(lambda: metrics_of(server)("workflow_results_calls_in_progress", grpc_method=f"{RPC}Watch") == 1)
            large = [work(pipeline, f"{number:03}", data=bytes(1_000_000)) for number in range(60)]
            eventually(lambda: results.deposit(large) and first.done())  # repeated where the watch had not begun
            eventually(lambda: metrics_of(server)("workflow_results_watch_lag_seconds") > 1)
        eventually(lambda: metrics_of(server)("workflow_results_watch_lag_seconds") == 0)


def test_mongodb_that_hangs_is_down(directory: Path, tmp_path: Path) -> None:
    server = Service("--data-dir", str(directory), "--metrics-port", "0", log=tmp_path / "log")
    try:
        assert metrics_of(server)("workflow_results_mongodb_up") == 1
        pid = DataDirectory(directory).mongod_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            eventually(lambda: metrics_of(server)("workflow_results_mongodb_up") == 0)
        finally:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: metrics_of(server)("workflow_results_mongodb_up") == 1)
    finally:
        server.stop()


def test_counts_of_workers_never_go_back(serve: Serve, pipeline: str) -> None:
    server = serve("--workers", "2", "--http-port", "0", "--metrics-port", "0")
    done = Event()
    deposited = "workflow_results_works_total"
    labels = {"pipeline": "", "outcome": "deposited"}

    def deposit(caller: int) -> int:
        for number in count(1):
            with Results(server.target) as results:  # the kernel spreads connections, not calls, over the workers
                assert results.deposit([work(pipeline, f"{caller}-{number}")]) == {pipeline: True}
            with suppress(OSError, HTTPException):  # who asks the worker that is killed is told nothing
                ask(server, "GET", "/version")
            if done.is_set():
                return number
        raise AssertionError("a count never ends")

    def check(last: Samples) -> Samples:
        now = metrics_of(server).counts()
        assert not {key: (value, now.get(key)) for key, value in last.items() if now.get(key, 0.0) < value}
        return now

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(deposit, caller) for caller in range(4)]
        try:
            eventually(lambda: metrics_of(server)(deposited, **labels) > 20)
            last = check({})
            os.kill(server.workers()[0], signal.SIGKILL)
            while metrics_of(server)("workflow_results_worker_restarts_total") < 1:
                last = check(last)
            eventually(lambda: metrics_of(server)("workflow_results_workers") == 2)
            at_restart = metrics_of(server)(deposited, **labels)
            eventually(lambda: metrics_of(server)(deposited, **labels) > at_restart + 20)
            last = check(last)
        finally:
            done.set()
        total = sum(caller.result(PATIENCE) for caller in callers)
    # A worker that is late stands there with what it last said.
    eventually(lambda: metrics_of(server)(deposited, **labels) == metrics_of(server)(deposited, **labels))
    before = metrics_of(server)(deposited, **labels)
    assert 0 < before <= total
    assert metrics_of(server)(deposited, **labels) == before
    assert server.stop() == 0


def test_the_log_says_how_each_worker_died(serve: Serve) -> None:
    server = serve("--workers", "2", "--metrics-port", "0")
    killed: set[int] = set()
    for _ in range(4):  # but the first, each dies while it starts
        eventually(lambda: set(server.workers()[1:]) - killed)
        (worker,) = set(server.workers()[1:]) - killed
        os.kill(worker, signal.SIGKILL)
        killed.add(worker)
    eventually(lambda: metrics_of(server)("workflow_results_worker_restarts_total") == 4)
    lines = [line for line in server.log.read_text().splitlines() if "a worker died" in line]
    assert [line.rpartition(" ")[2] for line in lines] == ["code=-9"] * 4


def test_who_is_refused(serve: Serve) -> None:
    server = serve("--metrics-port", "0")
    for headers in ({"Host": "evil.example"}, {"Host": "evil.example:9464"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            metrics_of(server, headers)
        assert refused.value.code == 403
        refused.value.close()
    metrics_of(server, {"Host": "localhost:9464"})
    server.http = server.metrics.removesuffix("/metrics")
    assert ask(server, "POST", "/metrics")[0] == 405
    assert ask(server, "GET", "/view")[0] == 404


def test_others_need_a_token_and_tls(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.yml"
    created = run("token", "create", "prometheus", "--role", "reader", "--pipelines", "*", "--tokens", str(tokens))
    token = created.stdout.strip()
    everywhere = ["--metrics-port", "0", "--metrics-host", "0.0.0.0"]
    refusal = run("serve", *everywhere, "--data-dir", str(tmp_path / "data"))
    assert refusal.returncode == 1
    assert "--metrics-host 0.0.0.0 makes metrics readable from other machines" in refusal.stderr
    assert "--tls-cert with --tls-key and --tokens" in refusal.stderr

    server = serve(*everywhere, *authority.server(), "--tokens", str(tokens))
    server.metrics = server.metrics.replace("0.0.0.0", "localhost")
    assert server.metrics.startswith("https://")
    tls = ssl.create_default_context(cafile=str(authority.file))
    for headers in ({}, {"Authorization": "Bearer wr_nonsense"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            metrics_of(server, headers, tls)
        assert refused.value.code == 401
        refused.value.close()
    assert metrics_of(server, {"Authorization": f"Bearer {token}"}, tls)("workflow_results_mongodb_up") == 1
