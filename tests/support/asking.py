"""Requests to the HTTP door, as the standard library sends them."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tests.support.launcher import Service


def ask(door: Service, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, dict[str, str]]:
    """Send a request; return the status, what the JSON of the answer says, and its headers."""
    connection = http.client.HTTPConnection(urlsplit(door.http).netloc, timeout=60)
    connection.request(method, path, body or None, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, json.loads(data) if data else None, {k.lower(): v for k, v in response.getheaders()}
