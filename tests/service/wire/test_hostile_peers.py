"""Peers that keep to HTTP/2 but not to manners: others are still answered, and memory stays bounded."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import h2.events
import psutil
import pytest
from h2.settings import SettingCodes

from tests.support.launcher import Service
from tests.support.raw_peer import CANCEL, Peer, frame, framed, peer
from tests.support.waiting import PATIENCE, eventually, join
from tests.support.wire import documents, open_channel
from tests.support.works import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc
from workflow_results_server.serving.limits import CONCURRENT_STREAMS, HANDSHAKE_SECONDS, channel_options
from workflow_results_server.store.reads import MOST_READERS

MIB = 1 << 20
OK, RESOURCE_EXHAUSTED = "0", "8"
ANSWERED_SECONDS = 60.0
"""How long others may wait at most, on a machine that the peers keep busy, too."""


class Others(threading.Thread):
    """Another caller, and someone who watches the memory of the server, while a peer does its worst."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._process = psutil.Process(service.process.pid)
        # A connection of their own: gRPC would share one with the channels of a test.
        self._channel = grpc.insecure_channel(service.target, [("grpc.use_local_subchannel_pool", 1)])
        self._stub = results_pb2_grpc.ResultsServiceStub(self._channel)
        self._over = threading.Event()
        self._stub.Info(pb.InfoRequest(), timeout=PATIENCE, wait_for_ready=True)
        self.before = self.most = self._process.memory_info().rss
        self.answered = 0
        self.failures: list[str] = []

    def run(self) -> None:
        while not self._over.is_set():
            try:
                self._stub.Info(pb.InfoRequest(), timeout=ANSWERED_SECONDS)
            except grpc.RpcError as error:
                self.failures.append(f"{error.code()}: {error.details()}")
            self.answered += 1
            self.most = max(self.most, self._process.memory_info().rss)

    def __enter__(self) -> Others:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        join(self)
        self._channel.close()

    def assert_unharmed(self, grown: int = 64 * MIB) -> None:
        assert not self.failures
        assert self.answered > 0
        assert self.most - self.before < grown, f"grew from {self.before / MIB:.0f} to {self.most / MIB:.0f} MiB"


@pytest.fixture(scope="module")
def attacked(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server of their own, so that its memory is that of the peers."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WORKFLOW_RESULTS_SERVE_MONGO_URI", mongo_uri)
        service = Service(log=tmp_path_factory.mktemp("attacked") / "log")
    yield service
    assert service.stop() == 0
    assert "Traceback" not in service.log.read_text()


@pytest.fixture
def others(attacked: Service) -> Iterator[Others]:
    with Others(attacked) as watching:
        yield watching


@contextlib.contextmanager
def told_apart(connection: socket.socket) -> Iterator[None]:
    """Read what comes and drop it, while something is sent without looking."""

    def drop() -> None:
        with contextlib.suppress(OSError):
            while connection.recv(1 << 16):
                pass

    reading = threading.Thread(target=drop)
    reading.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        join(reading)


def test_rapid_reset(attacked: Service, others: Others) -> None:
    """CVE-2023-44487: calls that are cancelled as soon as they begin."""
    request = framed(pb.CountRequest(pipeline="reset").SerializeToString())
    with peer(attacked.target) as attacker, told_apart(attacker.socket), contextlib.suppress(OSError):
        first = attacker.begin("Count")  # after which the headers are a few bytes that refer to these
        attacker.flush()
        headers = attacker.http2.encoder.encode(attacker.headers("Count"))
        calls = [
            frame(0x1, 0x4, stream, headers) + frame(0x0, 0x1, stream, request) + frame(0x3, 0, stream, CANCEL)
            for stream in range(first + 2, 60_000, 2)
        ]
        attacker.socket.sendall(b"".join(calls))
        eventually(lambda: others.answered > 20)
    others.assert_unharmed()


def test_more_calls_than_a_connection_may_have_wait_at_the_client(attacked: Service, others: Others) -> None:
    with peer(attacked.target) as client:
        assert client.http2.remote_settings.max_concurrent_streams == CONCURRENT_STREAMS
    with open_channel(attacked.target) as channel:
        stub = results_pb2_grpc.ResultsServiceStub(channel)
        release = threading.Event()

        def requests() -> Iterator[pb.DepositStreamRequest]:
            release.wait(PATIENCE)
            return iter(())

        def lazily() -> Iterator[pb.DepositStreamRequest]:
            yield from requests()

        streams = [stub.DepositStream(lazily()) for _ in range(CONCURRENT_STREAMS)]
        waiting = stub.Info.future(pb.InfoRequest())
        with pytest.raises(grpc.FutureTimeoutError):
            waiting.result(timeout=0.5)
        release.set()
        assert waiting.result(timeout=PATIENCE).server_version
        assert [list(stream) for stream in streams] == [[]] * CONCURRENT_STREAMS
    others.assert_unharmed()


