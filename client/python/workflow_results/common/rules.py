"""The names and limits that client and server check alike, and how a breach is explained.

Each `…_problem` function returns None for a good value, else what is wrong and what would be right, worded to follow
the path of the value: ``f"{path} {problem}"``.
"""

from __future__ import annotations

import functools
import re
import reprlib
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from workflow_results.common.reasons import Reason

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

MESSAGE_BYTES: Final = 32 * MIB
"""The largest request that a server accepts."""
RESPONSE_BYTES: Final = 17 * MIB
"""The largest response that a client must accept: one result of 16 MiB and what is around it."""
WORK_BYTES: Final = 16 * MIB - 16 * KIB
"""The largest work, in bytes of BSON: MongoDB's limit, less room for what a lock and an `_id` add."""
WORK_DEPTH: Final = 100
"""The most levels of documents and arrays in a work (MongoDB's documented limit of nesting)."""
PIPELINE_LENGTH: Final = 128
ID_LENGTH: Final = 128
TRANSACTION_RESULTS: Final = 100_000
"""The most ids or works in one all-or-nothing request."""
REQUEST_WORKS: Final = 100_000
"""The most works in one request."""
RANKED_RESULTS: Final = 10_000
"""The most results of a Top."""
BATCH_BYTES: Final = MIB
"""What a batch of results aims at."""
REASON_LENGTH: Final = 1_000
STATUSES: Final = ("success", "failure")
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

_MARKS: Final = frozenset(" '\"\\,;()")
"""With these, a name could look like what stands around it."""
_SHORT: Final = reprlib.Repr()
"""Looks at the beginning of large values alone."""
_SHORT.maxlevel = 3
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 1_000
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = 10

_BSON_TYPES: Final = {
    "NoneType": "null",
    "str": "string",
    "float": "double",
    "list": "array",
    "tuple": "array",
    "dict": "document",
    "bytes": "binary",
    "Binary": "binary",
    "Int64": "long",
    "Decimal128": "decimal",
    "datetime": "date",
    "DatetimeMS": "date",
    "ObjectId": "objectId",
    "Pattern": "regular expression",
    "Regex": "regular expression",
    "Code": "JavaScript",
    "Timestamp": "timestamp",
    "MinKey": "minKey",
    "MaxKey": "maxKey",
    "Symbol": "symbol",
    "Undefined": "undefined",
}
"""The BSON types by the names of their classes in Python; other types keep their names."""

_REQUEST_ID = re.compile(r"[!-~]{1,64}")
_PIPELINE = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]{0,127}")
"""A name that begins with '_' would be that of a collection of the service itself."""


def pipeline_problem(pipeline: object) -> str | None:
    """Explain what is wrong with the name of a pipeline, if anything is."""
    if not isinstance(pipeline, str) or pipeline.__hash__ is None:  # bson.Code is a string that can't be hashed
        return f"must be a string, not {type_name(pipeline)}"
    if len(pipeline) > PIPELINE_LENGTH or not _is_pipeline(pipeline):
        allowed = f"1 to {PIPELINE_LENGTH} ASCII letters, digits, hyphens and (not first) underscores"
        return f"must be {allowed}, not {shorten(pipeline)}"
    return None


@functools.lru_cache(maxsize=1024)
def _is_pipeline(name: str) -> bool:
    return _PIPELINE.fullmatch(name) is not None


def id_problem(id_: object) -> str | None:
    """Explain what is wrong with the id of a work, if anything is."""
    if not isinstance(id_, str) or id_.__hash__ is None:  # bson.Code is a string that can't be hashed
        return f"must be a string, not {type_name(id_)}"
    if not 1 <= len(id_) <= ID_LENGTH:
        return f"must have 1 to {ID_LENGTH} characters, not {len(id_)}"
    return _unicode_problem(id_)


def _unicode_problem(text: str) -> str | None:
    if "\0" in text:
        return "must not contain the character NUL"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "must be valid Unicode, without lone surrogates"
    return None


def field_problem(name: str) -> str | None:
    """Explain what is wrong with the name of a top-level field, if anything is."""
    if not name:
        return "must not be empty"
    if name.startswith("$"):
        return "must not start with '$'"
    if "." in name:
        return "must not contain '.'"
    return None


def path_problem(path: object) -> str | None:
    """Explain what is wrong with the path of a field, if anything is."""
    if not isinstance(path, str):
        return f"must be the path of a field like 'results.snr', not {shorten(path)}"
    components = path.split(".", WORK_DEPTH)
    if len(components) > WORK_DEPTH:
        return f"must be a field path of at most {WORK_DEPTH} components"
    if not all(components):
        return "must be a field path, of which no component is empty"
    if any(component.startswith("$") for component in components):
        return "must be a field path, of which no component starts with '$'"
    return _unicode_problem(path)


