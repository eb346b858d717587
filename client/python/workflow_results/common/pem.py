"""Certificates and keys as PEM files, checked when they are read; for the client and for the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow_results.common.files import check_regular

if TYPE_CHECKING:
    from pathlib import Path


def authorities(path: Path) -> bytes:
    """Read the certificates of certificate authorities.

    Args:
        path: The file.

    Returns:
        Its content.

    Raises:
        ValueError: It can't be read, or holds no certificate; the message is worded to follow what names the file.
    """
    import ssl  # here, since most clients need none

    try:
        check_regular(path)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        return path.read_bytes()
    except ssl.SSLError:
        raise ValueError(f"must contain certificates as PEM: {path}") from None
    except OSError as error:
        raise ValueError(f"can't be read: {path}: {error.strerror}") from error


def identity(certificate: Path, key: Path) -> tuple[bytes, bytes]:
    """Read a certificate, with what leads to its authority, and its key.

    Args:
        certificate: The file of the certificate.
        key: The file of the key.

    Returns:
        The content of both.

    Raises:
        ValueError: One can't be read, or they don't belong together.
    """
    import ssl

    contents = []
    for path in (certificate, key):
        try:
            check_regular(path)
            contents.append(path.read_bytes())
        except OSError as error:
            raise ValueError(f"can't be read: {path}: {error.strerror}") from error
    try:
        # An empty password, so that nobody is asked for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError):
        message = f"must be a certificate and its key, without a password, as PEM: {certificate}, {key}"
        raise ValueError(message) from None
    return contents[0], contents[1]
