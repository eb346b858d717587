"""A client that never stops working, and takes every failed call for the end.

It is run by the Python of an environment that has either version, and uses nothing but what the first release had. It
ends when its standard input does.

Usage: python client.py TARGET NAME SURVEY NUMBER REPORT
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections import Counter
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_results import ChangeKind, Results, __version__

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_SECONDS = 0.005
"""Between two results of a stream, so that it outlasts the server that it began with."""
STREAMS = 3
"""At the same time, so that each server has some."""
SAY_SECONDS = 0.1
DEPOSITED = 50


class Resumed(logging.Handler):
    """Counts the streams that went on after they had broken."""

    number = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.number += record.getMessage().startswith("View failed")


class Client:
    """Does all that a client does, each kind in a thread of its own.

    Args:
        target: The name of the servers.
        name: Begins the ids and the pipelines of this client.
        survey: A pipeline to stream.
        number: How many results that has.
    """

    def __init__(self, target: str, name: str, survey: str, number: int) -> None:
        self.results = Results(target, timeout=60, strict=True)
        self.name = name
        self.survey = survey
        self.number = number
        self.done: Counter[str] = Counter()
        self.acknowledged: dict[str, list[str]] = {}
        self.locked: list[str] = []
        self.watched: set[str] = set()
        self.failures: list[str] = []
        self.versions: list[str] = []
        self.over = threading.Event()
        self._watch = self.results.watch(f"{name}-singles")
        self._open = ExitStack()
        self._depositor = self._open.enter_context(self.results.depositor())

    def start(self) -> list[threading.Thread]:
        """Begin with all kinds of calls."""
        kinds: dict[str, Callable[[int], None]]
        kinds = {"singles": self.singles, "depositor": self.depositor, "changes": self.changes, "look": self.look}
        kinds |= {f"stream-{n}": self.stream for n in range(STREAMS)}
        threads = [
            threading.Thread(target=self._repeat, args=each, name=each[0], daemon=True) for each in kinds.items()
        ]
        threads.append(threading.Thread(target=self._guard, args=(self.watch,), daemon=True))
        for thread in threads:
            thread.start()
        return threads

    def end(self, threads: list[threading.Thread]) -> None:
        """Let what is begun come to its end, and the watch tell of all that was deposited."""
        self.over.set()
        *others, watch = threads
        for thread in others:
            thread.join(120)
            if thread.is_alive():
                self.failures.append(f"{thread.name} hangs")
        limit = time.monotonic() + 60
        while not self.failures and set(self.acknowledged.get("singles", [])) - self.watched:
            if time.monotonic() > limit:
                self.failures.append("a watch has lost changes")
            time.sleep(0.01)
        self._watch.close()
        watch.join(60)
        self._guard(self._open.close)
        self.results.close()

    def _repeat(self, name: str, kind: Callable[[int], None]) -> None:
        def repeat() -> None:
            for turn in count():
                if self.over.is_set():
                    return
                kind(turn)
                self.done[name] += 1

        self._guard(repeat)

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 (any is a failed call)
            self.failures.append(traceback.format_exc())
            self.over.set()

    def _work(self, kind: str, id_: str, **fields: Any) -> dict[str, Any]:
        return {"pipeline": f"{self.name}-{kind}", "id": id_, "status": "success", "results": {"snr": 1.5}, **fields}

    def _acknowledge(self, kind: str, *ids: str) -> None:
        self.acknowledged.setdefault(kind, []).extend(ids)

    def singles(self, turn: int) -> None:
        """Deposit some works by a call, and find them again."""
        ids = [f"{turn:06}-{n}" for n in range(3)]
        assert self.results.deposit([self._work("singles", id_) for id_ in ids]) == {f"{self.name}-singles": True}
        self._acknowledge("singles", *ids)
        assert [each["id"] for each in self.results.get_by_id(f"{self.name}-singles", ids)] == ids[::-1]

    def depositor(self, turn: int) -> None:
        """Deposit works one by one, through one depositor from beginning to end."""
        ids = [f"{turn:06}-{n:02}" for n in range(DEPOSITED)]
        futures = [self._depositor.deposit(self._work("depositor", id_)) for id_ in ids]
        assert all(future.result(120).stored for future in futures)
        self._acknowledge("depositor", *ids)

    def changes(self, turn: int) -> None:
        """Update, lock, unlock and delete results, each with a request id."""
        pipeline = f"{self.name}-changes"
        updated, locked, unlocked, deleted = ids = [f"{turn:06}-{n}" for n in range(4)]
        assert self.results.deposit([self._work("changes", id_) for id_ in ids]) == {pipeline: True}
        assert self.results.update([{"pipeline": pipeline, "id": updated, "n": turn}], request_id=f"{pipeline}-u{turn}")
        assert self.results.lock(pipeline, [locked, unlocked], request_id=f"{pipeline}-l{turn}")
        assert self.results.unlock(pipeline, [unlocked], force=True, request_id=f"{pipeline}-f{turn}")
        assert self.results.delete_ids(pipeline, [deleted], request_id=f"{pipeline}-d{turn}")
        found = {each["id"]: each for each in self.results.get_by_id(pipeline, ids)}
        assert sorted(found) == ids[:3]
        assert found[updated]["n"] == turn
        assert [id_ for id_, each in found.items() if each["results"].get("locked")] == [locked]
        self._acknowledge("changes", *ids[:3])
        self.locked.append(locked)

    def stream(self, _turn: int) -> None:
        """Read a whole pipeline, slowly: no gap, nothing twice."""
        expected = iter(range(self.number - 1, -1, -1))
        for result in self.results.stream(self.survey, {}):
            assert result["id"] == f"{next(expected):06}"
            time.sleep(PAUSE_SECONDS)
        assert next(expected, None) is None

    def look(self, turn: int) -> None:
        """Look at what is there."""
        assert self.results.count(self.survey, {}) == self.number
        assert self.results.status()[self.survey] == self.number
        assert len(self.results.view(self.survey, {}, {"id": True}, limit=10)) == 10
        assert self.results.get_by_event(self.survey, turn % self.number)
        version = self.results.info()["server"]["version"]
        if version not in self.versions:
            self.versions.append(version)

    def watch(self) -> None:
        """See each result that is deposited."""
        for change in self._watch:
            assert change.kind is ChangeKind.DEPOSITED
            self.watched.add(change.id)


def main() -> int:
    """Work until standard input ends, and write a report."""
    target, name, survey, number, report = sys.argv[1:]
    resumed = Resumed(logging.DEBUG)
    logger = logging.getLogger("workflow_results")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(resumed)
    client = Client(target, name, survey, int(number))
    asked = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        asked.set()

    threading.Thread(target=listen, daemon=True).start()
    threads = client.start()
    while not asked.wait(SAY_SECONDS) and not client.over.is_set():
        print(json.dumps(client.done), flush=True)
    client.end(threads)
    told = {
        "version": __version__,
        "versions": client.versions,
        "acknowledged": {f"{name}-{kind}": ids for kind, ids in client.acknowledged.items()},
        "locked": client.locked,
        "done": client.done,
        "resumed": resumed.number,
        "failures": list(islice(client.failures, 3)),
    }
    Path(report).write_text(json.dumps(told))
    return 1 if client.failures else 0


if __name__ == "__main__":
    sys.exit(main())
