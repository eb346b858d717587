"""Many works at once, and that MongoDB looks at no more documents than it must."""

from __future__ import annotations

import threading
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument

from tests.support.waiting import eventually, join
from tests.support.works import work
from workflow_results import ConflictError, InvalidRequestError, Outcome, Results
from workflow_results_server.store import Selection
from workflow_results_server.store.changes import _UNLOCKED, LOCK


def test_one_corrupt_one_too_large_one_conflict_among_a_thousand(
    results: Results, database: Any, pipeline: str
) -> None:
    results.deposit([work(pipeline, "0500", n="other")])
    works = [work(pipeline, f"{number:04}", n=number) for number in range(1000)]
    broken = bson.encode({"text": "@@"}).replace(b"@@", b"\xff\xff")
    works[100]["results"] = {"inner": RawBSONDocument(broken)}
    works[200]["pad"] = bytes(17 << 20)
    with pytest.raises(InvalidRequestError, match="2 of 1,000 rejected") as caught:
        results.deposit(works)
    receipts = caught.value.receipts
    bad = {
        receipt.id: (receipt.outcome, receipt.reason.partition(":")[0]) for receipt in receipts if not receipt.stored
    }
    assert bad == {
        "0100": (Outcome.REJECTED, "CORRUPT_DOCUMENT"),
        "0200": (Outcome.REJECTED, "TOO_LARGE"),
        "0500": (Outcome.CONFLICT, "a result with this id is stored with other content"),
    }
    assert [receipt.id for receipt in receipts] == [each["id"] for each in works]
    assert caught.value.works == works
    assert sum(receipt.stored for receipt in receipts) == 997
    assert database[pipeline].count_documents({}) == 998
    assert results.deposit_receipts(works)[0].outcome is Outcome.ALREADY_DEPOSITED


def test_strict_raises_where_the_answer_would_be_false(service: Any, pipeline: str) -> None:
    with Results(service.target, strict=True) as strict:
        assert strict.deposit([work(pipeline, "a")]) == {pipeline: True}
        with pytest.raises(ConflictError) as caught:
            strict.deposit([work(pipeline, "a", n=1), work(pipeline, "b")])
        assert [receipt.outcome for receipt in caught.value.receipts] == [Outcome.CONFLICT, Outcome.DEPOSITED]


def test_works_without_an_id_get_one_and_are_not_changed(results: Results, pipeline: str) -> None:
    works = [work(pipeline), {**work(pipeline), "id": None}]
    receipts = results.deposit_receipts(works)
    assert works == [work(pipeline), {**work(pipeline), "id": None}]
    assert all(bson.ObjectId.is_valid(receipt.id) for receipt in receipts)
    assert {each["id"] for each in results.view(pipeline, {})} == {receipt.id for receipt in receipts}


def test_fifty_thousand_works_and_twenty_thousand_ids(results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{number:06}", results={"n": number}) for number in range(50_000)]
    assert results.deposit(works, timeout=120) == {pipeline: True}
    assert results.count(pipeline, {}) == 50_000
    ids = [f"{number:06}" for number in range(0, 60_000, 3)]
    found = results.get_by_id(pipeline, ids)
    assert [each["id"] for each in found] == [id_ for id_ in reversed(ids) if id_ < "050000"]
    assert results.status()[pipeline] == 50_000


def test_repeated_ids_keep_their_order_over_many_requests(results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{number % 10}", n=number, pad="x" * 100_000) for number in range(50)]
    receipts = results.deposit_receipts(works)
    assert [receipt.outcome for receipt in receipts] == [Outcome.DEPOSITED] * 10 + [Outcome.CONFLICT] * 40
    assert {each["id"]: each["n"] for each in results.view(pipeline, {})} == {
        str(number): number for number in range(10)
    }


def test_the_same_works_from_many_sides_are_stored_once(results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{number:04}", n=number) for number in range(2000)]
    outcomes: list[list[Outcome]] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append([each.outcome for each in results.deposit_receipts(works)]))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    join(*threads)
    for each in zip(*outcomes, strict=True):
        assert sorted(outcome.name for outcome in each) == ["ALREADY_DEPOSITED"] * 5 + ["DEPOSITED"]


@pytest.fixture(scope="module")
def many(results: Results) -> str:
    """A pipeline of 100,000 results."""
    works = [work("test-many", f"{number:06}", event=[number]) for number in range(100_000)]
    assert results.deposit(works, timeout=120) == {"test-many": True}
    return "test-many"


def examined(database: Any, command: dict[str, Any]) -> int:
    plan = database.command("explain", command, verbosity="executionStats")
    return int(plan["executionStats"]["totalDocsExamined"])


def test_few_documents_are_examined(database: Any, results: Results, many: str) -> None:
    ids = ["000005", "099990"]
    assert results.lock(many, ids)
    assert results.unlock(many, ids, force=True)
    in_ids = {"_id": {"$in": ids}}
    find = Selection(filter=in_ids).find()
    commands: dict[str, dict[str, Any]] = {
        "get_by_id": {"find": many, "filter": find["filter"], "sort": dict(find["sort"])},
        "resumed": {
            "find": many,
            "filter": Selection(in_ids, after="050000").find()["filter"],
            "sort": {"_id": -1},
        },
        "lock": {"update": many, "updates": [{"q": in_ids, "u": LOCK, "multi": True}]},
        "update": {"update": many, "updates": [{"q": {"_id": ids[0], **_UNLOCKED}, "u": {"$set": {"n": 1}}}]},
        "delete": {"delete": many, "deletes": [{"q": {**in_ids, **_UNLOCKED}, "limit": 0}]},
        "get_locked_count": {"count": many, "query": {"results.locked": True}},
        "get_by_event": {"find": many, "filter": {"event": 77}, "sort": {"_id": -1}},
    }
    assert {
        name: examined(database, command) for name, command in commands.items() if examined(database, command) > 4
    } == {}


def test_a_view_by_id_is_served_by_the_index(database: Any, many: str) -> None:
    from workflow_results_server.query.filters import checked_filter

    for query in (
        {"id": {"$in": ["000005", "099990"]}},
        {"id": "000005", "status": "success"},
        {"$and": [{"id": {"$gt": "000004"}}, {"id": {"$lt": "000007"}}]},
        {"$or": [{"id": "000005"}, {"id": "099990"}]},
    ):
        find = Selection(filter=checked_filter(query)).find()
        assert examined(database, {"find": many, "filter": find["filter"], "sort": dict(find["sort"])}) <= 4, query


def test_who_leaves_streams_early_leaves_no_cursor(results: Results, mongo: Any, database: Any, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:04}", pad=bytes(1000)) for number in range(3_000)])
    for number in range(200):
        stream = results.stream(pipeline, {})
        for _ in range((1, 99, 100, 101, 150)[number % 5]):
            next(stream)
        stream.close()
    mine = [{"$currentOp": {"idleCursors": True, "allUsers": True}}, {"$match": {"ns": database[pipeline].full_name}}]
    eventually(lambda: not list(mongo.admin.aggregate(mine)), otherwise="cursors stay open")
