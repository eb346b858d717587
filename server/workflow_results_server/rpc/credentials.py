"""What callers show of themselves with a call: a token in its metadata, or the certificate of its connection."""

from __future__ import annotations

import base64
import functools
import re
from typing import TYPE_CHECKING, Final

from workflow_results.common.rules import KIB
from workflow_results_server.access.policy import Credentials
from workflow_results_server.access.tokens import bearer

if TYPE_CHECKING:
    from workflow_results_server.rpc.interceptors.call import Context, Headers

_NAMES: Final = ("x509_subject_alternative_name", "x509_common_name")
"""Where gRPC puts the names of a client certificate, which it has verified, in the order in which they count."""
_CERTIFICATE: Final = "x509_pem_cert"
_REMEMBERED_BYTES: Final = 8 * KIB
"""The largest certificate whose names are remembered; most have 2 KiB."""
_STRING_HEADER: Final = re.compile(rb"[\x0c-\x1e\x81\x82\x86](?:[\0-\x7f]|\x81.|\x82..)\Z", re.DOTALL)
"""The tag and the length of a string in DER, at the end of what is looked at."""
_ENCODINGS: Final = ("utf-8", "latin-1", "utf-16-be", "utf-32-be")
"""Those of the strings in certificates."""


def shown(headers: Headers, context: Context, *, certificates: bool) -> Credentials:
    """Return the hash of the token that a caller has sent, if it has; else the names of its certificate.

    Args:
        headers: The metadata of the call.
        context: gRPC's side of the call.
        certificates: Whether clients show certificates.
    """
    for key, value in headers:
        if key == "authorization":
            return Credentials(bearer(str(value)))
    if not certificates:
        return Credentials(None)
    attributes = context.auth_context()
    names = [name for key in _NAMES for name in attributes.get(key, ())]
    (certificate,) = attributes.get(_CERTIFICATE) or (b"",)
    whole_names = _whole_names if len(certificate) <= _REMEMBERED_BYTES else _whole_names.__wrapped__
    return Credentials(None, whole_names(certificate, *names))


@functools.lru_cache(maxsize=1024)
def _whole_names(certificate: bytes, *names: bytes) -> list[str]:
    """Return the names of a certificate, of which gRPC for Python shows no more than what stands before a NUL.

    Else who gets a certificate for `admin<NUL>.example.org` from an authority would be `admin`. A name that was cut is
    given its NUL back, with which it is that of no caller.
    """
    encoded = b"".join(line for line in certificate.splitlines() if not line.startswith(b"-----"))
    content = base64.b64decode(encoded)
    given = []
    for name in (name.decode(errors="surrogateescape") for name in names):
        was_cut = any(_string(name, encoding, content) for encoding in _ENCODINGS)
        given.append(f"{name}\0" if was_cut else name)
    return given


def _string(name: str, encoding: str, content: bytes) -> bool:
    """Look for a longer string in DER that begins with a name and a NUL: behind its tag and its length."""
    try:
        beginning = f"{name}\0".encode(encoding)
    except UnicodeEncodeError:
        return False
    at = content.find(beginning)
    while at >= 0:
        if _STRING_HEADER.search(content, max(0, at - 4), at):
            return True
        at = content.find(beginning, at + 1)
    return False
