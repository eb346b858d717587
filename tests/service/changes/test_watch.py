"""Watches: what is told of changes, and to whom."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.support.waiting import PATIENCE
from tests.support.watching import following, told, watching
from tests.support.wire import Stub
from tests.support.works import work
from workflow_results import Change, ChangeKind, InvalidRequestError, Results
from workflow_results.v1 import results_pb2 as pb

HOT = {"results.snr": {"$gte": 10}}


def snr(pipeline: str, id_: str, value: Any) -> dict[str, Any]:
    return work(pipeline, id_, results={"snr": value})


@pytest.mark.both_facades
def test_each_change_is_told_with_the_result_and_with_who_and_why(results: Results, pipeline: str) -> None:
    before = datetime.now(timezone.utc) - timedelta(seconds=2)
    with watching(results, pipeline) as watch:
        results.deposit([snr(pipeline, "a", 7)])
        [deposited] = following(watch, 1)
        results.update([{"id": "a", "pipeline": pipeline, "tags": ["x"], "n": 1}], reason="a better fit")
        [updated] = following(watch, 1)
        results.lock(pipeline, ["a"], reason="published")
        [locked] = following(watch, 1)
        results.unlock(pipeline, ["a"], force=True, reason="an erratum")
        [unlocked] = following(watch, 1)
        results.delete_ids(pipeline, ["a"], reason="wrong")
        [deleted] = following(watch, 1)
        results.drop_pipeline(pipeline)
        [dropped] = following(watch, 1)

    first = {"id": "a", **work(pipeline), "results": {"snr": 7}}
    second = {**first, "tags": ["x"], "n": 1}

    def change(kind: ChangeKind, id_: str, result: Any, like: Change, reason: str = "", *fields: str) -> Change:
        return Change(kind, pipeline, id_, result, like.time, "", reason, fields, like.resume_token)

    assert deposited == change(ChangeKind.DEPOSITED, "a", first, deposited)
    assert updated == change(ChangeKind.UPDATED, "a", second, updated, "a better fit", "tags", "n")
    assert locked == change(
        ChangeKind.LOCKED, "a", second | {"results": {"snr": 7, "locked": True}}, locked, "published"
    )
    assert unlocked == change(
        ChangeKind.UNLOCKED, "a", second | {"results": {"snr": 7, "locked": False}}, unlocked, "an erratum"
    )
    assert deleted == change(ChangeKind.DELETED, "a", None, deleted, "wrong")
    assert dropped == change(ChangeKind.DROPPED, "", None, dropped)
    for each in (deposited, updated, locked, unlocked, deleted, dropped):
        assert each.time is not None
        assert before < each.time < datetime.now(timezone.utc) + timedelta(seconds=2)
    tokens = [each.resume_token for each in (deposited, updated, locked, unlocked, deleted, dropped)]
    assert len(set(tokens)) == 6


@pytest.mark.both_facades
def test_the_query_is_asked_of_the_result_as_it_is(results: Results, pipeline: str) -> None:
    with watching(results, pipeline, HOT, {"results": True}) as watch:
        results.deposit([snr(pipeline, "cold", 5), snr(pipeline, "hot", 50)])
        [deposited] = following(watch, 1)
        assert (deposited.kind, deposited.id) == (ChangeKind.DEPOSITED, "hot")
        assert deposited.result == {"results": {"snr": 50}}
        results.update([snr(pipeline, "hot", 6)], reason="recalibrated")
        [unmatched] = following(watch, 1)
        assert (unmatched.kind, unmatched.id, unmatched.result) == (ChangeKind.UNMATCHED, "hot", None)
        assert (unmatched.reason, unmatched.fields) == ("recalibrated", ("status", "results"))
        results.update([snr(pipeline, "cold", 60)])
        assert told(following(watch, 1)) == [("updated", "cold")]
        results.deposit([snr(pipeline, "never", 0)])
        results.lock(pipeline, ["never"])
        assert told(following(watch, 1)) == [("unmatched", "never")]
        results.unlock(pipeline, ["never"], force=True)
        results.delete_ids(pipeline, ["cold"])
        assert set(told(following(watch, 2))) == {("unmatched", "never"), ("deleted", "cold")}


@pytest.mark.both_facades
def test_changes_that_come_together_share_the_last_state(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a")])
    with watching(results, pipeline) as watch:
        token = watch.resume_token
    for number in range(3):
        results.update([work(pipeline, "a", n=number)], reason=str(number))
    results.lock(pipeline, ["a"])
    with watching(results, pipeline, resume_token=token) as watch:
        changes = following(watch, 4)
    assert told(changes) == [("updated", "a")] * 3 + [("locked", "a")]
    assert [change.reason for change in changes] == ["0", "1", "2", ""]
    states = [change.result for change in changes]
    assert all(state is not None and (state["n"], state["results"]) == (2, {"locked": True}) for state in states)
    assert len({id(state) for state in states}) == 4, "whoever changes one result changes no other"


@pytest.mark.both_facades
def test_a_snapshot_comes_first_and_misses_nothing_deposited_meanwhile(results: Results, pipeline: str) -> None:
    results.deposit([snr(pipeline, f"{number:04}", number) for number in range(2_000)])
    ended = threading.Event()

    def deposit() -> None:
        for number in range(2_000, 2_200):
            results.deposit([snr(pipeline, f"{number:04}", number)])
        ended.set()

    depositing = threading.Thread(target=deposit)
    seen: set[str] = set()
    with watching(results, pipeline, HOT, snapshot=True) as watch:
        depositing.start()
        for change in watch:
            if change.kind is ChangeKind.SNAPSHOT_COMPLETE:
                break
            assert change.kind is ChangeKind.EXISTING
            assert change.time is None
            assert change.result is not None
            seen.add(change.id)
        assert change == Change(ChangeKind.SNAPSHOT_COMPLETE, "", "", None, None, "", "", (), change.resume_token)
        assert len(seen) >= 1_990
        depositing.join()
        wanted = {f"{number:04}" for number in range(10, 2_200)}
        while seen != wanted:
            change = next(watch)
            assert change.kind is ChangeKind.DEPOSITED
            seen.add(change.id)


@pytest.mark.both_facades
def test_several_pipelines_and_all_of_them(results: Results, pipeline: str) -> None:
    one, other = f"{pipeline}-1", f"{pipeline}-2"
    results.deposit([work(one, "a")])
    with (
        watching(results, [one, other], snapshot=True) as both,
        watching(results, None, {"id": "b"}) as every,
    ):
        assert told(following(both, 2)) == [("existing", "a"), ("snapshot complete", "")]
        results.deposit([work(other, "b"), work(pipeline, "b"), work(one, "b")])
        assert {change.pipeline for change in following(both, 2)} == {one, other}
        assert {change.pipeline for change in following(every, 3)} == {one, other, pipeline}


@pytest.mark.both_facades
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pipeline": "a b"}, "pipeline"),
        ({"pipeline": []}, "None stands for all"),
        ({"pipeline": 7}, "pipeline"),
        ({"pipeline": ["p", "_history"]}, "pipeline"),
        ({"pipeline": "p", "query": {"$where": "1"}}, r"query\.\$where"),
        ({"pipeline": "p", "query": []}, "query"),
        ({"pipeline": "p", "projection": {"a": "$b"}}, "projection"),
        ({"pipeline": "p", "snapshot": 1}, "snapshot"),
        ({"pipeline": "p", "resume_token": "abc"}, "resume_token"),
        ({"pipeline": "p", "resume_token": b"abc"}, "resume_token"),
        ({"pipeline": "p", "resume_token": b""}, "resume_token"),
        ({"pipeline": "p", "query": {"a": {"$regex": "("}}}, "invalid regular expression"),
        ({"pipeline": None, "query": {"$expr": {"$gt": [{"$divide": [1, {"$subtract": [1, 1]}]}, 1]}}}, "evaluate"),
    ],
)
def test_what_is_wrong_is_said_at_once(results: Results, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        results.watch(**arguments)


@pytest.mark.both_facades
def test_what_an_administrator_does_is_told_without_a_caller(results: Results, pipeline: str, database: Any) -> None:
    collection = database[pipeline]
    results.deposit([work(pipeline, "a"), work(pipeline, "b")])
    with watching(results, pipeline) as watch:
        collection.update_one({"_id": "a"}, {"$set": {"n": 1}})
        [change] = following(watch, 1)
        assert (change.kind, change.id, change.caller, change.reason) == (ChangeKind.CHANGED, "a", "", "")
        assert change.result is not None
        assert change.result["n"] == 1
        collection.replace_one({"_id": "a"}, work(pipeline, "a", n=2))
        assert told(following(watch, 1)) == [("changed", "a")]
        collection.insert_one({"_id": "c", **work(pipeline, "c")})
        collection.insert_one({"n": "no result, since its id is no string"})
        assert told(following(watch, 1)) == [("deposited", "c")]
        collection.delete_one({"_id": "c"})
        assert told(following(watch, 1)) == [("deleted", "c")]
        with database.client.start_session() as session, session.start_transaction():
            collection.update_many({"_id": {"$in": ["a", "b"]}}, {"$set": {"n": 3}}, session=session)
        assert sorted(told(following(watch, 2))) == [("changed", "a"), ("changed", "b")]
        collection.drop()
        assert told(following(watch, 1)) == [("dropped", "")]
        results.deposit([work(pipeline, "a")])
        assert told(following(watch, 1)) == [("deposited", "a")]


def test_results_as_large_as_they_may_be_don_t_end_a_watch(results: Results, pipeline: str, database: Any) -> None:
    with watching(results, pipeline) as watch:
        for letter in "ab":
            database[pipeline].replace_one(
                {"_id": "a"}, {"id": "a", "pad": letter * (16 * 2**20 - 20_000)}, upsert=True
            )
        large = following(watch, 1)
        assert large[0].result is not None
        database[pipeline].update_one({"_id": "a"}, {"$set": {"pad": "c" * (10 << 20)}})
        results.deposit([work(pipeline, "b")])
        while large[-1].id != "b":
            large += following(watch, 1)
    kinds = [change.kind for change in large]
    assert kinds[-2:] == [ChangeKind.CHANGED, ChangeKind.DEPOSITED]


def test_a_change_of_more_results_than_one_entry_holds(results: Results, pipeline: str) -> None:
    ids = [f"{number:05}" for number in range(10_002)]
    results.deposit([work(pipeline, id_) for id_ in ids])
    with watching(results, pipeline, {}, {"id": True, "results.locked": True}) as watch:
        results.lock(pipeline, ids, reason="all")
        changes = following(watch, len(ids))
        results.delete_ids(f"{pipeline}-none", [])
        results.deposit([work(pipeline, "last")])
        assert told(following(watch, 1)) == [("deposited", "last")]
    assert sorted(told(changes)) == [("locked", id_) for id_ in ids]
    assert all(change.result is not None and change.result["results"] == {"locked": True} for change in changes)


def test_json_and_the_words_of_the_wire(stub: Stub, results: Results, pipeline: str) -> None:
    request = pb.WatchRequest(
        pipelines=[pipeline],
        query=pb.EncodedDocument(json='{"results.snr": {"$gt": 1}}'),
        format=pb.DOCUMENT_FORMAT_RELAXED_JSON,
    )
    call = stub.Watch(request)
    began = next(call)
    assert began == pb.WatchResponse(resume_token=began.resume_token)
    assert began.resume_token
    results.deposit([snr(pipeline, "a", 2.5)])
    response = next(call)
    [event] = response.events
    assert (event.kind, event.pipeline, event.id, event.result_index) == (
        pb.CHANGE_KIND_DEPOSITED,
        pipeline,
        "a",
        0,
    )
    assert [*response.results.json] == [
        f'{{"id": "a", "pipeline": "{pipeline}", "status": "success", "results": {{"snr": 2.5}}}}'
    ]
    call.cancel()


def test_what_callers_and_an_administrator_did_comes_in_its_order(
    results: Results, pipeline: str, database: Any
) -> None:
    results.deposit([work(pipeline, "a")])
    with watching(results, pipeline) as watch:
        token = watch.resume_token
    results.lock(pipeline, ["a"], reason="published")
    results.unlock(pipeline, ["a"], force=True)
    results.delete_ids(pipeline, ["a"])
    results.deposit([work(pipeline, "a")])
    for number in range(2):
        database[pipeline].update_one({"_id": "a"}, {"$set": {"n": number}})
    with watching(results, pipeline, resume_token=token) as watch:
        kinds = [change.kind.value for change in following(watch, 6)]
    assert kinds == ["locked", "unlocked", "deleted", "deposited", "changed", "changed"]


def test_what_is_no_result_stands_in_no_snapshot(results: Results, pipeline: str, database: Any) -> None:
    results.deposit([work(pipeline, "a")])
    database[pipeline].insert_many([{"n": 1}, {"_id": 7}])
    with watching(results, pipeline, snapshot=True) as watch:
        assert told(following(watch, 2)) == [("existing", "a"), ("snapshot complete", "")]
        database[pipeline].insert_one({"_id": "x" * 5_000})
        change = next(watch)
        assert change.id == "x" * 5_000
    results.deposit([work(pipeline, "b")])
    with watching(results, pipeline, snapshot=True, resume_token=change.resume_token) as watch:
        assert told(following(watch, 1)) == [("deposited", "b")]


def test_responses_with_many_names_of_fields_are_no_larger_than_others(
    stub: Stub, results: Results, pipeline: str
) -> None:
    results.deposit([work(pipeline, f"{number:03}") for number in range(200)])
    projection = pb.EncodedDocument(json='{"id": true}')
    call = stub.Watch(pb.WatchRequest(pipelines=[pipeline], projection=projection), timeout=PATIENCE)
    next(call)
    fields = {f"{number:040}": number for number in range(400)}
    results.update([{"pipeline": pipeline, "id": f"{number:03}", **fields} for number in range(200)])
    sizes, told = [], 0
    while told < 200:
        response = next(call)
        sizes.append(response.ByteSize())
        told += len(response.events)
    call.cancel()
    assert sum(sizes) > 3 << 20
    assert max(sizes) < 1 << 20
