"""What bson's encoder can't be trusted with: values to convert before, and values to refuse by their path.

numpy, pandas and astropy are recognised by the names of their types, so that none is ever imported here.
"""

from __future__ import annotations

import datetime as dt
import numbers
import operator
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Final, NamedTuple, Protocol, cast

from bson.code import Code
from bson.dbref import DBRef

from workflow_results._encoding.scalars import (
    NEVER_FAIL,
    SCALAR_CONVERTERS,
    SCALARS,
    RefusedError,
    name_of,
    refusing,
    root_of,
    text,
)
from workflow_results.common.rules import shorten

DEPTH: Final = 500
"""The most levels of documents and arrays. The server judges works; this saves the stack."""


class _Walk(NamedTuple):
    """Where in a document a walk is, and what it need not look at."""

    trusting: bool
    trusted: frozenset[type[Any]]
    within: list[int]
    """The `id()` of each container around the value."""


_Convert = Callable[[Any, _Walk], object]


def rebuild(document: object, *, trusting: bool) -> Mapping[str, Any]:
    """Copy a document, with the values converted that bson's encoder can't be trusted with.

    Args:
        document: What a caller gave; it is not changed.
        trusting: Whether to leave out what bson's encoder would refuse anyway: a work of 1.4 kB with numpy's values
            then takes 47 µs instead of 73.

    Returns:
        The copy; parts of it may be the document's own.

    Raises:
        RefusedError: A key or value can't be encoded, or the document isn't a mapping.
    """
    if not isinstance(document, Mapping):
        raise RefusedError(f"must be a dict, not {name_of(type(document))}")
    walk = _Walk(trusting, SCALARS if trusting else NEVER_FAIL, within=[])
    return cast("Mapping[str, Any]", _CONVERTERS[type(document)](document, walk))


# Containers call the converters of their values directly: then a level takes one frame of the stack.


def _mapping(mapping: Mapping[Any, Any], walk: _Walk) -> Mapping[Any, object]:
    trusting, trusted, within = walk
    _enter(mapping, within)
    if trusting and trusted.issuperset(map(type, mapping.values())):
        within.pop()
        return mapping
    rebuilt: dict[str, object] = {}
    key = None
    try:
        for key, value in mapping.items():
            name = key if trusting and type(key) is str else _field_name(key)
            kind = type(value)
            rebuilt[name] = value if kind in trusted else _CONVERTERS[kind](value, walk)
    except RefusedError as refused:
        simple = isinstance(key, str) and key.isidentifier() and len(key) <= 60
        refused.steps.append(f".{key}" if simple else f"[{shorten(key)}]")
        raise
    if len(rebuilt) != len(mapping):
        raise RefusedError("must not have a key twice, once as a string and once as an int")
    within.pop()
    return rebuilt


def _list(values: list[Any] | tuple[Any, ...], walk: _Walk) -> Sequence[object]:
    _, trusted, within = walk
    _enter(values, within)
    if trusted.issuperset(map(type, values)):
        within.pop()
        return values
    rebuilt: list[object] = []
    try:
        for value in values:
            rebuilt.append(_CONVERTERS[type(value)](value, walk))  # noqa: PERF401 - its length is used below
    except RefusedError as refused:
        refused.steps.append(f"[{len(rebuilt)}]")
        raise
    within.pop()
    return rebuilt


def _enter(container: object, within: list[int]) -> None:
    if id(container) in within:
        raise RefusedError("must not contain itself")
    if len(within) == DEPTH:
        raise RefusedError(f"must not be nested deeper than {DEPTH} levels")
    within.append(id(container))


def _field_name(key: object) -> str:
    if isinstance(key, str):
        if "\0" in key:
            raise RefusedError("must not have the character NUL in its key")
        return text(key)
    if isinstance(key, numbers.Integral) and not isinstance(key, bool):
        return str(operator.index(key))
    raise RefusedError(f"must have a string or an int as its key, not {name_of(type(key))}")


def _code(value: Code, walk: _Walk) -> Code:
    code = text(str.__str__(value))  # a Code made of a Code would change the scope of that
    rebuilt: Code = Code(code, None if value.scope is None else _mapping(value.scope, walk))
    return rebuilt


def _dbref(value: DBRef, walk: _Walk) -> Mapping[str, object]:
    return _mapping(value.as_doc(), walk)


class _Numpy(Protocol):
    """A numpy scalar, or an array of any rank."""

    dtype: Any

    def tolist(self) -> object: ...


