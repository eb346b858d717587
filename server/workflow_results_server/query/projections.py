"""The projections that callers may send: fields to include or to leave out, and parts of lists."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Final

from workflow_results.common.rules import MIB
from workflow_results_server.query.expressions import Place, as_integer, check_encodable, check_field_path, clip
from workflow_results_server.query.filters import checked_element_match

PROJECTION_BYTES: Final = MIB
"""The largest projection: with the largest filter it fits into one command of MongoDB's 16 MiB."""
SLICE_MAX: Final = 2**31 - 1
"""The largest number of elements in `$slice`, which MongoDB reads as a 32-bit integer."""

_FORMS: Final = 'true or 1, false or 0, {"$slice": …} or {"$elemMatch": …}'


def checked_projection(projection: Mapping[str, Any]) -> dict[str, Any]:
    """Check a projection and give what MongoDB is asked.

    MongoDB's answer always holds `_id`, by which streams are resumed; it can't be left out here.

    Args:
        projection: The projection, a decoded BSON document. It is not changed.

    Returns:
        A projection that shows the same fields, and `_id`.

    Raises:
        QueryError: The projection is not supported, with the path of what is at fault: ``projection.dm``.
    """
    place = Place("projection")
    checked: dict[str, Any] = {}
    including: bool | None = None
    for field, at, value in place.fields(projection):
        _check_field(field, at)
        checked[field] = shown = _checked_value(field, value, at)
        # Only `_id` may be left out beside included fields, or included beside those left out.
        if isinstance(shown, bool) and field != "_id":
            if including is not None and including != shown:
                raise at.error("fields must be either all included or all excluded")
            including = shown
    check_encodable(checked, place, PROJECTION_BYTES)
    _check_collisions(checked, place)
    if checked.get("_id") is False:
        del checked["_id"]
    return checked


def _check_field(field: str, place: Place) -> None:
    if field.endswith(".$"):
        raise place.error('the positional $ is not supported; use {"$elemMatch": …}')
    check_field_path(field, place)
    if field.startswith("_id."):
        raise place.error("_id is a string and has no fields")


def _checked_value(field: str, value: object, place: Place) -> bool | dict[str, Any]:
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return bool(value)
    if field == "_id":
        raise place.error("must be true or 1, false or 0")
    if not isinstance(value, Mapping):
        raise place.error(f"must be {_FORMS}")
    if not any(str(key).startswith("$") for key in value):
        raise place.error(f'must not be nested; a field inside another is "{clip(field)}.name"')
    if len(value) != 1:
        raise place.error("must have exactly one of $slice and $elemMatch")
    [(operator, at, operand)] = place.fields(value)
    if operator == "$slice":
        return {operator: _checked_slice(operand, at)}
    if operator == "$elemMatch":
        if "." in field:
            raise at.error("must be for a field at the top level, not for a field inside another")
        return {operator: checked_element_match(operand, at)}
    raise at.unsupported(operator, ("$slice", "$elemMatch"))


def _checked_slice(operand: object, place: Place) -> int | list[int]:
    if not isinstance(operand, (list, tuple)):
        return _slice_number(operand, place)
    numbers = [_slice_number(number, at) for at, number in place.elements(operand)]
    # MongoDB takes any other list for the $slice of its aggregation language, where strings name fields.
    if len(numbers) != 2 or numbers[1] <= 0:
        raise place.error("must be a number, or [number to skip, number to show] with at least 1 to show")
    return numbers


def _slice_number(value: object, place: Place) -> int:
    number = as_integer(value)
    if number is None or not -SLICE_MAX <= number <= SLICE_MAX:
        raise place.error(f"must be an integer from {-SLICE_MAX:,} to {SLICE_MAX:,}")
    return number


def _check_collisions(fields: Mapping[str, Any], place: Place) -> None:
    for field in fields:
        for parent in accumulate(field.split(".")[:-1], "{}.{}".format):
            if parent in fields:
                collision = f"{clip(parent)} and {clip(field)} collide"
                raise place.error(f"{collision}; name either a field or its parts")
