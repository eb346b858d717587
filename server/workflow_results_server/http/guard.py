"""What keeps web pages of others out: which hosts and origins may be named, and what browsers are told.

A page that somebody visits can make their browser send requests to this server, and point a name of its own at it (DNS
rebinding). So the host must be one of ours, and a request that changes something must not come from another site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from workflow_results.common.loopback import is_loopback_host
from workflow_results_server.http.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workflow_results_server.http.requests import Call

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"", "same-origin", "none"})
_UNSPECIFIED: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - on Linux, connecting there leads to this machine
_CORS_METHODS: Final = "GET, HEAD, POST, PUT, DELETE"
_CORS_HEADERS: Final = "authorization, content-type, x-access-token, x-request-id"
HEADERS: Final = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""What every answer tells browsers."""


class Guard:
    """Decides about the hosts and the origins of requests.

    Args:
        host: The address that the server listens on.
        allowed_hosts: Names by which it is known beside that, without ports.
        cors_origins: Origins of other sites whose pages may call, like `https://plots.example.org`.
    """

    def __init__(self, host: str, allowed_hosts: Iterable[str], cors_origins: Iterable[str]) -> None:
        self._hosts = {each.lower() for each in (host, *allowed_hosts)} | _UNSPECIFIED
        self._origins = frozenset(each.rstrip("/").lower() for each in cors_origins)

    def check(self, call: Call) -> dict[str, str]:
        """Check a request.

        Returns:
            Headers of the answer, whatever that is, beside those of every answer.

        Raises:
            HttpError: The host is none of ours, or the request comes from another site.
        """
        host = call.headers.get("host", "")
        if not self._is_ours(host):
            message = f"host {host!r} is not one of this server: allow it with serve --http-allowed-host"
            raise HttpError(403, "HOST_NOT_ALLOWED", message)
        origin = call.headers.get("origin", "").lower()
        if origin in self._origins:
            return {"access-control-allow-origin": origin, "vary": "origin"}
        if call.method not in _SAFE and not self._is_own_site(call, origin, host):
            raise HttpError(403, "ORIGIN_NOT_ALLOWED", "requests from pages of other sites are not allowed")
        return {}

    def preflight(self, call: Call) -> dict[str, str]:
        """Return the headers that answer a preflight request."""
        if call.headers.get("origin", "").lower() not in self._origins:
            return {}
        return {"access-control-allow-methods": _CORS_METHODS, "access-control-allow-headers": _CORS_HEADERS}

    def _is_ours(self, host: str) -> bool:
        name = _name(host)
        return bool(name) and (name in self._hosts or is_loopback_host(name))

    @staticmethod
    def _is_own_site(call: Call, origin: str, host: str) -> bool:
        if call.headers.get("sec-fetch-site", "").lower() not in _OWN_SITES:
            return False
        return not origin or origin.partition("://")[2] == host.lower()


def _name(host: str) -> str:
    """Return the name in a `Host` header, without the port; empty where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        has_more = parts.path or parts.query or parts.fragment or parts.username is not None
        return "" if has_more else (parts.hostname or "").lower()
    except ValueError:
        return ""
