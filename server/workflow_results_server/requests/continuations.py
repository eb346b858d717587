"""Where streams and pages of a history stand, as tokens that belong to their requests.

A token begins with a digest of what was asked for, so that with another request it is refused, where it would give
wrong results without a word. It holds no secret: it is there against mistakes, and good at every server.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

import bson
from bson.timestamp import Timestamp

from workflow_results.common import rules
from workflow_results.common.bson_codec import OPTIONS
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.store import Expired, Place

if TYPE_CHECKING:
    from collections.abc import Collection

    from workflow_results_server.store import Selection

_DIGEST_BYTES: Final = 8
_COUNT_BYTES: Final = 8
_HEAD_BYTES: Final = _DIGEST_BYTES + _COUNT_BYTES
_MOST_BYTES: Final = _HEAD_BYTES + 4 * rules.ID_LENGTH
_WATCH_BYTES: Final = 16 * rules.KIB
"""MongoDB's tokens hold an id, which what is no result may have at any length. Those are left out."""
_MOST_COUNT: Final = rules.INT64_MAX // 2
"""More than any stream sends, with room for what one sends behind it."""
_PAGE_TOKEN: Final = re.compile(f"([0-9a-f]{{{2 * _DIGEST_BYTES}}})([0-9a-f]{{8}})([0-9a-f]{{8}})")
_PROBLEM: Final = "must be a token that this service returned for the same request"


class ReadTokens:
    """The resume tokens of a request that reads: a digest of it, the number of results so far, and the last id.

    Args:
        method: The RPC.
        pipeline: The pipeline.
        selection: What the stream reads from its beginning, as checked: so that its form, or a limit that is
            given or left out, makes no difference.
    """

    def __init__(self, method: str, pipeline: str, selection: Selection) -> None:
        asked = {
            "method": method,
            "pipeline": pipeline,
            "filter": selection.filter,
            "projection": selection.projection,
            "skip": selection.skip,
            "limit": selection.limit,
        }
        self._digest = _digest(bson.encode(asked, codec_options=OPTIONS))
        self._selection = selection

    def behind(self, last: str, count: int) -> bytes:
        """Return the token for a stream that is at the id `last`, after `count` results."""
        return self._digest + count.to_bytes(_COUNT_BYTES, "big") + last.encode()

    def resumed(self, token: bytes) -> tuple[Selection, int]:
        """Go on where a stream broke.

        Args:
            token: From `behind`; empty for a new stream.

        Returns:
            What is left to read, and how many results were read before.

        Raises:
            InvalidRequest: It is none of the request's tokens.
        """
        if not token:
            return self._selection, 0
        try:
            last = token[_HEAD_BYTES:_MOST_BYTES].decode()
        except UnicodeDecodeError:
            last = ""
        count = int.from_bytes(token[_DIGEST_BYTES:_HEAD_BYTES], "big")
        most = _MOST_COUNT if self._selection.limit is None else min(self._selection.limit, _MOST_COUNT)
        fits = token.startswith(self._digest) and len(token) <= _MOST_BYTES and 1 <= count <= most
        if not fits or rules.id_problem(last):
            raise unknown_token()
        return self._selection.rest(last, count), count


class WatchTokens:
    """The resume tokens of a watch: a digest of it, the place in MongoDB's stream, and how far its snapshot has come.

    Args:
        database: What tells the database from others.
        pipelines: The pipelines that are watched.
        filter_: The filter, as checked.
        projection: The projection, as checked.
    """

    def __init__(
        self, database: bytes, pipelines: Collection[str], filter_: dict[str, Any], projection: dict[str, Any]
    ) -> None:
        asked = {"pipelines": sorted(pipelines), "filter": filter_, "projection": projection}
        self._digest = _digest(bson.encode(asked, codec_options=OPTIONS))
        self._database = database

    def behind(self, place: Place) -> bytes:
        """Return the token for a watch that is at a place; empty for one that would be too long."""
        token = bson.encode({"database": self._database, "token": place.token, "read": place.read})
        return b"" if len(token) > _WATCH_BYTES else self._digest + token

    def resumed(self, token: bytes) -> Place | None:
        """Return the place where a watch goes on; None for a new one.

        Raises:
            Expired: It is one of another database.
            InvalidRequest: The token is none of the request's.
        """
        if not token:
            return None
        if not token.startswith(self._digest) or len(token) > _DIGEST_BYTES + _WATCH_BYTES:
            raise unknown_token()
        try:
            fields = bson.decode(token[_DIGEST_BYTES:])
            database = fields.pop("database")
            place = _place(**fields)
        except (bson.errors.BSONError, KeyError, TypeError, ValueError):
            raise unknown_token() from None
        if database != self._database:
            raise Expired
        return place


def _place(*, token: bytes, read: list[str] | None) -> Place:
    """Check what is in a token.

    Raises:
        ValueError: It can't be in one.
    """
    if not isinstance(token, bytes):
        raise ValueError
    if read is None:
        return Place(token)
    pipeline, last = read
    if (pipeline and rules.pipeline_problem(pipeline)) or not isinstance(last, str):
        raise ValueError
    return Place(token, (pipeline, last))


def unknown_token() -> InvalidRequest:
    """Return the error for a resume token that is none of the request's."""
    return InvalidRequest("resume_token", _PROBLEM)


class PageTokens:
    """The page tokens of a request for a history: a digest of it, and the place of the last entry.

    Args:
        pipeline: The pipeline.
        id_: The id of the result.
    """

    def __init__(self, pipeline: str, id_: str) -> None:
        self._digest = _digest(f"{pipeline}\0{id_}".encode()).hex()

    def behind(self, last: Timestamp) -> str:
        """Return the token for a page that ends with the entry at `last`."""
        return f"{self._digest}{last.time:08x}{last.inc:08x}"

    def place(self, token: str) -> Timestamp | None:
        """Return the place behind which a page begins; None stands for the beginning of the history.

        Raises:
            InvalidRequest: It is none of the request's tokens.
        """
        if not token:
            return None
        match = _PAGE_TOKEN.fullmatch(token)
        if not match or match[1] != self._digest:
            raise InvalidRequest("page_token", _PROBLEM)
        return Timestamp(int(match[2], 16), int(match[3], 16))


def _digest(asked: bytes) -> bytes:
    return hashlib.sha256(asked).digest()[:_DIGEST_BYTES]
