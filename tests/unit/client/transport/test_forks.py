"""What a child of a fork leaves alone, and two forks at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import bson

from tests.support.fake_service import serving
from workflow_results import Results
from workflow_results._transport.forks import _Gate, fork_guard
from workflow_results.v1 import results_pb2 as pb


def test_a_child_leaves_what_its_parent_was_inside_of() -> None:
    """As where a callback of a future forks."""
    child, left = -1, False
    try:
        with fork_guard:
            child = os.fork()
        left = True
    finally:
        if child == 0:
            os._exit(0 if left else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_two_forks_at_a_time_both_keep_calls_out() -> None:
    gate, entered = _Gate(), threading.Event()

    def enter() -> None:
        with gate:
            entered.set()

    gate.close()
    gate.close()
    threading.Thread(target=enter).start()
    gate.open()
    assert not entered.wait(0.2)
    assert not gate.enter_at_once()
    gate.open()
    assert entered.wait(20)
    assert gate.enter_at_once()


def test_a_stream_begins_again_where_it_was_once_its_process_has_forked() -> None:
    """The child may have read from the socket what was to come here."""
    asked: list[bytes] = []

    def view(request: pb.ViewRequest, _context: Any) -> Iterator[pb.ViewResponse]:
        asked.append(request.resume_token)
        ids = {b"": "ab", b"a": "bc"}[request.resume_token]
        for id_ in ids:
            results = pb.EncodedDocuments(bson=bson.encode({"id": id_}))
            yield pb.ViewResponse(part=pb.ResultPart(batch=pb.ResultBatch(results=results, resume_token=id_.encode())))
        yield pb.ViewResponse(part=pb.ResultPart(summary=pb.ReadSummary(count=len(ids))))

    with serving(View=view) as target, Results(target) as results:
        stream = results.stream("any", {})
        read = [next(stream)["id"]]
        fork_guard.close()
        fork_guard.open()
        read += [result["id"] for result in stream]
    assert read == ["a", "b", "c"]
    assert asked == [b"", b"a"]
