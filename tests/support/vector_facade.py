"""Runs vectors on `Results`, or on an `AsyncResults` that blocks.

A facade hides some of what is on the wire. `left_out` lists by which rules a step, or a whole case, is not for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

from tests.support.vectors import Case, Document, Runner, Step, check, is_hex, read_events, to_json, to_python
from tests.support.waiting import PATIENCE
from workflow_results import (
    Change,
    ChangeKind,
    HistoryEntry,
    InvalidRequestError,
    LockedError,
    NotFoundError,
    Outcome,
    Receipt,
    Results,
)

_LISTS = {
    "View": "view",
    "GetById": "get_by_id",
    "GetByEvent": "get_by_event",
    "GetByCount": "get_by_count",
    "GetLocked": "get_locked",
    "Top": "top",
}
_CHANGES = {"Update": "update", "DeleteIds": "delete_ids", "Lock": "lock", "Unlock": "unlock"}
_CHANGING = {*_CHANGES, "Deposit", "CreateIndex", "DropIndex", "DropPipeline"}
_UNLIMITED = -1


def left_out(step: Step) -> str:
    """Return why a step can't be carried out by a facade; empty if it can.

    These are all the rules.
    """
    request, rpc = step.get("request", {}), step.get("rpc", "")
    works = request.get("works", [])
    documents = [*(works if isinstance(works, list) else []), request.get("query", {}), request.get("projection", {})]
    if is_hex(request):
        return "it is no message of the method"
    if any(isinstance(each, str) or is_hex(each) for each in documents):
        return "a document is text or bytes: the facade encodes dicts"
    if "format" in request or {"json", "hex"} & step.get("expect", {}).keys():
        return "the facade asks for BSON, and decodes it"
    is_read = rpc not in ("", "Watch")
    if is_read and ({"save", "resume"} & step.keys() or {"resume_token", "page_size", "page_token"} & request.keys()):
        return "the facade keeps the tokens of reads and pages to itself"
    if _UNLIMITED in (request.get("limit"), request.get("count")):
        return "in the facade, a limit of -1 is none"
    if step.get("error", {}).get("code") == "RESOURCE_EXHAUSTED":
        return "the facade splits what is too large for a message"
    if rpc == "GetByEvent" and "event_number" not in request:
        return "the parameter is required"
    if rpc == "Top" and "limit" not in request:
        return "the facade has a limit of its own"
    if rpc == "Unlock" and not request.get("force") and request.get("request_id"):
        return "the facade does not count with a request id"
    if rpc == "Unlock" and request.get("force") and "locked_count" in step.get("expect", {}):
        return "the facade does not tell how many it unlocked"
    return ""


def for_facade(case: Case) -> tuple[list[int], list[str]]:
    """Return the positions of the steps that a facade can carry out, and the rules by which others are left out.

    A call that changes nothing, or is refused with an error, is left out alone. With any other step, on which those
    after it may depend, the whole case is left out; as it is if nothing is left but the deposits that it begins with.
    """
    steps = case["steps"]
    rules = [left_out(step) for step in steps]
    kept = [number for number, rule in enumerate(rules) if not rule]
    told = sorted(set(filter(None, rules)))
    if any(rule and not _stands_alone(step) for rule, step in zip(rules, steps, strict=True)):
        return [], told
    expecting = [number for number in kept if {"expect", "error"} & steps[number].keys()]
    first = next((number for number, step in enumerate(steps) if step.get("rpc") != "Deposit"), len(steps))
    if told and not any(number >= first for number in expecting):
        return [], told
    return kept, told


def _stands_alone(step: Step) -> bool:
    return "error" in step or ("rpc" in step and step["rpc"] not in _CHANGING and not {"save", "open"} & step.keys())


def loosened(value: Any) -> Any:
    """Return a document as Python has it: with one type for both kinds of integers."""
    if isinstance(value, list):
        return [loosened(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"$numberLong"}:
            return {"$numberInt": value["$numberLong"]}
        return type(value)((key, loosened(each)) for key, each in value.items())
    return value


class FacadeRunner(Runner):
    """Carries out steps with a facade.

    Args:
        results: The facade, strict.
        control: Sends control steps.
    """

    def __init__(self, results: Results, control: Callable[..., None] | None = None) -> None:
        super().__init__(control)
        self._results = results
        self._open: dict[str, Any] = {}
        self._seen: dict[str, list[Document]] = {}
        self._saved: dict[str, bytes] = {}
        self._started: dict[str, Future[Any]] = {}
        self._pool = ThreadPoolExecutor(2)

    def call(self, step: Step, where: str) -> None:
        """Call the method of an RPC."""
        if "error" in step:
            self._refused(step, lambda: self._answer(step), where)
        else:
            check(loosened(step.get("expect", {})), self._answer(step), where)

    def start(self, step: Step) -> None:
        """Start a call in the background."""
        self._started[step["start"]] = self._pool.submit(self._answer, step)

    def finish(self, step: Step, where: str) -> None:
        """Wait for a call that was started."""
        check(loosened(step["expect"]), self._started.pop(step["finish"]).result(PATIENCE), where)

    def open(self, step: Step, where: str) -> None:
        """Open a stream, a watch or a depositor."""
        if "error" in step:
            self._refused(step, lambda: self._opened(step), where)
            return
        opened = self._opened(step)
        self._open[step["open"]] = opened
        if step["rpc"] == "View":
            self._seen[step["open"]] = [_document(next(opened))]
        self._save(step, opened)

    def read(self, step: Step, where: str) -> None:
        """Read events of a watch, or the rest of a stream of results."""
        stream = self._open[step["read"]]
        if step["read"] in self._seen:
            results = self._seen[step["read"]] + [_document(each) for each in stream]
            check(loosened(step["expect"]), {"results": results, "count": len(results)}, where)
        else:
            read_events(loosened(step["expect"]), map(_event, stream), where)
        self._save(step, stream)

    def send(self, step: Step, where: str) -> None:
        """Deposit works with a depositor, and wait for their receipts."""
        works = [to_python(work) for work in step["request"]["works"]]
        futures = [self._open[step["send"]].deposit(work) for work in works]
        answer = _deposited([future.result(PATIENCE) for future in futures])
        check(step["expect"], {**answer, "sequence": step["request"].get("sequence", 0)}, where)

    def close(self, step: Step) -> None:
        """Close a stream, a watch or a depositor."""
        self._open.pop(step["close"]).__exit__(None, None, None)

    def end(self) -> None:
        """Close what is still open."""
        for opened in self._open.values():
            with contextlib.suppress(Exception):  # the failure is known already
                opened.__exit__(None, None, None)
        self._pool.shutdown()

    def _opened(self, step: Step) -> Any:
        request = step.get("request", {})
        if step["rpc"] == "DepositStream":
            return cast("Any", self._results.depositor(timeout=PATIENCE)).__enter__()
        if step["rpc"] == "Watch":
            token = self._saved[step["resume"]] if "resume" in step else None
            if "resume_token" in request:
                token = bytes.fromhex(request["resume_token"]["$hex"])
            pipelines = request.get("pipelines")
            query, projection = (to_python(request.get(name, {})) for name in ("query", "projection"))
            named: dict[str, Any] = {"snapshot": request.get("snapshot", False), "resume_token": token}
            return self._results.watch(pipelines, query, projection, timeout=PATIENCE, **named)
        return self._results.stream(**self._read_arguments("View", request), timeout=PATIENCE)

    def _answer(self, step: Step) -> dict[str, Any]:
        rpc, request = step["rpc"], step.get("request", {})
        if rpc in _LISTS:
            found = getattr(self._results, _LISTS[rpc])(**self._read_arguments(rpc, request))
            return {"results": [_document(each) for each in found], "count": len(found)}
        if rpc in _CHANGES:
            return self._changed(rpc, request)
        answer: dict[str, Any] = getattr(self, f"_{rpc.lower()}")(request, step)
        return answer

    @staticmethod
    def _read_arguments(rpc: str, request: dict[str, Any]) -> dict[str, Any]:
        named = {name: to_python(value) for name, value in request.items()}
        named.setdefault("pipeline", "")
        if rpc == "View":
            named = {"query": {}, "limit": _UNLIMITED, **named}
        if rpc in ("GetByCount", "GetLocked"):
            named = {"count": _UNLIMITED, **named}
        if rpc == "GetById":
            named = {"ids": [], **named}
        if rpc == "Top":
            named["by"] = named.pop("field", "")
            named["descending"] = not named.pop("ascending", False)
        return named

    def _changed(self, rpc: str, request: dict[str, Any]) -> dict[str, Any]:
        named = {name: to_python(value) for name, value in request.items()}
        named = {"works": [], **named} if rpc == "Update" else {"pipeline": "", "ids": [], **named}
        if rpc == "Unlock" and not named.get("force"):
            return self._counted(named)
        try:
            applied = getattr(self._results, _CHANGES[rpc])(**named)
        except (LockedError, NotFoundError) as error:
            assert isinstance(error, LockedError) == any(each.locked for each in error.refusals)
            return {"outcome": _refused_outcome(error)}
        assert applied is True
        return {"outcome": {"applied": True, "refusals": [], "refusal_count": 0}}

    def _counted(self, named: dict[str, Any]) -> dict[str, Any]:
        """Ask for results to be unlocked, and say no; the question tells how many are locked."""
        asked: list[str] = []

        def confirm(question: str) -> bool:
            asked.append(question)
            return False

        try:
            applied = self._results.unlock(**named, confirm=confirm)
        except NotFoundError as error:
            return {"outcome": _refused_outcome(error)}
        outcome = {"applied": bool(applied and named["ids"]), "refusals": [], "refusal_count": 0}
        return {"outcome": outcome, "locked_count": int(asked[0].split()[1].replace(",", "")) if asked else 0}

    def _deposit(self, request: dict[str, Any], step: Step) -> dict[str, Any]:
        works = [to_python(work) for work in request.get("works", [])]
        expected = step.get("expect", {}).get("outcomes", [])
        bad = {number for number, outcome in enumerate(expected) if outcome == "DEPOSIT_OUTCOME_REJECTED"}
        if not bad:
            return _deposited(self._results.deposit_receipts(works))
        for rejection in step["expect"].get("rejections", []):
            self._rejected(works, rejection)
        receipts = self._results.deposit_receipts([work for number, work in enumerate(works) if number not in bad])
        outcomes = iter(_deposited(receipts)["outcomes"])
        told = [expected[number] if number in bad else next(outcomes) for number in range(len(works))]
        return {"outcomes": told, "rejections": step["expect"].get("rejections", [])}

    def _rejected(self, works: list[Any], rejection: dict[str, Any]) -> None:
        """Deposit a bad work: the facade sends nothing if it finds that out itself."""
        try:
            [receipt] = self._results.deposit_receipts([works[rejection["index"]]])
        except InvalidRequestError as error:
            assert str(error).startswith("works[0]"), error
            with _raises(InvalidRequestError):
                self._results.deposit_receipts(works)
        else:
            reason = rejection["reason"].removeprefix("REJECTION_REASON_")
            assert receipt.outcome is Outcome.REJECTED
            assert receipt.reason.startswith(f"{reason}: "), receipt

    def _count(self, request: dict[str, Any], _: Step) -> dict[str, Any]:
        return {"count": self._results.count(request.get("pipeline", ""), to_python(request.get("query", {})))}

    def _countby(self, request: dict[str, Any], _: Step) -> dict[str, Any]:
        named = {"pipeline": "", "field": "", **{name: to_python(value) for name, value in request.items()}}
        found = self._results.count_by(**named)
        counts = [{"value": _document({"value": value}), "count": number} for value, number in found.counts]
        return {"counts": counts, "has_more": found.has_more, "other_count": found.other_count}

    def _status(self, _: dict[str, Any], _step: Step) -> dict[str, Any]:
        return {"counts": self._results.status()}

    def _info(self, _: dict[str, Any], _step: Step) -> dict[str, Any]:
        server = self._results.info()["server"]
        renamed = {"version": "server_version", "api": "api_version", "mongodb": "mongodb_version"}
        return {renamed.get(name, name): value for name, value in server.items()}

    def _getlockedcount(self, request: dict[str, Any], _: Step) -> dict[str, Any]:
        return {"count": self._results.get_locked_count(request.get("pipeline", ""))}

    def _history(self, request: dict[str, Any], _: Step) -> dict[str, Any]:
        entries = self._results.history(request.get("pipeline", ""), request.get("id"))
        return {"entries": [_entry(each) for each in entries], "next_page_token": ""}

    def _listindexes(self, request: dict[str, Any], _: Step) -> dict[str, Any]:
        return {"indexes": [each._asdict() for each in self._results.list_indexes(**request)]}

    def _createindex(self, request: dict[str, Any], _: Step) -> dict[str, Any]:
        return {"index": self._results.create_index(**request)._asdict()}

    def _dropindex(self, request: dict[str, Any], _: Step) -> dict[str, Any]:
        return {"dropped": self._results.drop_index(**request)}

    def _droppipeline(self, request: dict[str, Any], _: Step) -> dict[str, Any]:
        return {"dropped": self._results.drop_pipeline(**{"pipeline": "", **request})}

    def _save(self, step: Step, stream: Any) -> None:
        if "save" in step:
            self._saved[step["save"]] = stream.resume_token

    @staticmethod
    def _refused(step: Step, call: Callable[[], Any], where: str) -> None:
        """Expect an error, which the client may find before anything is sent."""
        wanted = step["error"]
        assert wanted["code"] in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"), where
        with _raises(InvalidRequestError) as caught:
            call()
        error = caught[0]
        assert error.reason in (wanted["reason"], ""), f"{where}: {error.reason}: {error}"
        renamed = {"field": "by"} if step["rpc"] == "Top" else {"pipelines[0]": "pipeline"}
        field = wanted.get("field", "")
        assert str(error).startswith(renamed.get(field, field)), f"{where}: {error}"


@contextlib.contextmanager
def _raises(class_: type[InvalidRequestError]) -> Iterator[list[InvalidRequestError]]:
    caught: list[InvalidRequestError] = []
    try:
        yield caught
    except class_ as error:
        caught.append(error)
    assert caught, f"no {class_.__name__}"


def _document(result: dict[str, Any]) -> Any:
    assert "_id" not in result
    return loosened(to_json(result))


def _deposited(receipts: list[Receipt]) -> dict[str, Any]:
    return {"outcomes": [f"DEPOSIT_OUTCOME_{each.outcome.name}" for each in receipts], "rejections": []}


def _refused_outcome(error: LockedError | NotFoundError) -> dict[str, Any]:
    refusals = [
        {
            "pipeline": each.pipeline,
            "id": each.id,
            "reason": "REFUSAL_REASON_LOCKED" if each.locked else "REFUSAL_REASON_NOT_FOUND",
        }
        for each in error.refusals
    ]
    return {"applied": False, "refusals": refusals, "refusal_count": len(refusals)}


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    told = entry._asdict()
    return {**told, "method": f"CHANGE_METHOD_{entry.method.upper()}", "fields": list(entry.fields)}


def _event(change: Change) -> dict[str, Any]:
    if change.kind is ChangeKind.SNAPSHOT_COMPLETE:
        return {"snapshot_complete": True}
    told = change._asdict()
    result = None if change.result is None else _document(change.result)
    return {**told, "kind": f"CHANGE_KIND_{change.kind.name}", "fields": list(change.fields), "result": result}
