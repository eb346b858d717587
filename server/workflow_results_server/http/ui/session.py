"""Who looks at the page: a token in a cookie that scripts can't read, or nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from workflow_results.common.reasons import Reason
from workflow_results_server.access.callers import EVERYONE, Role, current_caller
from workflow_results_server.access.tokens import ANONYMOUS, looks_like_token
from workflow_results_server.errors import RequestError
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError
from workflow_results_server.http.ui.asked import Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow_results_server.access.policy import Authorize
    from workflow_results_server.http.requests import Call

_PORT: Final = re.compile(r":(\d{1,5})$")
_OWN_SITES: Final = ("", "same-origin", "none")
_NEVER: Final = {"cache-control": "no-store"}
_TOKEN: Final = re.compile("[A-Za-z0-9._~+/=-]{1,200}")
"""What can stand in a cookie as it is."""
_UNAUTHENTICATED: Final = "UNAUTHENTICATED"
_COOKIE_SECONDS: Final = 30 * 24 * 3600


class Session:
    """Logs callers in and out, and says who they are.

    Args:
        secure: Whether the door speaks TLS.
        plots: Whether plots are served.
    """

    def __init__(self, *, secure: bool, plots: bool) -> None:
        self._secure = secure
        self._plots = plots

    async def show(self, call: Call) -> Answer:
        """Answer who is calling and what they may do, also where that is nobody: the page asks for a token then."""
        problem = None
        try:
            authorize(call, "Status")
        except RequestError as error:
            if error.code != _UNAUTHENTICATED:
                raise
            problem = error.message if _cookie(call) else "this server asks for a token"
        caller = current_caller.get()
        return Answer.of(
            {
                "caller": None if problem else caller.name,
                "role": None if problem else str(caller.role),
                "pipelines": [] if problem else list(caller.pipelines),
                "can_lock": not problem and caller.role >= Role.CURATOR,
                "open": caller is EVERYONE and not problem,
                "anonymous": not problem and caller.name == ANONYMOUS,
                "problem": problem,
                "plots": self._plots,
            },
            headers=_NEVER,
        )

    async def log_in(self, call: Call) -> Answer:
        """Take a token, which stays in a cookie for this page alone.

        Raises:
            HttpError: It is none of ours.
            RequestError: It is unknown, revoked or expired.
        """
        token = (await Asked.of(call)).text("token").strip()
        if not _TOKEN.fullmatch(token) or not looks_like_token(token):
            raise HttpError(401, Reason.TOKEN_INVALID, "this is no token of this service: they begin with wr_")
        call.authorize("Status", token=token)
        return Answer.of({"caller": current_caller.get().name}, headers=self._keep(call, token, _COOKIE_SECONDS))

    async def log_out(self, call: Call) -> Answer:
        """Forget the token."""
        call.name = "logout"
        return Answer.of({"caller": None}, headers=self._keep(call, "", 0))

    def _keep(self, call: Call, token: str, seconds: int) -> dict[str, str]:
        secure = "; Secure" if self._secure else ""
        cookie = f"{_name(call)}={token}; Path=/ui; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
        return {**_NEVER, "set-cookie": cookie}


def authorize(call: Call, method: str, pipelines: Sequence[str] = ()) -> Authorize:
    """Check whether who looks at the page may make a call.

    Args:
        call: The call.
        method: The RPC that does the same.
        pipelines: The pipelines in it, as far as they are known.

    Returns:
        The check, for pipelines that become known later.

    Raises:
        RequestError: They may not.
    """
    return call.authorize(method, pipelines, _cookie(call))


def _cookie(call: Call) -> str:
    """Return the token in the cookie: of requests that pages of others caused, it says nothing about who wants them."""
    origin = call.headers.get("origin", "").lower()
    if origin and origin.partition("://")[2] != call.headers.get("host", "").lower():
        return ""
    if call.headers.get("sec-fetch-site", "").lower() not in _OWN_SITES:
        return ""
    wanted = _name(call)
    parts = (part.strip().partition("=") for part in call.headers.get("cookie", "").split(";"))
    return next((value for name, _, value in parts if name == wanted), "")


def _name(call: Call) -> str:
    """Return the name of the cookie: cookies of a host are sent to all its ports, where other servers may listen."""
    port = _PORT.search(call.headers.get("host", ""))
    return f"workflow-results-{port[1] if port else 'token'}"