def has_number(path: str) -> bool:
    """Return whether a component of a path is a number.

    MongoDB's filters and indexes also take it for the position of an element in a list, its expressions do not.
    """
    return any(component.isascii() and component.isdigit() for component in path.split("."))


def reason_problem(reason: object) -> str | None:
    """Explain what is wrong with the reason of a change, if anything is."""
    if not isinstance(reason, str):
        return f"must be a string, not {type_name(reason)}"
    if len(reason) > REASON_LENGTH:
        return f"must have at most {REASON_LENGTH:,} characters, not {len(reason):,}"
    return _unicode_problem(reason)


def request_id_problem(request_id: object) -> str | None:
    """Explain what is wrong with the id of a request, if anything is."""
    if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
        return f"must be 1 to 64 visible ASCII characters, not {shorten(request_id)}"
    return None


def type_name(value: object) -> str:
    """Name the type of a value in the terms of BSON, which clients in every language know."""
    name = type(value).__name__
    return _BSON_TYPES.get(name, name)


def shorten(value: object, length: int = 60) -> str:
    """Return the repr of a value on one line, cut where it would make a message unreadable."""
    try:
        if isinstance(value, (str, bytes, bytearray)):
            value = value[:length]
        shown = _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - of values of any kind; and long ints have no repr at all
        shown = f"<{type(value).__name__}>"
    return cut(visible(shown), length)


def visible(text: str) -> str:
    """Escape what would not be seen in a message, or would change what is seen around it.

    That is each line end, control character (as of terminals), mark of the direction of text, and lone surrogate.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def quoted(text: str) -> str:
    """Return an id, or another name that callers choose, as messages show it: in quotes unless it is a plain word."""
    return text if text and text.isprintable() and not _MARKS.intersection(text) else repr(str.__str__(text))


def cut(text: str, length: int) -> str:
    """Cut a text that is longer."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


class Problem(NamedTuple):
    """What is wrong with a work."""

    path: str
    """The path of the value within the work; empty for the work itself."""
    reason: Reason
    """Which rule it breaks."""
    message: str
    """What is wrong and what would be right, worded to follow the path."""


_known_fields: set[str] = set()
"""Names that were found good before, so that most works are checked by one comparison of sets. Callers decide what they
are, so only some short ones are kept, which take 4 MB at most, and others take their places."""
_KNOWN_MOST: Final = 10_000
_KNOWN_LENGTH: Final = 64


def work_problem(work: Mapping[Any, Any], *, partial: bool = False) -> Problem | None:
    """Find the first rule that a work breaks.

    Args:
        work: The work.
        partial: Whether it holds just the fields of an update, and so may leave out its status.

    Returns:
        What is wrong, or None.
    """
    if problem := pipeline_problem(work.get("pipeline")):
        return Problem("pipeline", Reason.INVALID_WORK, problem)
    id_ = work.get("id")
    if problem := id_problem(id_):
        return Problem("id", Reason.INVALID_WORK, problem)
    if work.get("_id", id_) != id_:
        return Problem("_id", Reason.INVALID_WORK, "must be left out or equal the id")
    status = work.get("status")
    if not (isinstance(status, str) and status in STATUSES) and not (partial and "status" not in work):
        given = shorten(status) if isinstance(status, str) else type_name(status)
        return Problem("status", Reason.INVALID_STATUS, f"must be 'success' or 'failure', not {given}")
    results = work.get("results")
    if results is not None:
        if type(results) is not dict and not isinstance(results, Mapping):  # which takes longer
            return Problem("results", Reason.INVALID_WORK, f"must be null or a document, not {type_name(results)}")
        locked = results.get("locked", False)
        if not isinstance(locked, bool) and type(locked).__name__ not in ("bool_", "bool"):  # as of numpy
            return Problem("results.locked", Reason.INVALID_WORK, f"must be a bool, not {type_name(locked)}")
        if partial and locked:
            return Problem("results.locked", Reason.LOCK_STATE, "must not be true in an update: use Lock")
    if not work.keys() <= _known_fields:
        for name in work:
            if isinstance(name, str) and (problem := field_problem(name)):
                return Problem(f"[{shorten(name)}]", Reason.INVALID_WORK, f"is a field name that {problem}")
        _remember(work)
    return None


def _remember(names: Iterable[Any]) -> None:
    """Keep good names of fields, so that they need not be looked at again."""
    strings = (name for name in names if isinstance(name, str) and len(name) <= _KNOWN_LENGTH)
    short = list(islice(strings, _KNOWN_MOST))
    if len(_known_fields) + len(short) > _KNOWN_MOST:
        _known_fields.clear()
    _known_fields.update(short)
