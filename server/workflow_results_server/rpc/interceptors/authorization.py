"""Who may make a call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from workflow_results_server.access.callers import look_up_caller
from workflow_results_server.rpc.credentials import shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from workflow_results_server.access.policy import Access
    from workflow_results_server.rpc.interceptors.call import Call, Link


class Authorization:
    """Authorizes calls, before anything else is done for them; further in, each message of a stream is authorized too.

    Args:
        access: Decides who may make a call.
        certificates: Whether clients show certificates.
        inner: The next link.
    """

    def __init__(self, access: Access, inner: Link, *, certificates: bool) -> None:
        self._access = access
        self._certificates = certificates
        self._inner = inner

    def __call__(self, request: Any, call: Call) -> Awaitable[Any]:
        """Answer a call."""
        credentials = partial(shown, call.headers, call.context, certificates=self._certificates)
        authorize = self._access.authorization(call.method.path, credentials)
        authorize(() if call.method.takes_stream else pipelines(request.message))
        call.authorize = authorize
        look_up_caller.set(partial(authorize, ()))
        return self._inner(request, call)


def pipelines(request: Any) -> Sequence[str]:
    """Return the pipelines that a request names, beside those of works in it."""
    if hasattr(request, "pipelines"):
        named: Sequence[str] = request.pipelines
        return named
    return (request.pipeline,) if hasattr(request, "pipeline") else ()
