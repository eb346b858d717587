"""How tables are filled with the results of one stream."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from workflow_results._encoding.documents import decode_with_ids, number_of, pieces
from workflow_results.common.rules import MIB
from workflow_results.common.waiting import finished
from workflow_results.frames import schema as columns_of
from workflow_results.frames import types
from workflow_results.frames.conversion import Converter
from workflow_results.frames.observation import Observation
from workflow_results.frames.progress import Counter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._stream.async_result_stream import AsyncResultStream
    from workflow_results._stream.result_stream import ResultStream
    from workflow_results.frames.schema import Column

T = TypeVar("T")

_KEPT_BYTES: Final = MIB
"""How much is kept in memory until the types of all results are known; more goes into a file without a name."""


class Sink(Protocol):
    """Where record batches go.

    Attributes:
        directory: Where a temporary file may take as much room as the results; None for the usual directory.
        has_empty_documents: Whether it has a type for documents without fields.
        pool: The memory pool for its record batches; None for that of pyarrow.
    """

    directory: str | None
    has_empty_documents: bool
    pool: Any

    def open(self) -> None:
        """Prepare for record batches."""

    def add(self, batch: Any) -> None:
        """Take a record batch."""

    def finish(self, schema: Any) -> Any:
        """Return what the method returns; the schema is that of all record batches."""

    def close(self) -> None:
        """Drop what is not finished."""


class Frame:
    """A table that is being filled, for use in a `with` block.

    Attributes:
        projection (Mapping[str, Any]): What is to be read.

    Args:
        sink: Where its record batches go.
        schema: As the caller gave it; None to infer it.
        projection: As the caller gave it.
        flatten: Whether fields of nested documents become columns.
        progress: Whether to show a progress bar.

    Raises:
        InvalidRequestError: The schema can't be used.
    """

    def __init__(
        self, sink: Sink, schema: Any, projection: Mapping[str, Any], *, flatten: bool, progress: bool
    ) -> None:
        self.projection: Any = projection
        self._sink = sink
        self._flatten = flatten
        self._counter = Counter(shown=progress)
        self._observation = Observation()
        self._converter: Converter | None = None
        self._closing = ExitStack()
        if schema is not None:
            columns = columns_of.given(schema)
            self.projection = projection or columns_of.projection(columns)
            self._converter = self._converting(columns, None)

    def __enter__(self) -> Self:
        with ExitStack() as closing:
            closing.callback(self._sink.close)
            self._sink.open()
            self._kept = _Kept(self._sink.directory)
            closing.callback(self._kept.close)
            closing.enter_context(self._counter)
            self._closing = closing.pop_all()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def add(self, batch: bytes) -> None:
        """Take a batch of results: BSON documents back to back."""
        if self._converter:
            for converted in self._converter.convert(batch):
                self._sink.add(converted)
        else:
            for piece in pieces(batch):
                self._observation.add(*decode_with_ids(piece))
            self._kept.add(batch)
            if self._sink.pool:
                self._sink.pool.release_unused()
        self._counter.count(number_of(batch))

    def finish(self) -> Any:
        """Return what the method returns, now that all results were added."""
        converter = self._converter
        if not converter:
            converter = self._converting(self._inferred(), self._observation)
            for batch in self._kept.batches():
                for converted in converter.convert(batch):
                    self._sink.add(converted)
        return self._sink.finish(converter.schema)

    def fill(self, stream: ResultStream[bytes]) -> Any:
        """Fill the table with all results of a stream.

        Args:
            stream: The results as BSON.

        Returns:
            What the method returns.

        Raises:
            ResultsError: The stream failed, or a result does not fit.
            OSError: A file can't be written.
        """
        with stream, self:
            for batch in stream:
                self.add(batch)
            return self.finish()

    async def fill_async(self, stream: AsyncResultStream[bytes]) -> Any:
        """Fill the table as `fill` does, converting results in a thread."""
        async with stream:
            try:
                await _in_thread(self.__enter__)
                async for batch in stream:
                    await _in_thread(self.add, batch)
                return await _in_thread(self.finish)
            finally:
                self.__exit__(None, None, None)

    def _converting(self, columns: list[Column], observation: Observation | None) -> Converter:
        return Converter(columns_of.flattened(columns) if self._flatten else columns, observation, self._sink.pool)

    def _inferred(self) -> list[Column]:
        fields = [
            types.inferred(node, empty_documents=self._sink.has_empty_documents)
            for node in self._observation.root.fields.values()
        ]
        found = [columns_of.Column(field, (field.name,)) for field in fields if field is not None]
        return found or columns_of.of_none(self.projection)


class _Kept:
    """Batches in their order, in memory while they are few."""

    def __init__(self, directory: str | None) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_KEPT_BYTES, dir=directory)  # noqa: SIM115 - see `close`
        self._sizes: list[int] = []

    def add(self, batch: bytes) -> None:
        self._file.write(batch)
        self._sizes.append(len(batch))

    def batches(self) -> Iterator[bytes]:
        self._file.seek(0)
        return map(self._file.read, self._sizes)

    def close(self) -> None:
        self._file.close()


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a thread, and wait for its end also if the task is cancelled, since it uses what is closed."""
    return await finished(asyncio.to_thread(function, *arguments))
