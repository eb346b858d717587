"""What of a work that a client read as plain JSON, and sends back, is not what is stored.

Plain JSON has no words for much of BSON: a NaN comes back as null, a date as text. So a work is compared with what the
door would answer for the stored one, and what is equal then keeps its stored value, within lists and objects as well.
"""

from __future__ import annotations

import math
from typing import Any, Final

import bson

from workflow_results.common.bson_codec import decode_whole
from workflow_results_server.documents.bson_bytes import elements, made_of
from workflow_results_server.http.plain_json import text_of
from workflow_results_server.store import Difference

_NAMING: Final = frozenset({"_id", "id", "pipeline"})
_RESULTS: Final = "results"
_LOCKED: Final = "locked"
_UNLOCKED: Final = bson.encode({_LOCKED: False})
_ABSENT: Final = object()


def difference(stored: bytes, sent: bytes, locked: bool | None) -> Difference:
    """Compare a stored result with a work that is to be in its place.

    Args:
        stored: The result, as BSON.
        sent: The work, as BSON, without `results.locked`.
        locked: What that was; None where it was not sent.
    """
    (mine,), (theirs,) = decode_whole(stored), decode_whole(sent)
    my_parts, their_parts = _parts(stored), _parts(sent)
    results = mine.get(_RESULTS)
    is_locked = isinstance(results, dict) and results.get(_LOCKED) is True
    changed = {}
    for name, value in theirs.items():
        if name in _NAMING:
            continue
        old, part = mine.get(name, _ABSENT), their_parts[name]
        if name == _RESULTS and isinstance(value, dict):
            if not value and (old is None or (old is _ABSENT and locked is not None)):
                continue  # null is answered as an empty object, and nothing but the lock was sent
            value, part = _with_lock(value, part, old, my_parts.get(name, b""), locked)
        if not is_same(old, value):
            changed[name] = part if old is _ABSENT else _merged(name, my_parts[name], old, part, value)
    lock = locked if locked is not None and locked != is_locked else None
    return Difference(is_locked, made_of(changed.values()), tuple(changed), lock)


def is_same(mine: object, theirs: object) -> bool:
    """Return whether a value is what the door answers for a stored one.

    Args:
        mine: The stored value.
        theirs: What was sent.
    """
    if isinstance(mine, dict):
        if not isinstance(theirs, dict) or len(mine) != len(theirs):
            return False
        return all(name in theirs and is_same(value, theirs[name]) for name, value in mine.items())
    if isinstance(mine, list):
        return isinstance(theirs, list) and len(mine) == len(theirs) and all(map(is_same, mine, theirs))
    if mine is None or isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is theirs
    if isinstance(mine, (int, float)):
        if theirs is None:
            return not math.isfinite(mine)
        return isinstance(theirs, (int, float)) and (mine == theirs or (mine != mine and theirs != theirs))
    if isinstance(mine, str):
        return isinstance(theirs, str) and str(mine) == theirs
    return text_of(mine) == theirs


def _with_lock(
    value: dict[str, Any], part: bytes, old: object, my_part: bytes, locked: bool | None
) -> tuple[dict[str, Any], bytes]:
    """Return the `results` of a work with `locked` as it is stored: only a lock or an unlock changes that."""
    lock = b""
    if isinstance(old, dict) and _LOCKED in old:
        value = {**value, _LOCKED: old[_LOCKED]}
        lock = _parts(_inner(_RESULTS, my_part))[_LOCKED]
    elif locked is not None and not is_same(old, value):
        value = {**value, _LOCKED: False}
        lock = _parts(_UNLOCKED)[_LOCKED]
    inner = _inner(_RESULTS, part)
    return value, part[: -len(inner)] + made_of([*_parts(inner).values(), lock])


def _merged(name: str, my_part: bytes, mine: object, their_part: bytes, theirs: object) -> bytes:
    """Return the element of a work with the stored values of all in it that is the same.

    Args:
        name: The name of the element.
        my_part: The stored one, as BSON.
        mine: Its value.
        their_part: The one that was sent.
        theirs: Its value.
    """
    if isinstance(mine, dict) and isinstance(theirs, dict):
        my_values, their_values = mine, theirs
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        my_values, their_values = ({str(index): value for index, value in enumerate(each)} for each in (mine, theirs))
    else:
        return my_part if is_same(mine, theirs) else their_part
    inner = _inner(name, their_part)
    my_parts = _parts(_inner(name, my_part))
    merged = made_of(
        _merged(each, my_parts[each], my_values[each], part, their_values[each]) if each in my_parts else part
        for each, part in _parts(inner).items()
    )
    return their_part[: -len(inner)] + merged


def _parts(document: bytes) -> dict[str, bytes]:
    return {each.name.decode(): document[each.start : each.end] for each in elements(document)}


def _inner(name: str, part: bytes) -> bytes:
    """Return the document or the array that is the value of an element."""
    return part[len(name.encode()) + 2 :]
