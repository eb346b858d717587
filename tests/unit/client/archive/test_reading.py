"""Files that are read: which format they have, what is in them, and what is wrong with them."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_results.archive import reading
from workflow_results.archive.reading import FileError, read_file, read_stream

NAMES = st.text().filter(lambda name: "$" not in name)
SIMPLE = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.floats(-1e300, 1e300)
VALUES = st.recursive(
    SIMPLE, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=10
)
DOCUMENTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=6)
SPACES = st.text(" \t\r\n", max_size=3)


def documents(data: bytes) -> list[dict[str, Any]]:
    return [found.document for found in read_stream(io.BytesIO(data), "works")]


@given(written=DOCUMENTS, data=st.data(), step=st.integers(1, 50))
def test_json_in_any_arrangement(written: list[dict[str, Any]], data: st.DataObject, step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_FEWEST_CHARACTERS", step)
        in_array = data.draw(st.booleans())
        indent = data.draw(st.sampled_from([None, 1]))
        texts = [json.dumps(each, indent=indent, ensure_ascii=data.draw(st.booleans())) for each in written]
        spaced = [f"{data.draw(SPACES)}{text}{data.draw(SPACES)}" for text in texts]
        text = (
            f"{data.draw(SPACES)}[{','.join(spaced)}{data.draw(SPACES)}]{data.draw(SPACES)}"
            if in_array
            else "".join(spaced)
        )
        mark = "\ufeff" if data.draw(st.booleans()) else ""
        try:
            encoded = f"{mark}{text}".encode()
        except UnicodeEncodeError:
            return
        assert documents(encoded) == written


def test_lines_are_counted() -> None:
    text = '{"a": 1}\n\n{"b":\n 2}{"c": 3}\n'
    places = [found.place for found in read_stream(io.BytesIO(text.encode()), "works")]
    assert places == ["works, line 1", "works, line 3", "works, line 4"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"a": 1}\n{"a": ', "works, line 2: it is not JSON"),
        (b'{"a": 1},{"a": 2}', "works, line 1: an object {…} is expected"),
        (b'[{"a": 1}\n{"a": 2}]', "works, line 2: , is expected"),
        (b'[{"a": 1},]', "an object {…} is expected"),
        (b'[{"a": 1}', "] is expected"),
        (b"[{}] {}", "nothing may follow the array"),
        (b"[1]", "an object {…} is expected"),
        (b"hello", "an object {…} is expected"),
        (b'{"a": "\xff"}', "it is not UTF-8"),
        (b'{"$oid": "5f0000000000000000000000"}', "a work is expected"),
        (b'{"a": {"$numberInt": "x"}}', "is not Extended JSON"),
        (b'{"a": -1e400}', "the number '-1e400' is too large for a float"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "is not within 64 bits"),
        (b'{"a": {"$undefined": true}}', "$undefined can't be kept"),
        (b"\x1f\x8b" + b"x" * 20, "is compressed"),
        (b"PAR1xxxx", "can be read from a file only"),
        *(
            (f"\ufeff{text}".encode(encoding), "works is UTF-16 and must be UTF-8: convert it, as with iconv")
            for encoding in ("utf-16-le", "utf-16-be")
            for text in ("", "[", "[]", '{"a": 1}', '{\n"a": 1}', ' \r\n{"a": 1}', "{\t}")
        ),
    ],
)
def test_what_is_no_json(text: bytes, said: str) -> None:
    with pytest.raises(FileError) as raised:
        documents(text)
    assert said in str(raised.value)


def test_nothing_is_no_document() -> None:
    assert documents(b"") == documents(b" \n") == documents(b"[]") == []


def test_an_endless_object_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST_CHARACTERS", 10_000)
    monkeypatch.setattr(reading, "_FEWEST_CHARACTERS", 1_000)
    read = 0

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            nonlocal read
            read += size
            return b"[" * size if read > 100 else (b'{"a": "' + b"x" * size)[:size]

    with pytest.raises(FileError):
        list(read_stream(Endless(), "works"))
    assert read < 100_000


@given(written=DOCUMENTS, cut=st.integers(0, 2_000), step=st.integers(1, 50))
def test_bson_that_is_cut_is_never_taken_for_less(written: list[dict[str, Any]], cut: int, step: int) -> None:
    try:
        encoded = [bson.encode(each) for each in written]
    except (bson.errors.InvalidDocument, UnicodeEncodeError):  # a name with NUL, or half a character
        return
    data = b"".join(encoded)
    cut = min(cut, len(data))
    ends = [sum(map(len, encoded[:number])) for number in range(len(encoded) + 1)]
    found: list[dict[str, Any]] = []
    try:
        found.extend(each.document for each in reading.read_bson(io.BytesIO(data[:cut]), "works"))
    except FileError as error:
        assert cut not in ends, error
    else:
        assert cut in ends
    assert found == [{name: value for name, value in each.items() if name != "_id"} for each in written[: len(found)]]


def test_bson_keeps_its_bytes() -> None:
    data = bson.encode({"_id": "a", "id": "a", "n": bson.Int64(5)})
    (found,) = read_stream(io.BytesIO(data), "works")
    assert found == ({"id": "a", "n": 5}, data, "works, byte 0", len(data))


@pytest.mark.parametrize("size", [0xFEFF, 0xFFFE, 0x1FEFF])
def test_bson_whose_length_looks_like_a_mark(size: int) -> None:
    document = {"a": ""}
    document["a"] = "x" * (size - len(bson.encode(document)))
    data = bson.encode(document)
    assert len(data) == size
    assert documents(data) == [document]


class Once(io.RawIOBase):
    """A stream that has one end, as what is typed on a terminal has one for each Ctrl-D."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        assert not self._ended
        data = self._data.read(size)
        self._ended = len(data) < size
        return data


@pytest.mark.parametrize("data", [b"", b"[]", b" \n", b'{"a": 1}\n', b'{"a": 1}' * 9_000, bson.encode({"a": 1}) * 900])
def test_nothing_is_read_after_the_end(data: bytes) -> None:
    assert [found.document for found in read_stream(Once(data), "works")] == [{"a": 1}] * data.count(b"a")


def test_what_is_broken_is_not_read_after_the_end() -> None:
    for data in (b'{"a": ', bson.encode({"a": "x" * 100})[:-1], b"[1"):
        with pytest.raises(FileError):
            list(read_stream(Once(data), "works"))


def test_directories_and_sockets_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # as the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in (Path("socket"), tmp_path, tmp_path / "nothing"):
            with pytest.raises(OSError, match=r"Is a directory|Is not a regular file|No such file"):
                read_file(path)


@pytest.mark.parametrize("data", [b"", b'{"a": 1}\n{"a": 2}', bson.encode({"a": 1}) * 90_000])
def test_pipes_are_read(tmp_path: Path, data: bytes) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    writing = threading.Thread(target=pipe.write_bytes, args=[data])
    writing.start()
    found = [each.document for each in read_file(pipe)]
    writing.join()
    assert found == documents(data)


def test_parquet_is_not_read_from_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    writing = threading.Thread(target=pipe.write_bytes, args=[b"PAR1xxxx"])
    writing.start()
    with pytest.raises(FileError, match=f"{pipe} is Parquet, which can be read from a file only"):
        next(read_file(pipe))
    writing.join()


def test_devices_are_read() -> None:
    assert list(read_file(Path("/dev/null"))) == []
    with pytest.raises(FileError):
        next(read_file(Path("/dev/zero")))
