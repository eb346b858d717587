"""Ports to listen on."""

from __future__ import annotations

import socket

from workflow_results_server.settings import SettingsError


def bound(host: str, port: int, *, share: bool = False) -> socket.socket:
    """Bind a socket, without listening.

    Args:
        host: An address of this machine, or a name of one.
        port: The port; 0 for any free one.
        share: Whether other processes may bind it as well.

    Raises:
        SettingsError: It can't be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio looks at the protocol before it sets TCP_NODELAY, without which small answers wait for 40 ms.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if share else socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise SettingsError(f"can't listen on {address(host, port)}: {error.strerror}") from error
    return made


def url(host: str, port: int, *, tls: bool) -> str:
    """Return the address of a port that speaks HTTP."""
    return f"{'https' if tls else 'http'}://{address(host, port)}"


def address(host: str, port: int) -> str:
    """Join host and port, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
