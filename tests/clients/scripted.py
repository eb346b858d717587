"""A service that answers as a script says, for what a real one seldom does; tests/vectors/README.md has the form."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bson
import grpc
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from tests.support.network import Network
from tests.support.vectors import to_bson
from tests.support.waiting import PATIENCE
from workflow_results.v1 import results_pb2 as pb

_SERVICE = pb.DESCRIPTOR.services_by_name["ResultsService"]
_HEALTH = "grpc.health.v1.Health"
_OPTIONS = [
    ("grpc.max_receive_message_length", 32 << 20),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
]
_SERVING = b"\x08\x01"
_HANDLERS: dict[tuple[bool, bool], Any] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
Reply = dict[str, Any]


class ScriptedService:
    """The service, behind a proxy that cuts connections.

    Attributes:
        target: Where clients find it.
        calls: What it was asked: method, request, or requests of a stream, and metadata.
        hanging: How many calls are left without a further answer, and have not been cancelled.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, dict[str, Any]]] = []
        self.hanging = 0
        self._script: dict[str, list[Reply]] = {}
        self._to_go_on: tuple[Reply, list[Any]] | None = None
        self._lock = threading.Lock()
        handlers = {name: self._handler(method) for name, method in _SERVICE.methods_by_name.items()}
        healthy: dict[str, Any] = {"Check": grpc.unary_unary_rpc_method_handler(lambda *_: _SERVING)}
        self._pool = ThreadPoolExecutor(32)
        self._server = grpc.server(self._pool, options=_OPTIONS)
        self._server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers),
                grpc.method_handlers_generic_handler(_HEALTH, healthy),
            ]
        )
        upstream = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self._network = Network()
        self.target = f"127.0.0.1:{self._network.link('scripted', 0, upstream)}"

    def play(self, script: dict[str, list[Reply]]) -> None:
        """Answer the next calls of each method as a script says.

        A stream of deposits is ended behind so many acknowledgements only: clients may end it before.
        """
        for reply in script.get("DepositStream", []):
            assert "acknowledge" in reply or not reply.keys() & {"cut", "hang", "status"}, reply
        with self._lock:
            self._script = {method: list(replies) for method, replies in script.items()}
            self.calls = []
            self._to_go_on = None

    def left(self) -> dict[str, list[Reply]]:
        """Return the replies that nobody has asked for."""
        return {method: replies for method, replies in self._script.items() if replies}

    def close(self) -> None:
        """End it."""
        self._network.close()
        self._server.stop(None).wait()
        self._pool.shutdown()

    def _handler(self, method: Any) -> Any:
        request, response = (GetMessageClass(kind) for kind in (method.input_type, method.output_type))
        answer = {
            (False, False): self._one,
            (False, True): self._parts,
            (True, True): self._acknowledgements,
        }[method.client_streaming, method.server_streaming]

        def handle(received: Any, context: grpc.ServicerContext) -> Any:
            return answer(method, received, context)

        make = _HANDLERS[method.client_streaming, method.server_streaming]
        return make(handle, request.FromString, response.SerializeToString)

    def _next(self, method: Any, received: Any, context: grpc.ServicerContext) -> Reply:
        metadata = dict(context.invocation_metadata())
        with self._lock:
            self.calls.append((method.name, received, metadata))
            replies = self._script.get(method.name, [])
            if replies:
                return replies.pop(0)
        return {"status": {"code": "UNIMPLEMENTED", "message": "the script has no further reply"}}

    def _one(self, method: Any, request: Any, context: grpc.ServicerContext) -> Any:
        reply = self._next(method, request, context)
        self._end(reply, context)
        return _message(method.output_type, reply.get("answer", {}))

    def _parts(self, method: Any, request: Any, context: grpc.ServicerContext) -> Any:
        reply = self._next(method, request, context)
        for part in reply.get("parts", []):
            yield _message(method.output_type, part)
        self._end(reply, context)

    def _acknowledgements(self, method: Any, requests: Any, context: grpc.ServicerContext) -> Any:
        if self._to_go_on is None:
            seen: list[Any] = []
            reply = self._next(method, seen, context)
        else:
            reply, seen = self._to_go_on
            self._to_go_on = None
        rejected = reply.get("rejections", {})
        for request in requests:
            seen.append(request)
            if len(seen) - 1 == reply.get("acknowledge"):
                self._end(reply, context)
                return
            works = bson.decode_all(request.works.bson)
            outcomes = ["REJECTED" if work["id"] in rejected else "DEPOSITED" for work in works]
            rejections = [
                {"index": index, **rejected[work["id"]]} for index, work in enumerate(works) if work["id"] in rejected
            ]
            fields = {"outcomes": [f"DEPOSIT_OUTCOME_{each}" for each in outcomes], "rejections": rejections}
            answer = _message(method.output_type, fields)
            answer.sequence = request.sequence
            yield answer
        # Clients may end a stream that has had nothing to do for a moment. The next one goes on where this one was.
        self._to_go_on = reply, seen

    def _end(self, reply: Reply, context: grpc.ServicerContext) -> None:
        if reply.get("cut"):
            self._network.cut()
            self._hang(context)
        if reply.get("hang"):
            self._hang(context)
        if status := reply.get("status"):
            details = _details(**status)
            if details.details:
                context.set_trailing_metadata((("grpc-status-details-bin", details.SerializeToString()),))
            context.abort(grpc.StatusCode[status["code"]], details.message)

    def _hang(self, context: grpc.ServicerContext) -> None:
        """Wait until the client gives up."""
        gone = threading.Event()
        with self._lock:
            self.hanging += 1
        if context.add_callback(gone.set):
            gone.wait(PATIENCE)
        with self._lock:
            self.hanging -= 1
        context.abort(grpc.StatusCode.CANCELLED, "nobody waits")


