"""The chain that every call goes through, from the wire to the method that carries it out.

A request may hold 32 MiB, which must be free once it is answered. But gRPC keeps the exception of an aborted call with
the call, the exception keeps its traceback, that keeps frames, and one of these keeps the call: such a cycle stays
until Python looks for it, which takes thousands of calls. So the links have the request, and return the answer or the
words of a refusal; what aborts the call, `answer` in `_wrap`, has no request any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc

from workflow_results.common import rules
from workflow_results_server.rpc.interceptors.answering import answer_call
from workflow_results_server.rpc.interceptors.authorization import Authorization
from workflow_results_server.rpc.interceptors.call import Call, Method
from workflow_results_server.rpc.interceptors.draining import Draining
from workflow_results_server.rpc.interceptors.errors import Errors
from workflow_results_server.rpc.interceptors.messages import Messages
from workflow_results_server.rpc.interceptors.request_log import RequestLog
from workflow_results_server.rpc.parsing import parser
from workflow_results_server.rpc.status import Refusal
from workflow_results_server.telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from workflow_results_server.access.policy import Access
    from workflow_results_server.rpc.interceptors.call import Context, Link

    Handler = grpc.RpcMethodHandler[Any, Any]

_OTHERS_BYTES: Final = 4 * rules.KIB
"""The largest request to another service than ours: health, and reflection, whose calls last for as long as callers
like, and which need no token. None needs more than a name."""
_KINDS: Final[dict[tuple[bool, bool], Callable[..., Handler]]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}
"""What makes a handler, by whether it takes a stream, and whether it answers with one."""


class Interceptor(grpc.aio.ServerInterceptor):
    """Sends every call through the chain.

    Args:
        service: The full name of our service.
        access: Decides who may make a call.
        certificates: Whether clients show certificates.

    Attributes:
        draining: The link that refuses and ends calls while the server stops.
    """

    def __init__(self, service: str, access: Access, *, certificates: bool) -> None:
        self._service = service
        self.draining = Draining(service, answer_call)
        self._chain: Link = RequestLog(
            Errors(Authorization(access, Messages(service, self.draining), certificates=certificates))
        )
        self._wrapped: dict[str, Handler] = {}

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
        method = _method(handler, path)
        chain = self._chain
        spans = tracing.spans()
        if spans is not None and method.service == self._service:  # whoever asks for the health does so for ever
            from workflow_results_server.rpc.interceptors.tracing import Tracing

            chain = Tracing(spans, path, chain)

        async def answer(request: Any, context: Context) -> Any:
            outcome = chain(request, Call(method, context, context.invocation_metadata() or ()))
            del request  # see the head of this file
            answered = await outcome
            if isinstance(answered, Refusal):
                await context.abort(answered.code, answered.message, trailing_metadata=answered.metadata)
            if isinstance(answered, BaseException):
                raise answered
            return answered

        most_bytes = rules.MESSAGE_BYTES if method.service == self._service else _OTHERS_BYTES
        parse = parser(method.service, method.name, handler.request_deserializer, most_bytes)
        kind = _KINDS[method.takes_stream, method.answers_with_stream]
        return kind(answer, parse, handler.response_serializer)


def _method(handler: Handler, path: str) -> Method:
    service, _, name = path.strip("/").partition("/")
    return Method(
        path=path,
        service=service,
        name=name,
        takes_stream=bool(handler.request_streaming),
        answers_with_stream=bool(handler.response_streaming),
        behaviour=next(
            each
            for each in (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream)
            if each
        ),
    )
