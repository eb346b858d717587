"""What the methods and the settings of a client take, and what they refuse rather than guess."""

from __future__ import annotations

import enum
import fractions
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bson import Binary, Code, ObjectId, Regex

from tests.support.launcher import Service
from tests.support.works import work
from workflow_results import InvalidRequestError, Outcome, Receipt, Results
from workflow_results.common import rules

HUGE = 10**400
HUGER = 10**5_000
"""Python writes no int with so many digits."""


class Word(str, enum.Enum):
    """A string that is formatted in its own way."""

    A = "a"


def word(value: str) -> Any:
    class Other(str, enum.Enum):
        ONLY = value

    return Other.ONLY


@pytest.mark.parametrize(
    "timeout",
    [HUGE, HUGER, -HUGE, fractions.Fraction(HUGE), fractions.Fraction(1, HUGE), float("nan"), np.bool_(True)],
    ids=rules.shorten,
)
def test_timeouts_that_no_clock_can_hold(timeout: Any, results: Results) -> None:
    for call in (lambda: Results("localhost:1", timeout=timeout), lambda: results.count("a", {}, timeout=timeout)):
        with pytest.raises(InvalidRequestError, match="timeout must be a positive number of seconds, not ") as caught:
            call()
        assert len(str(caught.value)) < 200


NO_STRINGS: list[tuple[Any, str]] = [
    (Code("a"), "JavaScript"),
    (ObjectId(), "objectId"),
    (Binary(b"a"), "binary"),
    (Regex("a"), "regular expression"),
    (b"a", "binary"),
    (5, "int"),
    (None, "null"),
    (True, "bool"),
]


@pytest.mark.parametrize(("value", "name"), NO_STRINGS)
def test_what_only_looks_like_a_string_is_no_id_and_no_pipeline(
    results: Results, pipeline: str, value: Any, name: str
) -> None:
    for method in (results.get_by_id, results.delete_ids, results.lock):
        with pytest.raises(InvalidRequestError, match=rf"ids\[1\] must be a string, not {name}"):
            method(pipeline, ["a", value])
    if value is not None:  # which stands for the pipeline itself
        with pytest.raises(InvalidRequestError, match=rf"^id must be a string, not {name}"):
            results.history(pipeline, value)
    with pytest.raises(InvalidRequestError, match=rf"^pipeline must be a string, not {name}"):
        results.count(value, {})
    with pytest.raises(InvalidRequestError, match=rf"works\[0\].pipeline must be a string, not {name}"):
        results.deposit([work(value, "a")])
    if value is not None:
        with pytest.raises(InvalidRequestError, match=rf"works\[0\].id must be a string, not {name}"):
            results.deposit([work(pipeline, value)])


@pytest.mark.parametrize("a", [Word.A, np.str_("a")])
def test_strings_of_other_types_are_the_strings_that_they_hold(
    service: Service, results: Results, pipeline: str, a: Any
) -> None:
    """In a text, `Word.A` is "Word.A"."""
    first, second = work(pipeline, a, n=1), work(pipeline, "a", n=2)
    receipts = results.deposit_receipts([first, second])
    assert [(each.outcome, each.id, type(each.id)) for each in receipts] == [
        (Outcome.DEPOSITED, "a", str),
        (Outcome.CONFLICT, "a", str),
    ], "works with one id are taken in order"
    assert first["id"] is a, "arguments are left as they are"
    with results.depositor() as depositor:
        future = depositor.deposit(first)
    assert future.result() == Receipt(pipeline, "a", Outcome.ALREADY_DEPOSITED)
    assert type(future.result().id) is str
    assert [each["id"] for each in results.get_by_id(pipeline, [a, "a"])] == ["a"]
    assert results.lock(pipeline, [a, "a"])
    assert results.history(pipeline, a)[0].result_count == 1
    named = {each["pipeline"]: each for each in results.get_by_id(pipeline, ["a"])}
    pipeline_enum = word(pipeline)
    assert results.deposit([{**named[pipeline], "pipeline": pipeline_enum}, work(pipeline, "b")]) == {pipeline: True}
    with Results(word(service.target)) as client:
        assert client.baseurl == f"{client.baseurl}" == service.target
        assert client.count(pipeline_enum, {}) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: ("a", "b"),
        lambda: {"a", "b"},
        lambda: {"a": 1, "b": 2}.keys(),
        lambda: iter(["a", "b"]),
        lambda: (each for each in "ab"),
        lambda: np.array(["a", "b"]),
        lambda: np.array(["a", "b"], dtype=object),
    ],
)
def test_ids_of_any_list(results: Results, pipeline: str, make: Callable[[], Any]) -> None:
    results.deposit([work(pipeline, id_) for id_ in "abc"])
    assert [each["id"] for each in results.get_by_id(pipeline, make())] == ["b", "a"]
    assert results.delete_ids(pipeline, make())
    assert results.count(pipeline, {}) == 1


@pytest.mark.parametrize(
    "ids",
    [
        "a",
        b"a",
        bytearray(b"a"),
        memoryview(b"a"),
        {"a": 1},
        None,
        5,
        np.array("a"),
        np.array([["a"]]),
        io.StringIO("a\nb\n"),
        type("Frame", (), {"ndim": 2, "__iter__": lambda _: iter("ab")})(),
    ],
)
def test_what_is_no_list_of_ids(results: Results, ids: Any) -> None:
    for method in (results.get_by_id, results.delete_ids, results.lock, results.unlock):
        with pytest.raises(InvalidRequestError, match="ids must be a list of strings, not ") as caught:
            method("a", ids)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("number", [True, np.bool_(True), 1.0, "1", "١", None, np.array([1]), fractions.Fraction(1)])  # noqa: RUF001
def test_what_is_no_int(results: Results, number: Any) -> None:
    for name, call in (
        ("limit", lambda: results.view("a", {}, limit=number)),
        ("skip", lambda: results.stream("a", {}, skip=number)),
        ("event_number", lambda: results.get_by_event("a", number)),
        ("count", lambda: results.get_by_count("a", number)),
    ):
        with pytest.raises(InvalidRequestError, match=f"{name} must be an int, not "):
            call()


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("not even this")


@pytest.mark.parametrize("number", [HUGER, 2**63, np.uint64(2**63), -2], ids=rules.shorten)
def test_ints_out_of_range(results: Results, number: Any) -> None:
    with pytest.raises(InvalidRequestError, match="limit must be from -1 to 9223372036854775807, not "):
        results.view("a", {}, limit=number)


def test_values_that_cannot_be_shown_are_named_by_their_type(results: Results, pipeline: str) -> None:
    unspeakable: Any = Unspeakable()
    with pytest.raises(InvalidRequestError, match="limit must be an int, not <Unspeakable"):
        results.view(pipeline, {}, limit=unspeakable)
    with pytest.raises(InvalidRequestError, match=r"works\[0\].status must be .*, not Unspeakable"):
        results.deposit([{"pipeline": pipeline, "status": unspeakable}])
    with pytest.raises(InvalidRequestError, match=r"works\[0\].n must be within 64 bits, .*, not <int>"):
        results.deposit([work(pipeline, "a", n=HUGER)])


def test_numpy_ints_are_ints(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, id_, event=[7]) for id_ in "abc"])
    assert [each["id"] for each in results.view(pipeline, {}, skip=np.uint8(1), limit=np.int64(1))] == ["b"]
    assert len(results.get_by_event(pipeline, np.int32(7))) == 3
    assert [each["id"] for each in results.get_by_count(pipeline, np.array(2))] == ["c", "b"]  # type: ignore[arg-type]
