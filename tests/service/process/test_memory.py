"""Requests are let go of once they are answered, whatever the answer: nothing waits for Python's search for cycles."""

from __future__ import annotations

import asyncio
import gc
import logging
import queue
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from pymongo import AsyncMongoClient

from tests.support.wire import SERVICE, documents
from tests.support.works import work
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc
from workflow_results_server.access.callers import Role
from workflow_results_server.access.policy import Access
from workflow_results_server.access.tokens import TokensFile, digest_of
from workflow_results_server.documents.works import Work
from workflow_results_server.requests.intake import Intake
from workflow_results_server.rpc.interceptors import errors
from workflow_results_server.rpc.interceptors.chain import Interceptor
from workflow_results_server.rpc.parsing import Incoming
from workflow_results_server.rpc.service import ResultsService
from workflow_results_server.store import Selection, Store

ResultT = TypeVar("ResultT")
THREADS = ThreadPoolExecutor(64)
SHORT_SECONDS = 0.5
"""How long the server tries where MongoDB does not answer."""
IMPATIENT_SECONDS = 0.2
JUNK, TEXT = b"x" * 1_000, "x" * 1_001
MESSAGES = tuple(
    each
    for each in (*vars(pb).values(), health_pb2.HealthCheckRequest)
    if isinstance(each, type) and issubclass(each, Message) and each.__name__.endswith("Request")
)
Call = tuple[str, bytes]


@pytest.fixture(autouse=True)
def _no_search_for_cycles() -> Iterator[None]:
    gc.collect()
    gc.freeze()  # what is there need not be looked at
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def held() -> dict[str, int]:
    """Count what is there of requests, as they came and as they were understood."""
    kinds = Counter(map(type, gc.get_objects()))
    incoming = (each for each in gc.get_objects() if type(each) is Incoming)
    found = {kind.__name__: kinds[kind] for kind in (*MESSAGES, Work, Selection) if kinds[kind]}
    unread = sum(each.message is not None for each in incoming)
    return {**found, "Incoming": unread} if unread else found


async def aside(function: Callable[[], ResultT]) -> ResultT:
    """Call a function that blocks; not in one of the threads of asyncio, with which PyMongo looks for addresses."""
    return await asyncio.get_running_loop().run_in_executor(THREADS, function)


class Caller:
    """Calls a server in this process, in bytes: all messages here are the server's."""

    def __init__(self, interceptor: Interceptor, store: Store, channel: grpc.Channel) -> None:
        self.interceptor, self.store, self.channel = interceptor, store, channel

    async def outcome(self, call: Call, seconds: float = 30) -> str:
        """Make a call, and tell how it ends."""
        method, data = call
        path = method if method.startswith("/") else f"{SERVICE}/{method}"

        def carry_out() -> str:
            stream: Any = self.channel.stream_stream(path)
            try:
                list(stream(iter([data]), timeout=seconds))
            except grpc.RpcError as error:
                return str(error.code().name)
            return "OK"

        return await aside(carry_out)

    async def let_go(self, calls: list[Call], *allowed: str, **arguments: Any) -> None:
        """Make calls, each twice and all at a time, and see that nothing of them is left."""
        outcomes = await asyncio.gather(*(self.outcome(each, **arguments) for each in (*calls, *calls)))
        methods = [method for method, _ in calls]
        assert set(outcomes) <= set(allowed), list(zip(methods * 2, outcomes, strict=True))
        end = time.monotonic() + 30
        while left := held():
            assert time.monotonic() < end, f"requests are left: {left}"
            await asyncio.sleep(0.05)


Opening = Callable[[float], Coroutine[Any, Any, Store]]
Test = Callable[[Caller], Coroutine[Any, Any, None]]


