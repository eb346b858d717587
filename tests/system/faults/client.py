"""A client process: makes calls through the facade, one after the other, and records what it is answered."""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.support.blocking import blocking
from tests.system.faults import workload
from tests.system.faults.history import Recorder
from workflow_results import (
    ConflictError,
    DeadlineExceededError,
    LockedError,
    NotFoundError,
    Outcome,
    Results,
    ResultsError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.system.faults import history
    from tests.system.faults.workload import How, Work

_CALL_SECONDS: Final = (1.0, 5.0)
_STREAM_SECONDS: Final = 30.0
_THREADS: Final = "ab"
_ASYNC: Final = ("1", "3", "5", "7")
"""The ends of the names of clients that use `AsyncResults`."""
_THINK_SECONDS: Final = 0.16
_PAUSE_EACH: Final = 25
_PAUSE_SECONDS: Final = 0.04
_REPEAT_SECONDS: Final = 20.0
_REPEAT_PAUSE_SECONDS: Final = 0.2
_FILL_WORKS: Final = 250
_FILL_SECONDS: Final = 60.0
_ANSWERS: Final = {
    Outcome.DEPOSITED: "deposited",
    Outcome.ALREADY_DEPOSITED: "already",
    Outcome.CONFLICT: "conflict",
    Outcome.REJECTED: "rejected",
}


class _Tries(logging.Handler):
    """Counts how often the facade went on after a failure, which it tells in its debug log.

    Attributes:
        again: How often a call or works were sent again, by any thread.
        streams: How often a stream broke, by thread.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.again = 0
        self.streams: Counter[int] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        self.again += "tried again" in message
        self.streams[threading.get_ident()] += message.startswith("View failed")


class Client:
    """Makes calls and records them.

    Args:
        results: The facade, which must be strict: only then it tells what stood in the way.
        recorder: Where calls are recorded.
        tries: Counts how often deposits were sent again.
    """

    def __init__(self, results: Results, recorder: Recorder, tries: _Tries) -> None:
        self._results = results
        self._recorder = recorder
        self._tries = tries

    def call(self, kind: str, arguments: dict[str, Any]) -> None:
        """Make a call."""
        method: Callable[..., object] = getattr(self, f"_{kind}", self._deposit)
        method(**arguments)

    def _deposit(self, works: Sequence[Work], receipts: bool) -> None:
        def send() -> list[str]:
            documents = [workload.document(work) for work in works]
            if receipts:
                return [_ANSWERS[receipt.outcome] for receipt in self._results.deposit_receipts(documents)]
            try:
                self._results.deposit(documents)
            except ConflictError as error:
                return [_ANSWERS[receipt.outcome] for receipt in error.receipts]
            return ["stored"] * len(works)

        self._depositing(works, send)

    def _depositor(self, works: Sequence[Work]) -> None:
        def send() -> list[str | BaseException]:
            futures = []
            try:
                with self._results.depositor() as depositor:
                    futures += [depositor.deposit(workload.document(work)) for work in works]
            except ResultsError:
                if len(futures) < len(works):
                    raise
            return [future.exception() or _ANSWERS[future.result().outcome] for future in futures]

        self._depositing(works, send)

    def _depositing(self, works: Sequence[Work], send: Callable[[], Sequence[str | BaseException]]) -> None:
        name = self._recorder.begin("deposit", works=works)
        before = self._tries.again
        answers: Sequence[str | BaseException]
        try:
            answers = send()
        except ResultsError as error:
            answers = [error] * len(works)
        errors = {_text(answer) for answer in answers if isinstance(answer, BaseException)}
        told = [_unclear(answer) if isinstance(answer, BaseException) else answer for answer in answers]
        tries = 1 + self._tries.again - before
        self._recorder.end(name, "ok", answers=told, tries=tries, **({"errors": sorted(errors)} if errors else {}))

    def _update(self, works: Sequence[tuple[str, str, dict[str, str]]], how: How) -> None:
        documents = [{"pipeline": pipeline, "id": id_, **workload.fields(sets)} for pipeline, id_, sets in works]
        self._changing("update", lambda origin: self._results.update(documents, **origin), how, works=works)

    def _lock(self, how: How, **named: Any) -> None:
        self._changing("lock", lambda origin: self._results.lock(**named, **origin), how, **named)

    def _unlock(self, how: How, **named: Any) -> None:
        self._changing("unlock", lambda origin: self._results.unlock(**named, force=True, **origin), how, **named)

    def _delete(self, how: How, **named: Any) -> None:
        self._changing("delete", lambda origin: self._results.delete_ids(**named, **origin), how, **named)

    def _changing(self, kind: str, change: Callable[[dict[str, Any]], bool], how: How, **arguments: Any) -> None:
        """Make a change; one that may be repeated, until its outcome is known.

        Its name is the reason that it gives, so that it can be found in the history of the results.
        """
        name = self._recorder.begin(kind, **arguments)
        origin: dict[str, Any] = {"reason": name} if how == "once" else {"reason": name, "request_id": name}

        def call() -> dict[str, Any]:
            if (answer := change(origin)) is not True:
                raise TypeError(f"a strict facade answered {answer!r}")
            return {}

        before, end = self._tries.again, time.monotonic() + _REPEAT_SECONDS
        answers = [_answer(call)]
        while how != "once" and answers[-1][0] in ("unknown", "failed") and time.monotonic() < end:
            time.sleep(_REPEAT_PAUSE_SECONDS)
            answers.append(_answer(call))
        outcome, told = answers[-1]
        if outcome == "failed" and any(each == "unknown" for each, _ in answers):
            outcome = "unknown"
        self._recorder.end(name, outcome, tries=len(answers) + self._tries.again - before, **told)
        if how == "repeated" and outcome == "ok":
            self._recorded("repeat", call, of=name)

    def _read(self, pipeline: str, ids: list[str]) -> dict[str, Any]:
        def read() -> dict[str, Any]:
            found = self._results.get_by_id(pipeline, ids)
            by_id = {result["id"]: workload.compact(result) for result in found}
            if len(by_id) < len(found):
                raise TypeError("a result came twice")
            return {"found": by_id}

        return self._recorded("read", read, pipeline=pipeline, ids=ids)

    def _view(self, pipeline: str, **first: str) -> None:
        self.stream(pipeline, first["from"], pause=0)

    def stream(self, pipeline: str, first: str, pause: float) -> None:
        """Read a whole pipeline, from an id on, and pause now and then."""

        def read() -> dict[str, Any]:
            found = []
            before = self._tries.streams[threading.get_ident()]
            for result in self._results.stream(pipeline, {"id": {"$gte": first}} if first else {}):
                found.append([result["id"], *workload.compact(result)])
                if pause and len(found) % _PAUSE_EACH == 0:
                    time.sleep(pause)
            told = workload.without_archived(found) if pipeline == workload.ARCHIVE else {"found": found}
            return {**told, "broke": self._tries.streams[threading.get_ident()] - before}

        self._recorded("stream", read, pipeline=pipeline, **{"from": first})

    def _tidy(self, pipeline: str, ids: list[str], how: How) -> None:
        """Delete what is left of old results, so that there are not more and more of them."""
        if left := list(self._read(pipeline, ids).get("found", ())):
            self._unlock(how, pipeline=pipeline, ids=left)
            self._delete(how, pipeline=pipeline, ids=left)

    def _race(self, pipeline: str, ids: list[str], how: How) -> None:
        """Lock and unlock results at the same time, of which one is locked already and the others may not be."""
        self._lock(how, pipeline=pipeline, ids=ids[:1])
        unlocking = threading.Thread(target=self._unlock, args=(how,), kwargs={"pipeline": pipeline, "ids": ids})
        unlocking.start()
        self._lock(how, pipeline=pipeline, ids=ids)
        unlocking.join()
        self._read(pipeline, ids)

    def _count(self, pipeline: str, **first: str) -> None:
        query = {"id": {"$gte": first["from"]}} if first["from"] else {}
        self._recorded("count", lambda: {"count": self._results.count(pipeline, query)}, pipeline=pipeline, **first)

    def _locked_count(self, pipeline: str) -> None:
        count = self._results.get_locked_count
        self._recorded("locked_count", lambda: {"count": count(pipeline)}, pipeline=pipeline)

    def _recorded(self, kind: str, call: Callable[[], dict[str, Any]], **arguments: Any) -> dict[str, Any]:
        name = self._recorder.begin(kind, **arguments)
        outcome, told = _answer(call)
        self._recorder.end(name, outcome, **told)
        return told


def _answer(call: Callable[[], dict[str, Any]]) -> tuple[history.Outcome, dict[str, Any]]:
    """Make a call, and tell how it ended."""
    try:
        return "ok", call()
    except (LockedError, NotFoundError) as error:
        refusals = [[each.pipeline, each.id, "locked" if each.locked else "missing"] for each in error.refusals]
        return "refused", {"refusals": refusals}
    except (ServiceUnavailableError, DeadlineExceededError) as error:
        return "unknown" if error.outcome_unknown else "failed", {"error": _text(error)}
    except Exception as error:  # noqa: BLE001 - it is what must never be
        return "broken", {"error": _text(error)}


def _unclear(error: BaseException) -> str:
    if not isinstance(error, ServiceUnavailableError | DeadlineExceededError):
        return "rejected"
    return "unknown" if error.outcome_unknown else "failed"


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def fill(client: Client) -> None:
    """Deposit the archive, which long streams are made of."""
    for start in range(0, workload.ARCHIVED, _FILL_WORKS):
        ids = [workload.archive_id(number) for number in range(start, min(start + _FILL_WORKS, workload.ARCHIVED))]
        client.call(
            "deposit",
            {"works": [(workload.ARCHIVE, id_, workload.archived_marker(id_), False) for id_ in ids], "receipts": True},
        )


def read_all(client: Client) -> None:
    """Read everything there is."""
    for pipeline in (*workload.PIPELINES, workload.LARGE):
        client.stream(pipeline, "", 0)


def run(client: Client, streaming: Client | None, plans: Sequence[workload.Plan], until: float) -> None:
    """Make calls until some time, those of each plan in a thread of its own."""
    threads = [threading.Thread(target=_work, args=(client, plan, until)) for plan in plans]
    if streaming:
        threads.append(threading.Thread(target=_stream, args=(streaming, until)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _work(client: Client, plan: workload.Plan, until: float) -> None:
    while time.monotonic() < until:
        client.call(*plan.next())
        time.sleep(plan.random.expovariate(1 / _THINK_SECONDS))


def _stream(client: Client, until: float) -> None:
    while time.monotonic() < until:
        client.stream(workload.ARCHIVE, "", _PAUSE_SECONDS)


def main() -> None:
    """Run one client: TARGET DIRECTORY NAME SEED UNTIL, where the name tells what it does."""
    target, directory, name, seed, until = sys.argv[1:]
    tries = _Tries()
    logger = logging.getLogger("workflow_results")
    logger.addHandler(tries)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    lots = random.Random(f"{seed} {name}")
    seconds = _FILL_SECONDS if name in ("fill", "final") else lots.uniform(*_CALL_SECONDS)
    facade = blocking if name.endswith(_ASYNC) else Results
    with (
        Recorder(Path(directory), name) as recorder,
        facade(target, timeout=seconds, strict=True) as results,
        facade(target, timeout=_STREAM_SECONDS, strict=True) as streaming,
    ):
        client = Client(results, recorder, tries)
        if name == "fill":
            fill(client)
        elif name == "final":
            read_all(client)
        else:
            streams = name.endswith(("0", "3", "6"))
            plans = [workload.Plan(f"{name}{part}", random.Random(lots.random())) for part in _THREADS]
            run(client, Client(streaming, recorder, tries) if streams else None, plans, float(until))


if __name__ == "__main__":
    main()
