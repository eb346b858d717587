"""Documents in files of several formats, which are told apart by their content."""

from __future__ import annotations

import codecs
import io
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from workflow_results._encoding import extended_json
from workflow_results._encoding.documents import decode
from workflow_results.common.files import check_regular
from workflow_results.common.rules import KIB, MIB
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH_BYTES: Final = 4
_LARGEST_BYTES: Final = 16 * MIB + 16 * KIB
"""No document of MongoDB is larger."""
_FEWEST_CHARACTERS: Final = 64 * KIB
_MOST_CHARACTERS: Final = 16 * _LARGEST_BYTES
"""What a document may take as JSON: more than the largest one, whose bytes may each be six characters."""
_SPACE: Final = " \t\r\n"
_FEWEST_BYTES: Final = 5
"""Of a document: its length, and what ends it."""
_HEAD_BYTES: Final = 6
"""By which the format is found."""
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"


class FileError(ResultsError):
    """A file can't be read as what it should be; the message says where."""


class Found(NamedTuple):
    """A document in a file.

    Attributes:
        document: The document, without MongoDB's `_id`.
        data: The document as it stands in a file of BSON; None for one of another format.
        place: Where it stands, such as "works.jsonl, line 3".
        size: The bytes that it takes in the file; 0 where that is not known.
    """

    document: dict[str, Any]
    data: bytes | None
    place: str
    size: int


class Stream(Protocol):
    """What is read: a file, or standard input."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer only at the end."""


def read_file(path: Path) -> Iterator[Found]:
    """Read the documents of a file.

    Args:
        path: A file of BSON documents back to back, of JSON objects (one after another, or in an array), or of Parquet;
            or a pipe, which is read once, as by `read_stream`.

    Returns:
        The documents, as they are read.

    Raises:
        FileError: It is none of these, or broken.
        OSError: It can't be read, or is neither a file nor a pipe, which is known at once.
    """
    if not _is_pipe(path):
        check_regular(path)
    return _read(path)


