"""A read on its way through several streams."""

from __future__ import annotations

import bson
import pytest

from workflow_results import DeadlineExceededError, ResultsError, ServiceUnavailableError
from workflow_results._calls.reading import Reading
from workflow_results.v1 import results_pb2 as pb


def part(*ids: str, token: bytes = b"", count: int | None = None) -> pb.ViewResponse:
    made = pb.ViewResponse()
    if ids:
        made.part.batch.results.bson = b"".join(bson.encode({"id": id_}) for id_ in ids)
        made.part.batch.resume_token = token
    if count is not None:
        made.part.summary.count = count
    return made


@pytest.fixture
def reading() -> Reading:
    return Reading("View", "here:1", pb.ViewRequest(pipeline="p"))


def ids(documents: bytes) -> list[str]:
    return [each["id"] for each in bson.decode_all(documents)]


def test_a_stream_that_breaks_goes_on_behind_what_arrived(reading: Reading) -> None:
    reading.begin()
    assert ids(reading.take(part("c", "b", token=b"behind b"))) == ["c", "b"]
    assert reading.request.resume_token == b"behind b"
    assert reading.pause_after(ServiceUnavailableError("it broke"), 60) is not None
    assert not reading.complete
    reading.begin()  # whose summary counts the results of this stream alone
    assert ids(reading.take(part("a", token=b"behind a", count=1))) == ["a"]
    assert reading.complete
    reading.end()


def test_an_empty_read_is_complete(reading: Reading) -> None:
    reading.begin()
    assert reading.take(part(count=0)) == b""
    reading.end()


def test_results_that_are_missing_are_noticed(reading: Reading) -> None:
    reading.begin()
    reading.take(part("b", "a", token=b"t"))
    with pytest.raises(ResultsError, match="View at here:1 lost results: 2 of 3 arrived"):
        reading.take(part(count=3))
    assert not reading.complete


def test_an_end_without_a_summary_is_a_failure(reading: Reading) -> None:
    reading.begin()
    reading.take(part("a", token=b"t"))
    with pytest.raises(ServiceUnavailableError, match="ended early, without a summary"):
        reading.end()


def test_bytes_that_are_no_documents_are_refused(reading: Reading) -> None:
    reading.begin()
    broken = pb.ViewResponse()
    broken.part.batch.results.bson = b"\x05\0\0\0\0\x07\0"
    with pytest.raises(ResultsError, match="not valid BSON"):
        reading.take(broken)
    assert reading.request.resume_token == b""


def test_progress_ends_what_earlier_failures_say(reading: Reading) -> None:
    late = DeadlineExceededError("the time is over")
    assert reading.pause_after(ServiceUnavailableError("it broke"), None) is not None
    reading.begin()
    reading.take(part("a", token=b"t"))
    assert reading.pause_after(late, None) is None, "raised as it is"


def test_what_can_not_be_resumed_begins_anew_and_comes_whole() -> None:
    reading = Reading("Top", "here:1", pb.TopRequest(pipeline="p"))
    reading.begin()
    assert reading.take(part("a")) == b""
    assert reading.pause_after(ServiceUnavailableError("it broke"), 60) is not None
    reading.begin()
    assert reading.take(part("b", "a")) == b""
    assert ids(reading.take(part("c", count=3))) == ["b", "a", "c"]
    assert reading.complete
