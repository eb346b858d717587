"""What a client shows to the service, and wants to see of it: a token, certificates, or neither."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import grpc

from workflow_results.common import pem
from workflow_results.common.loopback import is_loopback_host
from workflow_results.common.rules import shorten
from workflow_results.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VARIABLES: Final = {
    "ca_file": "WORKFLOW_RESULTS_CA_FILE",
    "cert_file": "WORKFLOW_RESULTS_CERT_FILE",
    "key_file": "WORKFLOW_RESULTS_KEY_FILE",
}
_WITHOUT_AUTHORITY: Final = re.compile(r"\A(ipv4:|ipv6:|dns:)(///?(?!/))?", re.ASCII)
_UNTRUSTED: Final = re.compile(r"certificate_verify_failed", re.IGNORECASE)
_MISNAMED: Final = re.compile(r"hostname verification|not in peer certificate", re.IGNORECASE)
_PLAIN: Final = re.compile(r"wrong_version_number|http_request", re.IGNORECASE)
_CLOSED: Final = re.compile(r"socket closed|connection reset|alert|broken pipe|eof", re.IGNORECASE)


class Credentials:
    """The token and the certificates of a client. What is secret in them is neither shown nor pickled.

    Attributes:
        secure: Whether the connection is made with TLS.
        files: The files that they were read from, by the names of the arguments.

    Args:
        token: The access token, if there is one.
        secure: As above.
        authorities: The authorities to trust, as PEM; None for the well-known ones.
        identity: The certificate of the client and its key, as PEM, if there are any.
        files: As above.
    """

    __slots__ = ("_authorities", "_identity", "_token", "files", "secure")

    def __init__(
        self,
        token: str | None,
        *,
        secure: bool,
        authorities: bytes | None = None,
        identity: tuple[bytes, bytes] | None = None,
        files: Mapping[str, Path | None] = {},
    ) -> None:
        self.secure = secure
        self.files = files
        self._token = token
        self._authorities = authorities
        self._identity = identity

    def channel(self, target: str, options: Sequence[tuple[str, Any]]) -> grpc.Channel:
        """Make a channel to a target."""
        if not self.secure:
            return grpc.insecure_channel(target, options)
        certificate, key = self._identity or (None, None)
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(self._authorities, key, certificate), options)

    def async_channel(self, target: str, options: Sequence[tuple[str, Any]]) -> grpc.aio.Channel:
        """Make a channel to a target for the event loop that runs."""
        if not self.secure:
            return grpc.aio.insecure_channel(target, options)
        certificate, key = self._identity or (None, None)
        shown = grpc.ssl_channel_credentials(self._authorities, key, certificate)
        return grpc.aio.secure_channel(target, shown, options)

    def metadata(self) -> list[tuple[str, str]]:
        """Return what each call is sent with."""
        return [("authorization", f"Bearer {self._token}")] if self._token else []

    def __repr__(self) -> str:
        shown = {"TLS": self.secure, "a certificate": self._identity, "a token": self._token}
        return f"<Credentials: {', '.join(name for name, there in shown.items() if there) or 'none'}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials can't be pickled: create a Results where it is needed")


def resolve(
    target: str, token: str | None, source: str, tls: bool | None, **files: str | os.PathLike[str] | None
) -> Credentials:
    """Find the credentials of a client in its arguments and the environment, in this order.

    Args:
        target: The gRPC target.
        token: The access token, if there is one.
        source: Where the token comes from.
        tls: As in `Results`.
        **files: `ca_file`, `cert_file` and `key_file`, as in `Results`.

    Returns:
        The credentials.

    Raises:
        InvalidRequestError: A file can't be used, arguments exclude each other, or the token would be sent in plain
            text to another machine.
    """
    if not (tls is None or tls is True or tls is False):  # 0 and 1 are equal to them
        raise InvalidRequestError(f"tls must be True, False or None, not {shorten(tls)}")
    if tls is False:
        if given := [name for name, file in files.items() if file is not None]:
            raise InvalidRequestError(f"{given[0]} can't be used with tls=False: omit one of them")
        return Credentials(token, secure=False)
    paths = {name: _path(name, file) for name, file in files.items()}
    ca, cert, key = (_source(name, files[name]) for name in _VARIABLES)
    secure = bool(tls) or any(paths.values())
    if token and not secure and not is_loopback(target):
        raise InvalidRequestError(
            f"the token of {source} would be sent to {target} in plain text, which others on the network can read: set"
            " ca_file= (or WORKFLOW_RESULTS_CA_FILE) to the authority of the server's certificate, or tls=True if that"
            ' is a well-known one; token="" sends no token, tls=False sends it anyway'
        )
    authorities, identity = paths["ca_file"], None
    if (paths["cert_file"] is None) != (paths["key_file"] is None):
        raise InvalidRequestError(f"{cert} and {key} belong together: give both or neither")
    try:
        what = ca
        trusted = pem.authorities(authorities) if authorities else None
        what = f"{cert} and {key}"
        if paths["cert_file"] and paths["key_file"]:
            identity = pem.identity(paths["cert_file"], paths["key_file"])
    except ValueError as error:
        raise InvalidRequestError(f"{what} {error}") from error
    files_ = {name: path and path.absolute() for name, path in paths.items()}  # for processes elsewhere
    return Credentials(token, secure=secure, authorities=trusted, identity=identity, files=files_)


def _path(name: str, file: str | os.PathLike[str] | None) -> Path | None:
    found_ = file if file is not None else os.environ.get(_VARIABLES[name]) or None
    if found_ is None:
        return None
    if not isinstance(found_, (str, os.PathLike)) or not os.fspath(found_):
        raise InvalidRequestError(f"{name} must be the path of a file, not {shorten(found_)}")
    return Path(found_).expanduser()


def _source(name: str, file: str | os.PathLike[str] | None) -> str:
    """Return where a file comes from: the name of the argument, or that of its variable where just that is given."""
    variable = _VARIABLES[name]
    return variable if file is None and os.environ.get(variable) else name


def is_loopback(target: str) -> bool:
    """Return whether all addresses of a gRPC target are on this machine."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    addresses = _WITHOUT_AUTHORITY.sub("", target, count=1).split(",")
    return all(is_loopback_host(address.rpartition(":")[0].strip("[]")) for address in addresses)


