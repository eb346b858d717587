"""What one peer may take of a server before anything is known about it, in terms of gRPC's channel arguments.

What a request may hold is limited where it is checked; docs/evidence/hostile-input.md lists all limits.
"""

from __future__ import annotations

import resource
from typing import Final

CONCURRENT_STREAMS: Final = 100
"""The most calls of a connection at a time, the least that RFC 9113 recommends; further ones wait at the client.

gRPC counts a call until it is forgotten, not until its peer resets it, so that this bounds a rapid reset, too.
"""
PENDING_CALLS: Final = 10_000
"""How many calls may wait for Python; beyond that gRPC cancels some at random, whoever's they are. Its own 1,000 are
what ten connections can send at once."""
HANDSHAKE_SECONDS: Final = 20
"""How long a new connection may take until it speaks HTTP/2."""
METADATA_BYTES: Final = 16_384
"""The most metadata of a call, as gRPC counts it: with 32 bytes for each header."""

_RESERVED_FILES: Final = 256
"""Open files for what is no connection of a client: MongoDB, logs, modules."""


def channel_options(max_connections: int) -> list[tuple[str, int]]:
    """Return the channel arguments that bound what a peer may take.

    Args:
        max_connections: The most connections at a time; 0 for as many as the open files of this process allow.
    """
    return [
        ("grpc.max_concurrent_streams", CONCURRENT_STREAMS),
        ("grpc.server.max_pending_requests", PENDING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", 2 * PENDING_CALLS),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_SECONDS * 1000),
        ("grpc.max_metadata_size", METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", METADATA_BYTES),
        ("grpc.max_allowed_incoming_connections", max_connections or connections_by_files()),
    ]


def connections_by_files() -> int:
    """Leave files to MongoDB: a server whose clients hold all of them can't reach it any more."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**31 - 1 if soft == resource.RLIM_INFINITY else max(soft - _RESERVED_FILES, soft // 2)