def test_a_stream_too_many_is_refused(attacked: Service, others: Others) -> None:
    with peer(attacked.target) as attacker:
        attacker.http2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1 << 20
        attacker.http2.remote_settings.acknowledge()
        streams = [attacker.begin("DepositStream") for _ in range(CONCURRENT_STREAMS + 1)]
        attacker.flush()
        assert attacker.answer(streams[-1]).keys() & {"reset", "closed"}
    others.assert_unharmed()


def test_slow_peers(attacked: Service, others: Others) -> None:
    """Slowloris: hundreds that say nothing, or a part of the preface, or of a message."""
    host, _, port = attacked.target.rpartition(":")
    with contextlib.ExitStack() as stack:
        for start in (b"", b"PRI * HT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00"):
            for _ in range(100):
                silent = stack.enter_context(socket.create_connection((host, int(port)), PATIENCE))
                silent.sendall(start)
        dribbling = stack.enter_context(peer(attacked.target))
        for _ in range(CONCURRENT_STREAMS):
            dribbling.send(dribbling.begin("Deposit"), struct.pack(">BI", 0, 32 * MIB) + b"x", end=False)
        others_before = others.answered
        eventually(lambda: others.answered > others_before + 50)
    others.assert_unharmed()
    assert dict(channel_options(0))["grpc.server_handshake_timeout_ms"] == HANDSHAKE_SECONDS * 1000


