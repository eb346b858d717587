"""The columns of a table, as callers give them."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.types as is_
from bson import Decimal128, Int64, ObjectId

from workflow_results.common.rules import shorten
from workflow_results.errors import InvalidRequestError, ResultsError
from workflow_results.frames import types

if TYPE_CHECKING:
    from collections.abc import Iterable

_PYTHON: Final[dict[Any, Any]] = {
    bool: pa.bool_(),
    int: pa.int64(),
    Int64: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bytes: pa.binary(),
    dt.datetime: types.MILLISECONDS,
    ObjectId: pa.string(),
    Decimal128: pa.string(),
    None: pa.null(),
}
PATH: Final = b"path"
"""In the metadata of a column: where its values were, if its name does not tell because other names have dots."""
_MOST_PATHS: Final = 200
"""In a projection that is made from a schema; longer ones name the top-level fields."""
_ALWAYS: Final = {"id": pa.string(), "pipeline": pa.string(), "status": pa.string(), "event": pa.list_(pa.int64())}
_USUAL: Final = {"creation": pa.float64(), "start": pa.float64(), "stop": pa.float64(), "results": pa.null()}


class Column(NamedTuple):
    """A column.

    Attributes:
        field: Its name and type in the table.
        path: The names that lead to its values.
    """

    field: Any
    path: tuple[str, ...]


def given(schema: Any) -> list[Column]:
    """Return the columns that a caller asks for.

    Args:
        schema: A mapping of names to types, or something like it.

    Raises:
        InvalidRequestError: It is none, or has a type that no column can have.
    """
    if not isinstance(schema, pa.Schema) and callable(convert := getattr(schema, "to_arrow", None)):
        schema = convert()  # as pymongoarrow's have it
    if not isinstance(schema, pa.Schema):
        if not isinstance(schema, Mapping):
            raise InvalidRequestError(
                f"schema must be a mapping of names to types, or a pyarrow.Schema, not {shorten(schema)}"
            )
        schema = pa.schema(
            [pa.field(_name(key, "schema"), _type(type_, f"schema[{key!r}]")) for key, type_ in schema.items()]
        )
    if not len(schema):
        raise InvalidRequestError("schema must name at least one column")
    columns = [Column(field, tuple(field.name.split("."))) for field in schema]
    _check_paths(columns)
    for field in schema:
        try:
            types.convertible(field.type, None)
        except ResultsError as error:
            raise InvalidRequestError(f"schema[{field.name!r}]: {error}") from None
    return columns


def _check_paths(columns: list[Column]) -> None:
    paths = sorted(column.path for column in columns)
    for path, following in itertools.pairwise(paths):
        if following[: len(path)] == path:
            one, other = ".".join(path), ".".join(following)
            raise InvalidRequestError(f"schema names {one!r} and {other!r}, which is a part of it, or twice the same")


def _name(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise InvalidRequestError(f"{where} must have strings as keys, not {shorten(key)}")
    return key


def _type(given_: Any, where: str) -> Any:
    if isinstance(given_, pa.DataType):
        return given_
    if isinstance(given_, Mapping):
        return pa.struct(
            [pa.field(_name(key, where), _type(type_, f"{where}[{key!r}]")) for key, type_ in given_.items()]
        )
    if isinstance(given_, list) and len(given_) == 1:
        return pa.list_(_type(given_[0], f"{where}[0]"))
    try:
        return _PYTHON[given_]
    except (KeyError, TypeError):
        raise InvalidRequestError(
            f"{where} must be a type: bool, int, float, str, bytes, datetime, a pyarrow type, a list of one type, or a"
            f" mapping of names to types, not {shorten(given_)}"
        ) from None


def nested(columns: Iterable[Column]) -> Any:
    """Return the type of the documents that the columns are read from."""
    groups: dict[str, list[Column]] = {}
    for column in columns:
        groups.setdefault(column.path[0], []).append(Column(column.field, column.path[1:]))
    return pa.struct(
        [
            group[0].field.with_name(name) if not group[0].path else pa.field(name, nested(group))
            for name, group in groups.items()
        ]
    )


def projection(columns: list[Column]) -> dict[str, bool]:
    """Return the projection that reads the columns."""
    paths = [path for column in columns for path in _paths(column.path, column.field.type)]
    if len(paths) > _MOST_PATHS:
        paths = [column.path[:1] for column in columns]
    return dict.fromkeys(map(".".join, paths), True)


def _paths(path: tuple[str, ...], type_: Any) -> Iterable[tuple[str, ...]]:
    names = [field.name for field in type_] if is_.is_struct(type_) else []
    if not names or not all(map(_is_plain, names)):
        return [path]
    return [each for field in type_ for each in _paths((*path, field.name), field.type)]


def _is_plain(name: str) -> bool:
    """Report whether a projection can name a field."""
    return bool(name) and "." not in name and not name.startswith("$")


def of_none(projection: Mapping[str, Any]) -> list[Column]:
    """Return the columns of a table without results: those that results usually have, or that the projection names."""
    known = {**_ALWAYS, **_USUAL}
    chosen = [name for name, value in projection.items() if value is True or (type(value) is int and value)]
    if chosen:
        known = {"id": pa.string()} | {path: known.get(path, pa.null()) for path in chosen}
    columns = {
        name.partition(".")[0]: Column(pa.field(name, type_), tuple(name.split(".")))
        for name, type_ in known.items()
        if projection.get(name, True)
    }
    return list(columns.values())


def flattened(columns: Iterable[Column]) -> list[Column]:
    """Return columns in which documents are replaced by their fields.

    Raises:
        ResultsError: Two columns would have the same name.
    """
    flat = [each for column in columns for each in _flattened(column)]
    names: dict[str, Column] = {}
    for column in flat:
        if names.setdefault(column.field.name, column) is not column:
            raise ResultsError(f"two columns would be called {column.field.name!r}: read the results without flatten")
    return flat


def _flattened(column: Column) -> list[Column]:
    if not is_.is_struct(column.field.type):
        return [column]
    flat = []
    for inner in column.field.type:
        path, field = (*column.path, inner.name), inner.with_name(f"{column.field.name}.{inner.name}")
        if "." in "".join(path):
            field = field.with_metadata({**(field.metadata or {}), PATH: json.dumps(path)})
        flat += _flattened(Column(field, path))
    return flat
