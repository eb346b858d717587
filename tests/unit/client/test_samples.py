"""Sample works: the same for a seed, like those of real pipelines, and within the rules."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.workflow_core import workflow_core
from workflow_results._encoding.documents import decode, encode
from workflow_results.common import rules
from workflow_results.samples import PIPELINES, sample_works


@pytest.fixture(scope="module")
def works() -> list[dict[str, Any]]:
    return list(sample_works(3_000))


def encoded(works: list[dict[str, Any]]) -> list[bytes]:
    return [encode(work, "work") for work in works]


def test_sample_works_depend_on_their_seed_alone(works: list[dict[str, Any]]) -> None:
    assert encoded(list(sample_works(3_000))) == encoded(works)
    assert encoded(list(sample_works(700))) == encoded(works[:700])
    assert encoded(list(sample_works(3, seed=1))) != encoded(works[:3])


def test_sample_works_keep_the_rules(works: list[dict[str, Any]]) -> None:
    assert [problem for work in works if (problem := rules.work_problem(work))] == []


def test_sample_works_have_the_keys_of_a_payload(works: list[dict[str, Any]], tmp_path: Path) -> None:
    workspace = tmp_path / "workspace.yml"
    workspace.write_text("workspace: test\n")
    payload = workflow_core(
        f"""
from workflow.definitions.work import Work
work = Work(pipeline="test", site="chime", user="test", config={{"strategy": "relaxed"}}, workspace={str(workspace)!r})
answer = work.payload
""",
        tmp_path,
    )
    for work in works:
        assert list(work) == list(payload)
        assert list(work["config"]) == list(payload["config"])
        assert list(work["notify"]["slack"]) == list(payload["notify"]["slack"])


def test_ids_of_sample_works_grow_with_their_creation(works: list[dict[str, Any]]) -> None:
    assert all(re.fullmatch("[0-9a-f]{24}", work["id"]) for work in works)
    assert all(one["id"] < next_["id"] and one["creation"] < next_["creation"] for one, next_ in pairwise(works))
    assert all(work["creation"] <= work["start"] <= work["stop"] for work in works)


def test_sample_works_are_like_those_of_real_pipelines(works: list[dict[str, Any]]) -> None:
    succeeded = [work for work in works if work["status"] == "success"]
    failed = [work for work in works if work["status"] == "failure"]
    assert 0.01 < len(failed) / len(works) < 0.06
    assert all(work["results"] is None and "Traceback" in work["notify"]["slack"]["message"] for work in failed)
    assert all(isinstance(work["results"]["snr"], np.floating) for work in succeeded)
    assert all(isinstance(work["results"]["spectrum"], np.ndarray) for work in succeeded)
    assert 1_300 < np.mean([len(data) for data in encoded(works)]) < 1_500

    seen: dict[int, set[str]] = {}
    for work in works:
        seen.setdefault(work["event"][0], set()).add(work["pipeline"])
    assert any(pipelines == set(PIPELINES) for pipelines in seen.values())
    assert any(len(work["event"]) == 2 for work in works)


def test_a_sample_work_comes_back_as_plain_values(works: list[dict[str, Any]]) -> None:
    [decoded] = decode(encode(works[0], "work"))
    assert decoded["results"]["dm"] == works[0]["results"]["dm"]
    assert decoded["results"]["spectrum"] == works[0]["results"]["spectrum"].tolist()


def test_sample_works_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy.random", None)
    with pytest.raises(ImportError, match=r"pip install 'workflow-results\[demo\]'"):
        sample_works(1)
