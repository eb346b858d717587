"""Requests of the dashboard's page, as a browser sends them."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.support.launcher import Service
from tests.support.waiting import PATIENCE


@dataclass
class Answered:
    """What the door has answered.

    Attributes:
        status: The status code.
        headers: The headers, their names in lower case.
        body: The body.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """The body as lines of JSON."""
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def reason(self) -> str:
        """Why a request was refused."""
        return str(self.json["reason"])


class Browser:
    """Sends requests as the page does.

    Args:
        door: The server.
        token: The token in its cookie; empty for none.
    """

    def __init__(self, door: Service, token: str = "") -> None:
        self.host = urlsplit(door.http).netloc
        self.cookie = f"workflow-results-{self.host.rpartition(':')[2]}={token}" if token else ""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answered:
        """Send a request; a body that is no bytes is sent as JSON, and `_` in names of headers stands for `-`."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        own = {
            "origin": f"http://{self.host}",
            "sec-fetch-site": "same-origin",
            **({"cookie": self.cookie} if self.cookie else {}),
        }
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
        try:
            connection.request(method, path, data, {**own, **given})
            response = connection.getresponse()
            answered = {name.lower(): value for name, value in response.getheaders()}
            return Answered(response.status, answered, response.read())
        finally:
            connection.close()

    def ask(self, path: str, **asked: Any) -> Answered:
        """Post a JSON object below `/ui/api/`."""
        return self.send("POST", f"/ui/api/{path}", asked)

    def get(self, path: str) -> Answered:
        """Get something."""
        return self.send("GET", path)
