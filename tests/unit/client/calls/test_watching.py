"""A watch on its way through several streams."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import bson
import pytest

from workflow_results import Change, ChangeKind, InvalidRequestError, ResultsError, ServiceUnavailableError
from workflow_results._calls.watching import _KINDS, Watching
from workflow_results.v1 import results_pb2 as pb


@pytest.fixture
def watching() -> Watching:
    return Watching("here:1", pb.WatchRequest(pipelines=["p"], resume_token=b"0"))


def response(*events: dict[str, Any], ids: str = "", token: bytes = b"", complete: bool = False) -> pb.WatchResponse:
    given = [pb.WatchEvent(pipeline="p", **{"kind": pb.CHANGE_KIND_UPDATED, **event}) for event in events]
    results = pb.EncodedDocuments(bson=b"".join(bson.encode({"_id": id_, "id": id_}) for id_ in ids))
    return pb.WatchResponse(events=given, results=results, resume_token=token, snapshot_complete=complete)


def told(watching: Watching, response: pb.WatchResponse) -> list[Change]:
    return [watching.hand_on(each) for each in watching.take(response)]


def test_every_kind_of_the_proto_is_known() -> None:
    assert set(_KINDS) == set(pb.ChangeKind.values()) - {pb.CHANGE_KIND_UNSPECIFIED}
    assert {*_KINDS.values(), ChangeKind.SNAPSHOT_COMPLETE} == set(ChangeKind)
    assert all(pb.ChangeKind.Name(kind) == f"CHANGE_KIND_{known.name}" for kind, known in _KINDS.items())


def test_an_event_is_told_in_pythons_terms(watching: Watching) -> None:
    event = pb.WatchEvent(
        kind=pb.CHANGE_KIND_UPDATED, id="a", caller="c", reason="r", fields=["f", "g"], result_index=0
    )
    event.time.FromMilliseconds(1_500)
    [change] = told(watching, pb.WatchResponse(events=[event], results=response(ids="a").results, resume_token=b"1"))
    when = datetime.fromtimestamp(1.5, timezone.utc)
    assert change == (ChangeKind.UPDATED, "", "a", {"id": "a"}, when, "c", "r", ("f", "g"), b"1")


def test_the_token_of_a_change_is_one_behind_which_nothing_is_missing(watching: Watching) -> None:
    first = told(watching, response({"id": "a"}, {"id": "b"}, token=b"1"))
    assert [change.resume_token for change in first] == [b"0", b"1"]
    second = told(watching, response({"id": "c"}, {"id": "d"}))  # a part of what belongs together
    assert [change.resume_token for change in second] == [b"1", b"1"]
    assert watching.request.resume_token == b"1"
    [third] = told(watching, response({"id": "e"}, token=b"2"))
    assert third.resume_token == watching.request.resume_token == b"2"


def test_pauses_grow_until_something_comes(watching: Watching) -> None:
    def pause() -> float:
        return watching.pause_after(ServiceUnavailableError("restarting"), None) or 0.0

    assert [pause() for _ in range(8)][-1] >= 1.0
    watching.take(response(token=b"1"))
    assert 0.0 < pause() <= 0.05


def test_the_end_of_a_snapshot_is_a_change(watching: Watching) -> None:
    last, complete = told(watching, response({"id": "a"}, token=b"1", complete=True))
    assert last.resume_token == b"1"
    assert complete == (ChangeKind.SNAPSHOT_COMPLETE, "", "", None, None, "", "", (), b"1")
    assert told(watching, response(token=b"2", complete=True))[0].resume_token == b"2"


def test_a_bookmark_moves_the_token_that_users_see_and_changes_do_not(watching: Watching) -> None:
    assert watching.take(response(token=b"1")) == []
    assert watching.token == b"1"
    [arrived] = watching.take(response({"id": "a"}, token=b"2"))
    assert watching.token == b"1", "until the change is handed on"
    watching.hand_on(arrived)
    assert watching.token == b"2"


def test_changes_that_share_a_result_have_one_each(watching: Watching) -> None:
    changes = told(
        watching, response({"id": "a", "result_index": 0}, {"id": "a", "result_index": 0}, {"id": "b"}, ids="a")
    )
    states = [change.result for change in changes]
    assert states == [{"id": "a"}, {"id": "a"}, None]
    assert states[0] is not states[1]


def test_a_response_that_makes_no_sense_is_an_error(watching: Watching) -> None:
    with pytest.raises(ResultsError, match="Watch at here:1 lost results: 1 arrived"):
        watching.take(response({"id": "a", "result_index": 1}, ids="a"))
    with pytest.raises(ResultsError, match="not known to this client"):
        watching.take(response({"kind": 99}))
    with pytest.raises(ResultsError, match="not valid BSON"):
        watching.take(pb.WatchResponse(results=pb.EncodedDocuments(bson=b"abc")))


def test_what_follows_a_failure(watching: Watching) -> None:
    assert watching.pause_after(watching.ended(), 60) is not None
    assert watching.pause_after(ServiceUnavailableError("gone"), 0.001) is None
    assert watching.pause_after(InvalidRequestError("expired"), 60) is None
