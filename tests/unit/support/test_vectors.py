"""The vectors: their form, and what their runners make of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.paths import VECTORS
from tests.support.vector_facade import for_facade, left_out
from tests.support.vector_stub import METHODS
from tests.support.vectors import CASES, Document, check, fits, is_hex, load, steps_of, to_json, to_python

SCHEMA = json.loads((VECTORS / "schema.json").read_text())
FILES = sorted(CASES.glob("*.json"))
READ = {"results", "json", "hex", "count"}
"""What may be expected of a stream of results."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_is_valid(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(path.read_text()))


@pytest.mark.parametrize(
    "step",
    [
        {"rpc": "Nothing"},
        {"rpc": "Count", "request": {"works": [{"n": 1}]}},
        {"rpc": "Count", "request": {"unknown": 1}},
        {"rpc": "Count", "expect": {"count": 1}, "error": {"code": "INVALID_ARGUMENT", "reason": "ROLE"}},
        {"rpc": "Deposit", "expect": {"outcomes": ["DEPOSITED"]}},
        {"read": "s", "expect": {"events": [], "results": []}},
        {"control": "explode"},
        {"control": "cut", "when": {"pipeline": "$P"}},
    ],
    ids=str,
)
def test_what_is_wrong_is_found(step: Any) -> None:
    cases = [{"name": "a", "steps": [step]}]
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(cases)


def test_names_are_unique_in_their_file() -> None:
    assert len(load()) == sum(len(json.loads(path.read_text())) for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_fields_are_those_of_the_proto(path: Path) -> None:
    for case in json.loads(path.read_text()):
        rpcs: dict[str, str] = {}
        for step in case["steps"]:
            rpcs.update((step[key], step["rpc"]) for key in ("open", "start") if key in step)
            rpc = step.get("rpc") or next((rpcs[step[key]] for key in ("send", "read", "finish") if key in step), "")
            if rpc:
                check_fields(METHODS[rpc], step)


def check_fields(method: Any, step: Any) -> None:
    request = step.get("request", {})
    if not is_hex(request):
        assert request.keys() <= {field.name for field in method.input_type.fields}, step
    answered = {field.name for field in method.output_type.fields}
    read = {"events", "reaches"} if method.name == "Watch" else READ if "part" in answered else set()
    assert step.get("expect", {}).keys() <= answered | read, step


def test_there_are_many_of_every_method() -> None:
    assert len(load()) >= 150
    called = Counter(step.get("rpc") for case in load().values() for step in case["steps"])
    assert {name for name in METHODS if called[name] < 1} == set()


def test_what_facades_leave_out() -> None:
    """A change of these numbers is fine, if it is meant."""
    ways, rules = Counter[str](), set[str]()
    for case in load().values():
        kept, told = for_facade(case)
        ways["none" if not kept else "some" if told else "all"] += 1
        rules.update(told)
    assert ways == {"all": 249, "some": 12, "none": 64}
    assert len(rules) == 10, "each rule is used"


def test_a_case_is_left_out_where_others_depend_on_what_a_facade_can_not_do() -> None:
    text = {"rpc": "Deposit", "request": {"works": ["{}"]}, "expect": {"outcomes": []}}
    count = {"rpc": "Count", "expect": {"count": 1}}
    deposit = {"rpc": "Deposit", "request": {"works": [{}]}, "expect": {"outcomes": []}}
    query = {"rpc": "View", "request": {"query": "{}"}, "expect": {"count": 1}}
    assert left_out(text)
    assert left_out(query)
    assert for_facade({"steps": [text, count]})[0] == []
    assert for_facade({"steps": [deposit, query, count]})[0] == [0, 2]
    assert for_facade({"steps": [deposit, query]})[0] == []


def test_placeholders() -> None:
    each = {"$each": {"id": "$N", "pad": "$K", "pipeline": "$P-2"}, "$from": 10, "$to": 9}
    [step] = steps_of({"steps": [{"request": {"works": each}}]}, "p")
    pad = "x" * 1024
    assert step["request"]["works"] == [{"id": id_, "pad": pad, "pipeline": "p-2"} for id_ in ("0010", "0009")]


def test_documents_are_compared_whole_and_messages_as_far_as_they_are_named() -> None:
    check({"a": 1, "b": [{"c": 2}]}, {"a": 1, "b": [{"c": 2, "d": 3}], "e": 4}, "here")
    assert not fits({"a": 1}, {"a": 2})
    assert not fits({"a": 1}, {"b": 1})
    assert not fits({"a": [1]}, {"a": [1, 2]})
    assert not fits({"a": {"b": 1}}, {"a": Document(b=1, c=2)})
    assert not fits({"a": {"b": True}}, {"a": Document(b={"$numberInt": "1"})})


def test_documents_keep_their_types() -> None:
    document = {
        "i": {"$numberInt": "1"},
        "l": {"$numberLong": "1"},
        "d": {"$date": {"$numberLong": "1"}},
        "u": {"$binary": {"base64": "AAAAAAAAAAAAAAAAAAAABw==", "subType": "04"}},
        "r": {"$regex": "x", "$options": "i"},
        "v": {"$regularExpression": {"pattern": "x", "options": "i"}},
    }
    assert to_json(to_python(document)) == document
    assert to_json({"_id": "a", "id": "a"}) == {"id": "a"}
