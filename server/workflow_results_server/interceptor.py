"""What every call goes through: its request id, who may make it, its log line, and its errors put on the wire.

Nothing else turns an exception into an answer, so that no text from within ever reaches a caller.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextlib import aclosing, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NoReturn

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2

from workflow_results import rules
from workflow_results_server.callers import current
from workflow_results_server.errors import DOMAIN, RequestError, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from workflow_results_server.access import Access, Admit

    Context = grpc.aio.ServicerContext[Any, Any]
    Handler = grpc.RpcMethodHandler[Any, Any]

_logger = logging.getLogger(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the call that is being answered: the caller's `x-request-id`, or one of our own."""

_OF_CONCERN: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNAUTHENTICATED", "PERMISSION_DENIED")
"""Codes that an operator wants to see; the others tell of callers' mistakes."""
_PATIENT_SECONDS: Final = 1.0
_MOST_FIELDS: Final = 10
_FIELD_BYTES: Final = 300
"""With at most ten fields, and the message beside them, an error stays below 4 KiB."""
_MESSAGE_BYTES: Final = 1000


class _Malformed:
    """Stands for a request that could not be parsed."""


class Interceptor(grpc.aio.ServerInterceptor):
    """Lets callers in, answers errors, logs calls, and refuses new ones, in the end streams too, while a server stops.

    Args:
        service: The full name of the service whose calls are refused then; health is told to the end.
        access: Decides who may make a call.
    """

    def __init__(self, service: str, access: Access) -> None:
        self._service = service
        self._access = access
        self._stopping = False
        self._streams: dict[asyncio.Task[Any], str] = {}
        self._told: set[asyncio.Task[Any]] = set()
        self._wrapped: dict[str, Handler] = {}

    def stop(self) -> None:
        """Refuse new calls from now on, so that clients turn to another server."""
        self._stopping = True

    def end_other_streams(self) -> None:
        """Tell the streams of other services that the server stops: of themselves they have no end."""
        self._end(stream for stream, service in self._streams.items() if service != self._service)

    def end_streams(self) -> None:
        """Tell the streams under way that the server stops, so that clients resume them at another one."""
        self._end(self._streams)

    def _end(self, streams: Iterable[asyncio.Task[Any]]) -> None:
        for stream in streams:
            self._told.add(stream)
            stream.cancel()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wrap the handler of a call."""
        path = handler_call_details.method
        if path not in self._wrapped:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            self._wrapped[path] = self._wrap(handler, path)
        return self._wrapped[path]

    def _wrap(self, handler: Handler, path: str) -> Handler:
        service, _, method = path.strip("/").partition("/")
        behaviour = next(
            each
            for each in (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
            if each
        )

        stream_of = service if handler.response_streaming else ""

        async def answer(request: Any, context: Context) -> Any:
            refuse = self._stopping and service == self._service
            return await self._answer(path, method, _refuse if refuse else behaviour, request, context, stream_of)

        kind = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[bool(handler.request_streaming), bool(handler.response_streaming)]
        return kind(answer, _forgiving(handler.request_deserializer), handler.response_serializer)

    @contextmanager
    def _under_way(self, service: str) -> Iterator[None]:
        task = asyncio.current_task()
        assert task
        self._streams[task] = service
        try:
            yield
        finally:
            del self._streams[task]

    async def _answer(
        self,
        path: str,
        method: str,
        behaviour: Callable[..., Any],
        request: Any,
        context: Context,
        stream_of: str,
    ) -> Any:
        given = next((value for key, value in context.invocation_metadata() or () if key == "x-request-id"), "")
        id_ = given if isinstance(given, str) and not rules.request_id_problem(given) else uuid.uuid4().hex[:16]
        token = request_id.set(id_)
        began = time.perf_counter()
        code, error = "CANCELLED", None
        try:
            admit = self._access.admission(path, context)
            streaming = hasattr(request, "__aiter__")
            admit(None if streaming else request)
            checked = _checked_stream(request, admit) if streaming else _checked(request)
            response = None
            with self._under_way(stream_of) if stream_of else nullcontext():
                answer = behaviour(checked, context)
                if hasattr(answer, "__aiter__"):
                    async with aclosing(answer) as parts:  # gRPC itself would leave it open on an error
                        async for part in parts:
                            if not streaming:  # the callers of a stream of requests are told what became of each
                                admit(request)
                            await _write(part, context)
                else:  # of a stream, too, if it writes by itself, as health does
                    response = await answer
            code = "OK"
            return response
        except RequestError as raised:
            code, error = raised.code, raised
        except asyncio.CancelledError:
            if asyncio.current_task() not in self._told or context.done():
                raise
            error = _stopping()
            code = error.code
        except Exception as raised:
            if isinstance(raised, (grpc.aio.AbortError, grpc.RpcError)):
                raise
            _logger.exception("a fault in the server", extra={"method": method})
            code = "INTERNAL"
            error = RequestError(code, code, f"a fault in the server; its log tells more under {id_}")
        finally:
            _log(method, code, error, time.perf_counter() - began, context)
            request_id.reset(token)
        return await context.abort(
            grpc.StatusCode[error.code],
            _cut(error.message, _MESSAGE_BYTES),
            trailing_metadata=(("grpc-status-details-bin", _details(error, id_)), ("x-request-id", id_)),
        )


async def _write(part: Any, context: Context) -> None:
    """Send a part of an answer; returns when the client has room for it, so that a slow one slows us down."""
    try:
        await context.write(part)
    except grpc.aio.InternalError as error:
        # The client is gone. gRPC is about to cancel this task, too, but may come too late.
        raise asyncio.CancelledError from error


def _refuse(_request: Any, _context: Context) -> NoReturn:
    raise _stopping(not_applied=True)


def _stopping(*, not_applied: bool = False) -> Unavailable:
    return Unavailable("SERVER_STOPPING", "this server is stopping", not_applied=not_applied)


def _forgiving(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    """Let a request that can't be parsed through: raising here, gRPC would answer UNKNOWN."""
    assert deserialize is not None

    def parse(data: bytes) -> Any:
        try:
            return deserialize(data)
        except Exception:  # noqa: BLE001 - whatever protobuf raises, the request is malformed
            return _Malformed()

    return parse


