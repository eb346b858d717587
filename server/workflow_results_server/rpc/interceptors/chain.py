"""What every call goes through: its request id, who may make it, its log line, and its errors put on the wire.

Nothing else turns an exception into an answer, so that no text from within ever reaches a caller.

A request may hold 32 MiB, which must be free once it is answered. But gRPC keeps the exception of an aborted call with
the call, the exception keeps its traceback, that keeps frames, and one of these keeps the call: such a cycle stays
until Python looks for it, which takes thousands of calls. So a call has two parts: `_outcome` has the request, and
gives the answer or the words of a refusal; what aborts the call, `answer` in `_wrap`, has no request any more.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextlib import aclosing, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

from workflow_results.common import rules
from workflow_results.common.reasons import DOMAIN, Reason
from workflow_results_server.access.callers import Role, current_caller
from workflow_results_server.access.policy import LEAST_ROLES
from workflow_results_server.errors import RequestError, Unavailable, let_go
from workflow_results_server.rpc.incoming import Room, parser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from workflow_results_server.access.policy import Access, Admit
    from workflow_results_server.rpc.incoming import Incoming

    Context = grpc.aio.ServicerContext[Any, Any]
    Handler = grpc.RpcMethodHandler[Any, Any]

_logger = logging.getLogger(__name__)

call_id: ContextVar[str] = ContextVar("call_id", default="")
"""The id of the call that is being answered: the caller's `x-request-id`, or one of our own."""

_OF_CONCERN: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNAUTHENTICATED", "PERMISSION_DENIED")
"""Codes that an operator wants to see; the others tell of callers' mistakes."""
_OTHERS_BYTES: Final = 4 * rules.KIB
"""The largest request to another service than ours: health, and reflection, whose calls last for as long as callers
like, and which need no token. None needs more than a name."""
_HELD_BYTES: Final = 128 * rules.MIB
"""How many bytes of large requests are held at a time while they are answered, which takes a stream of results as long
as its reader likes; so much for each role, so that readers keep nobody else out."""
_HELD_ELSEWHERE: Final = frozenset({"Deposit", "DepositStream", "Update"})
"""Methods whose works are counted in `intake.py`."""
_PATIENT_SECONDS: Final = 1.0
_MOST_FIELDS: Final = 10
_FIELD_BYTES: Final = 300
"""With at most ten fields, and the message beside them, an error stays below 4 KiB."""
_MESSAGE_BYTES: Final = 1000


class _Method(NamedTuple):
    """What is called.

    Attributes:
        path: Its path.
        name: Its name.
        behaviour: What carries it out.
        stream_of: The service whose stream it answers with; empty where it answers once.
        room: Where large requests are counted while they are answered; None where nobody has to.
    """

    path: str
    name: str
    behaviour: Callable[..., Any]
    stream_of: str
    room: Room | None


