"""Behaviour as data: every case of `tests/vectors/cases/` on the client of each language."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.testee import Testee
from tests.clients.vector_testee import TesteeRunner, over_stub
from tests.support.launcher import Service
from tests.support.vectors import Case, load, steps_of

CASES = load()
EXCEPTIONS: dict[tuple[str, str], str] = {}
"""The cases that the client of a language can't carry out, and why."""


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_case(
    language: str, case: Case, testees: Callable[[str], Testee], service: Service, request: pytest.FixtureRequest
) -> None:
    if language == "python":
        pytest.skip("they run in tests/service/client/test_vectors.py")
    if reason := EXCEPTIONS.get((language, case["name"])):
        pytest.skip(reason)
    testee, target, breaks = testees(language), service.target, None
    if "control" in case.get("needs", []):
        target, breaks = request.getfixturevalue("control")
        breaks(control="reset")
    client = f"vectors at {target}"
    if client not in _connected.setdefault(language, set()):
        testee.connect(client, target)
        _connected[language].add(client)
    TesteeRunner(testee, client, breaks).run(steps_of(case, f"vector-{uuid.uuid4().hex}"))


_connected: dict[str, set[Any]] = {}


def test_stubs_carry_out_few_steps() -> None:
    steps = [step for case in CASES.values() for step in steps_of(case, "p")]
    assert len(steps) > 1_300
    assert sum(bool(over_stub(step)) for step in steps) < 180


def test_few_exceptions() -> None:
    assert len(EXCEPTIONS) < 10
    assert {case for _, case in EXCEPTIONS} <= {case["name"] for case in CASES.values()}