def _checked(request: Any) -> Any:
    if isinstance(request, _Malformed):
        raise RequestError("INVALID_ARGUMENT", "MALFORMED_REQUEST", "the request is not the message of this method")
    return request


async def _checked_stream(requests: AsyncIterator[Any], admit: Admit) -> AsyncIterator[Any]:
    async for request in requests:
        admit(request)
        yield _checked(request)


def _details(error: RequestError, id_: str) -> bytes:
    status = status_pb2.Status(code=code_pb2.Code.Value(error.code), message=_cut(error.message, _MESSAGE_BYTES))
    info = error_details_pb2.ErrorInfo(
        reason=error.reason, domain=DOMAIN, metadata={**error.metadata, "request_id": id_}
    )
    status.details.add().Pack(info)
    if error.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=_cut(field, _FIELD_BYTES), description=_cut(problem, _FIELD_BYTES)
            )
            for field, problem in list(error.fields.items())[:_MOST_FIELDS]
        ]
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=violations))
    return bytes(status.SerializeToString())


def _cut(text: str, size: int) -> str:
    encoded = text.encode()
    return text if len(encoded) <= size else encoded[: size - 3].decode(errors="ignore") + "…"


def _log(method: str, code: str, error: RequestError | None, seconds: float, context: Context) -> None:
    gave_up = code == "CANCELLED" and seconds > _PATIENT_SECONDS  # a caller that waited, not one that had enough
    level = logging.INFO if code in _OF_CONCERN or gave_up else logging.DEBUG
    if _logger.isEnabledFor(level):
        extra = {
            "method": method,
            "code": code,
            "reason": error.reason if error else "",
            "caller": current.get().name,
            "milliseconds": round(seconds * 1000, 3),
            "peer": context.peer(),
        }
        _logger.log(level, "call", extra=extra)
