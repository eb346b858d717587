"""The memory that readers of large results share."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from h2.settings import SettingCodes

from tests.support.raw_peer import framed, peer
from tests.support.sources import Source, document, numbers, rest, run, turn
from tests.support.waiting import eventually
from tests.support.wire import Stub
from tests.support.works import work
from workflow_results import Results
from workflow_results.common.reasons import Reason
from workflow_results.common.rules import MIB
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.errors import Unavailable
from workflow_results_server.store import Selection, read_memory, reads
from workflow_results_server.store.read_memory import ReadMemory
from workflow_results_server.store.reads import Reads


def test_readers_of_large_results_wait_for_each_other_and_others_do_not(
    mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_memory, "_MOST_BYTES", 7 * MIB)
    database[pipeline].insert_many(document(number, 3 * MIB) for number in range(8))

    async def test(source: Source) -> None:
        by = Reads(source.primary)
        one = Selection(limit=1)
        holding = [source.read(one, by=by) for _ in range(2)]
        held = [await anext(each) for each in holding]
        waiting = asyncio.create_task(rest(source.read(one, by=by)))
        assert await rest(source.read(Selection({"n": -1}), by=by)) == []  # small ones come in between
        await turn()
        assert not waiting.done()
        with pytest.raises(Unavailable, match="no memory is left for large results") as refused:
            await rest(by.read(source.collection, one, 2))
        assert refused.value.reason == "OVERLOADED"
        assert not waiting.done()
        await holding[0].aclose()
        assert numbers(await waiting) == numbers(held[:1]) == [7]
        await holding[1].aclose()
        assert numbers(await rest(source.read(by=by))) == list(reversed(range(8)))
        assert by._memory.held == 0

    run(mongo_uri, pipeline, test)


def test_readers_of_json_have_room_for_so_much_text(stub: Stub, results: Results, pipeline: str) -> None:
    """Which may be fourteen times as long as what the store keeps account of."""
    assert results.deposit([work(pipeline, "a", text="\1" * 2_500_000)])  # 15 MB of text, six characters for each
    request = pb.GetByIdRequest(pipeline=pipeline, ids=["a"], format=pb.DOCUMENT_FORMAT_CANONICAL_JSON)

    def refusal() -> str:
        try:
            assert len(list(stub.GetById(request, timeout=60))) == 1
        except grpc.RpcError as error:
            return str(error.details())
        return ""

    assert refusal() == ""
    with peer(results.baseurl) as reader:
        reader.http2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        for _ in range(15):  # of 192 MiB
            reader.send(reader.begin("GetById"), framed(request.SerializeToString()))
        eventually(lambda: refusal().startswith("the server has no memory left for large results as JSON: retry later"))
    eventually(lambda: refusal() == "")


def test_large_results_are_not_fetched_before_they_are_wanted(mongo_uri: str, database: Any, pipeline: str) -> None:
    database[pipeline].insert_many(document(number, 9 * MIB) for number in range(3))  # of which a reply holds one

    async def test(source: Source) -> None:
        by = Reads(source.primary)
        stream = source.read(by=by)
        batches = []
        async for batch in stream:
            batches.append(batch)
            await turn()
            assert by._memory.held == len(batch.data)
        assert numbers(batches) == [2, 1, 0]
        assert by._memory.held == 0

    run(mongo_uri, pipeline, test)


def test_a_reader_waits_for_room_after_a_failure_too(
    mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database[pipeline].insert_many(document(number, 9 * MIB) for number in range(4))  # of which a reply holds one
    next_, room = reads._next, ReadMemory._room
    asked: list[int] = []
    fetched = 0

    async def failing_once(cursor: Any, batches: Any, seconds: float) -> tuple[bytes, bool]:
        nonlocal fetched
        fetched += 1
        if fetched == 2:
            raise Unavailable(Reason.MONGODB_UNAVAILABLE, "a new primary", not_applied=True)
        return await next_(cursor, batches, seconds)

    async def noted(memory: ReadMemory, size: int, end: float) -> None:
        asked.append(size)
        await room(memory, size, end)

    monkeypatch.setattr(reads, "_next", failing_once)
    monkeypatch.setattr(ReadMemory, "_room", noted)

    async def test(source: Source) -> None:
        assert numbers(await rest(source.read())) == [3, 2, 1, 0]
        assert asked == [9 * MIB] * fetched

    run(mongo_uri, pipeline, test)
