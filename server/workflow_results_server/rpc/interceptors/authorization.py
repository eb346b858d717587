"""Who may make a call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from workflow_results_server.access.callers import look_up_caller

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from workflow_results_server.access.policy import Access
    from workflow_results_server.rpc.interceptors.call import Call, Link


class Authorization:
    """Authorizes calls, before anything else is done for them; further in, each message of a stream is authorized too.

    Args:
        access: Decides who may make a call.
        inner: The next link.
    """

    def __init__(self, access: Access, inner: Link) -> None:
        self._access = access
        self._inner = inner

    def __call__(self, request: Any, call: Call) -> Awaitable[Any]:
        """Answer a call."""
        authorize = self._access.authorization(call.method.path, call.context)
        authorize(None if call.method.takes_stream else request.message)
        call.authorize = authorize
        look_up_caller.set(partial(authorize, None))
        return self._inner(request, call)
