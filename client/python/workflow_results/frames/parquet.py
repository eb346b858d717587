"""Parquet files: results to files, and files to works."""

from __future__ import annotations

import datetime as dt
import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as is_
from bson import Binary, DatetimeMS, Decimal128, ObjectId

from workflow_results.common.rules import KIB, MIB, shorten
from workflow_results.errors import InvalidRequestError, ResultsError
from workflow_results.frames import types
from workflow_results.frames.schema import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUP_BYTES: Final = 4 * MIB
"""Of a row group, as Arrow holds it: the memory of a writer or reader is a few times that."""
_PAGE_BYTES: Final = 64 * KIB
"""Of a page; a writer holds several of its column at a time. Smaller than usual, which makes these files no larger."""
_READ_ROWS: Final = 500
_UNFINISHED: Final = ".part"
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_FROM_TEXT: Final[dict[bytes, Callable[[Any], Any]]] = {
    b"uuid": uuid.UUID,
    b"objectId": ObjectId,
    b"decimal": Decimal128,
}


class ParquetSink:
    """Writes record batches to a file, which has its name once it is complete.

    Attributes:
        directory: As in `Sink`.
        has_empty_documents: As in `Sink`.
        pool: As in `Sink`.

    Args:
        path: The file.

    Raises:
        InvalidRequestError: The path is none.
    """

    has_empty_documents = False
    pool: Any = pa.system_memory_pool()  # which gives back what it does not need, when asked

    def __init__(self, path: Any) -> None:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise InvalidRequestError(f"path must be that of a file, not {shorten(path)}")
        self._path = Path(os.fsdecode(path))
        self._unfinished = Path(f"{self._path}{_UNFINISHED}")
        self.directory: str | None = str(self._path.parent)
        self._file: Any = None
        self._writer: Any = None
        self._batches: list[Any] = []
        self._bytes = 0
        self._rows = 0

    def open(self) -> None:
        """Create the unfinished file.

        Raises:
            OSError: It can't be created, or the path is that of a directory.
        """
        if self._path.is_dir():
            raise IsADirectoryError(f"{self._path} is a directory: name a file in it")
        self._file = self._unfinished.open("wb")

    def add(self, batch: Any) -> None:
        """Take a record batch."""
        self._batches.append(batch)
        self._bytes += batch.nbytes
        self._rows += batch.num_rows
        self.pool.release_unused()  # what the conversion needed
        if self._bytes > _GROUP_BYTES:
            self._write(batch.schema)
            self.pool.release_unused()

    def finish(self, schema: Any) -> int:
        """Complete the file, and return the number of results in it."""
        self._write(schema)
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._unfinished.replace(self._path)
        self._file = None
        return self._rows

    def close(self) -> None:
        """Remove the file if it is unfinished."""
        if self._file:
            if self._writer is not None:
                self._writer.is_open = False  # else it would write to the closed file when it is deleted
            self._file.close()
            self._file = None
            self._unfinished.unlink(missing_ok=True)

    def _write(self, schema: Any) -> None:
        if self._writer is None:
            # Dictionaries would take a megabyte of memory for each column, and make these files larger.
            self._writer = pq.ParquetWriter(
                self._file,
                schema,
                compression="zstd",
                use_dictionary=False,
                data_page_size=_PAGE_BYTES,
                memory_pool=self.pool,
            )
        if self._batches:
            table = pa.Table.from_batches(self._batches, schema)
            self._batches.clear()
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._bytes = 0


def works(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Read a Parquet file as works, in constant memory.

    A column whose name has dots, as `flatten` makes them, becomes a field of nested documents. Fields that are null are
    left out, as a table does not tell them from missing ones. What `to_parquet` made strings or bytes becomes what it
    was: ids of MongoDB, decimals, UUIDs and bytes of another subtype.

    Args:
        path: The file.

    Yields:
        The works, in the order of the file.

    Raises:
        ResultsError: It is no Parquet file, or broken.
        OSError: It can't be read.
    """
    with open(path, "rb") as opened:  # noqa: PTH123 - any kind of path
        try:
            file = pq.ParquetFile(opened, buffer_size=MIB)
            fields = [(_path(field), _restorer(field), _numbered(field.type)) for field in file.schema_arrow]
            for batch in file.iter_batches(batch_size=_READ_ROWS):
                columns = [
                    (steps, restore, _numbers(column, type_).to_pylist())
                    for column, (steps, restore, type_) in zip(batch.columns, fields, strict=True)
                ]
                for row in range(batch.num_rows):
                    work: dict[str, Any] = {}
                    for steps, restore, values in columns:
                        if (value := values[row]) is not None:
                            _put(work, steps, restore(value))
                    yield work
        except pa.ArrowException as error:
            raise ResultsError(f"{os.fsdecode(path)} can't be read as a Parquet file: {error}") from error


def _path(field: Any) -> list[str]:
    stored = (field.metadata or {}).get(PATH)
    steps: list[str] = json.loads(stored) if stored else field.name.split(".")
    return steps


def _put(work: dict[str, Any], steps: list[str], value: Any) -> None:
    *parents, name = steps
    for parent in parents:
        work = work.setdefault(parent, {})
    work[name] = value


def _numbered(type_: Any) -> Any:
    """Return a type in which times are numbers, as some are too far from today for Python's datetimes."""
    if is_.is_timestamp(type_):
        return pa.int64()
    if is_.is_struct(type_):
        return pa.struct([field.with_type(_numbered(field.type)) for field in type_])
    return types.list_of(type_, _numbered(type_.value_type)) if types.is_list(type_) else type_


def _in_milliseconds(type_: Any) -> Any:
    if is_.is_timestamp(type_):
        return pa.timestamp("ms", type_.tz)
    if is_.is_struct(type_):
        return pa.struct([field.with_type(_in_milliseconds(field.type)) for field in type_])
    return types.list_of(type_, _in_milliseconds(type_.value_type)) if types.is_list(type_) else type_


def _numbers(column: Any, type_: Any) -> Any:
    return column if column.type == type_ else column.cast(_in_milliseconds(column.type), safe=False).cast(type_)


def _restorer(field: Any) -> Callable[[Any], Any]:
    """Return what makes the value of a work of one that is not null."""
    type_ = field.type
    if is_.is_struct(type_):
        inner = {each.name: _restorer(each) for each in type_}
        return lambda value: {name: inner[name](each) for name, each in value.items() if each is not None}
    if types.is_list(type_):
        element = _restorer(type_.value_field)
        return lambda value: [None if each is None else element(each) for each in value]
    if is_.is_timestamp(type_):
        return lambda value: _time(value, has_zone=type_.tz is not None)
    kind = (field.metadata or {}).get(types.KIND, b"")
    if kind.startswith(b"binary "):
        subtype = int(kind.rpartition(b" ")[2])
        return lambda value: Binary(value, subtype)
    return _FROM_TEXT.get(kind, _same)


def _same(value: Any) -> Any:
    return value


def _time(milliseconds: int, *, has_zone: bool) -> Any:
    try:
        time = _EPOCH + dt.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return DatetimeMS(milliseconds)
    return time if has_zone else time.replace(tzinfo=None)