def handshake_hint(details: str, *, secure: bool) -> str:
    """Word what is wrong with TLS where a connection failed for it.

    Args:
        details: What gRPC says of the connection.
        secure: Whether it was to be made with TLS.

    Returns:
        What is wrong and what would help; empty if TLS is not the problem, or gRPC does not say.
    """
    if not secure:
        return ""
    if _UNTRUSTED.search(details):
        hint = (
            "the server's certificate is not trusted: it may have expired, or ca_file (WORKFLOW_RESULTS_CA_FILE) is not"
            " its authority"
        )
    elif _MISNAMED.search(details):
        hint = "the server's certificate is for another name: use a name that is in its certificate"
    elif _PLAIN.search(details):
        hint = "the server uses plain text: omit tls=True, ca_file, cert_file and key_file"
    else:
        return ""
    return f"{hint}. gRPC reports: {details}"


def closing_hint(details: str, *, secure: bool) -> str:
    """Word what may be wrong where the other side has closed a new connection without a word, as TLS does.

    Args:
        details: As above.
        secure: As above.

    Returns:
        A sentence with the space before it; empty where it was not so.
    """
    if not _CLOSED.search(details):
        return ""
    if secure:
        return (
            " Or does it require a client certificate that has not expired, from an authority that it trusts (cert_file"
            " and key_file; WORKFLOW_RESULTS_CERT_FILE and WORKFLOW_RESULTS_KEY_FILE)?"
        )
    return (
        " Or does it require TLS? Then set ca_file= (WORKFLOW_RESULTS_CA_FILE) to the authority of its certificate, or"
        " tls=True if that is a well-known one."
    )


def telling(details: str, *, secure: bool) -> int:
    """Rate how helpful the report of a failed connection is: higher if there is a better hint.

    Args:
        details: As above.
        secure: As above.
    """
    return 2 * bool(handshake_hint(details, secure=secure)) + bool(closing_hint(details, secure=secure))
