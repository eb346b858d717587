"""Resume tokens of watches: where they go on, and which are refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import bson
import pytest

from tests.support.launcher import Service
from tests.support.watching import following, told, watching
from tests.support.wire import Stub, invalid
from tests.support.works import work
from workflow_results import InvalidRequestError, Results
from workflow_results.v1 import results_pb2 as pb

HOT = {"results.snr": {"$gte": 10}}


@pytest.mark.both_facades
def test_a_watch_goes_on_behind_any_token_and_misses_nothing(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:02}", pad="x" * 400_000) for number in range(10)])
    everything: list[tuple[str, str]] = []
    with watching(results, pipeline, snapshot=True) as watch:
        tokens = [watch.resume_token]
        for change in islice(watch, 11):
            everything.append((change.kind.value, change.id))
            tokens.append(change.resume_token)
        for number in range(5):
            results.deposit([work(pipeline, f"new{number}")])
            [change] = following(watch, 1)
            everything.append((change.kind.value, change.id))
            tokens.append(change.resume_token)
    assert everything[10] == ("snapshot complete", "")
    for place, token in enumerate(tokens):
        left = everything[place:]
        with watching(results, pipeline, snapshot=place % 2 == 0, resume_token=token) as watch:
            found: list[tuple[str, str]] = []
            while not set(left) <= set(found):
                found += told(following(watch, 1))
        new = 5 if token == tokens[0] else 0  # which are in the snapshot that begins then
        assert len(found) <= len(left) + new + 3, "what was told before comes again, from that response at most"


@pytest.mark.both_facades
def test_a_snapshot_of_several_pipelines_goes_on_where_it_was(results: Results, pipeline: str) -> None:
    pipelines = [f"{pipeline}-{letter}" for letter in "abc"]
    results.deposit([work(each, "x") for each in pipelines])
    with watching(results, pipelines, snapshot=True) as watch:
        tokens = [change.resume_token for change in following(watch, 3)]
    for number, token in enumerate(tokens, start=1):
        with watching(results, pipelines, snapshot=True, resume_token=token) as watch:
            left = following(watch, 4 - number)
        assert [change.pipeline for change in left] == [*pipelines[number:], ""]


@pytest.mark.both_facades
def test_the_token_moves_on_while_nothing_changes_that_is_watched(results: Results, pipeline: str) -> None:
    with watching(results, pipeline) as watch:
        began = watch.resume_token
        results.deposit([work(f"{pipeline}-other", "a"), work(pipeline, "b")])
        [change] = following(watch, 1)
        assert change.id == "b"
        assert watch.resume_token == change.resume_token != began


def test_a_token_belongs_to_its_watch(results: Results, pipeline: str) -> None:
    with watching(results, pipeline, HOT) as watch:
        token = watch.resume_token
    for arguments in ((pipeline,), (pipeline, {"results.snr": {"$gte": 11}}), (f"{pipeline}-2", HOT), (None, HOT)):
        with pytest.raises(InvalidRequestError, match="resume_token"):
            results.watch(*arguments, resume_token=token)
    with pytest.raises(InvalidRequestError, match="resume_token"):
        results.watch(pipeline, HOT, {"id": True}, resume_token=token)


def changed(token: bytes, /, **fields: Any) -> bytes:
    """Return a resume token that says something else."""
    place = bson.decode(token[8:]) | fields
    return token[:8] + bson.encode({name: value for name, value in place.items() if value is not ...})


@pytest.mark.parametrize(
    "fields",
    [
        {"token": b""},
        {"token": b"\x82"},
        {"token": b"x" * 40},
        {"token": "82"},
        {"token": bytes(2_000)},
        {"token": bytes(9)},
        {"read": ["p"]},
        {"read": ["p", 1]},
        {"read": ["_p", "a"]},
        {"more": 1},
        {"database": ...},
    ],
    ids=lambda fields: str(fields)[:30],
)
def test_a_forged_token_is_refused(stub: Stub, results: Results, pipeline: str, fields: dict[str, Any]) -> None:
    with watching(results, pipeline) as watch:
        token = changed(watch.resume_token, **fields)
        results.deposit([work(pipeline, "a")])
        following(watch, 1)
        invalid(stub.Watch, pb.WatchRequest(pipelines=[pipeline], resume_token=token), "resume_token")


def of_time(token: bytes, seconds: int) -> bytes:
    """Return a resume token for another moment."""
    place = bson.decode(token[8:])["token"]
    return changed(token, token=place[:1] + seconds.to_bytes(4, "big") + place[5:])


def test_a_token_from_the_future_is_of_another_database(results: Results, pipeline: str) -> None:
    with watching(results, pipeline) as watch:
        token = of_time(watch.resume_token, int(time.time()) + 86_400)
    with pytest.raises(InvalidRequestError) as unknown:
        results.watch(pipeline, resume_token=token)
    assert unknown.value.reason == "INVALID_REQUEST"


def test_a_token_of_another_database_is_as_good_as_one_that_is_too_old(
    serve: Callable[..., Service], results: Results, pipeline: str
) -> None:
    with watching(results, pipeline) as watch:
        token = watch.resume_token
    with Results(serve("--database", "another").target) as other, pytest.raises(InvalidRequestError) as expired:
        other.watch(pipeline, resume_token=token)
    assert expired.value.reason == "RESUME_TOKEN_EXPIRED"