def run(test: Test, store: Opening, access: Access | None = None, *, seconds: float = 30) -> None:
    """Carry out a test on a server, whose calls take some seconds at most."""

    async def within() -> None:
        opened = await store(seconds)
        intercepting = Interceptor(SERVICE.strip("/"), access or Access(None), certificates=False)
        server = grpc.aio.server(interceptors=[intercepting])
        results_pb2_grpc.add_ResultsServiceServicer_to_server(
            ResultsService(opened, Intake(opened, seconds), seconds), server
        )
        health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
        port = server.add_insecure_port("localhost:0")
        await server.start()
        try:
            with grpc.insecure_channel(f"localhost:{port}") as channel:
                await test(Caller(intercepting, opened, channel))
        finally:
            await server.stop(None)
            await opened.close()

    asyncio.run(asyncio.wait_for(within(), 120))


@pytest.fixture
def on_mongodb(mongo_uri: str) -> Opening:
    """Opens a store whose MongoDB answers."""
    return lambda seconds: Store.open(mongo_uri, "memory", seconds)


@pytest.fixture
def without_mongodb() -> Iterator[Opening]:
    """Opens a store whose MongoDB is not there."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        uri = f"mongodb://127.0.0.1:{nobody.getsockname()[1]}/?replicaSet=rs0"

        async def opened(seconds: float) -> Store:
            client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, serverSelectionTimeoutMS=100)
            return Store(client["memory"], "", seconds, 10_000)

        yield opened


def call(method: str, **fields: Any) -> Call:
    """Make a request of a method."""
    return method, getattr(pb, f"{method}Request")(**fields).SerializeToString()


REFUSED: list[Call] = [
    *(call(method, works=pb.EncodedDocuments(bson=JUNK)) for method in ("Deposit", "DepositStream", "Update")),
    call("Update", works=pb.EncodedDocuments(json=[TEXT])),
    *(call(method, pipeline="p", query=pb.EncodedDocument(bson=JUNK)) for method in ("View", "Count")),
    *(call(method, pipeline="p", query=pb.EncodedDocument(json=TEXT)) for method in ("View", "Count")),
    call("View", pipeline="p", projection=pb.EncodedDocument(bson=JUNK)),
    call("View", pipeline="p", resume_token=JUNK),
    *(call(method, pipeline="p", ids=[TEXT]) for method in ("GetById", "DeleteIds", "Lock", "Unlock")),
    *(call(method, pipeline="p", ids=["a"], reason=TEXT) for method in ("DeleteIds", "Lock", "Unlock")),
    *(call(method, pipeline="p", ids=["a"], request_id=TEXT) for method in ("DeleteIds", "Lock", "Unlock")),
    *(call(method, pipeline=TEXT) for method in ("GetByCount", "GetLocked", "GetLockedCount")),
    call("GetByEvent", pipeline=TEXT, event_number=1),
    call("History", pipeline="p", id=TEXT),
    call("History", pipeline="p", id="a", page_token=TEXT),
    *((method, b"\xff" + JUNK) for method in ("Deposit", "DepositStream", "View", "Lock", "Status")),
]


def answered(pipeline: str) -> list[Call]:
    """Make requests that nothing is wrong with, though some things are not done."""
    one, other = work(pipeline, "a", pad="x" * 1_000), work(f"{pipeline}-2", "a", pad="x" * 1_000)
    conflict = documents({**one, "pad": "y"})
    return [
        *(call(method, works=documents(one)) for method in ("Deposit", "DepositStream", "Update")),
        *(call(method, works=documents(one, other, {})) for method in ("Deposit", "DepositStream")),
        *(call(method, works=conflict) for method in ("Deposit", "DepositStream")),
        *(call(method, pipeline=pipeline) for method in ("View", "Count", "GetByCount", "GetLocked")),
        call("GetByEvent", pipeline=pipeline, event_number=1),
        *(call(method, pipeline=pipeline, ids=["a", "b"]) for method in ("GetById", "Lock", "Unlock", "DeleteIds")),
        call("Unlock", pipeline=pipeline, ids=["a"], force=True),
        call("GetLockedCount", pipeline=pipeline),
        call("History", pipeline=pipeline, id="a"),
        call("Status"),
    ]


def test_what_is_wrong(on_mongodb: Opening) -> None:
    async def test(caller: Caller) -> None:
        await caller.let_go(REFUSED, "INVALID_ARGUMENT")

    run(test, on_mongodb)


def test_what_is_answered(on_mongodb: Opening, pipeline: str) -> None:
    async def test(caller: Caller) -> None:
        await caller.let_go(answered(pipeline), "OK")

    run(test, on_mongodb)


def test_what_mongodb_does_not_answer(without_mongodb: Opening, pipeline: str) -> None:
    async def test(caller: Caller) -> None:
        await caller.let_go(answered(pipeline), "UNAVAILABLE", "DEADLINE_EXCEEDED")

    run(test, without_mongodb, seconds=SHORT_SECONDS)


def test_what_callers_give_up(without_mongodb: Opening, pipeline: str) -> None:
    async def test(caller: Caller) -> None:
        await caller.let_go(answered(pipeline), "DEADLINE_EXCEEDED", seconds=IMPATIENT_SECONDS)

    run(test, without_mongodb, seconds=SHORT_SECONDS)


def test_what_the_caller_may_not_do(on_mongodb: Opening, tmp_path: Path, pipeline: str) -> None:
    tokens = tmp_path / "tokens.yml"
    reader = {"role": str(Role.READER), "pipelines": ["other-*"], "token": f"sha256:{digest_of('t')}"}
    tokens.write_text(f"callers: {{reader: {reader}}}")
    tokens.chmod(0o600)

    async def test(caller: Caller) -> None:
        await caller.let_go(answered(pipeline) + REFUSED, "UNAUTHENTICATED")
        caller.channel = grpc.intercept_channel(caller.channel, WithToken())
        denied = [each for each in answered(pipeline) if each[0] != "Status"]
        await caller.let_go(denied, "PERMISSION_DENIED")

    run(test, on_mongodb, Access(TokensFile(tokens)))


class WithToken(grpc.StreamStreamClientInterceptor):
    """Sends the token `t` with each call."""

    def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        details = client_call_details._replace(metadata=(("authorization", "Bearer t"),))
        return continuation(details, request_iterator)


def test_faults(on_mongodb: Opening, pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    async def test(caller: Caller) -> None:
        monkeypatch.setattr(logging.getLogger(errors.__name__), "disabled", True)  # pytest keeps what is logged
        for owner, name in ((caller.store, "deposit"), (caller.store, "count"), (caller.store.changes, "lock")):
            monkeypatch.setattr(owner, name, fail)
        failing = [each for each in answered(pipeline) if each[0] in ("Deposit", "Count", "Lock")]
        await caller.let_go(failing, "INTERNAL")

    run(test, on_mongodb)


def test_health_of_what_there_is_not(on_mongodb: Opening) -> None:
    async def test(caller: Caller) -> None:
        unknown = health_pb2.HealthCheckRequest(service=TEXT).SerializeToString()
        await caller.let_go([("/grpc.health.v1.Health/Check", unknown)], "NOT_FOUND")

    run(test, on_mongodb)


def test_a_server_that_stops(on_mongodb: Opening, pipeline: str) -> None:
    async def test(caller: Caller) -> None:
        caller.interceptor.draining.stop()
        await caller.let_go(answered(pipeline), "UNAVAILABLE")

    run(test, on_mongodb)


def test_a_stream_keeps_no_request_that_is_acknowledged(on_mongodb: Opening, pipeline: str) -> None:
    async def test(caller: Caller) -> None:
        requests: queue.Queue[bytes | None] = queue.Queue()
        deposit: Any = caller.channel.stream_stream(f"{SERVICE}/DepositStream")
        stream = deposit(iter(requests.get, None))
        try:
            for number in range(3):
                data = pb.DepositStreamRequest(works=documents(work(pipeline, str(number)))).SerializeToString()
                requests.put(data)
                assert await aside(lambda: next(stream))
                await caller.let_go([call("Status")], "OK")
        finally:
            requests.put(None)
        assert await aside(lambda: next(stream, None)) is None

    run(test, on_mongodb)


def test_what_is_too_much(on_mongodb: Opening) -> None:
    async def test(caller: Caller) -> None:
        many = pb.LockRequest(pipeline="p", ids=[""] * 600_000).SerializeToString()
        await caller.let_go([("Lock", many), ("GetById", many)], "INVALID_ARGUMENT")

    run(test, on_mongodb)
