"""Works from a spool that are not stored are kept with the reason, or until a caller deposits them who may."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bson
import pytest

from tests.support.blocking import Facade
from tests.support.callers import entry, write
from tests.support.launcher import Service
from tests.support.spools import Outages, names, works_of
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import (
    DeadlineExceededError,
    InvalidRequestError,
    Outcome,
    PermissionDeniedError,
    Results,
    ServiceUnavailableError,
)
from workflow_results._deposit.spool import DENIED, REFUSED, works_left
from workflow_results._draining import Drained, drain

Serve = Callable[..., Service]
Client = Callable[..., "subprocess.Popen[str]"]


def test_spooled_works_that_are_not_stored_are_kept_as_they_are(
    outages: Outages, results: Results, pipeline: str, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nested: dict[str, Any] = {}
    for _ in range(150):
        nested = {"in": nested}
    bad = [
        work(pipeline, "a", n=2, b=bson.Int64(3), c=b"bytes", d=[1.5, None]),
        work(pipeline, "deep", nested=nested),
    ]
    results.deposit([work(pipeline, "a", n=1)])
    outages.begin()
    with Results(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        given = [depositor.deposit(each) for each in (*works_of(pipeline, 3), *bad)]
    assert {future.result().outcome for future in given} == {Outcome.SPOOLED}
    outages.end()
    with Results(outages.target) as client:
        assert drain(client, spool) == Drained(deposited=3, refused=2, denied=0, left=0)
        assert drain(client, spool) == Drained(deposited=0, refused=0, denied=0, left=0)
    told = bson.decode_all((spool / REFUSED).read_bytes())
    assert [each["outcome"] for each in told] == ["conflict", "rejected"]
    assert [each["work"] for each in told] == bad
    assert list(told[0]["work"]) == list(bad[0])
    assert "TOO_DEEP" in told[1]["reason"]
    assert "2 spooled works are not stored" in caplog.text
    assert f"{pipeline} deep: TOO_DEEP" in caplog.text


def test_what_is_no_work_does_not_hold_up_others(service: Service, pipeline: str, spool: Path) -> None:
    spool.mkdir(0o700)
    bad = [bson.encode({"id": 1, "pipeline": pipeline}), bson.encode({"a": 1}), b"\x0b\0\0\0\xffabcde\0"]
    good = bson.encode(work(pipeline, "good"))
    (spool / "1.works.bson").write_bytes(b"".join(bad))
    (spool / "2.works.bson").write_bytes(b"".join([*bad, good]))
    with Results(service.target) as client:
        assert drain(client, spool) == Drained(deposited=1, refused=6, denied=0, left=0)
    told = bson.decode_all((spool / REFUSED).read_bytes())
    assert [each["work"] for each in told] == [{"id": 1, "pipeline": pipeline}, {"a": 1}, bad[2]] * 2
    assert {each["reason"] for each in told} == {"CORRUPT_DOCUMENT: it is no work"}


@pytest.fixture
def guarded(serve: Serve, tmp_path: Path) -> str:
    callers = {
        "depositor": entry("depositor", "test-*", token="depositor"),
        "curator": entry("curator", "*", token="curator"),
        "reader": entry("reader", "*", token="reader"),
    }
    return serve("--tokens", str(write(tmp_path / "tokens.yml", callers))).target


@pytest.mark.both_facades
def test_denied_works_wait_for_a_caller_who_may_deposit_them(
    guarded: str, results: Results, pipeline: str, spool: Path, facade: Facade, caplog: pytest.LogCaptureFixture
) -> None:
    denied = [work("other", f"{pipeline}-a"), work(pipeline, "locked", results={"locked": True})]
    works = [*works_of(pipeline, 20), *denied, *works_of(pipeline, 20, 20)]
    spool.mkdir(0o700)
    (spool / "1.works.bson").write_bytes(b"".join(map(bson.encode, works)))
    with facade(guarded, token="depositor") as client, client.depositor(spool_dir=spool) as depositor:
        future = depositor.deposit(work(pipeline, "new"))
        assert future.result(PATIENCE).outcome is Outcome.DEPOSITED
    assert results.count(pipeline, {}) == 41
    assert sorted(each["id"] for each in bson.decode_all((spool / DENIED).read_bytes())) == sorted(
        each["id"] for each in denied
    )
    assert "spooled works are denied" in caplog.text
    assert names(spool) == [DENIED]
    with Results(guarded, token="depositor") as client:
        assert drain(client, spool) == Drained(deposited=0, refused=0, denied=2, left=2)
    with Results(guarded, token="curator") as client:
        assert drain(client, spool) == Drained(deposited=2, refused=0, denied=0, left=0)
    assert names(spool) == []


@pytest.mark.both_facades
def test_a_caller_who_may_not_deposit_at_all_is_told_and_nothing_is_spooled(
    guarded: str, pipeline: str, spool: Path, facade: Facade
) -> None:
    denied = pytest.raises(PermissionDeniedError)
    with facade(guarded, token="reader") as client, denied, client.depositor(spool_dir=spool) as depositor:
        future = depositor.deposit(work(pipeline, "a"))
        assert isinstance(future.exception(PATIENCE), PermissionDeniedError)
    assert names(spool) == []
    (spool / "1.works.bson").write_bytes(bson.encode(work(pipeline, "b")))
    with Results(guarded, token="reader") as client:
        with pytest.raises(PermissionDeniedError):
            drain(client, spool)
        with pytest.raises(PermissionDeniedError), client.depositor(spool_dir=spool):
            pass
    assert works_left(spool) == 1


def test_drain_tells_that_the_service_is_away_and_leaves_all(
    outages: Outages, results: Results, pipeline: str, spool: Path
) -> None:
    with pytest.raises(InvalidRequestError, match="there is no spool"):
        drain(results, spool)
    outages.begin()
    with Results(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        depositor.deposit(work(pipeline, "a"))
    with Results(outages.target) as client:
        with pytest.raises((ServiceUnavailableError, DeadlineExceededError)) as raised:
            drain(client, spool, timeout=1)
        assert raised.value.works == []
        with client.depositor(spool_dir=spool) as depositor:  # one that runs has it
            depositor.deposit(work(pipeline, "b")).result(PATIENCE)
            assert drain(results, spool) == Drained(0, 0, 0, left=2)
    progress: list[int] = []
    assert drain(results, spool, on_progress=progress.append) == Drained(2, 0, 0, 0)
    assert sum(progress) == 2
