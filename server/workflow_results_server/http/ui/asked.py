"""What the page asks for: JSON objects, whose fields are checked where they are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.requests import fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow_results_server.http.requests import Call

_MOST_BYTES: Final = 4 * rules.MIB
"""A large query, and room for the quotes in it."""
_MOST_FIELDS: Final = 500
_FORM: Final = b"request="
"""How a form with that field begins, which no JSON does."""


class Asked:
    """A request of the page.

    Args:
        values: Its fields.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    @classmethod
    async def of(cls, call: Call) -> Asked:
        """Receive the body: JSON, or a form whose field `request` holds it, so that browsers save what is answered.

        Raises:
            HttpError: It is too large, or comes too slowly.
            InvalidRequest: It is no JSON object.
        """
        body = await call.body(_MOST_BYTES)
        try:
            if body.startswith(_FORM):
                body = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=2)["request"][0].encode()
            values = json.loads(body)
        except (KeyError, ValueError, RecursionError):
            raise InvalidRequest("body", "must be JSON", Reason.MALFORMED_REQUEST) from None
        if not isinstance(values, dict):
            raise InvalidRequest("body", "must be a JSON object", Reason.MALFORMED_REQUEST)
        return cls(values)

    @classmethod
    def of_url(cls, call: Call) -> Asked:
        """Read the parameters of the URL, of which each may stand there once."""
        try:
            given = parse_qs(call.query.decode(), keep_blank_values=True, errors="strict", max_num_fields=20)
        except ValueError:
            raise InvalidRequest("the URL", "must hold UTF-8, and few parameters", Reason.MALFORMED_REQUEST) from None
        return cls({name: values[-1] for name, values in given.items()})

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text.

        Raises:
            InvalidRequest: It is none, or missing without a default.
        """
        value = self._values.get(name, default)
        if not _is_text(value):
            raise InvalidRequest(name, "must be a string")
        return str(value)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number.

        Raises:
            InvalidRequest: It is none, or out of bounds.
        """
        value = self._values.get(name, default)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(most)):
            value = int(value)  # of a URL
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidRequest(name, f"must be a whole number from {least:,} to {most:,}")
        return value

    def flag(self, name: str) -> bool:
        """Return a bool; false where it is missing.

        Raises:
            InvalidRequest: It is none.
        """
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise InvalidRequest(name, "must be true or false")
        return value

    def texts(self, name: str, most: int) -> list[str]:
        """Return a list of texts.

        Raises:
            InvalidRequest: It is none, or has too many.
        """
        values = self._values.get(name, [])
        if not isinstance(values, list) or not all(map(_is_text, values)):
            raise InvalidRequest(name, "must be a list of strings")
        if len(values) > most:
            raise InvalidRequest(name, f"must be at most {most:,}, not {len(values):,}")
        return values

    def pipeline(self) -> str:
        """Return the pipeline.

        Raises:
            InvalidRequest: There is none, or it breaks the rules.
        """
        return fields.pipeline(self.text("pipeline"))

    def paths(self, name: str = "fields") -> list[str]:
        """Return paths of fields.

        Raises:
            InvalidRequest: One breaks the rules, or there are too many.
        """
        paths = self.texts(name, _MOST_FIELDS)
        for at, path in enumerate(paths):
            if problem := rules.path_problem(path):
                raise InvalidRequest(f"{name}[{at}]", problem)
        return paths

    async def query(self) -> dict[str, Any]:
        """Return the filter: Extended JSON as text, so that what is written wrong is found at its place.

        Raises:
            InvalidRequest: It is none, or holds what is not supported.
        """
        return await fields.query(pb.EncodedDocument(json=self.text("query", "") or "{}"))


def _is_text(value: object) -> bool:
    """Return whether a value is a text that can be encoded: JSON can hold halves of characters, lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


async def projection_of(paths: Sequence[str]) -> dict[str, Any]:
    """Return the projection for some fields and the id; a field within another one goes without saying.

    Raises:
        InvalidRequest: MongoDB could not show one of them.
    """
    wanted = {"id", *paths}
    within = {path for path in wanted if any(path.startswith(f"{other}.") for other in wanted)}
    projection = dict.fromkeys((path for path in ("id", *paths) if path not in within), True)
    return await fields.projection(pb.EncodedDocument(json=json.dumps(projection)))
