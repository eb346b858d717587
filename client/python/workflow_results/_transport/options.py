"""The options of gRPC's channels."""

from __future__ import annotations

import json
from typing import Final

from workflow_results._transport.credentials import is_loopback
from workflow_results.common import rules

_ALWAYS: Final = (
    ("grpc.max_send_message_length", rules.MESSAGE_BYTES),
    ("grpc.max_receive_message_length", rules.RESPONSE_BYTES),
    # A name with several addresses is several servers: calls go to each in turn, and to those that are left.
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    # What comes next is received while a batch is decoded.
    ("grpc.http2.lookahead_bytes", 2 * rules.BATCH_BYTES),
    # A connection that broke without a word is noticed within a minute, also between calls and under a long scan.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A server that comes back is found within two seconds.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Each channel has connections of its own: so that a further one has room for further calls, and that closing one,
    # or losing one in a fork, concerns no other.
    ("grpc.use_local_subchannel_pool", 1),
    # Retries are ours: gRPC's own silently end at 256 KiB and after five attempts.
    ("grpc.enable_retries", 0),
    # Streams are read by the thread that asks for the next part, without one of gRPC's own that a fork could not stop.
    ("SingleThreadedUnaryStream", 1),
)
_FURTHER: Final = (("grpc.client_idle_timeout_ms", 60_000),)
"""A connection that was only needed while others were full is given up when nothing has used it for a minute."""


def channel_options(target: str, *, further: bool) -> tuple[tuple[str, int | str], ...]:
    """Return the options of a channel.

    Args:
        target: The gRPC target.
        further: Whether it is one that is only needed while others are full.
    """
    return (*_ALWAYS, *(_FURTHER if further else ()), *_proxy_option(target))


def _proxy_option(target: str) -> tuple[tuple[str, int], ...]:
    """Keep calls within this machine away from a proxy, which gRPC would use even for them."""
    return (("grpc.enable_http_proxy", 0),) if is_loopback(target) else ()
