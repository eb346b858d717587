"""A testee: the program that stands for the client of a language. README.md describes what it understands."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE

Answer = dict[str, Any]


class Failed(Exception):
    """A command was answered with an error.

    Attributes:
        error: The error.
    """

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['kind']} {error['reason']}: {error['message']}")
        self.error = error


class Testee:
    """A running testee.

    Args:
        command: How to start it.
        environment: Variables that it gets, beside those of this process that are none of a client's.
    """

    __test__ = False

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("WORKFLOW_") and not name.lower().endswith("_proxy")
        }
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**inherited, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Answer]] = {}
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, do: str, **fields: Any) -> Future[Answer]:
        """Send a command; fields that are None are left out. The future fails with `Failed` where the answer does."""
        assert self._process.stdin
        future: Future[Answer] = Future()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = future
            given = {name: value for name, value in fields.items() if value is not None}
            self._process.stdin.write(json.dumps({"n": number, "do": do, **given}) + "\n")
            self._process.stdin.flush()
        return future

    def __call__(self, do: str, *, patience: float = 2 * PATIENCE, **fields: Any) -> Answer:
        """Send a command, and wait for its answer."""
        return self.start(do, **fields).result(patience)

    def connect(self, client: str, target: str | None = None, **settings: Any) -> None:
        """Make a client that is patient."""
        self("connect", client=client, target=target, **{"timeout": PATIENCE, **settings})

    def close(self) -> None:
        """End it, and see that it ends well."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            assert self._process.wait(PATIENCE) == 0
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join(PATIENCE)
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            answer = json.loads(line)
            future = self._waiting.pop(answer.pop("n"))
            if answer.pop("unknown", False):
                future.set_exception(NotImplementedError("the testee does not know this command"))
            elif "error" in answer:
                future.set_exception(Failed(answer["error"]))
            else:
                future.set_result(answer)
        for future in self._waiting.values():
            future.set_exception(EOFError("the testee has ended"))
