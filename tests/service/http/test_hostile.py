"""What no client would send: each is refused or harmless, and leaves the server as it was."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.support.asking import ask, ask_json
from tests.support.callers import entry, write
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import Results
from workflow_results_server.mongod.data_directory import DataDirectory

Serve = Callable[..., Service]
ADDRESS = b"Host: localhost\r\n"


def connect(door: Service) -> socket.socket:
    where = urlsplit(door.http)
    assert where.port
    return socket.create_connection((where.hostname, where.port), timeout=PATIENCE)


def tell(door: Service, data: bytes, *, half: bool = False) -> bytes:
    """Send bytes, and return all that comes until the server ends the connection."""
    with connect(door) as peer:
        peer.sendall(data)
        if half:
            peer.shutdown(socket.SHUT_WR)
        answer = b""
        while part := peer.recv(1 << 16):
            answer += part
        return answer


def statuses(answer: bytes) -> list[int]:
    return [*map(int, re.findall(rb"HTTP/1.1 (\d+)", answer))]


POST = b"POST /results HTTP/1.1\r\n" + ADDRESS


@pytest.mark.parametrize(
    "request_",
    [
        b"\0",
        b"GET / HTTP/1.x\r\n\r\n",
        b"GET /version HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n",
        b"GET /version HTTP/1.1\r\n" + ADDRESS + b"a b: c\r\n\r\n",
        b"GET /version HTTP/1.1\r\n" + ADDRESS + b"a: b\rc: d\r\n\r\n",
        b"GET /version HTTP/1.1\r\n" + ADDRESS + b"a: b\0c\r\n\r\n",
        b"GET /version\r\nx: HTTP/1.1\r\n" + ADDRESS + b"\r\n",
        b"GET /ver\xffsion HTTP/1.1\r\n" + ADDRESS + b"\r\n",
        b"GET /version HTTP/1.1\r\n" + b"a: b\r\n" * 200_000,
        POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]x",
        POST + b"Content-Length: 2, 3\r\n\r\n[]x",
        POST + b"Content-Length: -2\r\n\r\n[]",
        POST + b"Content-Length: 2x\r\n\r\n[]",
        POST + b"Content-Length: " + b"9" * 100 + b"\r\n\r\n[]",
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /version HTTP/1.1\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n[]\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]xx0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n[]\r\n",
    ],
)
def test_what_is_not_http_is_refused(door: Service, request_: bytes) -> None:
    answer = tell(door, request_)
    assert statuses(answer) in ([400], [413]), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] in (400, 413)
    assert ask(door, "GET", "/version")[0] == 200


def test_garbage_behind_an_early_answer_is_harmless(door: Service) -> None:
    head = b"POST /nothing HTTP/1.1\r\n" + ADDRESS + b"Transfer-Encoding: chunked\r\n\r\n"
    with connect(door) as peer:
        peer.sendall(head)
        answer = peer.recv(1 << 16)
        peer.sendall(b"zz\r\nzz\r\n")
        while part := peer.recv(1 << 16):
            answer += part
    assert statuses(answer) == [404]


def test_requests_in_one_packet_are_answered_in_turn(door: Service) -> None:
    request = POST + b"Content-Length: 2\r\n\r\n[]"
    answer = tell(door, request * 3 + b"GET /version HTTP/1.1\r\n" + ADDRESS + b"Connection: close\r\n\r\n")
    assert statuses(answer) == [200] * 4


def test_no_header_is_made_of_what_callers_say(door: Service) -> None:
    for path in ("/a%0d%0ax-evil: 1", "/results?a%0d%0ax-evil:1=b"):
        _, _, headers = ask(door, "DELETE", path.replace(" ", "%20"))
        assert "x-evil" not in headers
    _, _, headers = ask(door, "GET", "/version", headers={"x-request-id": "a b\tc"})
    assert headers["x-request-id"] != "a b\tc"


def test_a_body_that_breaks_off_deposits_no_half_work(door: Service) -> None:
    p = uuid4().hex
    body = json.dumps([work(p, id="a"), work(p, id="b")]).encode()
    for cut in (1, len(body) // 2, len(body) - 1):
        with connect(door) as peer:
            peer.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body[:cut])
        assert tell(door, POST + b"Content-Length: %d\r\n\r\n" % len(body) + body[:cut], half=True) == b""
    assert ask_json(door, "POST", "/view/count", {"query": {"pipeline": p}}) == (200, 0)


def test_who_sends_much_still_reads_an_early_answer(serve: Serve, tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens.yml", {"a": entry("depositor", "*", token="wr_a")})
    server = serve("--http-port", "0", "--http-max-body", "100000", "--tokens", str(tokens))
    body, chunks = b" " * (8 << 20), [b" " * (1 << 16)] * 128
    for headers, status in (({}, 401), ({"x-access-token": "wr_a"}, 413)):
        assert ask(server, "POST", "/results", body, headers)[0] == status
        connection = http.client.HTTPConnection(urlsplit(server.http).netloc, timeout=PATIENCE)
        connection.request("POST", "/results", iter(chunks), headers)  # without saying how much it is
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["status"]) == (status, status)
        connection.close()


def test_who_may_not_deposit_one_work_is_told_what_is_stored(serve: Serve, tmp_path: Path) -> None:
    own, p = uuid4().hex, uuid4().hex
    tokens = write(tmp_path / "tokens.yml", {"a": entry("depositor", own, token="wr_a")})
    server = serve("--http-port", "0", "--tokens", str(tokens))
    headers = {"x-access-token": "wr_a"}

    def post(*works: dict[str, Any]) -> tuple[int, Any]:
        return ask(server, "POST", "/results", json.dumps(works).encode(), headers)[:2]

    assert post(work(own, id="a")) == (200, {own: 1})
    status, body = post(work(own, id="b"), work(p, id="b"))
    assert (status, body["reason"], body["stored"]) == (403, "PIPELINE", {})
    assert post(work(own, id="c", results={"locked": True}))[1]["reason"] == "ROLE"
    status, body = post(*(work(own, id=str(number), text="x" * 100_000) for number in range(30)), work(p, id="b"))
    assert (status, body["reason"]) == (403, "PIPELINE")
    assert body["stored"][own] >= 20
    for method, path in (("PUT", "/results"), ("DELETE", f"/results?{own}=a")):
        assert ask(server, method, path, b"[]", headers)[1]["reason"] == "ROLE"


def test_as_many_connections_as_there_may_be_leave_grpc_usable(serve: Serve, mongo_uri: str, tmp_path: Path) -> None:
    server = Service("--mongo-uri", mongo_uri, "--http-port", "0", log=tmp_path / "log", files=200)
    try:
        with ExitStack() as stack:
            for _ in range(300):
                peer = stack.enter_context(connect(server))
                peer.sendall(b"POST /results HTTP/1.1\r\n")
            with Results(server.target) as results:
                assert results.deposit([work(uuid4().hex, id="a")])
        eventually(lambda: ask(server, "GET", "/version")[0] == 200)
    finally:
        assert server.stop() == 0


def test_a_mongod_that_hangs_is_waited_for_no_longer_than_a_call_may_take(directory: Path, tmp_path: Path) -> None:
    server = Service("--data-dir", str(directory), "--http-port", "0", "--call-seconds", "1", log=tmp_path / "log")
    p = uuid4().hex
    assert ask_json(server, "POST", "/results", [work(p, id="a")]) == (200, {p: 1})
    mongod = DataDirectory(directory).mongod_pid()
    os.kill(mongod, signal.SIGSTOP)
    try:
        for method, path, body in (
            ("POST", "/results", [work(p, id="b")]),
            ("PUT", "/results", [{"id": "a", "pipeline": p, "n": 1}]),
            ("DELETE", f"/results?{p}=a", []),
        ):
            status, answer, headers = ask(server, method, path, json.dumps(body).encode())
            assert (status, answer["reason"]) in ((504, "DEADLINE_EXCEEDED"), (503, "MONGODB_UNAVAILABLE"))
            assert status == 504 or headers["retry-after"].isdecimal()
    finally:
        os.kill(mongod, signal.SIGCONT)
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("first", "status", "goes_on"),
    [
        (b"GET /nothing HTTP/1.1\r\n" + ADDRESS + b"\r\n", 404, True),
        (b"HEAD /nothing HTTP/1.1\r\n" + ADDRESS + b"\r\n", 404, True),
        (b"OPTIONS /version HTTP/1.1\r\n" + ADDRESS + b"\r\n", 204, True),
        (b"GET /version HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, True),
        (b"POST /view HTTP/1.1\r\n" + ADDRESS + b"Content-Length: 1\r\n\r\n{", 400, True),
        (b"POST /nothing HTTP/1.1\r\n" + ADDRESS + b"Content-Length: 2\r\n\r\n[]", 404, False),
        (b"GET /version HTTP/1.1\r\n" + ADDRESS + b"Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n", 200, False),
    ],
)
def test_an_answer_is_never_that_to_another_request(door: Service, first: bytes, status: int, goes_on: bool) -> None:
    version = b"GET /version HTTP/1.1\r\n" + ADDRESS
    answer = tell(door, first + version + b"\r\n" + version + b"Connection: close\r\n\r\n")
    assert statuses(answer) == ([status, 200, 200] if goes_on else [status])


def test_old_and_new_ways_to_speak_http(door: Service) -> None:
    view = b'{"query": {"pipeline": "p"}}'
    old = tell(door, b"POST /view HTTP/1.0\r\n" + ADDRESS + b"Content-Length: %d\r\n\r\n" % len(view) + view)
    assert statuses(old) == [200]
    assert old.endswith(b"\r\n\r\n[]")
    patient = b"POST /view HTTP/1.1\r\n" + ADDRESS + b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(view)
    with connect(door) as peer:
        peer.sendall(patient + b"Connection: close\r\n\r\n")
        assert peer.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.sendall(view)
        assert statuses(peer.recv(1 << 16)) == [200]
    refused = tell(door, patient.replace(b"/view", b"/nothing") + b"\r\n")
    assert statuses(refused) == [404]  # who waits before sending a body need not send it
    assert statuses(tell(door, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))[0] in (400, 403)
