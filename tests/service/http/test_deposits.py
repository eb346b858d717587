"""`POST /results`."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.support.asking import ask
from tests.support.launcher import Service
from workflow_results import Results


def work(pipeline: str, id_: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"pipeline": pipeline, "status": "success", **({"id": id_} if id_ else {}), **fields}


def post(door: Service, works: Any, **headers: str) -> tuple[int, Any]:
    return ask(door, "POST", "/results", works if isinstance(works, bytes) else json.dumps(works).encode(), **headers)[:2]


def test_nothing_is_nothing(door: Service) -> None:
    assert post(door, []) == (200, {})


def test_works_are_counted_by_their_pipelines(door: Service) -> None:
    p, q = uuid4().hex, uuid4().hex
    works = [work(p, "a"), work(q, "b"), work(p)]
    assert post(door, works) == (200, {p: 2, q: 1})
    with Results(door.target) as results:
        one, other = results.view(p, {})
        assert {"a"} < {one["id"], other["id"]}
    assert post(door, works[:2]) == (200, {p: 1, q: 1})