def _read(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        if file.seekable():
            if file.read(len(_PARQUET)) == _PARQUET:
                yield from _parquet(path)
                return
            file.seek(0)
        yield from read_stream(file, str(path))


def _is_pipe(path: Path) -> bool:
    """Return whether a path is that of a pipe, as shells make it for `<(…)`, or of a device like /dev/stdin."""
    mode = path.stat().st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def read_stream(stream: Stream, name: str) -> Iterator[Found]:
    """Read the documents of a stream, as `read_file` does.

    Args:
        stream: A stream of bytes.
        name: What it is called in messages.

    Yields:
        The documents.

    Raises:
        FileError: It is neither BSON nor JSON, or broken.
    """
    head = stream.read(_HEAD_BYTES)
    if head.startswith(_GZIP):
        raise FileError(f"{name} is compressed: gunzip it first")
    if head.startswith(_PARQUET):
        raise FileError(f"{name} is Parquet, which can be read from a file only")
    if _is_utf_16(head):
        raise FileError(f"{name} is UTF-16 and must be UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8")
    whole = _Prefixed(head, stream)
    if _is_bson(head):
        yield from read_bson(whole, name)
    else:
        yield from _JSONReader(whole, name).documents()


def _is_bson(head: bytes) -> bool:
    """Return whether a stream begins with what may be the length of a document."""
    length = int.from_bytes(head[:_LENGTH_BYTES], "little")
    return len(head) >= _FEWEST_BYTES and _FEWEST_BYTES <= length <= _LARGEST_BYTES


def _is_utf_16(head: bytes) -> bool:
    """Return whether a stream begins like text in UTF-16, with its mark.

    The mark may also be half a length of BSON. Then the sixth byte is that of a name, and 0 only if the name is empty.
    """
    if head.startswith(codecs.BOM_UTF16_LE):
        return head[5:6] in (b"", b"\0")
    return head.startswith(codecs.BOM_UTF16_BE) and not _is_bson(head)


class _Prefixed(io.RawIOBase):
    """A stream of which the first bytes were read.

    It is not read again after its end, which on a terminal would be one more Ctrl-D each time.
    """

    def __init__(self, head: bytes, stream: Stream) -> None:
        self._head = head
        self._stream = stream
        self._ended = len(head) < _HEAD_BYTES

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head[:size], self._head[size:]
        if self._ended or len(head) == size:
            return head
        more = self._stream.read(size - len(head))
        self._ended = len(more) < size - len(head)
        return head + more

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def read_bson(stream: Stream, name: str) -> Iterator[Found]:
    """Read BSON documents back to back.

    Args:
        stream: A stream of bytes.
        name: What it is called in messages.

    Yields:
        The documents.

    Raises:
        FileError: They are not BSON.
    """
    at = 0
    while length := stream.read(_LENGTH_BYTES):
        size = int.from_bytes(length, "little")
        data = length + stream.read(size - _LENGTH_BYTES) if _LENGTH_BYTES < size <= _LARGEST_BYTES else b""
        if len(data) != size or not data:
            raise _not_bson(name, at)
        try:
            (document,) = decode(data)
        except (ResultsError, RecursionError) as error:
            raise _not_bson(name, at) from error
        yield Found(document, data, f"{name}, byte {at}", size)
        at += size


def _not_bson(name: str, at: int) -> FileError:
    return FileError(f"{name} is truncated or not a file of BSON documents, see byte {at}")


class _JSONReader:
    """Reads JSON objects, one after another or in an array, of which it keeps as much text as one of them takes."""

    def __init__(self, stream: io.RawIOBase, name: str) -> None:
        self._name = name
        self._file = io.TextIOWrapper(io.BufferedReader(stream), "utf-8-sig", newline="")
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False

    def documents(self) -> Iterator[Found]:
        """Yield the objects."""
        if in_array := self._next() == "[":
            self._at += 1
        first = True
        while self._next() not in ("", "]" if in_array else ""):
            if in_array and not first:
                self._expect(",")
            if self._next() != "{":
                raise self._error("an object {…} is expected")
            line = self._line
            document, size = self._object()
            yield Found(document, None, f"{self._name}, line {line}", size)
            first = False
        if in_array:
            self._expect("]")
            if self._next():
                raise self._error("nothing may follow the array")

    def _object(self) -> tuple[dict[str, Any], int]:
        while True:
            try:
                document, end = extended_json.parse_at(self._text, self._at)
                break
            except extended_json.NotJSONError as error:
                if len(self._text) - self._at > _MOST_CHARACTERS or not self._read(len(self._text) - self._at):
                    raise self._error(str(error)) from error
            except ValueError as error:
                raise self._error(str(error)) from error
        if not isinstance(document, dict):
            raise self._error("a work is expected, not a single value in Extended JSON")
        size = end - self._at
        self._line += self._text.count("\n", self._at, end)
        self._at = end
        return document, size

    def _next(self) -> str:
        """Go to the next character that is no space, and return it; "" at the end."""
        while True:
            while self._at < len(self._text):
                character = self._text[self._at]
                if character not in _SPACE:
                    return character
                self._line += character == "\n"
                self._at += 1
            if not self._read():
                return ""

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise self._error(f"{character} is expected")
        self._at += 1

    def _read(self, least: int = 0) -> bool:
        """Read on, at least as much as is kept, so that a long object is not looked at too often."""
        if self._ended:
            return False
        try:
            more = self._file.read(max(least, _FEWEST_CHARACTERS))
        except UnicodeDecodeError as error:
            raise self._error("it is not UTF-8") from error
        self._ended = not more
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(more)

    def _error(self, problem: str) -> FileError:
        return FileError(f"{self._name}, line {self._line}: {problem}")


def _parquet(path: Path) -> Iterator[Found]:
    from workflow_results.frames import parquet

    for number, document in enumerate(parquet.works(path), 1):
        yield Found(document, None, f"{path}, row {number}", 0)


@contextmanager
def naming_files() -> Iterator[None]:
    """Say what is wrong with a file or a disk.

    Raises:
        FileError: It can't be read or written.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, ResultsError):
            raise
        raise FileError(f"{error.filename or 'writing'}: {error.strerror}") from error