def _details(
    code: str, message: str = "as the script says", reason: str = "", field: str = "", **more: Any
) -> status_pb2.Status:
    """Make the details of an error.

    Args:
        code: Its name.
        message: What it says.
        reason: The reason of the ErrorInfo; without it, there is none, nor any other detail.
        field: The field in BadRequest.
        **more: `outcome`, and `retry_seconds` of a RetryInfo.
    """
    status = status_pb2.Status(code=grpc.StatusCode[code].value[0], message=message)
    if reason:
        metadata = {"call_id": "scripted", **({"outcome": more["outcome"]} if "outcome" in more else {})}
        details: list[Any] = [error_details_pb2.ErrorInfo(reason=reason, domain="workflow-results", metadata=metadata)]
        if field:
            violation = error_details_pb2.BadRequest.FieldViolation(field=field)
            details.append(error_details_pb2.BadRequest(field_violations=[violation]))
        if "retry_seconds" in more:
            delay = Duration()
            delay.FromMilliseconds(int(more["retry_seconds"] * 1000))
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        for detail in details:
            status.details.add().Pack(detail)
    return status


def _message(kind: Any, fields: dict[str, Any]) -> Any:
    """Make a response of its fields by name: documents are Extended JSON, tokens are text."""
    message = GetMessageClass(kind)()
    for name, value in fields.items():
        field = kind.fields_by_name[name]
        if field.message_type is not None and field.message_type.name == "EncodedDocuments":
            getattr(message, name).bson = b"".join(map(to_bson, value))
        elif field.message_type is not None and field.message_type.name == "EncodedDocument":
            getattr(message, name).bson = to_bson(value)
        elif field.type == field.TYPE_BYTES:
            setattr(message, name, value.encode())
        elif (
            field.message_type is not None and isinstance(value, dict) and not field.message_type.GetOptions().map_entry
        ):
            getattr(message, name).CopyFrom(_message(field.message_type, value))
        elif field.message_type is not None and isinstance(value, list):
            getattr(message, name).extend(_message(field.message_type, each) for each in value)
        else:
            json_format.ParseDict({name: value}, message)
    return message
