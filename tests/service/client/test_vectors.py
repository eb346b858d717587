"""Behaviour as data: the cases of `tests/vectors/cases/`, on a raw stub and on both facades."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.service.conftest import FACADES
from tests.support.launcher import Service
from tests.support.paths import REPOSITORY
from tests.support.vector_facade import FacadeRunner, for_facade
from tests.support.vector_stub import StubRunner
from tests.support.vectors import CONTROL, Case, ControlClient, Runner, controlled, load, steps_of
from tests.support.waiting import PATIENCE
from tests.support.wire import open_channel

CASES = load()
STUBS = {"stub": False, "stub with JSON": True}
"""The ways to run cases on a stub, and whether documents travel as JSON."""
RUNNERS = [*STUBS, *FACADES]


def cases_for(runner: str) -> dict[str, Case]:
    """Return the cases that a runner can carry out, with just the steps that it can."""
    if runner in STUBS:
        return CASES
    kept = {name: for_facade(case)[0] for name, case in CASES.items()}
    return {
        name: {**case, "steps": [case["steps"][number] for number in kept[name]]}
        for name, case in CASES.items()
        if kept[name]
    }


PARAMETERS = [
    pytest.param(runner, case, id=f"{runner}: {name}") for runner in RUNNERS for name, case in cases_for(runner).items()
]


@pytest.fixture(scope="module")
def control(mongo_uri: str) -> Iterator[tuple[str, ControlClient]]:
    """The target of a server that can be broken, and what breaks it."""
    with controlled(mongo_uri) as (target, client):
        yield target, client


@pytest.fixture(scope="module")
def clients() -> Iterator[Callable[[str, str], Any]]:
    """Return the client of a runner for a target, which several cases share."""
    made: dict[tuple[str, str], Any] = {}
    with ExitStack() as stack:

        def client(runner: str, target: str) -> Any:
            if (runner, target) not in made:
                opened = open_channel(target) if runner in STUBS else FACADES[runner](target, strict=True)
                made[runner, target] = stack.enter_context(opened)
            return made[runner, target]

        yield client


@pytest.mark.parametrize(("runner", "case"), PARAMETERS)
def test_case(
    runner: str, case: Case, service: Service, clients: Callable[[str, str], Any], request: pytest.FixtureRequest
) -> None:
    target, breaks = service.target, None
    if "control" in case.get("needs", []):
        target, breaks = request.getfixturevalue("control")
        breaks(control="reset")
    client = clients(runner, target)
    made: Runner = (
        StubRunner(client, breaks, as_json=STUBS[runner]) if runner in STUBS else FacadeRunner(client, breaks)
    )
    made.run(steps_of(case, f"vector-{uuid.uuid4().hex}"))


def test_each_runner_runs_its_cases() -> None:
    numbers = Counter(str(each.values[0]) for each in PARAMETERS)
    assert numbers == {"stub": len(CASES), "stub with JSON": len(CASES), "Results": 261, "AsyncResults": 261}


def test_the_control_process_starts_a_runner(mongo_uri: str) -> None:
    runner = (
        "import os, sys; sys.exit(len({'WORKFLOW_RESULTS_TARGET', 'WORKFLOW_RESULTS_CONTROL'} & os.environ.keys()))"
    )
    command = [*CONTROL, "--mongo-uri", mongo_uri, sys.executable, "-c", runner]
    assert subprocess.run(command, cwd=REPOSITORY, timeout=2 * PATIENCE, check=False).returncode == 2


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"{}", b'{"control": "explode"}', b'{"control": "hold", "more": 1}']
)
def test_lines_that_are_no_commands(control: tuple[str, ControlClient], line: bytes) -> None:
    answer = control[1].send_line(line)
    assert answer["ok"] is False
    assert answer["error"]
    assert control[1].send_line(b'{"control": "reset"}') == {"ok": True}