def test_readers_that_never_read(attacked: Service, others: Others, database: Any, pipeline: str) -> None:
    with Results(attacked.target) as results:
        results.deposit([work(pipeline, f"{number:04}", pad="x" * 5_000) for number in range(1_000)])
    view = framed(pb.ViewRequest(pipeline=pipeline).SerializeToString())

    def open_cursors() -> int:
        return int(database.client.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"])

    before = open_cursors()  # some may be left of servers that other tests have killed
    readers = [Peer(attacked.target) for _ in range(2)]
    try:
        for reader in readers:
            reader.open({SettingCodes.INITIAL_WINDOW_SIZE: 0})
            for _ in range(CONCURRENT_STREAMS):
                reader.send(reader.begin("View"), view)
        for reader in readers:
            begun: set[int] = set()
            while len(begun) < CONCURRENT_STREAMS:
                begun |= {
                    event.stream_id for event in reader.receive() if isinstance(event, h2.events.ResponseReceived)
                }
        eventually(lambda: open_cursors() <= before, otherwise="readers that pause hold cursors")
    finally:
        for reader in readers:
            reader.close()
    others.assert_unharmed(grown=768 * MIB)


def test_too_many_readers(attacked: Service, others: Others, pipeline: str) -> None:
    view = framed(pb.ViewRequest(pipeline=pipeline).SerializeToString())
    with Results(attacked.target) as results, contextlib.ExitStack() as readers:
        # More than gRPC takes over from a server for a peer that does not read.
        results.deposit([work(pipeline, f"{number:02}", pad="x" * 10_000) for number in range(20)])
        held: list[Peer] = []

        def connected() -> Peer:
            for each in held:
                each.tend()
            held.append(reader := Peer(attacked.target))
            readers.callback(reader.close)
            reader.open({SettingCodes.INITIAL_WINDOW_SIZE: 0})
            return reader

        def refused_for_now() -> bool:
            """Return whether one more reader is refused; who isn't holds its place like the others."""
            stream = one_more.begin("View")
            one_more.send(stream, view)
            seen = one_more.until(lambda event: isinstance(event, h2.events.ResponseReceived))
            answer = {bytes(name): bytes(value) for event in seen for name, value in getattr(event, "headers", ())}
            for each in held:
                each.tend()
            return answer.get(b"grpc-status") == b"14" and b"reads at a time" in answer[b"grpc-message"]

        for _ in range(MOST_READERS // CONCURRENT_STREAMS):
            reader = connected()
            for _ in range(CONCURRENT_STREAMS):
                reader.send(reader.begin("View"), view)
        one_more = connected()
        eventually(refused_for_now)
        assert not any(each.closed for each in held)
        assert results.count(pipeline, {}) == 20, "what is no stream is answered"
        leaving = threading.Timer(0.5, readers.close)
        leaving.start()
        assert len(results.view(pipeline, {})) == 20, "the client asks again until there is room"
        join(leaving)
    others.assert_unharmed(grown=1_536 * MIB)  # each is sent 200 kB, which are there a few times


def compressed_zeros(size: int, wrap: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wrap)
    zeros = bytes(MIB)
    return b"".join(packer.compress(zeros) for _ in range(size // MIB)) + packer.flush()


@pytest.mark.parametrize(("algorithm", "wrap"), [("gzip", 31), ("deflate", 15)])
def test_decompression_bombs(attacked: Service, others: Others, algorithm: str, wrap: int) -> None:
    bomb = framed(compressed_zeros(512 * MIB, wrap), compressed=True)
    with peer(attacked.target) as attacker:
        stream = attacker.begin("Deposit", ("grpc-encoding", algorithm))
        answer = attacker.answer(stream, attacker.send(stream, bomb))
    assert answer["grpc-status"] == RESOURCE_EXHAUSTED
    others.assert_unharmed(grown=160 * MIB)


def test_compression_is_served(attacked: Service, pipeline: str) -> None:
    with open_channel(attacked.target, compression=grpc.Compression.Gzip) as channel:
        request = pb.DepositRequest(works=documents(work(pipeline, "a", pad="x" * 10_000)))
        answer = results_pb2_grpc.ResultsServiceStub(channel).Deposit(request)
    assert list(answer.outcomes) == [pb.DEPOSIT_OUTCOME_DEPOSITED]


@pytest.mark.parametrize("size", [32 * MIB + 1, 1 << 30, (1 << 32) - 1])
def test_messages_beyond_the_limit(attacked: Service, others: Others, size: int) -> None:
    with peer(attacked.target) as attacker:
        stream = attacker.begin("Deposit")
        message = struct.pack(">BI", 0, size) + bytes(min(size, 128 * MIB))
        answer = attacker.answer(stream, attacker.send(stream, message, end=False))
    assert answer["grpc-status"] == RESOURCE_EXHAUSTED
    others.assert_unharmed(grown=128 * MIB)


@pytest.mark.parametrize(("size", "status"), [(15_000, OK), (30_000, RESOURCE_EXHAUSTED)])
def test_metadata_beyond_the_limit(attacked: Service, others: Others, size: int, status: str) -> None:
    with peer(attacked.target) as attacker:
        stream = attacker.begin("Info", ("x-long", "a" * size))
        answer = attacker.answer(stream, attacker.send(stream, framed(b"")))
    assert answer["grpc-status"] == status
    others.assert_unharmed()


def flood_of_continuations(attacker: Peer) -> bytes:
    """VU#421644: headers that never end."""
    attacker.socket.sendall(frame(0x1, 0, 1, b""))
    return frame(0x9, 0, 1, b"\x00\x05x-abc\x64" + b"a" * 100) * 100


def flood_of_nothing(attacker: Peer) -> bytes:
    attacker.begin("Deposit")
    attacker.flush()
    return frame(0x0, 0, 1, b"") * 100


FLOODS: dict[str, Callable[[Peer], bytes]] = {
    "pings": lambda _: frame(0x6, 0, 0, b"12345678") * 100,
    "settings": lambda _: frame(0x4, 0, 0, b"\x00\x04\x00\x01\x00\x00") * 100,
    "continuations": flood_of_continuations,
    "empty data": flood_of_nothing,
    "priorities": lambda _: frame(0x2, 0, 1, b"\x00\x00\x00\x00\x10") * 100,
    "window updates": lambda _: frame(0x8, 0, 0, b"\x00\x00\x00\x01") * 100,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_floods(attacked: Service, others: Others, flood: str) -> None:
    with peer(attacked.target) as attacker, contextlib.suppress(OSError):
        attacker.socket.settimeout(2)  # a server that takes no more is right
        data = FLOODS[flood](attacker)
        while others.answered < 100:
            attacker.socket.sendall(data)
    eventually(lambda: others.answered >= 100)
    others.assert_unharmed()


def test_connections_beyond_the_limit(serve: Callable[..., Service]) -> None:
    service = serve("--max-connections", "2")
    with peer(service.target), Results(service.target) as results:
        assert results.info()["server"]
        host, _, port = service.target.rpartition(":")
        with socket.create_connection((host, int(port)), PATIENCE) as third:
            assert third.recv(1) == b"", "the third connection is closed at once"
        assert results.status() is not None
    with Results(service.target) as results:
        assert results.info()["server"], "there is room again"
