"""Requests to the HTTP door, as the standard library sends them."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.support.launcher import Service
from tests.support.waiting import PATIENCE


def ask(
    door: Service,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> tuple[int, Any, dict[str, str]]:
    """Send a request; return the status, what the JSON of the answer says, and its headers."""
    where = urlsplit(door.http).netloc
    connection = (
        http.client.HTTPSConnection(where, timeout=PATIENCE, context=tls)
        if tls
        else http.client.HTTPConnection(where, timeout=PATIENCE)
    )
    connection.request(method, path, body or None, headers or {})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, json.loads(data) if data else None, {k.lower(): v for k, v in response.getheaders()}


def ask_json(door: Service, method: str, path: str, value: Any) -> tuple[int, Any]:
    """Send a request with a value as JSON, or with bytes; return the status and what the answer says."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    status, answer, _ = ask(door, method, path, body)
    return status, answer
