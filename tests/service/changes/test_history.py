"""The history: each change that was made has one entry, and a request that has an id is carried out once."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pymongo
import pytest

from tests.support.blocking import Facade
from tests.support.launcher import Service
from tests.support.proxy import Proxy
from tests.support.waiting import PATIENCE, eventually
from tests.support.wire import Stub, documents, invalid, refused
from tests.support.works import work
from workflow_results import DeadlineExceededError, HistoryEntry, InvalidRequestError, Results, ServiceUnavailableError
from workflow_results.v1 import results_pb2 as pb

pytestmark = pytest.mark.both_facades

Change = Callable[..., bool]


@pytest.fixture
def there(results: Results, pipeline: str) -> str:
    """A pipeline with results a, b and c, of which b is locked."""
    results.deposit([work(pipeline, id_, results={"locked": id_ == "b"}) for id_ in "abc"])
    return pipeline


def methods(results: Results, pipeline: str, id_: str) -> list[str]:
    return [entry.method for entry in results.history(pipeline, id_)]


def test_each_change_has_an_entry(results: Results, there: str) -> None:
    began = datetime.now(timezone.utc) - timedelta(milliseconds=1)
    assert results.update([{"pipeline": there, "id": "a", "tags": ["new"], "n": 1}], reason="a better fit")
    assert results.lock(there, ["a", "c"], reason="published", request_id=there[-36:])
    assert results.unlock(there, ["a"], force=True, reason="an erratum")
    assert results.delete_ids(there, ["a"], reason="wrong")

    deleted, unlocked, locked, updated = results.history(there, "a")
    assert updated == HistoryEntry(updated.time, "update", "", ("tags", "n"), 2, "a better fit", "", 1)
    assert locked == HistoryEntry(locked.time, "lock", "", (), 0, "published", there[-36:], 2)
    assert unlocked == HistoryEntry(unlocked.time, "unlock", "", (), 0, "an erratum", "", 1)
    assert deleted == HistoryEntry(deleted.time, "delete_ids", "", (), 0, "wrong", "", 1)
    assert began <= updated.time <= locked.time <= unlocked.time <= deleted.time <= datetime.now(timezone.utc)
    assert results.history(there, "c") == [locked]
    assert results.history(there, "b") == results.history(there, "never-there") == results.history("none", "a") == []


def test_what_was_not_done_has_no_entry(results: Results, there: str) -> None:
    assert not results.update([{"pipeline": there, "id": id_, "n": 1} for id_ in "ab"])
    assert not results.delete_ids(there, ["a", "b"])
    assert not results.lock(there, ["a", "nowhere"])
    assert not results.unlock(there, ["a", "b"], confirm=lambda _question: False)
    assert not results.unlock(there, ["a", "nowhere"], force=True)
    assert results.history(there, "a") == results.history(there, "b") == []


def test_what_changed_nothing_has_one(results: Results, there: str) -> None:
    assert results.lock(there, ["b"])
    assert results.unlock(there, ["a"], force=True)
    assert methods(results, there, "b") == ["lock"]
    assert methods(results, there, "a") == ["unlock"]


def test_an_entry_tells_the_fields_of_its_own_result(results: Results, there: str) -> None:
    other = f"other-{uuid.uuid4()}"
    results.deposit([work(other, "a")])
    updates: list[dict[str, Any]] = [
        {"pipeline": there, "id": "a", "n": 1, "tags": []},
        {"pipeline": there, "id": "c", "results": {"dm": 1.0}},
        {"pipeline": other, "id": "a", "n": 2, "tags": []},
    ]
    assert results.update(updates)
    for pipeline, id_, fields, count in (
        (there, "a", ("n", "tags"), 2),
        (there, "c", ("results",), 2),
        (other, "a", ("n", "tags"), 1),
    ):
        (entry,) = results.history(pipeline, id_)
        assert (entry.fields, entry.result_count) == (fields, count)


def test_an_update_of_different_fields_is_written_at_once(
    results: Results, pipeline: str, mongo: pymongo.MongoClient[dict[str, Any]]
) -> None:
    def commands() -> int:
        return int(mongo.admin.command("serverStatus")["metrics"]["commands"]["update"]["total"])

    results.deposit([work(pipeline, f"{number:03}") for number in range(200)])
    before = commands()
    assert results.update([{"pipeline": pipeline, "id": f"{number:03}", f"f{number}": 1} for number in range(200)])
    assert commands() - before < 10
    assert results.history(pipeline, "077")[0].fields == ("f77",)


def test_very_many_fields_are_counted(results: Results, there: str) -> None:
    named = {f"{number:0100}": number for number in range(900)}
    assert results.update([{"pipeline": there, "id": "a", **named}])
    (entry,) = results.history(there, "a")
    assert entry.field_count == 900
    assert entry.fields == tuple(named)[:163]


def test_a_large_change_is_told_of_each_result(results: Results, pipeline: str) -> None:
    ids = [f"{number:05}" for number in range(10_002)]
    results.deposit([work(pipeline, id_) for id_ in ids])
    assert results.lock(pipeline, ids, request_id=pipeline[-36:])
    assert results.lock(pipeline, ids, request_id=pipeline[-36:])
    for id_ in (ids[0], ids[9_999], ids[10_000], ids[-1]):
        (entry,) = results.history(pipeline, id_)
        assert (entry.method, entry.request_id, entry.result_count) == ("lock", pipeline[-36:], 10_002)


def test_a_long_history_comes_in_pages(results: Results, stub: Stub, there: str) -> None:
    for _ in range(51):
        assert results.lock(there, ["a"])
        assert results.unlock(there, ["a"], force=True)
    first = stub.History(pb.HistoryRequest(pipeline=there, id="a"))
    assert len(first.entries) == 100
    rest = stub.History(pb.HistoryRequest(pipeline=there, id="a", page_token=first.next_page_token, page_size=2))
    assert (len(rest.entries), rest.next_page_token) == (2, "")
    assert methods(results, there, "a") == ["unlock", "lock"] * 51


CHANGES: dict[str, tuple[Callable[[Results, str, dict[str, Any]], bool], Callable[[Results, str], Any]]] = {
    "update": (
        lambda results, pipeline, named: results.update([{"pipeline": pipeline, "id": "a", "n": 1}], **named),
        lambda results, pipeline: results.update([{"pipeline": pipeline, "id": "a", "n": 2}]),
    ),
    "delete_ids": (
        lambda results, pipeline, named: results.delete_ids(pipeline, ["a"], **named),
        lambda results, pipeline: results.deposit([work(pipeline, "a", n=2)]),
    ),
    "lock": (
        lambda results, pipeline, named: results.lock(pipeline, ["a"], **named),
        lambda results, pipeline: results.unlock(pipeline, ["a"], force=True),
    ),
    "unlock": (
        lambda results, pipeline, named: results.unlock(pipeline, ["b"], True, **named),
        lambda results, pipeline: results.lock(pipeline, ["b"]),
    ),
}
"""A change, and what another caller may do after it."""


@pytest.mark.parametrize("name", CHANGES)
def test_a_request_that_is_repeated_is_answered_again_and_not_done_again(
    results: Results, there: str, name: str
) -> None:
    change, undo = CHANGES[name]
    named = {"request_id": f"{name}-{uuid.uuid4()}"}
    assert change(results, there, named)
    assert undo(results, there)
    after = results.view(there, {})
    assert change(results, there, named)
    assert results.view(there, {}) == after
    entries = [entry for id_ in "ab" for entry in results.history(there, id_)]
    assert [entry.method for entry in entries if entry.request_id] == [name]


@pytest.mark.parametrize("name", CHANGES)
def test_a_request_whose_answer_is_lost_is_carried_out_once(
    service: Service, results: Results, there: str, name: str, facade: Facade
) -> None:
    change, _ = CHANGES[name]
    request_id = f"{name}-{uuid.uuid4()}"
    with contextlib.closing(Proxy(service.target)) as proxy, facade(proxy.target) as cut_off:
        assert cut_off.count(there, {}) == 3
        proxy.hold_from = request_id.encode()
        with ThreadPoolExecutor(1) as pool:
            changed = pool.submit(change, cut_off, there, {"request_id": request_id})
            eventually(lambda: any(results.history(there, id_) for id_ in "ab"))
            proxy.cut()
            assert changed.result(PATIENCE)
    assert [entry.request_id for id_ in "ab" for entry in results.history(there, id_)] == [request_id]


def test_simultaneous_requests_with_one_id_are_carried_out_once(results: Results, there: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(results.delete_ids, there, ["a", "c"], request_id=f"once-{there}") for _ in range(8)]
    assert all(call.result() for call in calls)
    assert methods(results, there, "a") == methods(results, there, "c") == ["delete_ids"]


def test_simultaneous_requests_with_one_id_that_change_nothing_have_one_entry(results: Results, there: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(results.lock, there, ["b"], request_id=f"once-{there}") for _ in range(8)]
    assert all(call.result() for call in calls)
    assert methods(results, there, "b") == ["lock"]


def test_the_answer_of_an_unlock_is_repeated_whole(stub: Stub, there: str) -> None:
    request = pb.UnlockRequest(pipeline=there, ids=["a", "b"], force=True, request_id=f"unlock-{there}")
    assert (
        stub.Unlock(request)
        == stub.Unlock(request)
        == pb.UnlockResponse(outcome=pb.ChangeOutcome(applied=True), locked_count=1)
    )


def test_neither_order_nor_repetition_of_ids_makes_another_request(results: Results, there: str) -> None:
    named = f"any-order-{there}"
    for ids in (["a", "b"], ["b", "a"], ["a", "b", "a"]):
        assert results.lock(there, ids, request_id=named)
    assert methods(results, there, "a") == methods(results, there, "b") == ["lock"]
    with pytest.raises(InvalidRequestError, match="request_id"):
        results.lock(there, ["a"], request_id=named)


def test_an_unlock_that_asks_may_be_repeated_when_its_results_are_gone(results: Results, there: str) -> None:
    def unlock() -> bool:
        return results.unlock(there, ["b"], confirm=lambda _question: True, request_id=f"unlock-{there}")

    assert unlock()
    assert results.delete_ids(there, ["b"])
    assert unlock()
    assert methods(results, there, "b") == ["delete_ids", "unlock"]


def test_a_request_that_was_refused_may_be_repeated(results: Results, there: str) -> None:
    id_ = f"again-{there}"
    assert not results.delete_ids(there, ["b"], request_id=id_)
    assert results.unlock(there, ["b"], force=True)
    assert results.delete_ids(there, ["b"], request_id=id_)
    assert results.delete_ids(there, ["b"], request_id=id_)


def test_an_id_is_for_one_request(stub: Stub, results: Results, there: str) -> None:
    taken = f"taken-{there}"
    assert results.lock(there, ["a"], request_id=taken)
    for call, request in (
        (stub.Lock, pb.LockRequest(pipeline=there, ids=["c"], request_id=taken)),
        (stub.DeleteIds, pb.DeleteIdsRequest(pipeline=there, ids=["a"], request_id=taken)),
        (stub.Unlock, pb.UnlockRequest(pipeline=there, ids=["a"], request_id=taken, force=True)),
        (stub.Update, pb.UpdateRequest(works=documents({"pipeline": there, "id": "c"}), request_id=taken)),
    ):
        invalid(call, request, "request_id", reason="REQUEST_ID_REUSED")
    assert methods(results, there, "a") == ["lock"]
    assert results.get_locked_count(there) == 2


@pytest.fixture
def unrecorded(database: Any) -> Iterator[str]:
    """A reason with which MongoDB takes no entry into the history."""
    reason = f"unrecorded-{uuid.uuid4()}"
    database["_history"].insert_one({"reason": reason})
    index = database["_history"].create_index("reason", unique=True, partialFilterExpression={"reason": reason})
    yield reason
    database["_history"].drop_index(index)


@pytest.mark.parametrize("name", CHANGES)
def test_what_cannot_be_recorded_is_not_done(results: Results, there: str, name: str, unrecorded: str) -> None:
    change, _ = CHANGES[name]
    before = results.view(there, {})
    for seconds in (1, 4, 16):
        with pytest.raises((ServiceUnavailableError, DeadlineExceededError)) as caught:
            change(results, there, {"reason": unrecorded, "timeout": seconds})
        assert results.view(there, {}) == before
        if isinstance(caught.value, ServiceUnavailableError):  # else not even the first answer has come in time
            break
    assert isinstance(caught.value, ServiceUnavailableError)


def test_what_cannot_be_recorded_is_told_not_to_be_done(stub: Stub, there: str, unrecorded: str) -> None:
    answer = refused(stub.Lock, pb.LockRequest(pipeline=there, ids=["a"], reason=unrecorded))
    assert (answer.info.reason, answer.info.metadata["outcome"]) == ("MONGODB_FAILED", "NOT_APPLIED")


def test_bad_arguments_are_named(results: Results, stub: Stub, there: str) -> None:
    for arguments, said in (
        ({"reason": "x" * 1001}, "reason must have at most 1,000 characters"),
        ({"reason": None}, "reason must be a string"),
        ({"reason": "a\0b"}, "reason must not contain the character NUL"),
        ({"request_id": ""}, "request_id must be 1 to 64 visible ASCII characters"),
        ({"request_id": "two words"}, "request_id must be 1 to 64 visible ASCII characters"),
        ({"request_id": "x" * 65}, "request_id must be 1 to 64 visible ASCII characters"),
        ({"request_id": 7}, "request_id must be 1 to 64 visible ASCII characters"),
    ):
        for change, _ in CHANGES.values():
            with pytest.raises(InvalidRequestError, match=said):
                change(results, there, dict(arguments))
    with pytest.raises(InvalidRequestError, match="id must have 1 to 128 characters"):
        results.history(there, "")
    with pytest.raises(InvalidRequestError, match="pipeline must be"):
        results.history("_history", "a")
    for request, field in (
        (pb.LockRequest(pipeline=there, ids=["a"], reason="x" * 1001), "reason"),
        (pb.LockRequest(pipeline=there, ids=["a"], request_id="é"), "request_id"),
    ):
        invalid(stub.Lock, request, field)
    for asked, field in (
        (pb.HistoryRequest(pipeline="_history", id="a"), "pipeline"),
        (pb.HistoryRequest(pipeline=there, id="a" * 129), "id"),
        (pb.HistoryRequest(pipeline=there, id="a", page_size=-1), "page_size"),
        (pb.HistoryRequest(pipeline=there, id="a", page_token="x"), "page_token"),
    ):
        invalid(stub.History, asked, field)
    assert results.history(there, "a") == []


def test_the_newest_entry_agrees_with_the_state(results: Results, pipeline: str) -> None:
    """A lock of what is locked changes nothing, but an unlock at the same time comes before or after it."""
    results.deposit([work(pipeline, "a")])
    with ThreadPoolExecutor(2) as pool:
        for _ in range(100):
            assert results.lock(pipeline, ["a"])
            calls = [pool.submit(results.lock, pipeline, ["a"]), pool.submit(results.unlock, pipeline, ["a"], True)]
            assert all(call.result() for call in calls)
            newest = results.history(pipeline, "a")[0].method
            assert newest == ("lock" if results.get_locked_count(pipeline) else "unlock")