# By numpy's letters for its types: where what `tolist` gives can be encoded as it is, and where that depends.
_NUMPY_SURE: Final = frozenset("?bhilqBHIefd")
_NUMPY_UNSURE: Final = frozenset("LQUSTO")
_NUMPY_REFUSED: Final = {
    "M": "timezone-aware datetimes, not datetime64, which has no time zone",
    "m": "numbers, as .astype(float) gives, not timedelta64",
    "c": "real numbers, as .real and .imag are, not complex ones",
    "g": "float64, not longdouble",
    "V": "a dict of arrays, not a structured one",
}


def _numpy(value: _Numpy, walk: _Walk) -> object:
    if root_of(type(value)) != "numpy":  # an array with a unit, say, would lose it
        raise RefusedError(f"must be a plain array, as numpy.asarray gives, not {name_of(type(value))}")
    dtype = value.dtype
    if dtype.char in _NUMPY_SURE:
        return value.tolist()
    if dtype.char in _NUMPY_UNSURE:
        listed = value.tolist()
        return _CONVERTERS[type(listed)](listed, walk)
    right = _NUMPY_REFUSED.get("g" if dtype.char == "g" else dtype.kind, f"of another type than {dtype}")
    raise RefusedError(f"must be {right}")


def _pandas_timestamp(value: dt.datetime, _walk: _Walk) -> object:
    """Make a datetime, which has no nanoseconds; they would be cut with the microseconds anyway."""
    if value.utcoffset() is None:
        raise RefusedError("must be a timezone-aware Timestamp, as .tz_localize('UTC') gives, not a naive one")
    day, time = (value.year, value.month, value.day), (value.hour, value.minute, value.second, value.microsecond)
    try:
        plain = dt.datetime(*day, *time, tzinfo=value.tzinfo, fold=value.fold)
    except ValueError:  # of coarser units, pandas has years beyond Python's
        raise RefusedError(f"must be within the years 1 to 9999, not in the year {value.year}") from None
    return SCALAR_CONVERTERS[dt.datetime](plain, None)


_CONVERTERS_BY_NAME: Final[dict[str, _Convert]] = {
    "numpy.generic": _numpy,
    "numpy.ndarray": _numpy,
    "pandas.Timestamp": _pandas_timestamp,
    "pandas.NaTType": refusing("None or a timezone-aware datetime"),
    "astropy.Quantity": refusing("its .value, with its unit beside it, as str(.unit) gives"),
    "astropy.Time": refusing("a timezone-aware datetime, as .to_datetime(datetime.timezone.utc) gives"),
    "astropy.TimeDelta": refusing("a number, as .to_value('s') gives"),
    "astropy.UnitBase": refusing("a string, as str() gives"),
    "astropy.SkyCoord": refusing("numbers, as .ra.deg and .dec.deg are"),
}
"""By the package and the name of a type, or of a base class of it, wherever in the package it stands."""

# What to say of all other types: the first of these attributes that a type has decides.
_HINTS: Final = {
    "__dataclass_fields__": "a dict, as dataclasses.asdict gives",
    "model_dump": "a dict, as .model_dump() gives",
    "tolist": "a list, as .tolist() gives",
    "to_dict": "a dict, as .to_dict() gives",
    "__iter__": "a list",
    "__class__": "a dict, list, string, number, bool, None, bytes or timezone-aware datetime",
}


_CONVERTERS_BY_TYPE: Final[Mapping[type[Any], _Convert]] = {
    **SCALAR_CONVERTERS,
    dict: _mapping,
    Mapping: _mapping,
    list: _list,
    tuple: _list,
    Code: _code,
    DBRef: _dbref,
}


class _Converters(dict[type[Any], _Convert]):
    """The converter of each type that was met: that of its nearest base class that has one.

    What was found for a type says nothing about those derived from it: a class may be a Mapping whose base is not.
    """

    def __missing__(self, kind: type[Any]) -> _Convert:
        convert = self._find(kind)
        if len(self) < 1000:  # some programs make classes without end
            self[kind] = convert
        return convert

    @staticmethod
    def _find(kind: type[Any]) -> _Convert:
        for base in kind.__mro__:
            name = f"{root_of(base)}.{base.__name__}"
            convert = _CONVERTERS_BY_TYPE.get(base) or _CONVERTERS_BY_NAME.get(name)
            if convert:
                return convert
        for interface in (Mapping, Set):  # a class may be registered as one without inheriting from it
            if issubclass(kind, interface):
                return _CONVERTERS_BY_TYPE[interface]
        return refusing(next(hint for attribute, hint in _HINTS.items() if hasattr(kind, attribute)))


_CONVERTERS: Final = _Converters()
