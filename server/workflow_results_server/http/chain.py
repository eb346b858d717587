"""What every request goes through: its id, its line in the log, the guard, its handler, and errors as answers.

Each is counted in the metrics, too.
"""

from __future__ import annotations

import logging
import os
import re
import time
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.access.callers import current_caller
from workflow_results_server.errors import RequestError, let_go
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError, answered, internal
from workflow_results_server.http.guard import HEADERS
from workflow_results_server.http.protocol import URL_BYTES
from workflow_results_server.http.requests import Call, Disconnected
from workflow_results_server.requests.memory import Room
from workflow_results_server.telemetry.logs import call_id
from workflow_results_server.telemetry.metrics import count_request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from workflow_results_server.access.policy import Access
    from workflow_results_server.http.asgi import Receive, Scope, Send
    from workflow_results_server.http.guard import Guard

    Handler = Callable[[Call], Awaitable[Answer]]
    Routes = Mapping[tuple[str, str], Handler]
    """Handlers by method and path."""

_logger = logging.getLogger(__name__)

_OF_CONCERN: Final = frozenset({401, 403, 408, 500, 503, 504})
"""Statuses that an operator wants to see; the others are mistakes of callers."""
_GONE: Final = 499
"""What the log says of callers that left, as nginx does."""
_PATIENT_SECONDS: Final = 1.0
_ID_BYTES: Final = 8
_BODIES_BYTES: Final = 128 * rules.MIB
"""How many bytes of the bodies of all requests may be held, beside works on their way into the store."""
_TEXTS_BYTES: Final = 192 * rules.MIB
"""How many bytes of results as JSON may be held while they are sent, as long as their readers like: of BSON, of which
the store keeps account, they may have six times the size."""
_LENGTHS: Final = frozenset({"content-length", "transfer-encoding"})
"""Of both, different servers heed different ones, so that a request could be hidden in another one's body."""
_SLASHES: Final = re.compile("//+")


class Chain:
    """The application, in the terms of ASGI.

    Args:
        routes: Who answers what.
        guard: Decides about hosts and origins.
        access: Decides who may make a call.
        seconds: How long a call may take.
    """

    def __init__(self, routes: Routes, guard: Guard, access: Access, seconds: float) -> None:
        self._routes = routes
        self._guard = guard
        self._access = access
        self._seconds = seconds
        self._bodies = Room(_BODIES_BYTES)
        self._texts = Room(_TEXTS_BYTES, "results as JSON")
        self._methods: dict[str, list[str]] = {}
        for method, path in routes:
            self._methods.setdefault(path, []).extend(["GET", "HEAD"] if method == "GET" else [method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        call = Call(scope, receive, self._access, self._seconds, self._bodies, self._texts)
        call_id.set(_id_of(call))
        began = time.perf_counter()
        status, reason = _GONE, ""
        headers = {"x-request-id": call_id.get(), **HEADERS}
        try:
            try:
                url_length = len(scope["raw_path"]) + len(call.query)
                headers |= self._guard.check(call)
                answer = await self._answer(call, url_length)
                await answer.send(call, send, headers)
                status = answer.status
            except Disconnected:
                return
            except Exception as raised:  # noqa: BLE001 - each is answered, and the unexpected ones logged
                error = _http_error(raised, call)
                let_go(raised)
                status, reason = error.status, str(error.body["reason"])
            if reason:
                await Answer.of(error.body, error.status, error.headers).send(call, send, headers)
        finally:
            call.held.release()
            seconds = time.perf_counter() - began
            count_request(call.method, self.route(call.path), status, scope.get("scheme", "http"), seconds)
            _log(call, status, reason, seconds)

    async def _answer(self, call: Call, url_length: int) -> Answer:
        if call.headers.keys() >= _LENGTHS:
            raise HttpError(400, Reason.MALFORMED_REQUEST, f"a request has either {' or '.join(sorted(_LENGTHS))}")
        if url_length > URL_BYTES:
            raise HttpError(414, "URL_TOO_LONG", f"the URL must have at most {URL_BYTES:,} bytes, not {url_length:,}")
        path = _plain(call.path)
        handler = self._routes.get((call.method, path))
        if handler is None and call.method == "HEAD":
            handler = self._routes.get(("GET", path))
        if handler is not None:
            return await handler(call)
        methods = self._methods.get(path)
        if methods is None:
            raise HttpError(404, "NOT_FOUND", f"there is nothing at {path}")
        if call.method == "OPTIONS":
            return Answer(b"", 204, headers={"allow": ", ".join(methods), **self._guard.preflight(call)})
        message = f"{call.method} is not allowed at {path}, but {', '.join(methods)}"
        raise HttpError(405, "METHOD_NOT_ALLOWED", message, {"allow": ", ".join(methods)})

    def route(self, path: str) -> str:
        """Return the path if there is anything at it."""
        return path if (path := _plain(path)) in self._methods else ""


def _plain(path: str) -> str:
    return _SLASHES.sub("/", path)


def _id_of(call: Call) -> str:
    """Return the caller's `x-request-id`, or a new id."""
    given = call.headers.get("x-request-id", "")
    return given if given and not rules.request_id_problem(given) else os.urandom(_ID_BYTES).hex()


def _http_error(raised: Exception, call: Call) -> HttpError:
    if isinstance(raised, HttpError):
        return raised
    if isinstance(raised, RequestError):
        return answered(raised)
    _logger.error("internal error", exc_info=raised, extra={"method": call.name or call.method})
    return internal(call_id.get())


def _log(call: Call, status: int, reason: str, seconds: float) -> None:
    gave_up = status == _GONE and seconds > _PATIENT_SECONDS  # a caller that waited, not one that had enough
    level = logging.INFO if status in _OF_CONCERN or gave_up else logging.DEBUG
    if _logger.isEnabledFor(level):
        extra = {
            "method": call.name or call.method,
            "path": call.path[:100],
            "status": status,
            "reason": reason,
            "caller": current_caller.get().name,
            "milliseconds": round(seconds * 1000, 3),
            "peer": call.peer,
        }
        _logger.log(level, "request", extra=extra)
