"""The testee of the Python client; README.md describes what it understands.

    python -m tests.clients.python_testee

It has no stub: the vectors run on one, and on both facades, in `tests/service/client/test_vectors.py`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any, cast

import bson
from bson import Int64

import workflow_results as wr
from workflow_results import Change, Receipt, Results
from workflow_results.common.bson_codec import OPTIONS

Fields = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_KINDS = {
    wr.InvalidRequestError: "invalid_request",
    wr.UnauthenticatedError: "unauthenticated",
    wr.PermissionDeniedError: "permission_denied",
    wr.ServiceUnavailableError: "unavailable",
    wr.DeadlineExceededError: "deadline_exceeded",
}
_OVER_STREAMS = {"next", "drain", "send", "send_many", "tell", "token", "shut"}
_UNLIMITED = 0
_MOST_FUTURES = 20_000


def decode(data: str) -> Fields:
    """Turn hexadecimal digits into what the facade takes and gives."""
    return bson.decode(bytes.fromhex(data), OPTIONS)


def encode(document: Fields) -> str:
    """Turn a result of the facade into hexadecimal digits."""
    return bson.encode(document, codec_options=OPTIONS).hex()


def failure(error: Exception) -> Fields:
    """Word an error; the Python client keeps neither the code nor the fields of one."""
    return {
        "kind": next((kind for class_, kind in _KINDS.items() if isinstance(error, class_)), "other"),
        "reason": getattr(error, "reason", ""),
        "message": str(error),
        "call_id": getattr(error, "call_id", ""),
        "outcome_unknown": getattr(error, "outcome_unknown", False),
    }


def milliseconds(time_: datetime | None) -> int | None:
    """Return a time since 1970."""
    return None if time_ is None else (time_ - _EPOCH) // timedelta(milliseconds=1)


class Testee:
    """Carries out commands, each in a thread."""

    def __init__(self) -> None:
        self._clients: dict[str, Results] = {}
        self._streams: dict[str, Any] = {}
        self._told: Counter[str] = Counter()
        self._print = threading.Lock()
        self._pool = ThreadPoolExecutor(64)

    def run(self) -> None:
        """Carry out all commands of the standard input."""
        with self._pool:
            for line in sys.stdin:
                self._pool.submit(self._answer, json.loads(line))

    def _answer(self, command: Fields) -> None:
        number, do = command.pop("n"), command.pop("do")
        method = cast("Callable[..., Fields] | None", getattr(self, f"do_{do}", None))
        if method is None:
            answer: Fields = {"unknown": True}
        else:
            try:
                if do in _OVER_STREAMS:
                    del command["client"]
                elif "client" in command and do not in ("connect", "close"):
                    command["client"] = self._clients[command["client"]]
                answer = method(**command)
            except Exception as error:  # noqa: BLE001 - the suite is told
                answer = {"error": failure(error)}
        with self._print:
            sys.stdout.write(json.dumps({"n": number, **answer}) + "\n")
            sys.stdout.flush()

    def do_connect(self, client: str, target: str | None = None, **settings: Any) -> Fields:
        self._clients[client] = Results(target, strict=True, **settings)
        return {}

    def do_close(self, client: str) -> Fields:
        self._clients.pop(client).close()
        return {}

    def do_echo(self, document: str) -> Fields:
        return {"document": encode(decode(document))}

    def do_rss(self) -> Fields:
        told = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines() if line[:2] == "Vm")
        return {"peak_kib": int(told["VmHWM"].split()[0]), "now_kib": int(told["VmRSS"].split()[0])}

    def do_deposit(self, client: Results, works: list[str], **options: Any) -> Fields:
        return _receipts(client.deposit_receipts(list(map(decode, works)), **options))

    def do_update(self, client: Results, works: list[str], **options: Any) -> Fields:
        return _changed(lambda: client.update(list(map(decode, works)), **options))

    def do_delete_ids(self, client: Results, **fields: Any) -> Fields:
        return _changed(lambda: client.delete_ids(**fields))

    def do_lock(self, client: Results, **fields: Any) -> Fields:
        return _changed(lambda: client.lock(**fields))

    def do_unlock(self, client: Results, force: bool = False, **fields: Any) -> Fields:
        if force:
            return {**_changed(lambda: client.unlock(**fields, force=True)), "locked_count": 0}
        locked: list[int] = []

        def confirm(question: str) -> bool:
            locked.append(int(question.split()[1].replace(",", "")))
            return False

        answer = _changed(lambda: client.unlock(**fields, confirm=confirm))
        return {**answer, "locked_count": sum(locked)}

    def do_count(self, client: Results, pipeline: str, query: str = "0500000000", **options: Any) -> Fields:
        return {"count": client.count(pipeline, decode(query), **options)}

    def do_count_by(self, client: Results, **fields: Any) -> Fields:
        found = client.count_by(**_decoded(fields))
        counts = [{"value": encode({"value": value}), "count": number} for value, number in found.counts]
        return {"counts": counts, "has_more": found.has_more, "other_count": found.other_count}

    def do_status(self, client: Results, **options: Any) -> Fields:
        return {"counts": client.status(**options)}

    def do_info(self, client: Results, **options: Any) -> Fields:
        server = client.info(**options)["server"]
        renamed = {"version": "server_version", "api": "api_version", "mongodb": "mongodb_version"}
        return {renamed.get(name, name): value for name, value in server.items()}

    def do_get_locked_count(self, client: Results, **fields: Any) -> Fields:
        return {"count": client.get_locked_count(**fields)}

    def do_history(self, client: Results, **fields: Any) -> Fields:
        entries = [each._asdict() for each in client.history(**fields)]
        told = [{**each, "time": milliseconds(each["time"]), "method": each["method"].upper()} for each in entries]
        return {"entries": told}

    def do_list_indexes(self, client: Results, **fields: Any) -> Fields:
        return {"indexes": [each._asdict() for each in client.list_indexes(**fields)]}

    def do_create_index(self, client: Results, **fields: Any) -> Fields:
        return {"index": client.create_index(**fields)._asdict()}

    def do_drop_index(self, client: Results, **fields: Any) -> Fields:
        return {"dropped": client.drop_index(**fields)}

    def do_drop_pipeline(self, client: Results, **fields: Any) -> Fields:
        return {"dropped": client.drop_pipeline(**fields)}

    def _read(self, client: Results, what: str, fields: Fields) -> Iterator[Fields]:
        named = _decoded(fields)
        if "event_number" in named:
            named["event_number"] = int(named["event_number"])
        if what == "top":
            named["by"] = named.pop("field")
            named["descending"] = not named.pop("ascending", False)
        if what == "view":
            return client.stream(**{"query": {}, "limit": _UNLIMITED, **named})
        return iter(getattr(client, what)(**named))

    def __getattr__(self, name: str) -> Any:
        what = name.removeprefix("do_")
        if what not in ("view", "get_by_count", "get_by_id", "get_by_event", "get_locked", "top"):
            raise AttributeError(name)
        return lambda client, **fields: {"results": [encode(each) for each in self._read(client, what, fields)]}

    def do_open(self, client: Results, stream: str, what: str, **fields: Any) -> Fields:
        if what == "watch":
            named = _decoded(fields)
            named["pipeline"] = named.pop("pipelines", None) or None
            if "resume_token" in named:
                named["resume_token"] = bytes.fromhex(named["resume_token"])
            self._streams[stream] = client.watch(**named)
        else:
            self._streams[stream] = self._read(client, what, fields)
        return {}

    def do_next(self, stream: str, count: int) -> Fields:
        opened = self._streams[stream]
        taken = list(islice(opened, count))
        if taken and isinstance(taken[0], Change):
            return {"changes": [_change(each) for each in taken]}
        return {"results": [encode(each) for each in taken], "end": len(taken) < count}

    def do_drain(self, stream: str) -> Fields:
        digest, count, ordered, last, began = hashlib.sha256(), 0, True, None, time.monotonic()
        for result in self._streams[stream]:
            id_ = result["id"]
            digest.update(f"{id_}\n".encode())
            ordered, last = ordered and (last is None or id_ < last), id_
            count += 1
            self._told[stream] = count
        seconds = time.monotonic() - began
        return {"count": count, "digest": digest.hexdigest(), "ordered": ordered, "seconds": seconds}

    def do_depositor(self, client: Results, stream: str, **options: Any) -> Fields:
        self._streams[stream] = client.depositor(**options).__enter__()
        return {}

    def do_send(self, stream: str, works: list[str]) -> Fields:
        futures = [self._streams[stream].deposit(decode(work)) for work in works]
        return _receipts([future.result() for future in futures])

    def do_send_many(self, stream: str, pipeline: str, to: int, padding: int, **since: int) -> Fields:
        text, began, outcomes, futures = "x" * padding, time.monotonic(), Counter[str](), deque[Any]()
        for number in range(since["from"], to):
            results = {"number": Int64(number), "padding": text}
            work = {"id": f"{number:010}", "pipeline": pipeline, "status": "success", "results": results}
            futures.append(self._streams[stream].deposit(work))
            while futures and (futures[0].done() or len(futures) > _MOST_FUTURES):
                outcomes[futures.popleft().result().outcome.name] += 1
                self._told[stream] += 1
        for future in futures:
            outcomes[future.result().outcome.name] += 1
            self._told[stream] += 1
        return {"outcomes": outcomes, "seconds": time.monotonic() - began}

    def do_tell(self, stream: str) -> Fields:
        return {"count": self._told[stream]}

    def do_token(self, stream: str) -> Fields:
        return {"resume_token": self._streams[stream].resume_token.hex()}

    def do_shut(self, stream: str) -> Fields:
        opened = self._streams.pop(stream)
        if hasattr(opened, "__exit__"):
            opened.__exit__(None, None, None)
        return {}


def _decoded(fields: Fields) -> Fields:
    return {name: decode(value) if name in ("query", "projection") else value for name, value in fields.items()}


def _receipts(receipts: list[Receipt]) -> Fields:
    return {"receipts": [{**each._asdict(), "outcome": each.outcome.name} for each in receipts]}


def _changed(call: Callable[[], bool]) -> Fields:
    try:
        applied = call()
    except (wr.LockedError, wr.NotFoundError) as error:
        refusals = [each._asdict() for each in error.refusals]
        return {"outcome": {"applied": False, "refusals": refusals, "refusal_count": len(refusals)}}
    return {"outcome": {"applied": applied, "refusals": [], "refusal_count": 0}}


def _change(change: Change) -> Fields:
    return {
        **change._asdict(),
        "kind": change.kind.name,
        "result": None if change.result is None else encode(change.result),
        "time": milliseconds(change.time),
        "resume_token": change.resume_token.hex(),
    }


if __name__ == "__main__":
    Testee().run()
