"""The memory of a server is bounded, whatever is in a document."""

from __future__ import annotations

import struct
import sys
from typing import Any

import grpc
import pytest

from tests.support.launcher import Service
from tests.support.raw_bson import array_beyond_its_end, broken_array, document, element, nested
from tests.support.wire import Stub
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

MIB = 1 << 20


def peak(service: Service) -> int:
    """The most memory that a server has taken, in MiB."""
    with open(f"/proc/{service.process.pid}/status") as status:  # noqa: PTH123
        return int(next(line.split()[1] for line in status if line.startswith("VmHWM:"))) >> 10


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is told otherwise there")
def test_the_memory_of_a_server_is_bounded_whatever_is_in_a_document(serve: Any, pipeline: str) -> None:
    service = serve()
    large = b"\x05b\0" + struct.pack("<i", 14_000_000) + b"\0" + b"x" * 14_000_000
    ref = b"\x03r\0" + document(element("$ref", "c"), element("$id", 1))
    queries = [
        document(element("$ref", "x"), b"\x03a\0" + nested(document(large), 300)),
        document(element("$ref", "x"), b"\x03a\0" + nested(document(large), 80)),
        broken_array(13_000_000),
        array_beyond_its_end(13_000_000),
        document(b"\x04a\0" + document(b"\xff\0" * 6_000_000)),
    ]
    identity = (element("pipeline", pipeline), element("status", "success"))
    works = [
        document(element("id", "a"), *identity, b"\x03a\0" + nested(document(large[:-1], end, ref), 90))
        for end in (b"1", b"2")
    ]
    works += [document(element("id", f"b{number}"), *identity, query[4:-1]) for number, query in enumerate(queries)]
    with grpc.insecure_channel(service.target, [("grpc.max_send_message_length", 64 * MIB)]) as channel:
        stub: Stub = results_pb2_grpc.ResultsServiceStub(channel)
        stub.Info(pb.InfoRequest(), timeout=30)
        before = peak(service)
        for query in queries:
            with pytest.raises(grpc.RpcError) as caught:
                stub.Count(pb.CountRequest(pipeline=pipeline, query=pb.EncodedDocument(bson=query)), timeout=60)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        outcomes = [
            stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=work)), timeout=120).outcomes[0]
            for work in works
        ]
    stored, conflict, rejected = pb.DEPOSIT_OUTCOME_DEPOSITED, pb.DEPOSIT_OUTCOME_CONFLICT, pb.DEPOSIT_OUTCOME_REJECTED
    assert outcomes == [stored, conflict, rejected, rejected, rejected, rejected, stored]
    assert peak(service) - before < 512
