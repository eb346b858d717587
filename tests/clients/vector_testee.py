"""Runs vectors on a testee: over the facade of its language, and over its stub for what a facade can't express."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import bson
from bson import CodecOptions
from bson.raw_bson import RawBSONDocument

from tests.clients.stub_channel import StubChannel
from tests.clients.testee import Answer, Failed, Testee
from tests.support.vector_stub import StubRunner
from tests.support.vectors import Document, Runner, Step, check, is_hex, read_events, to_bson, to_json
from tests.support.waiting import PATIENCE

READS = {
    "View": "view",
    "GetById": "get_by_id",
    "GetByEvent": "get_by_event",
    "GetByCount": "get_by_count",
    "GetLocked": "get_locked",
    "Top": "top",
}
CALLS = {
    "Update": "update",
    "DeleteIds": "delete_ids",
    "Lock": "lock",
    "Unlock": "unlock",
    "Count": "count",
    "CountBy": "count_by",
    "Status": "status",
    "Info": "info",
    "GetLockedCount": "get_locked_count",
    "History": "history",
    "ListIndexes": "list_indexes",
    "CreateIndex": "create_index",
    "DropIndex": "drop_index",
    "DropPipeline": "drop_pipeline",
    "Deposit": "deposit",
}
KINDS = {
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "invalid_request",
    "UNAUTHENTICATED": "unauthenticated",
    "PERMISSION_DENIED": "permission_denied",
    "UNAVAILABLE": "unavailable",
    "DEADLINE_EXCEEDED": "deadline_exceeded",
}
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


def over_stub(step: Step) -> str:
    """Return why a step is carried out by the stub of a language rather than by its facade; empty if it is not.

    These are all the rules. What is sent is then made here, and the client sends it as it is.
    """
    request, rpc = step.get("request", {}), step.get("rpc", "")
    if is_hex(request):
        return "it is no message of the method"
    documents = request.get("works", [request.get("query", {}), request.get("projection", {})])
    if any(isinstance(each, str) for each in documents):
        return "a document is text: facades encode documents as BSON"
    if "format" in request or {"json", "hex"} & step.get("expect", {}).keys():
        return "facades ask for BSON, and decode it"
    is_read = rpc not in ("", "Watch")
    if is_read and ({"save", "resume"} & step.keys() or {"resume_token", "page_size", "page_token"} & request.keys()):
        return "facades keep the tokens of reads and pages to themselves"
    if any(isinstance(value, int) and value < 0 for value in (request.get("limit"), request.get("count"))):
        return "a negative limit is none in some facades"
    if step.get("error", {}).get("code") == "RESOURCE_EXHAUSTED":
        return "facades split what is too large for a message"
    if (rpc == "GetByEvent" and "event_number" not in request) or (rpc == "Top" and "limit" not in request):
        return "the parameter is required, or has a default in facades"
    return ""


class TesteeRunner(Runner):
    """Carries out steps with a testee.

    Args:
        testee: The testee.
        client: The name of its client.
        control: Sends control steps.
    """

    __test__ = False

    def __init__(self, testee: Testee, client: str, control: Callable[..., None] | None = None) -> None:
        super().__init__(control)
        self._testee, self._client = testee, client
        self._channel = StubChannel(testee, client)
        self._stub = StubRunner(self._channel, control, as_json=False)  # type: ignore[arg-type] # it acts like one
        self._open: dict[str, str] = {}
        self._started: dict[str, Future[Answer]] = {}
        self._steps: dict[str, Step] = {}
        self._by_stub: set[str] = set()
        self._tokens: dict[str, str] = {}
        self._last_token: dict[str, str] = {}
        self._seen: dict[str, list[Document]] = {}

    def call(self, step: Step, where: str) -> None:
        """Call the method of an RPC."""
        if over_stub(step):
            self._stub.call(step, where)
        elif "error" in step:
            self._refused(step, lambda: self._start(step).result(2 * PATIENCE), where)
        else:
            answer = self._answered(step, self._start(step).result(2 * PATIENCE), where)
            check(step.get("expect", {}), answer, where)

    def start(self, step: Step) -> None:
        """Start a call in the background."""
        self._started[step["start"]] = self._start(step)
        self._steps[step["start"]] = step

    def finish(self, step: Step, where: str) -> None:
        """Wait for a call that was started."""
        name = step["finish"]
        answer = self._answered(self._steps[name], self._started.pop(name).result(2 * PATIENCE), where)
        check(step["expect"], answer, where)

    def open(self, step: Step, where: str) -> None:
        """Open a stream, a watch or a depositor."""
        name = step["open"]
        if over_stub(step):
            self._by_stub.add(name)
            self._channel.take = 1
            try:
                self._stub.open(step, where)
            finally:
                self._channel.take = None
        elif "error" in step:
            self._refused(step, lambda: self._opened(step), where)
        else:
            self._open[name] = self._opened(step)
            self._steps[name] = step
            if "save" in step:
                self._tokens[step["save"]] = self._token(name)

    def read(self, step: Step, where: str) -> None:
        """Read events of a watch, or the rest of a stream of results."""
        name = step["read"]
        if name in self._by_stub:
            self._stub.read(step, where)
            return
        if self._steps[name]["rpc"] == "Watch":
            read_events(step["expect"], self._events(name), where)
        else:
            results = [*self._seen[self._open[name]], *self._rest(name)]
            check(step["expect"], {"results": results, "count": len(results)}, where)
        if "save" in step:
            self._tokens[step["save"]] = self._last_token[name]

    def send(self, step: Step, where: str) -> None:
        """Deposit works with a depositor, and wait for their receipts."""
        works = step["request"]["works"]
        if any(isinstance(work, str) for work in works) or "error" in step:
            self._stub.send(step, where)
            return
        name, works = self._open[step["send"]], [encoded(work) for work in works]
        answer = self._testee("send", client=self._client, stream=name, works=works)
        check(step["expect"], {**_deposited(answer), "sequence": step["request"].get("sequence", 0)}, where)

    def close(self, step: Step) -> None:
        """Close a stream, a watch or a depositor."""
        if step["close"] in self._by_stub:
            self._stub.close(step)
        else:
            self._testee("shut", client=self._client, stream=self._open.pop(step["close"]))

    def end(self) -> None:
        """Close what is still open."""
        for name in self._open.values():
            self._testee.start("shut", client=self._client, stream=name)
        self._stub.end()

    def _start(self, step: Step) -> Future[Answer]:
        rpc, request = step["rpc"], step.get("request", {})
        do = READS.get(rpc) or CALLS[rpc]
        return self._testee.start(do, client=self._client, **_fields(rpc, request))

    def _opened(self, step: Step) -> str:
        name = f"{step['open']}-{next(_numbers)}"
        rpc = step["rpc"]
        if rpc == "DepositStream":
            self._testee("depositor", client=self._client, stream=name)
            self._stub.open(step, "")
            return name
        fields = _fields(rpc, step.get("request", {}))
        if rpc == "Watch" and "resume" in step:
            fields["resume_token"] = self._tokens.get(step["resume"]) or self._stub.saved_token(step["resume"]).hex()
        self._testee("open", client=self._client, stream=name, what=READS.get(rpc, "watch"), **fields)
        if rpc != "Watch":
            self._seen[name] = [_document(each) for each in self._next(name, 1)["results"]]
        return name

    def _next(self, name: str, count: int) -> Answer:
        return self._testee("next", client=self._client, stream=name, count=count)

    def _rest(self, name: str) -> Iterator[Document]:
        while True:
            answer = self._next(self._open[name], 10)
            yield from map(_document, answer["results"])
            if answer.get("end"):
                return

    def _events(self, name: str) -> Iterator[dict[str, Any]]:
        while True:
            for change in self._next(self._open[name], 1)["changes"]:
                self._last_token[name] = change["resume_token"]
                yield _event(change)

    def _token(self, name: str) -> str:
        """Return the token of a watch from which nothing has come yet."""
        token: str = self._testee("token", client=self._client, stream=self._open[name])["resume_token"]
        return token

    def _answered(self, step: Step, answer: Answer, where: str) -> Answer:
        rpc = step["rpc"]
        if rpc in READS:
            results = [_document(each) for each in answer["results"]]
            return {"results": results, "count": len(results)}
        if rpc == "Deposit":
            return _deposited(answer)
        if rpc == "CountBy":
            counts = [{**each, "value": _document(each["value"])} for each in answer["counts"]]
            return {**answer, "counts": counts}
        if rpc == "History":
            entries = [{**each, "method": f"CHANGE_METHOD_{each['method']}"} for each in answer["entries"]]
            return {"entries": entries, "next_page_token": ""}
        if "outcome" in answer:
            refusals = [
                {**each, "reason": f"REFUSAL_REASON_{'LOCKED' if each['locked'] else 'NOT_FOUND'}"}
                for each in answer["outcome"]["refusals"]
            ]
            return {**answer, "outcome": {**answer["outcome"], "refusals": refusals}}
        assert answer is not None, where
        return answer

    @staticmethod
    def _refused(step: Step, call: Callable[[], Any], where: str) -> None:
        """Expect an error, which the client may find before anything is sent."""
        wanted = step["error"]
        try:
            answer = call()
        except Failed as failed:
            error = failed.error
        else:
            raise AssertionError(f"{where}: expected an error, got {answer!r:.500}")
        assert error["kind"] == KINDS.get(wanted["code"], "other"), f"{where}: {error}"
        if error["reason"]:
            assert (error["code"], error["reason"]) == (wanted["code"], wanted.get("reason", "")), f"{where}: {error}"
            if "field" in wanted:
                assert error["fields"] == [wanted["field"]], f"{where}: {error}"
        else:
            assert (error["code"], wanted["code"]) == ("INVALID_ARGUMENT",) * 2 or "reason" not in wanted, (
                f"{where}: {error}"
            )
        assert not error["outcome_unknown"], f"{where}: {error}"
        assert error["message"], where


_numbers = itertools.count()


def encoded(document: Any) -> str:
    """Return the BSON of a document of a vector as hexadecimal digits."""
    if is_hex(document):
        return str(document["$hex"])
    return to_bson(document).hex()


def _fields(rpc: str, request: dict[str, Any]) -> dict[str, Any]:
    fields = dict(request)
    for name in ("query", "projection"):
        if name in fields:
            fields[name] = encoded(fields[name])
    if "works" in fields or rpc in ("Deposit", "Update"):
        fields["works"] = [encoded(work) for work in fields.get("works", [])]
    if is_hex(fields.get("resume_token")):
        fields["resume_token"] = fields["resume_token"]["$hex"]
    if "event_number" in fields:
        fields["event_number"] = str(fields["event_number"])
    if rpc == "History" and fields.get("id") == "":
        del fields["id"]
    if rpc in ("GetByCount", "GetLocked"):
        fields.setdefault("count", 0)
    if rpc == "View":
        fields.setdefault("limit", 0)
    if rpc in ("GetById", "DeleteIds", "Lock", "Unlock"):
        fields.setdefault("ids", [])
    if rpc not in ("Status", "Info", "Watch", "Deposit", "Update"):
        fields.setdefault("pipeline", "")
    return fields


def _document(data: str) -> Document:
    document = bson.decode(bytes.fromhex(data), _RAW)
    assert "_id" not in document
    return to_json(document)


def _deposited(answer: Answer) -> dict[str, Any]:
    receipts = answer["receipts"]
    rejections = [
        {"index": index, "reason": f"REJECTION_REASON_{reason}", "message": message}
        for index, receipt in enumerate(receipts)
        if receipt["outcome"] == "REJECTED"
        for reason, _, message in [receipt["reason"].partition(": ")]
    ]
    return {"outcomes": [f"DEPOSIT_OUTCOME_{each['outcome']}" for each in receipts], "rejections": rejections}


def _event(change: dict[str, Any]) -> dict[str, Any]:
    if change["kind"] == "SNAPSHOT_COMPLETE":
        return {"snapshot_complete": True}
    result = None if change["result"] is None else _document(change["result"])
    return {**change, "kind": f"CHANGE_KIND_{change['kind']}", "result": result}
