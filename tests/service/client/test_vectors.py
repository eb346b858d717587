"""Behaviour as data: the calls of `vectors/calls/*.json`, and what they answer."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

import workflow_results
from tests.support.paths import VECTORS
from workflow_results import Results

pytestmark = pytest.mark.both_facades

CASES = [
    pytest.param(case["steps"], id=f"{path.stem}: {case['name']}")
    for path in sorted((VECTORS / "calls").glob("*.json"))
    for case in json.loads(path.read_text())
]


def placed(value: Any, pipeline: str) -> Any:
    return json.loads(json.dumps(value).replace("PIPELINE", pipeline))


@pytest.mark.parametrize("steps", CASES)
@pytest.mark.filterwarnings("error")
def test_case(steps: Any, pipeline: str, results: Results, caplog: pytest.LogCaptureFixture) -> None:
    for number, step in enumerate(placed(steps, pipeline)):
        caplog.clear()
        arguments, keywords = step.get("args", []), step.get("kwargs", {})
        given = copy.deepcopy((arguments, keywords))
        method = getattr(results, step["call"])
        where = f"step {number}: {step['call']}"
        if "raises" in step:
            with pytest.raises(getattr(workflow_results, step["raises"])) as caught:
                list(method(*arguments, **keywords))
            assert step["message"] in str(caught.value), where
        else:
            answer = method(*arguments, **keywords)
            if "returns" in step:
                assert answer == step["returns"], where
                assert type(answer) is type(step["returns"]), where
        assert step.get("logs", "") in caplog.text, where
        assert bool(caplog.records) == ("logs" in step), f"{where}: {caplog.text}"
        assert (arguments, keywords) == given, f"{where}: the arguments were changed"
