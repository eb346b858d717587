"""Documents keep every type: from BSON to the values of a language and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.clients.testee import Testee
from tests.support.paths import VECTORS

CASES: list[dict[str, Any]] = json.loads((VECTORS / "bson.json").read_text())
_OLD = "the bson package of PyMongo has no class for this type, which MongoDB has deprecated"
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("python", "a symbol"): _OLD,
    ("python", "undefined"): _OLD,
    ("python", "a pointer"): _OLD,
    ("typescript", "undefined"): "the bson package leaves it out",
    ("typescript", "a pointer"): "the bson package makes it a DBRef",
    ("typescript", "a date: the first that is"): "a Date ends 100 million days before 1970; the client refuses it",
    ("typescript", "a date: the last that is"): "a Date ends 100 million days after 1970; the client refuses it",
    ("typescript", "names that are numbers, in no order"): "objects have such keys in ascending order",
    ("typescript", "names that objects of some languages have"): "the bson package takes _bsontype for its own mark",
}
"""The values that the BSON library of a language does not keep, and why."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case["what"]) for case in CASES])
def test_document(language: str, case: dict[str, Any], testee: Testee) -> None:
    if reason := EXCEPTIONS.get((language, case["what"])):
        pytest.skip(reason)
    assert testee("echo", document=case["bson"])["document"] == case["bson"]


def test_few_exceptions() -> None:
    assert len(EXCEPTIONS) < 10
    assert {what for _, what in EXCEPTIONS} <= {case["what"] for case in CASES}