class _Refusal(NamedTuple):
    """What an aborted call is answered with."""

    code: grpc.StatusCode
    message: str
    metadata: tuple[tuple[str, str | bytes], ...]


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
        self._rooms = {role: Room(_HELD_BYTES) for role in Role}

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
        service, _, name = path.strip("/").partition("/")
        behaviour = next(
            each
            for each in (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
            if each
        )
        ours = service == self._service
        room = self._rooms.get(LEAST_ROLES.get(name, Role.ADMIN)) if ours and name not in _HELD_ELSEWHERE else None
        method = _Method(path, name, behaviour, service if handler.response_streaming else "", room)
        refused = method._replace(behaviour=_refuse)

        async def answer(request: Any, context: Context) -> Any:
            outcome = self._outcome(refused if ours and self._stopping else method, request, context)
            del request  # see the head of this file
            answered = await outcome
            if isinstance(answered, _Refusal):
                await context.abort(answered.code, answered.message, trailing_metadata=answered.metadata)
            if isinstance(answered, BaseException):
                raise answered
            return answered

        kind = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[bool(handler.request_streaming), bool(handler.response_streaming)]
        parse = parser(service, name, handler.request_deserializer, rules.MESSAGE_BYTES if ours else _OTHERS_BYTES)
        return kind(answer, parse, handler.response_serializer)

    async def _outcome(self, method: _Method, request: Any, context: Context) -> Any:
        """Carry out a call.

        Args:
            method: What is called.
            request: An `Incoming`, or a stream of them.
            context: The call.

        Returns:
            The response, if there is one still to be sent; a `_Refusal`; or an exception with which gRPC itself has
            ended the call, to be raised again.
        """
        given = next((value for key, value in context.invocation_metadata() or () if key == "x-request-id"), "")
        id_ = given if isinstance(given, str) and not rules.request_id_problem(given) else uuid.uuid4().hex[:16]
        token = call_id.set(id_)
        began = time.perf_counter()
        code, error = "CANCELLED", None
        try:
            admit = self._access.admission(method.path, context)
            response = await self._carried_out(method, request, context, admit)
            code = "OK"
            return response
        except RequestError as raised:
            code, error = raised.code, raised
        except asyncio.CancelledError:
            if asyncio.current_task() not in self._told or context.done():
                raise
            error = _stopping()
            code = error.code
        except (grpc.aio.AbortError, grpc.RpcError) as raised:
            let_go(raised)
            return raised
        except Exception as raised:
            _logger.exception("a fault in the server", extra={"method": method.name})
            let_go(raised)
            error = RequestError(Reason.INTERNAL, f"a fault in the server; its log tells more under {id_}")
            code = error.code
        finally:
            _log(method.name, code, error, time.perf_counter() - began, context)
            call_id.reset(token)
        let_go(error)
        return _Refusal(
            grpc.StatusCode[error.code],
            _cut(error.message, _MESSAGE_BYTES),
            (("grpc-status-details-bin", _details(error, id_)), ("x-request-id", id_)),
        )

    async def _carried_out(self, method: _Method, request: Any, context: Context, admit: Admit) -> Any:
        streaming = hasattr(request, "__aiter__")
        admit(None if streaming else request.message)
        with method.room.taken(request.size) if method.room else nullcontext():
            checked = _checked_stream(request, admit) if streaming else request.take()
            self._enter(method.stream_of)
            try:
                answer = method.behaviour(checked, context)
                if not hasattr(answer, "__aiter__"):
                    return await answer  # of a stream, too, if it writes by itself, as health does
                async with aclosing(answer) as parts:  # gRPC itself would leave it open on an error
                    async for part in parts:
                        if not streaming:  # the callers of a stream of requests are told what became of each
                            admit(checked)
                        await _write(part, context)
            finally:
                self._leave()

    # Neither keeps its task in a frame: a task that is cancelled keeps the exception, and so its frames.

    def _enter(self, stream_of: str) -> None:
        if stream_of and (task := asyncio.current_task()):
            self._streams[task] = stream_of

    def _leave(self) -> None:
        if task := asyncio.current_task():
            self._streams.pop(task, None)


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
    return Unavailable(Reason.SERVER_STOPPING, "this server is stopping", not_applied=not_applied)


async def _checked_stream(requests: AsyncIterator[Incoming], admit: Admit) -> AsyncIterator[Any]:
    async for request in requests:
        admit(request.message)
        yield request.take()


def _details(error: RequestError, id_: str) -> bytes:
    status = status_pb2.Status(code=code_pb2.Code.Value(error.code), message=_cut(error.message, _MESSAGE_BYTES))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata={**error.metadata, "call_id": id_})
    status.details.add().Pack(info)
    if error.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=_cut(field, _FIELD_BYTES), description=_cut(problem, _FIELD_BYTES)
            )
            for field, problem in list(error.fields.items())[:_MOST_FIELDS]
        ]
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=violations))
    if error.retry_seconds is not None:
        delay = Duration(nanos=round(error.retry_seconds * 1e9))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
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
            "caller": current_caller.get().name,
            "milliseconds": round(seconds * 1000, 3),
            "peer": context.peer(),
        }
        _logger.log(level, "call", extra=extra)
