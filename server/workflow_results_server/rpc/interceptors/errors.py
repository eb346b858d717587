"""Errors as refusals. Nothing else makes an answer of an exception, so that no text from within reaches a caller."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import RequestError, let_go
from workflow_results_server.rpc.status import refusal
from workflow_results_server.telemetry.logs import call_id

if TYPE_CHECKING:
    from workflow_results_server.rpc.interceptors.call import Call, Link

_logger = logging.getLogger(__name__)


class Errors:
    """Returns the error of a call as a refusal, and logs the errors that nobody expected.

    Args:
        inner: The next link.
    """

    def __init__(self, inner: Link) -> None:
        self._inner = inner

    async def __call__(self, request: Any, call: Call) -> Any:
        """Answer a call."""
        try:
            return await self._inner(request, call)
        except RequestError as raised:
            error = raised
        except (grpc.aio.AbortError, grpc.RpcError) as raised:
            let_go(raised)
            return raised
        except Exception as raised:
            _logger.exception("internal error", extra={"method": call.method.name})
            let_go(raised)
            message = f"internal error; the server's log has the details under {call_id.get()}"
            error = RequestError(Reason.INTERNAL, message)
        let_go(error)
        return refusal(error, call_id.get())
