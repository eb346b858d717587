"""Lists of works that are taken apart as they arrive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_results.common import rules
from workflow_results_server.http import json_works
from workflow_results_server.http.errors import HttpError
from workflow_results_server.http.json_works import Element, Problem, encoded, works_of
from workflow_results_server.http.requests import Call
from workflow_results_server.requests.memory import Held, Room

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=12,
)
WHOLE = VALUES.filter(lambda value: not isinstance(value, float))
"""Of a double that is cut, what stands before its point is a number, too; works are objects, which end for certain."""
SPACE = st.sampled_from(["", " ", "\n", " \t\r\n "])


class Arriving:
    """A body in chunks."""

    def __init__(self, *chunks: bytes, room: int = 1 << 40) -> None:
        self._chunks = chunks
        self.held = Held(Room(room))

    async def chunks(self, _most: int) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            await asyncio.sleep(0)
            yield chunk


def taken_apart(*chunks: bytes) -> tuple[list[Element], HttpError | None]:
    """Return the elements of a list, and what ended it."""

    async def take() -> tuple[list[Element], HttpError | None]:
        found: list[Element] = []
        try:
            async for some in works_of(cast("Call", Arriving(*chunks)), 1 << 40, lambda element: element):
                found += some
        except HttpError as error:
            return found, error
        return found, None

    return asyncio.run(take())


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try after each byte, and take all but the shortest for long."""
    monkeypatch.setattr(json_works, "_LEAST_STEP", 1)
    monkeypatch.setattr(json_works, "_MOST_STEP", 1)
    monkeypatch.setattr(json_works, "_LONG", 10)


@pytest.mark.usefixtures("eager")
@given(st.lists(VALUES, max_size=5), SPACE, st.booleans(), st.integers(1, 40))
def test_a_list_is_the_same_however_it_is_cut(values: list[Any], space: str, ascii_: bool, size: int) -> None:
    texts = [json.dumps(value, ensure_ascii=ascii_) for value in values]
    body = f"{space}[{space}{f'{space},{space}'.join(texts)}{space}]{space}".encode()
    found, error = taken_apart(*cut(body, size))
    assert error is None
    assert [each.position for each in found] == list(range(len(values)))
    assert [each.text for each in found] == texts
    assert [json.dumps(each.value) for each in found] == [json.dumps(value) for value in values]
    for each, value in zip(found, values, strict=True):
        if isinstance(value, dict):
            assert encoded(each) == bson.encode(json.loads(each.text))  # which has one NaN for all


@pytest.mark.usefixtures("eager")
@given(st.lists(WHOLE | st.integers(10, 10**6), min_size=1, max_size=3), st.data())
def test_what_breaks_off_is_refused_behind_what_is_whole(values: list[Any], data: st.DataObject) -> None:
    body = json.dumps(values).encode()
    end = data.draw(st.integers(0, len(body) - 1))
    found, error = taken_apart(*cut(body[:end], 7))
    assert error is not None
    assert (error.status, error.body["reason"]) == (400, "MALFORMED_REQUEST")
    whole = json.dumps(values[: len(found)])
    assert json.dumps([each.value for each in found]) == whole


@pytest.mark.usefixtures("eager")
@given(st.lists(VALUES, max_size=3), st.integers(0, 200), st.sampled_from([b"\0", b"\xff", b"]", b"}", b"x", b"\x80"]))
def test_what_is_not_json_is_not_taken_for_it(values: list[Any], at: int, bad: bytes) -> None:
    body = json.dumps(values).encode()
    body = body[: at % len(body)] + bad + body[at % len(body) :]
    found, error = taken_apart(*cut(body, 5))
    try:
        whole = json.loads(body)
    except ValueError:
        assert error is not None
    else:
        assert (json.dumps([each.value for each in found]), error) == (json.dumps(whole), None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 9223372036854775808}', "INVALID_WORK"),
        ('{"a": [-1e400]}', "INVALID_WORK"),
        (f'{{"a": {"9" * 400}.5}}', "INVALID_WORK"),
        (f'{{"a": {"9" * 100_000}}}', "INVALID_WORK"),
        ('{"a": 1, "b": {"c": 1, "\\u0063": 2}}', "DUPLICATE_FIELD"),
        ('{"a\\u0000": 1}', "INVALID_WORK"),
        ('{"a": "\\ud800"}', "INVALID_WORK"),
        ("[{}]", "INVALID_WORK"),
        ('"a"', "INVALID_WORK"),
    ],
)
@pytest.mark.parametrize("long", [True, False])
def test_what_can_not_be_stored_is_one_problem_of_one_work(
    monkeypatch: pytest.MonkeyPatch, text: str, reason: str, long: bool
) -> None:
    if long:
        monkeypatch.setattr(json_works, "_LONG", 0)
    works, error = taken_apart(f'[{{"a": Infinity}}, {text}, {{"a": 1.0}}]'.encode())
    assert error is None
    before, problem, behind = map(encoded, works)
    assert (before, behind) == (bson.encode({"a": float("inf")}), bson.encode({"a": 1.0}))
    assert isinstance(problem, Problem)
    assert problem.reason == reason
    assert len(problem.message) < 200


def test_a_long_work_is_tried_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    read = json_works._Reader.read

    def noted(self: Any, text: str, start: int) -> tuple[Any, int]:
        tries.append(len(text) - start)
        return read(self, text, start)

    monkeypatch.setattr(json_works._Reader, "read", noted)
    body = json.dumps([{"text": "x" * (16 * rules.MIB)}, {"a": 1}]).encode()
    found, error = taken_apart(*cut(body, 1 << 16))
    assert ([len(each.text) for each in found], error) == ([16 * rules.MIB + 12, 8], None)
    assert sum(tries) < 5 * len(body)


@pytest.mark.parametrize("element", [b"x" * 64, b"{}," * 16, b"[]," * 16, b'{"a": [[[[[[[[[[[[[[[[[[[['])
def test_what_no_work_can_be_is_given_up(monkeypatch: pytest.MonkeyPatch, element: bytes) -> None:
    monkeypatch.setattr(json_works, "_TEXT_BYTES", 1 << 20)
    monkeypatch.setattr(json_works, "_VALUES", 100_000)
    monkeypatch.setattr(json_works, "_MOST_STEP", 1 << 16)
    arrived = 0

    def arriving() -> Iterator[bytes]:
        nonlocal arrived
        yield b'[{"a": 1}, '
        yield b'"' if element[:1] == b"x" else b"["
        for _ in range(1 << 10):
            arrived += 1
            yield element * 1_000

    found, error = taken_apart(*arriving())
    assert [each.value for each in found] == [{"a": 1}]
    assert error is not None
    assert error.status in (400, 413)
    assert "works[1]" in error.body["message"]


def test_memory_is_held_and_given_back() -> None:
    arriving = Arriving(b"[" + b" " * (1 << 20), b'{"a": "' + b"x" * (1 << 20), b'"}]', room=1 << 22)

    async def take() -> list[int]:
        works = works_of(cast("Call", arriving), 1 << 40, lambda _: None)
        return [arriving.held._parts["body"] async for _ in works]

    assert asyncio.run(take()) == [(1 << 20) + 10]
