"""Types of columns: as given, as inferred, and as values are converted to them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.types as is_
from bson import Decimal128, ObjectId

from workflow_results.errors import ResultsError
from workflow_results.frames.observation import (
    BOOL,
    BYTES,
    DECIMAL,
    DOCUMENT,
    ELEMENT,
    FLOAT,
    INT,
    LIST,
    NULL,
    OBJECT_ID,
    TEXT,
    TIME,
    UUID,
)

if TYPE_CHECKING:
    from workflow_results.frames.observation import Node, Wanted

BECOME_TEXTS: Final = frozenset({uuid.UUID, ObjectId, Decimal128})
MILLISECONDS: Final = pa.timestamp("ms", "UTC")
KIND: Final = b"bson"
"""In the metadata of a field: what its values were before they became strings or bytes."""
AS_TEXT: Final = frozenset({UUID, OBJECT_ID, DECIMAL})
"""The kinds that become strings."""
_SIMPLE: Final = {
    NULL: pa.null(),
    BOOL: pa.bool_(),
    INT: pa.int64(),
    FLOAT: pa.float64(),
    TEXT: pa.string(),
    TIME: MILLISECONDS,
    BYTES: pa.binary(),
}
_NAMES: Final = {UUID: b"uuid", OBJECT_ID: b"objectId", DECIMAL: b"decimal"}


def is_list(type_: Any) -> bool:
    """Report whether a type is one of lists."""
    return bool(is_.is_list(type_) or is_.is_large_list(type_) or is_.is_fixed_size_list(type_))


def list_of(type_: Any, element: Any) -> Any:
    """Return the type of lists like those of another type, with another type of elements."""
    return pa.list_(type_.value_field.with_type(element))


def inferred(node: Node, *, empty_documents: bool) -> Any:
    """Return the field that holds all values of a place.

    Args:
        node: The place.
        empty_documents: Whether documents may be empty in all results; else such a place is left out.

    Returns:
        A field with the name of the place, or None where it is left out.

    Raises:
        ResultsError: No type holds all of them.
    """
    name = node.path.rpartition(".")[2]
    kinds = node.kinds.keys() - {NULL}
    if {INT, FLOAT} == kinds:
        return pa.field(name, pa.float64())
    if len(kinds) > 1:
        (one, first), (other, second) = list({kind: node.kinds[kind] for kind in sorted(kinds)}.items())[:2]
        raise ResultsError(
            f"{node.path} is {one} in result {first!r} and {other} in result {second!r}, and no type of column holds"
            " both: leave the field out with a projection"
        )
    kind = next(iter(kinds), NULL)
    if kind == DOCUMENT:
        fields = [
            found.with_name(key)
            for key, each in node.fields.items()
            if (found := inferred(each, empty_documents=empty_documents)) is not None
        ]
        return pa.field(name, pa.struct(fields)) if fields or empty_documents else None
    if kind == LIST:
        element = (
            inferred(node.element, empty_documents=empty_documents)
            if node.element is not None
            else pa.field("item", pa.null())
        )
        return None if element is None else pa.field(name, pa.list_(element.with_name("item")))
    if kind in AS_TEXT:
        return pa.field(name, pa.string(), metadata={KIND: _NAMES[kind]})
    if kind.startswith(BYTES):
        subtype = kind.rpartition(" ")[2].encode()
        return pa.field(name, pa.binary(), metadata=None if kind == BYTES else {KIND: b"binary " + subtype})
    if kind not in _SIMPLE:
        raise ResultsError(
            f"{node.path} is a {kind} in result {node.kinds[kind]!r}, which no type of column holds: leave the field"
            " out with a projection"
        )
    return pa.field(name, _SIMPLE[kind])


def wanted(fields: Any) -> Wanted:
    """Return the names of fields, and of those in them, as observations take them."""
    return {field.name: _wanted_of(field.type) for field in fields}


def _wanted_of(type_: Any) -> Wanted:
    if is_.is_struct(type_):
        return wanted(type_)
    return {ELEMENT: _wanted_of(type_.value_type)} if is_list(type_) else {}


def convertible(type_: Any, node: Node | None) -> Any:
    """Return the type that values are read as, to be cast to another one if that differs.

    Args:
        type_: The type of a column, or in one.
        node: What is to be read; None where nothing was seen.

    Raises:
        ResultsError: Something that was seen does not fit.
    """
    if is_.is_struct(type_):
        _check(node, {DOCUMENT}, type_)
        fields = node.fields if node else {}
        return pa.struct([field.with_type(convertible(field.type, fields.get(field.name))) for field in type_])
    if is_list(type_):
        _check(node, {LIST}, type_)
        read = convertible(type_.value_type, node.element if node else None)
        return type_ if read == type_.value_type and is_.is_list(type_) else list_of(type_, read)
    for holds, kinds, read in _LEAVES:
        if holds(type_):
            seen = _check(node, kinds, type_)
            return pa.float64() if FLOAT in seen else read  # which pyarrow would cut to integers
    raise ResultsError(f"no column can be of type {type_}")


def _check(node: Node | None, kinds: set[str], type_: Any) -> set[str]:
    seen = node.kinds.keys() - {NULL} if node else set()
    for kind in sorted(seen):
        if kind not in kinds and not (BYTES in kinds and kind.startswith(BYTES)):
            assert node
            raise ResultsError(
                f"{node.path} is {kind} in result {node.kinds[kind]!r}, which does not fit the column's type {type_}"
            )
    return set(seen)


def _is_text(type_: Any) -> bool:
    if is_.is_dictionary(type_):
        return _is_text(type_.value_type)
    return bool(is_.is_string(type_) or is_.is_large_string(type_) or is_.is_string_view(type_))


_LEAVES: Final[tuple[tuple[Any, set[str], Any], ...]] = (
    (is_.is_null, set(), pa.null()),
    (is_.is_boolean, {BOOL}, pa.bool_()),
    (is_.is_integer, {INT, FLOAT}, pa.int64()),
    (is_.is_floating, {INT, FLOAT}, pa.float64()),
    (_is_text, {TEXT, *AS_TEXT}, pa.string()),
    (is_.is_decimal, {DECIMAL}, pa.string()),
    (is_.is_timestamp, {TIME}, MILLISECONDS),
    (is_.is_date, {TIME}, MILLISECONDS),
    (lambda type_: is_.is_binary(type_) or is_.is_large_binary(type_), {BYTES}, pa.binary()),
)
"""The types of columns, the kinds that fit them, and what those are read as."""
