"""The watchers of the fault tests go on where they were, and record what they are told."""

from __future__ import annotations

import itertools
import random
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.system.faults import watching
from tests.system.faults.checker import check
from tests.system.faults.history import Operation, Recorder, load
from tests.system.faults.watching import HABITS, Watcher
from tests.system.faults.workload import LAST, document
from workflow_results import (
    Change,
    ChangeKind,
    DeadlineExceededError,
    InvalidRequestError,
    Results,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self


class Service:
    """What watches are told: one change after the other, each token being the number of changes before it.

    Args:
        changes: The changes.
        failures: What becomes of the first watches, before they begin.
    """

    def __init__(self, changes: list[Change], *failures: Exception) -> None:
        self.changes = changes
        self.failures = [*failures]
        self.tokens: list[bytes | None] = []

    def watch(self, *_: Any, resume_token: bytes | None, **__: Any) -> Watch:
        self.tokens.append(resume_token)
        if self.failures:
            raise self.failures.pop(0)
        return Watch(self.changes, int(resume_token or b"0"))


class Watch:
    """A watch whose time is over when all has been told."""

    def __init__(self, changes: list[Change], place: int) -> None:
        self.changes, self.place = changes, place

    @property
    def resume_token(self) -> bytes:
        return str(self.place).encode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Change]:
        for change in self.changes[self.place :]:
            self.place += 1
            yield change
        raise DeadlineExceededError("over")


def changes(pipelines: tuple[str, ...], *, before: int = 0) -> list[Change]:
    """The last deposits of some pipelines, behind others."""
    works = [(pipelines[0], f"{number:07d}-00", "a.1", False) for number in range(before)]
    works += [(pipeline, LAST, "a.last", True) for pipeline in pipelines]
    kind = ChangeKind.DEPOSITED
    return [
        Change(kind, work[0], work[1], document(work), None, "", "", (), str(number).encode())
        for number, work in enumerate(works, 1)
    ]


@pytest.fixture(autouse=True)
def quiet_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_QUIET_SHARE", -1.0)


def watched(directory: Path, service: Service, habit: str, until: float = 0.0) -> list[Operation]:
    with Recorder(directory, "w0") as recorder:
        Watcher(cast("Results", service), recorder, f"w0{habit}", random.Random(0), until).run()
    return load(directory)


def test_a_watcher_ends_when_nothing_comes_behind_the_last_changes(tmp_path: Path) -> None:
    service = Service(changes(HABITS["a"].watched, before=3))
    first, last = watched(tmp_path, service, "a")
    assert service.tokens == [None, b"6"]
    assert [note if note == "began" else note[:3] for _, note in first.notes][:2] == [
        "began",
        ["DEPOSITED", "burst-a", "0000000-00"],
    ]
    assert len(first.notes) == 1 + 6
    assert [each.told["complete"] for each in (first, last)] == [False, True]
    assert [each.told["resumed"] for each in (first, last)] == [False, True]


def test_a_watcher_goes_on_where_the_service_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_RETRY_SECONDS", 0.0)
    service = Service(changes(HABITS["c"].watched), ServiceUnavailableError("down"), DeadlineExceededError("late"))
    operations = watched(tmp_path, service, "c")
    assert [each.outcome for each in operations] == ["failed", "failed", "ok", "ok"]
    assert service.tokens == [None, None, None, b"2"]


def test_a_hasty_watcher_goes_back_to_recent_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_CLOSED_SHARE", 0.2)
    service = Service(changes(HABITS["b"].watched, before=50))
    operations = watched(tmp_path, service, "b", time.monotonic() + 1)
    places = [int(token) for token in service.tokens if token]
    assert len(places) > 3
    assert any(later < place for place, later in itertools.pairwise(places))
    assert operations[-1].told["complete"]


@pytest.mark.parametrize("reason", ["RESUME_TOKEN_EXPIRED", "INVALID"])
def test_what_must_never_be_ends_a_watcher_and_is_a_violation(tmp_path: Path, reason: str) -> None:
    error = InvalidRequestError("the changes are not known any more")
    error.reason = reason
    (broken,) = watched(tmp_path, Service(changes(HABITS["e"].watched), error), "e")
    assert broken.outcome == "broken"
    assert [violation.guarantee for violation in check([broken])] == ["answer"]
