"""Results as BSON to Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.types as is_

from workflow_results._encoding.documents import decode_with_ids, pieces
from workflow_results.common.rules import KIB, shorten
from workflow_results.errors import ResultsError
from workflow_results.frames import schema, types
from workflow_results.frames.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow_results.frames.observation import Node

_JOINED_BYTES: Final = 128 * KIB
"""Of documents in a record batch, about: the many small arrays that it is made of take several times as much."""
_FAILURES = (pa.ArrowException, TypeError, ValueError)


class Converter:
    """Makes record batches of batches of results.

    Attributes:
        schema: The schema of the record batches.

    Args:
        columns: The columns.
        observation: What was seen of all the results; None to look at each before it is converted.
        pool: The memory pool to use; None for that of pyarrow.
    """

    def __init__(self, columns: Sequence[schema.Column], observation: Observation | None, pool: Any) -> None:
        self.schema = pa.schema([column.field for column in columns])
        self._columns = columns
        self._type = schema.nested(columns)
        self._is_known = observation is not None
        self._observation = observation or Observation(types.wanted(self._type))
        self._pool = pool
        self._changes = -1
        self._read: Any = None
        self._as_texts: list[Node] = []

    def convert(self, batch: bytes) -> Iterator[Any]:
        """Convert results.

        Args:
            batch: BSON documents back to back.

        Yields:
            Record batches.

        Raises:
            ResultsError: A value does not fit its column; the message names the result and the field.
        """
        documents: list[Any] = []
        ids: list[str] = []
        size = 0
        for piece in pieces(batch):
            results, some = decode_with_ids(piece)
            if not self._is_known:
                self._observation.add(results, some)
            changed = self._changes != self._observation.changes
            if documents and (changed or size >= _JOINED_BYTES):
                joined = self._joined(documents, ids)
                documents, ids, size = [], [], 0
                yield joined
            if changed:
                self._settle()
            for node in self._as_texts:
                for result in results:
                    if (value := result.get(node.path)) is not None:
                        result[node.path] = _with_texts(value, node)
            try:
                documents.append(pa.array(results, self._read, memory_pool=self._pool))
            except _FAILURES as error:
                raise self._explained(results, some, error) from error
            ids += some
            size += len(piece)
        if documents:
            joined = self._joined(documents, ids)
            documents.clear()
            yield joined

    def _settle(self) -> None:
        """Note as what to read values, given what was seen."""
        self._changes = self._observation.changes
        self._read = types.convertible(self._type, self._observation.root)
        self._as_texts = [node for node in self._observation.root.fields.values() if _has_texts(node)]

    def _joined(self, documents: list[Any], ids: list[str]) -> Any:
        whole = pa.concat_arrays(documents, self._pool)
        return pa.record_batch([self._taken(whole, column, ids) for column in self._columns], schema=self.schema)

    def _taken(self, documents: Any, column: schema.Column, ids: list[str]) -> Any:
        """Return the values of a column."""
        for name in column.path:
            documents = documents.flatten()[documents.type.get_field_index(name)]
        return documents if documents.type == column.field.type else _cast(documents, column.field, ids)

    def _explained(self, results: list[dict[str, Any]], ids: list[str], error: Exception) -> ResultsError:
        """Say which value can't be converted."""
        for result, id_ in zip(results, ids, strict=True):
            if place := _failing(result, self._read, ""):
                path, value, problem = place
                return ResultsError(
                    f"{path} is {shorten(value)} in result {id_!r}, which does not fit its column: {problem}"
                )
        return ResultsError(f"the results can't be converted: {error}")


def _failing(value: Any, type_: Any, path: str) -> tuple[str, Any, Exception] | None:
    """Return the innermost value that can't be converted, with its path and what is wrong; None if all can be."""
    try:
        pa.array([value], type_)
    except _FAILURES as error:
        inner = None
        if is_.is_struct(type_) and isinstance(value, dict):
            fields = (
                (f"{path}.{field.name}" if path else field.name, value.get(field.name), field.type) for field in type_
            )
            inner = next(filter(None, (_failing(each, of, at) for at, each, of in fields)), None)
        elif is_.is_list(type_) and isinstance(value, list):
            inner = next(filter(None, (_failing(each, type_.value_type, f"{path}[]") for each in value)), None)
        return inner or (path, value, error)
    return None


def _cast(array: Any, field: Any, ids: list[str]) -> Any:
    try:
        return array.cast(field.type)
    except _FAILURES as error:
        for index, id_ in enumerate(ids):
            try:
                array.take([index]).cast(field.type)  # of a slice, all elements of its lists would be cast
            except _FAILURES as problem:
                raise ResultsError(
                    f"{field.name} of result {id_!r} does not fit the column's type {field.type}: {problem}"
                ) from problem
        raise ResultsError(f"{field.name} does not fit the column's type {field.type}: {error}") from error


def _has_texts(node: Node) -> bool:
    """Report whether there are values at a place, or within, that become strings."""
    return bool(
        node.kinds.keys() & types.AS_TEXT
        or (node.element and _has_texts(node.element))
        or any(map(_has_texts, node.fields.values()))
    )


def _with_texts(value: Any, node: Node) -> Any:
    """Return a value in which those that become strings are strings."""
    if type(value) is dict:
        return {
            name: _with_texts(each, node.fields[name]) if name in node.fields else each for name, each in value.items()
        }
    if type(value) is list:
        return [_with_texts(each, node.element) for each in value] if node.element else value
    return str(value) if type(value) in types.BECOME_TEXTS else value
