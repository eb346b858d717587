"""Runs vectors on the stub that is generated from the proto, as a client in any language can be written from it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import bson
import grpc
from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tests.support.vectors import Document, Runner, Step, check, is_hex, read_events, to_bson, to_json
from tests.support.waiting import PATIENCE
from tests.support.wire import SERVICE, Answer
from workflow_results.v1 import results_pb2 as pb

METHODS = pb.DESCRIPTOR.services_by_name["ResultsService"].methods_by_name
_BACK_OFF_SECONDS = 0.05
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


def build(rpc: str, fields: dict[str, Any], *, as_json: bool) -> Message:
    """Make a request of its fields by name.

    Args:
        rpc: The method.
        fields: The fields; documents are Extended JSON, text or hexadecimal digits.
        as_json: Whether documents are sent, and asked for, as JSON.
    """
    kind = METHODS[rpc].input_type
    request = GetMessageClass(kind)()
    for name, value in fields.items():
        field = kind.fields_by_name[name]
        if field.message_type is not None:
            target = getattr(request, name)
            target.SetInParent()
            _write(target, value, as_json)
        elif is_hex(value):
            setattr(request, name, bytes.fromhex(value["$hex"]))
        else:
            json_format.ParseDict({name: value}, request)
    if as_json and "format" in kind.fields_by_name and "format" not in fields:
        json_format.ParseDict({"format": "DOCUMENT_FORMAT_CANONICAL_JSON"}, request)
    return request


def _write(target: Any, value: Any, as_json: bool) -> None:
    documents = value if isinstance(value, list) else [value]
    as_json = as_json and not any(map(is_hex, documents))
    texts, data = [], []
    for document in documents:
        if isinstance(document, str):
            texts.append(document)
        elif is_hex(document):
            data.append(bytes.fromhex(document["$hex"]))
        elif as_json:
            texts.append(json.dumps(document))
        else:
            data.append(to_bson(document))
    if data:
        target.bson = b"".join(data)
    if texts and isinstance(value, list):
        target.json.extend(texts)
    elif texts:
        target.json = texts[0]


def plain(message: Any) -> Any:
    """Turn a response into values that can be compared with an expectation: enums by name, documents as JSON."""
    if isinstance(message, pb.EncodedDocument):
        documents = _documents(pb.EncodedDocuments(bson=message.bson, json=[message.json] if message.json else []))
        return documents[0] if documents else Document()
    return {field.name: _value(message, field) for field in message.DESCRIPTOR.fields}


def _value(message: Any, field: Any) -> Any:
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(value)
    is_repeated = hasattr(value, "extend")
    single = value if is_repeated else [value]
    if field.enum_type is not None:
        values: list[Any] = [field.enum_type.values_by_number[each].name for each in single]
    elif field.message_type is not None:
        values = [plain(each) for each in single]
    else:
        values = list(single)
    return values if is_repeated else values[0]


def _documents(documents: pb.EncodedDocuments) -> list[Document]:
    texts = [Document(json.loads(text)) for text in documents.json]
    return texts or [to_json(document) for document in bson.decode_all(documents.bson)]


class _Read:
    """What has come of a stream of results, or of changes."""

    def __init__(self, rpc: str, request: Any, results: list[Any]) -> None:
        self.rpc, self.request, self.results = rpc, request, results
        self.call: Any = None
        self.token: bytes = request.resume_token if hasattr(request, "resume_token") else b""
        self.seen: dict[str, Any] = {"results": results, "json": []}
        self.raw: list[bytes] = []
        self.events: Iterator[Any] = iter(())


class StubRunner(Runner):
    """Carries out steps with a stub.

    Args:
        channel: A channel to the service.
        control: Sends control steps. With it, calls that are unavailable are tried again, and streams resumed.
        as_json: Whether documents travel as JSON.
    """

    def __init__(self, channel: grpc.Channel, control: Callable[..., None] | None = None, *, as_json: bool) -> None:
        super().__init__(control)
        self._channel, self._as_json = channel, as_json
        self._saved: dict[str, tuple[Any, list[Any]]] = {}
        self._reads: dict[str, _Read] = {}
        self._deposits: dict[str, tuple[SimpleQueue[Any], Any]] = {}
        self._started: dict[str, Future[Any]] = {}
        self._pool = ThreadPoolExecutor(2)

    def call(self, step: Step, where: str) -> None:
        """Make a call, and read all that it answers."""
        try:
            self._compare(step, self._answer(step), where)
        except grpc.RpcError as error:
            self._compare_error(step, error, where)

    def start(self, step: Step) -> None:
        """Start a call in the background."""
        self._started[step["start"]] = self._pool.submit(self._answer, step)

    def finish(self, step: Step, where: str) -> None:
        """Wait for a call that was started."""
        self._compare(step, self._started.pop(step["finish"]).result(PATIENCE), where)

    def open(self, step: Step, where: str) -> None:
        """Open a stream; of results or changes, the first response is read."""
        if step["rpc"] == "DepositStream":
            self._open_deposits(step["open"])
            return
        read = self._read(step)
        try:
            first = self._first(read)
            if step["rpc"] == "Watch":
                assert not first.events, f"{where}: {first}"
                read.token, read.events = first.resume_token, self._changes(read)
            else:
                self._take(read, first)
                assert "count" not in read.seen, f"{where}: all results came at once"
        except grpc.RpcError as error:
            self._compare_error(step, error, where)
            return
        assert "error" not in step, f"{where}: it was opened"
        self._reads[step["open"]] = read
        self._save(step, read)

    def read(self, step: Step, where: str) -> None:
        """Read events of a watch, or the rest of a stream of results."""
        read = self._reads[step["read"]]
        if read.rpc == "Watch":
            read_events(step["expect"], read.events, where)
        else:
            self._read_rest(read)
            check(step["expect"], read.seen, where)
        self._save(step, read)

    def send(self, step: Step, where: str) -> None:
        """Send a request on a stream of deposits, and wait for its acknowledgement."""
        request = build("DepositStream", step["request"], as_json=self._as_json)
        while True:
            queue, answers = self._deposits[step["send"]]
            queue.put(request)
            try:
                self._compare(step, plain(next(answers)), where)
                return
            except grpc.RpcError as error:
                if not self._may_retry(error):
                    self._compare_error(step, error, where)
                    return
                self._open_deposits(step["send"])

    def close(self, step: Step) -> None:
        """Close a stream; one of deposits ends behind its last acknowledgement."""
        name = step["close"]
        if name in self._deposits:
            queue, answers = self._deposits.pop(name)
            queue.put(None)
            assert list(answers) == []
        else:
            self._reads.pop(name).call.cancel()

    def end(self) -> None:
        """Cancel what is still open."""
        for queue, answers in self._deposits.values():
            queue.put(None)
            answers.cancel()
        for read in self._reads.values():
            read.call.cancel()
        self._pool.shutdown()

    def saved_token(self, name: str) -> bytes:
        """Return a token that a step has saved."""
        token: bytes = self._saved[name][0]
        return token

    def _call(self, rpc: str) -> Callable[..., Any]:
        method = METHODS[rpc]
        ways = ("stream" if streams else "unary" for streams in (method.client_streaming, method.server_streaming))
        make = getattr(self._channel, "_".join(ways))
        send = {"request_serializer": _bytes, "response_deserializer": GetMessageClass(method.output_type).FromString}
        call: Callable[..., Any] = make(f"{SERVICE}/{rpc}", **send)
        return call

    def _request(self, step: Step) -> Any:
        fields = step.get("request", {})
        if is_hex(fields):
            return bytes.fromhex(fields["$hex"])
        request: Any = build(step["rpc"], fields, as_json=self._as_json)
        if "resume" in step:
            token = self._saved[step["resume"]][0]
            setattr(request, "page_token" if isinstance(token, str) else "resume_token", token)
        return request

    def _answer(self, step: Step) -> Any:
        if METHODS[step["rpc"]].server_streaming:
            read = self._read(step)
            self._read_rest(read)
            if "hex" in step.get("expect", {}):
                read.seen["hex"] = [data.hex() for data in read.raw]
            return read.seen
        request = self._request(step)
        while True:
            try:
                answer = self._call(step["rpc"])(request, timeout=PATIENCE, wait_for_ready=True)
            except grpc.RpcError as error:
                if not self._may_retry(error):
                    raise
            else:
                if "save" in step:
                    self._saved[step["save"]] = (answer.next_page_token, [])
                return plain(answer)

    def _read(self, step: Step) -> _Read:
        before = self._saved[step["resume"]][1] if "resume" in step else []
        read = _Read(step["rpc"], self._request(step), list(before))
        self._begin(read)
        return read

    def _begin(self, read: _Read) -> None:
        if read.token:
            read.request.resume_token = read.token
        read.call = self._call(read.rpc)(read.request, timeout=PATIENCE, wait_for_ready=True)

    def _first(self, read: _Read) -> Any:
        """Return the first response of a stream, which may meet a connection that is just being cut."""
        while True:
            try:
                return next(read.call)
            except grpc.RpcError as error:
                if not self._may_retry(error):
                    raise
                self._begin(read)

    def _read_rest(self, read: _Read) -> None:
        while "count" not in read.seen:
            try:
                for response in read.call:
                    self._take(read, response)
                assert "count" in read.seen, "a stream ended without a summary"
            except grpc.RpcError as error:
                if not self._may_retry(error):
                    raise
                self._begin(read)

    @staticmethod
    def _take(read: _Read, response: Any) -> None:
        assert "count" not in read.seen, "a part came behind the summary"
        part = response.part
        results = part.batch.results
        read.seen["json"] += [json.loads(text) for text in results.json]
        read.raw += [bytes(document.raw) for document in bson.decode_all(results.bson, _RAW)]
        read.results += _documents(results)
        read.token = part.batch.resume_token or read.token
        if part.HasField("summary"):
            read.seen["count"] = part.summary.count

    def _changes(self, read: _Read) -> Iterator[Any]:
        while True:
            try:
                for response in read.call:
                    results = _documents(response.results)
                    read.token = response.resume_token or read.token
                    for event in response.events:
                        result = results[event.result_index] if event.HasField("result_index") else None
                        yield {**plain(event), "result": result}
                    if response.snapshot_complete:
                        yield {"snapshot_complete": True}
            except grpc.RpcError as error:
                if not self._may_retry(error):
                    raise
            self._begin(read)

    def _open_deposits(self, name: str) -> None:
        queue: SimpleQueue[Any] = SimpleQueue()
        self._deposits[name] = queue, self._call("DepositStream")(iter(queue.get, None), timeout=PATIENCE)

    def _may_retry(self, error: grpc.RpcError) -> bool:
        may = self._control is not None and error.code() is grpc.StatusCode.UNAVAILABLE
        if may:
            time.sleep(_BACK_OFF_SECONDS)
        return may

    def _save(self, step: Step, read: _Read) -> None:
        if "save" in step:
            assert read.token
            self._saved[step["save"]] = (read.token, list(read.results))

    @staticmethod
    def _compare(step: Step, answer: Any, where: str) -> None:
        assert "error" not in step, f"{where}: expected an error, got {answer!r:.500}"
        check(step.get("expect", {}), answer, where)

    @staticmethod
    def _compare_error(step: Step, error: grpc.RpcError, where: str) -> None:
        answer = Answer(error)
        assert "error" in step, f"{where}: {answer.code} {answer.info.reason}: {answer.message}"
        wanted = step["error"]
        assert (answer.code.name, answer.info.reason) == (wanted["code"], wanted.get("reason", "")), answer.message
        if "field" in wanted:
            assert [each.field for each in answer.bad.field_violations] == [wanted["field"]], answer.message
            assert answer.message.startswith(wanted["field"])


def _bytes(request: Any) -> bytes:
    data: bytes = request if isinstance(request, bytes) else request.SerializeToString()
    return data
