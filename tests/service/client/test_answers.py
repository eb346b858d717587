"""What the facades make of the answers of the service, and of arguments before they send anything: Python alone.

What the service answers is in `tests/vectors/cases/`.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.works import work
from workflow_results import InvalidRequestError, InvalidStatusError, Results

pytestmark = [pytest.mark.both_facades, pytest.mark.filterwarnings("error")]

P = "PIPELINE"
"""Stands for the pipeline of the test."""
A, B, C = (work(P, id_) for id_ in "abc")
LOCKED = work(P, "locked", results={"locked": True})


def placed(value: Any, pipeline: str) -> Any:
    """Return a value with the name of the pipeline put in."""
    if isinstance(value, str):
        return value.replace(P, pipeline)
    if isinstance(value, (list, tuple)):
        return type(value)(placed(each, pipeline) for each in value)
    if isinstance(value, dict):
        return {placed(key, pipeline): placed(each, pipeline) for key, each in value.items()}
    return value


ANSWERS: list[tuple[list[dict[str, Any]], str, tuple[Any, ...], Any]] = [
    ([], "deposit", ([A, work(f"{P}-2", "a")],), {P: True, f"{P}-2": True}),
    ([], "deposit", ([],), {}),
    ([A], "deposit", ([A],), {P: True}),
    ([], "deposit", ([A, A],), {P: True}),
    ([A], "update", ([{**A, "n": 1}],), True),
    ([], "update", ([],), True),
    ([A, B], "delete_ids", (P, ["a", "b", "a"]), True),
    ([], "delete_ids", (P, []), True),
    ([A], "lock", (P, ["a"]), True),
    ([LOCKED], "lock", (P, ["locked"]), True),
    ([], "lock", (P, []), True),
    ([LOCKED], "unlock", (P, ["locked"], True), True),
    ([A], "unlock", (P, ["a"], True), True),
    ([], "unlock", (P, [], True), True),
    ([], "unlock", (P, []), True),
    ([A, B], "count", (P, {}), 2),
    ([LOCKED], "get_locked_count", (P,), 1),
    ([], "get_by_id", (P, []), []),
    ([A, B, C], "view", (P, {}, {"id": 1}, 1, 1), [{"id": "b"}]),
    ([A], "view", (P, {}, {"id": 1}, 0, -1), [{"id": "a"}]),
    ([A], "view", (P, {}, {"id": 1}, 9), []),
    ([A, B], "get_by_count", (P, 1), [B]),
    ([work(P, f"{n:03}") for n in range(11)], "get_by_count", (P,), [work(P, f"{n:03}") for n in range(10, 0, -1)]),
]
"""What is there, a method, its arguments, and what it returns."""


@pytest.mark.parametrize(("there", "method", "arguments", "returned"), ANSWERS)
def test_what_a_method_returns(
    results: Results,
    pipeline: str,
    there: list[Any],
    method: str,
    arguments: tuple[Any, ...],
    returned: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    results.deposit(placed(there, pipeline))
    given = placed(arguments, pipeline)
    before = copy.deepcopy(given)
    answer = getattr(results, method)(*given)
    assert answer == placed(returned, pipeline)
    assert type(answer) is type(returned)
    assert given == before, "the arguments were changed"
    assert not caplog.records


NOES: list[tuple[str, tuple[Any, ...], Any, str]] = [
    (
        "deposit",
        ([work(P, "a", n=2), B],),
        {P: False},
        "works[0] (PIPELINE a): a result with this id is stored with",
    ),
    ("deposit", ([work(P, "x", n=1), work(P, "x", n=2)],), {P: False}, "works[1]"),
    ("update", ([work(P, "a"), work(f"{P}-2", "c")],), False, "update changed nothing: PIPELINE-2 c does not exist"),
    ("update", ([work(P, "locked", n=1)],), False, "PIPELINE locked is locked"),
    ("delete_ids", (P, ["a", "no"]), False, "delete_ids changed nothing: PIPELINE no does not exist"),
    ("delete_ids", (P, ["a", "locked"]), False, "PIPELINE locked is locked"),
    ("lock", (P, ["a", "no"]), False, "lock changed nothing: PIPELINE no does not exist"),
    ("lock", (f"{P}-none", ["a"]), False, "does not exist"),
    ("unlock", (P, ["locked", "no"], True), False, "unlock changed nothing: PIPELINE no does not exist"),
    ("unlock", (P, ["locked"]), False, "there is no terminal to ask on"),
]
"""A method, its arguments, what it returns, and a part of the one warning that says why."""


@pytest.mark.parametrize(("method", "arguments", "returned", "said"), NOES)
def test_a_no_is_returned_and_a_warning_says_why(
    results: Results,
    pipeline: str,
    method: str,
    arguments: tuple[Any, ...],
    returned: Any,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    results.deposit(placed([A, LOCKED], pipeline))
    given = placed(arguments, pipeline)
    before = copy.deepcopy(given)
    assert getattr(results, method)(*given) == placed(returned, pipeline)
    assert given == before, "the arguments were changed"
    [record] = caplog.records
    assert placed(said, pipeline) in record.getMessage()


NAMES = "must be 1 to 128 ASCII letters, digits, hyphens and (not first) underscores, not "
ERRORS: list[tuple[str, tuple[Any, ...], type[InvalidRequestError], str]] = [
    (
        "deposit",
        ([A, work(P, "b") | {"status": "created"}],),
        InvalidStatusError,
        "works[1].status must be 'success'",
    ),
    ("deposit", ([{"id": "b", "pipeline": P}],), InvalidStatusError, "works[0].status"),
    ("deposit", ([A | {"status": ["success"]}],), InvalidStatusError, "works[0].status"),
    ("deposit", ({"id": "a"},), InvalidRequestError, "works must be a list of dicts, not dict"),
    ("deposit", (["a"],), InvalidRequestError, "works[0] must be a dict, as Work.payload is, not str"),
    ("deposit", ([{"status": "success"}],), InvalidRequestError, "works[0].pipeline must be a string, not null"),
    ("deposit", ([work("a b")],), InvalidRequestError, f"works[0].pipeline {NAMES}'a b'"),
    ("deposit", ([work("_history")],), InvalidRequestError, f"works[0].pipeline {NAMES}'_history'"),
    ("deposit", ([A | {"id": 5}],), InvalidRequestError, "works[0].id must be a string, not int"),
    ("deposit", ([A | {"id": ""}],), InvalidRequestError, "works[0].id must have 1 to 128 characters, not 0"),
    ("deposit", ([A | {"_id": "b"}],), InvalidRequestError, "works[0]._id must be left out or equal the id"),
    (
        "deposit",
        ([A | {"results": []}],),
        InvalidRequestError,
        "works[0].results must be null or a document, not array",
    ),
    (
        "deposit",
        ([A | {"results": {"locked": 1}}],),
        InvalidRequestError,
        "works[0].results.locked must be a bool",
    ),
    ("deposit", ([A | {"a.b": 1}],), InvalidRequestError, "works[0]['a.b'] is a field name that must not contain '.'"),
    ("deposit", ([A | {"$a": 1}],), InvalidRequestError, "works[0]['$a'] is a field name that must not start with '$'"),
    ("deposit", ([A | {"": 1}],), InvalidRequestError, "works[0][''] is a field name that must not be empty"),
    ("update", ([{"pipeline": P}],), InvalidRequestError, "works[0].id must be a string, not null"),
    ("update", ([A | {"status": "running"}],), InvalidStatusError, "works[0].status"),
    ("update", ([A, A],), InvalidRequestError, "works[1].id must not be the id of another work in the same update"),
    ("update", ([LOCKED],), InvalidRequestError, "works[0].results.locked must not be true in an update: use Lock"),
    ("update", ([A | {"results.locked": True}],), InvalidRequestError, "is a field name that must not contain '.'"),
    ("delete_ids", (P, "c"), InvalidRequestError, "ids must be a list of strings, not 'c'"),
    ("delete_ids", (P, [3]), InvalidRequestError, "ids[0] must be a string, not int"),
    ("view", (P, {}, {}, -1), InvalidRequestError, "skip must be"),
    ("view", (P, {}, {}, 0, -2), InvalidRequestError, "limit must be"),
    ("view", (P, {}, {}, 0, 1.5), InvalidRequestError, "limit must be an int, not 1.5"),
    ("view", (P, {}, {}, True), InvalidRequestError, "skip must be an int, not True"),
    ("view", (P, []), InvalidRequestError, "query must be a dict, not list"),
    ("view", (P, {}, ["id"]), InvalidRequestError, "projection must be a dict, not list"),
    ("view", ("_such", {}), InvalidRequestError, "pipeline must be 1 to 128 ASCII letters"),
    ("view", (P, {"a": {"$regex": "("}}), InvalidRequestError, "regular expression"),
    ("view", (P, {"$where": "true"}), InvalidRequestError, "query.$where"),
    ("count", (P, {"$or": [{"a": {"$near": 1}}]}), InvalidRequestError, "query.$or[0].a.$near"),
    ("view", (P, {}, {"x": {"$meta": "textScore"}}), InvalidRequestError, "projection.x"),
    ("get_by_count", (P, -2), InvalidRequestError, "count must be"),
    ("get_by_event", (P, "2"), InvalidRequestError, "event_number must be an int, not '2'"),
    ("get_by_event", (P, 2**63), InvalidRequestError, "event_number must be"),
]
"""A method, its arguments, the error that it raises, and a part of what that says."""


@pytest.mark.parametrize(("method", "arguments", "error", "said"), ERRORS)
def test_what_is_wrong_is_named_by_its_path(
    results: Results,
    pipeline: str,
    method: str,
    arguments: tuple[Any, ...],
    error: type[InvalidRequestError],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    results.deposit(placed([work(P, "there", a="text")], pipeline))
    given = placed(arguments, pipeline)
    before = copy.deepcopy(given)
    with pytest.raises(error) as raised:
        getattr(results, method)(*given)
    assert said in str(raised.value)
    assert given == before, "the arguments were changed"
    assert not caplog.records
    assert results.count(pipeline, {}) == 1, "nothing was sent"


def test_a_wrong_status_is_an_assertion_error_as_in_the_http_client(results: Results, pipeline: str) -> None:
    for method in (results.deposit, results.update):
        with pytest.raises(AssertionError):
            method([work(pipeline, "a") | {"status": "created"}])
