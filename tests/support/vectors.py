"""The vectors of `tests/vectors/cases/`, and what their runners share; the README there describes the format."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timezone
from typing import Any

import bson
from bson import CodecOptions, json_util
from bson.binary import UuidRepresentation

from tests.support.paths import REPOSITORY, VECTORS
from tests.support.waiting import PATIENCE, killed_after

CASES = VECTORS / "cases"
CONTROL = [sys.executable, "-m", "tests.vectors.control"]
CANONICAL = json_util.CANONICAL_JSON_OPTIONS.with_options(
    uuid_representation=UuidRepresentation.STANDARD, tz_aware=True, tzinfo=timezone.utc
)
_KEPT = {"$regex", "$ref"}
"""Keys that Python's reader of Extended JSON takes for a value, where they are those of a document."""
_UUIDS: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
Case = dict[str, Any]
Step = dict[str, Any]


def load() -> dict[str, Case]:
    """Return all cases by file and name."""
    files = {path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("*.json"))}
    return {f"{name}: {case['name']}": case for name, cases in files.items() for case in cases}


def steps_of(case: Case, pipeline: str) -> list[Step]:
    """Return the steps of a case with its placeholders filled in."""
    text = json.dumps(case["steps"]).replace("$P", pipeline)
    steps: list[Step] = _expanded(json.loads(text))
    return steps


def _expanded(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$K", "x" * 1024).replace("$M", "x" * (1 << 20))
    if isinstance(value, list):
        return [_expanded(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "$each" in value:
        first, last = value["$from"], value["$to"]
        template = json.dumps(value["$each"])
        numbers = range(first, last + 1) if first <= last else range(first, last - 1, -1)
        return [_expanded(json.loads(template.replace("$N", f"{number:04}"))) for number in numbers]
    return {key: _expanded(each) for key, each in value.items()}


def is_hex(document: Any) -> bool:
    """Return whether this stands for bytes."""
    return isinstance(document, dict) and document.keys() == {"$hex"}


def to_python(document: Any) -> Any:
    """Turn canonical Extended JSON into Python's values."""

    def hook(pairs: list[tuple[str, Any]]) -> Any:
        return dict(pairs) if dict(pairs).keys() & _KEPT else json_util.object_pairs_hook(pairs, CANONICAL)

    return json.loads(json.dumps(document), object_pairs_hook=hook)


def to_bson(document: Any) -> bytes:
    """Turn a document of a vector into BSON."""
    return bson.encode(to_python(document), codec_options=_UUIDS)


class Document(dict[str, Any]):
    """A document in canonical Extended JSON, which is compared whole."""


def to_json(document: Any) -> Document:
    """Turn a document into canonical Extended JSON, without MongoDB's `_id`."""
    value = json.loads(json_util.dumps(document, json_options=CANONICAL))
    return Document((key, each) for key, each in value.items() if key != "_id")


def check(expected: Any, actual: Any, where: str) -> None:
    """Compare what is named in an expectation, and nothing else; documents are compared whole."""
    if isinstance(expected, dict) and not isinstance(actual, Document):
        assert isinstance(actual, dict), f"{where}: {actual!r:.500}"
        for key, value in expected.items():
            assert key in actual, f"{where}: no {key} in {actual!r:.500}"
            check(value, actual[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(actual, list), f"{where}: {actual!r:.500}"
        assert len(expected) == len(actual), f"{where}: expected {expected!r:.500}, got {actual!r:.500}"
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            check(one, other, f"{where}[{index}]")
    else:
        assert expected == actual, f"{where}: expected {expected!r:.500}, got {actual!r:.500}"


def fits(expected: Any, actual: Any) -> bool:
    """Return whether `check` would pass."""
    try:
        check(expected, actual, "")
    except AssertionError:
        return False
    return True


class ControlClient:
    """Sends the lines of control steps.

    Args:
        address: Where the control process listens.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=2 * PATIENCE)
        self._lines = self._socket.makefile("r")

    def __call__(self, **command: Any) -> None:
        """Send a command, and wait until it has been carried out."""
        answer = self.send_line(json.dumps(command).encode())
        assert answer["ok"], answer

    def send_line(self, line: bytes) -> dict[str, Any]:
        """Send a line, and return the answer to it."""
        self._socket.sendall(line + b"\n")
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._lines.close()
        self._socket.close()


@contextlib.contextmanager
def controlled(mongo_uri: str) -> Iterator[tuple[str, ControlClient]]:
    """Start the control process, and return the target of its server and what breaks that."""
    process = subprocess.Popen([*CONTROL, "--mongo-uri", mongo_uri], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with killed_after(2 * PATIENCE, process):
        lines = [process.stdout.readline().strip().partition("=") for _ in range(2)]
    addresses = {name: value for name, _, value in lines}
    client = ControlClient(addresses["WORKFLOW_RESULTS_CONTROL"])
    yield addresses["WORKFLOW_RESULTS_TARGET"], client
    client.close()
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.stdout.close()


class Runner:
    """Carries out the steps of a case, with a client of some kind.

    Args:
        control: Sends control steps.
    """

    def __init__(self, control: Callable[..., None] | None = None) -> None:
        self._control = control
        self._kinds: dict[str, Callable[[Step, str], None]] = {
            "control": self._break,
            "open": self.open,
            "send": self.send,
            "read": self.read,
            "close": lambda step, _: self.close(step),
            "start": lambda step, _: self.start(step),
            "finish": self.finish,
            "rpc": self.call,
        }

    def run(self, steps: list[Step]) -> None:
        """Carry out steps; an assertion fails where an answer is another one."""
        try:
            for number, step in enumerate(steps):
                kind = next(kind for kind in self._kinds if kind in step)
                self._kinds[kind](step, f"step {number}, {step.get('rpc', kind)}")
        finally:
            self.end()

    def _break(self, step: Step, where: str) -> None:
        assert self._control, where
        self._control(**step)

    def call(self, step: Step, where: str) -> None:
        """Make a call."""
        raise NotImplementedError

    def open(self, step: Step, where: str) -> None:
        """Open a stream."""
        raise NotImplementedError

    def send(self, step: Step, where: str) -> None:
        """Send a request on a stream of deposits."""
        raise NotImplementedError

    def read(self, step: Step, where: str) -> None:
        """Read from a stream."""
        raise NotImplementedError

    def close(self, step: Step) -> None:
        """Close a stream."""
        raise NotImplementedError

    def start(self, step: Step) -> None:
        """Start a call in the background."""
        raise NotImplementedError

    def finish(self, step: Step, where: str) -> None:
        """Wait for a call that was started."""
        raise NotImplementedError

    def end(self) -> None:
        """Close what is still open."""
        raise NotImplementedError


def read_events(wanted: dict[str, Any], events: Iterator[Any], where: str) -> None:
    """Read as many events as are expected, or until one is the expected one."""
    if "reaches" in wanted:
        assert any(fits(wanted["reaches"], event) for event in events), f"{where}: {wanted['reaches']} did not come"
    else:
        check(wanted["events"], [next(events) for _ in wanted["events"]], f"{where}.events")
