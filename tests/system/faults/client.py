"""A client process: makes calls through the facade, one after the other, and records what it is answered."""

from __future__ import annotations

import logging
import random
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.support.blocking import blocking
from tests.system.faults import workload
from tests.system.faults.history import Recorder
from tests.system.faults.reader import Reader, Tries, answer, text
from tests.system.faults.watching import HABITS, Watcher
from workflow_results import (
    ConflictError,
    DeadlineExceededError,
    Outcome,
    Results,
    ResultsError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.system.faults.workload import How, Work

WATCHERS: Final = "w"
"""How the names of clients begin that watch."""
_CALL_SECONDS: Final = (1.0, 5.0)
_STREAM_SECONDS: Final = 30.0
_THREADS: Final = "ab"
_ASYNC: Final = ("1", "3", "5", "7")
"""The ends of the names of clients that use `AsyncResults`."""
_THINK_SECONDS: Final = 0.16
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


class Client(Reader):
    """Makes calls and records them."""

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
        errors = {text(each) for each in answers if isinstance(each, BaseException)}
        told = [_unclear(each) if isinstance(each, BaseException) else each for each in answers]
        tries = 1 + self._tries.again - before
        self._recorder.end(name, "ok", answers=told, tries=tries, **({"errors": sorted(errors)} if errors else {}))

    def _update(self, works: Sequence[tuple[str, str, dict[str, str]]], how: How) -> None:
        documents = [{"pipeline": pipeline, "id": id_, **workload.fields(sets)} for pipeline, id_, sets in works]
        self._changing("update", lambda origin: self._results.update(documents, **origin), how, works=works)

    def _lock(self, how: How, **named: Any) -> None:
        self._changing("lock", lambda origin: self._results.lock(**named, **origin), how, **named)

    def _unlock(self, how: How, **named: Any) -> None:
        self._changing("unlock", lambda origin: self._results.unlock(**named, force=True, **origin), how, **named)

    def _unlock_asked(self, how: How, confirm: bool, **named: Any) -> None:
        """Unlock results unless somebody who is asked declines; then it only counts those that are locked."""
        asked: list[int] = []

        def ask(question: str) -> bool:
            asked.append(int(question.split()[1]))  # "Unlock 2 locked of 3 results of …"
            return confirm

        def decline() -> dict[str, Any]:
            if self._results.unlock(**named, confirm=ask, reason=name) is not False or len(asked) != 1:
                raise TypeError(f"asked {len(asked)} times, and not told that nothing was changed")
            return {"count": asked[0]}

        if confirm:
            unlock = self._results.unlock
            self._changing("unlock", lambda origin: unlock(**named, confirm=ask, **origin), how, asked=True, **named)
        else:
            name = self._recorder.begin("declined", **named)
            outcome, told = answer(decline)
            self._recorder.end(name, outcome, **told)

    def _delete(self, how: How, **named: Any) -> None:
        self._changing("delete", lambda origin: self._results.delete_ids(**named, **origin), how, **named)

    def _changing(self, kind: str, change: Callable[[dict[str, Any]], bool], how: How, **arguments: Any) -> None:
        """Make a change; one that may be repeated, until its outcome is known.

        Its name is the reason that it gives, so that it can be found in the history of the results.
        """
        name = self._recorder.begin(kind, **arguments)
        origin: dict[str, Any] = {"reason": name} if how == "once" else {"reason": name, "request_id": name}

        def call() -> dict[str, Any]:
            if (changed := change(origin)) is not True:
                raise TypeError(f"a strict facade answered {changed!r}")
            return {}

        before, end = self._tries.again, time.monotonic() + _REPEAT_SECONDS
        answers = [answer(call)]
        while how != "once" and answers[-1][0] in ("unknown", "failed") and time.monotonic() < end:
            time.sleep(_REPEAT_PAUSE_SECONDS)
            answers.append(answer(call))
        outcome, told = answers[-1]
        if outcome == "failed" and any(each == "unknown" for each, _ in answers):
            outcome = "unknown"
        self._recorder.end(name, outcome, tries=len(answers) + self._tries.again - before, **told)
        if how == "repeated" and outcome == "ok":
            self._recorded("repeat", call, of=name)

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


def _unclear(error: BaseException) -> str:
    if not isinstance(error, ServiceUnavailableError | DeadlineExceededError):
        return "rejected"
    return "unknown" if error.outcome_unknown else "failed"


def fill(client: Client) -> None:
    """Deposit the archive, which long streams are made of."""
    for start in range(0, workload.ARCHIVED, _FILL_WORKS):
        ids = [workload.archive_id(number) for number in range(start, min(start + _FILL_WORKS, workload.ARCHIVED))]
        client.call(
            "deposit",
            {"works": [(workload.ARCHIVE, id_, workload.archived_marker(id_), False) for id_ in ids], "receipts": True},
        )


def read_all(client: Client) -> None:
    """Deposit what watchers see last, and read everything there is."""
    works = [(pipeline, workload.LAST, "a.last", True) for pipeline in (*workload.PIPELINES, workload.LARGE)]
    client.call("deposit", {"works": works, "receipts": True})
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


def watch(results: Results, recorder: Recorder, name: str, lots: random.Random, until: float) -> None:
    """Watch in each way there is, until the last changes have been told."""
    watchers = [Watcher(results, recorder, f"{name}{habit}", random.Random(lots.random()), until) for habit in HABITS]
    threads = [threading.Thread(target=watcher.run) for watcher in watchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Run one client: TARGET DIRECTORY NAME SEED UNTIL, where the name tells what it does."""
    target, directory, name, seed, until = sys.argv[1:]
    tries = Tries()
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
        elif name.startswith(WATCHERS):
            watch(streaming, recorder, name, lots, float(until))
        else:
            streams = name.endswith(("0", "3", "6"))
            plans = [workload.Plan(f"{name}{part}", random.Random(lots.random())) for part in _THREADS]
            run(client, Client(streaming, recorder, tries) if streams else None, plans, float(until))


if __name__ == "__main__":
    main()
