"""workflow-core as it is: all 14 methods of its `Results`, its transfer daemon and its `results` command."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import pytest

from tests.http_clients.programs import Programs
from tests.support.works import work
from workflow_results import Results

CONTEXT = """
import requests
from workflow.http.context import HTTPContext
results = HTTPContext(backends=["results"]).results

def refused(call, *arguments):
    try:
        return ["answered", call(*arguments)]
    except requests.HTTPError as error:
        return [error.response.status_code, error.response.json()]
"""


def works(pipeline: str, *ids: str, **fields: Any) -> str:
    """The source of a list of works."""
    each = {"pipeline": pipeline, "status": "success", "results": {"dm": 1.5}, "plots": ["p.png"], "products": ["d.h5"]}
    return repr([{**each, "event": [7], **fields, "id": id_} for id_ in ids])


def test_all_methods(core: Programs, pipeline: str) -> None:
    answer = core.answer(
        f"""{CONTEXT}
p = {pipeline!r}
answer = dict(
    info=results.info()["server"],
    deposit=results.deposit({works(pipeline, "a", "b", "c")}),
    again=results.deposit({works(pipeline, "a")}),
    empty=results.deposit([]),
    update=results.update({works(pipeline, "a", status="failure")}),
    view=[each["id"] for each in results.view(p, {{"status": "success"}})],
    projection=results.view(p, {{}}, {{"results.dm": True}}, 1, 1),
    all=len(results.view(p, {{}}, limit=-1)),
    count=results.count(p, {{"status": "failure"}}),
    status=results.status()[p],
    by_count=[each["id"] for each in results.get_by_count(p, 2)],
    by_id=[each["id"] for each in results.get_by_id(p, ["a", "z"])],
    by_event=len(results.get_by_event(p, 7)),
    lock=results.lock(p, ["a", "b"]),
    locked=[each["results"]["locked"] for each in results.get_locked(p)],
    locked_count=results.get_locked_count(p),
    unlock=results.unlock(p, ["a"], force=True),
    unlocked_count=results.get_locked_count(p),
    delete=results.delete_ids(p, ["a", "z"]),
    left=results.count(p, {{}}),
)
"""
    )
    assert answer.pop("info").keys() == {"version"}
    assert answer == {
        "deposit": {pipeline: 3},
        "again": {pipeline: 1},
        "empty": {},
        "update": {pipeline: 1},
        "view": ["c", "b"],
        "projection": [{"results": {"dm": 1.5}}],
        "all": 3,
        "count": 1,
        "status": 3,
        "by_count": ["c", "b"],
        "by_id": ["a"],
        "by_event": 3,
        "lock": True,
        "locked": [True, True],
        "locked_count": 2,
        "unlock": True,
        "unlocked_count": 1,
        "delete": {pipeline: 1},
        "left": 2,
    }


def test_refusals_raise(core: Programs, pipeline: str) -> None:
    answer = core.answer(
        f"""{CONTEXT}
p = {pipeline!r}
results.deposit({works(pipeline, "a", "b")})
results.lock(p, ["a"])
answer = dict(
    conflict=refused(results.deposit, {works(pipeline, "b", "c", status="failure")}),
    missing=refused(results.update, {works(pipeline, "b", "z")}),
    locked=refused(results.update, {works(pipeline, "a", "b", status="failure")}),
    deleted=refused(results.delete_ids, p, ["a", "b"]),
    stored=sorted((each["id"], each["status"]) for each in results.view(p, {{}})),
)
"""
    )
    assert [answer[name][0] for name in ("conflict", "missing", "locked", "deleted")] == [409] * 4
    assert answer["conflict"][1]["receipts"][0]["id"] == "b"
    assert [each["id"] for each in answer["missing"][1]["refusals"]] == ["z"]
    assert [each["id"] for each in answer["locked"][1]["refusals"]] == ["a"]
    assert [each["id"] for each in answer["deleted"][1]["refusals"]] == ["a"]
    assert answer["stored"] == [["a", "success"], ["b", "success"], ["c", "failure"]]


def test_a_loop_of_view_and_delete_over_locked_results_ends(core: Programs, pipeline: str) -> None:
    """As scripts do that clean up: where a refusal looked like a success, this one would go on for ever."""
    answer = core.answer(
        f"""{CONTEXT}
p = {pipeline!r}
results.deposit({works(pipeline, *(f"{number:02}" for number in range(25)))})
results.lock(p, ["03"])
rounds = 0
try:
    while some := results.view(p, {{}}, {{"id": True}}, 0, 10):
        rounds += 1
        results.delete_ids(p, [each["id"] for each in some])
        assert rounds < 10
except requests.HTTPError as error:
    answer = [rounds, error.response.status_code, results.status()[p]]
"""
    )
    assert answer == [3, 409, 5]


def test_a_lock_and_an_unlock_keep_every_byte(core: Programs, results: Results, pipeline: str) -> None:
    odd = {
        "large": 2**60 + 1,
        "nan": math.nan,
        "infinity": -math.inf,
        "time": dt.datetime(2026, 1, 2, 3, 4, 5, 678000, dt.timezone.utc),
        "data": bytes(range(256)),
        "nested": [{"nan": math.nan, "list": [1.0, 1, None]}],
        "locked": False,
    }
    results.deposit([work(pipeline, id="a", results=odd)])
    before = b"".join(results.stream_batches(pipeline, {}))
    assert core.answer(f"{CONTEXT}\np = {pipeline!r}\nanswer = [results.lock(p, ['a'])]") == [True]
    assert results.get_locked_count(pipeline) == 1
    assert core.answer(f"{CONTEXT}\np = {pipeline!r}\nanswer = [results.unlock(p, ['a'], True)]") == [True]
    assert b"".join(results.stream_batches(pipeline, {})) == before
    assert [entry.method for entry in results.history(pipeline, "a")] == ["unlock", "lock"]


TRANSFER = """
from types import SimpleNamespace
from workflow.daemons.transfer import perform

class Buckets:
    def __init__(self, works):
        self.works = {each["id"]: each for each in works}

    def view(self, query, projection, skip, limit):
        wanted = query.get("id", {}).get("$in", self.works)
        status = query.get("status")
        fresh = "$lt" not in query.get("creation", {})
        found = [each for id_, each in self.works.items() if id_ in wanted and status in (None, each["status"])]
        return found[:limit] if fresh else []

    def delete_ids(self, ids):
        for id_ in ids:
            self.works.pop(id_, None)

def transferred(buckets):
    return perform(True, 50, 604800, SimpleNamespace(buckets=buckets, results=results))
"""
"""The transfer daemon, and a stand-in for the buckets that it empties."""


def test_the_transfer_daemon(core: Programs, pipeline: str) -> None:
    kept = {"archive": {"results": True, "products": "pass", "plots": "pass", "logs": "move"}}
    passed_on = {"archive": {"results": False}}
    answer = core.answer(
        f"""{CONTEXT}{TRANSFER}
buckets = Buckets(
    {works(pipeline, "a", "b", config=kept)} + {works(pipeline, "c", status="failure", config=kept)}
    + {works(pipeline, "d", config=passed_on)}
)
first = transferred(buckets)
idle = transferred(buckets)
again = Buckets({works(pipeline, "a", "e", config=kept)})
again.works["a"]["results"] = {{"dm": 2.5}}
second = transferred(again)
answer = [first, idle, second, len(buckets.works), len(again.works), sorted(
    (each["id"], each["config"]["archive"]["plots"]) for each in results.view({pipeline!r}, {{}}))]
"""
    )
    ids = [["a", "bypass"], ["b", "bypass"], ["c", "bypass"], ["e", "bypass"]]
    first, idle, second, *rest = answer
    assert first == {"transfered": 3, "deleted": 4}
    assert idle == {"transfered": 0, "deleted": 0}
    assert second["transfered"] >= 0
    assert rest == [0, 0, ids]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["version"], "version"), (["count"], "{pipeline}"), (["view", "{pipeline}", "--status", "success"], "a")],
)
def test_the_results_command(
    core: Programs, results: Results, pipeline: str, arguments: list[str], expected: str
) -> None:
    results.deposit([work(pipeline, id="a")])
    done = core.run("workflow", "results", *(each.format(pipeline=pipeline) for each in arguments))
    assert done.returncode == 0, done.stderr
    assert expected.format(pipeline=pipeline) in done.stdout


def test_the_results_command_as_json(core: Programs, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, id="a", results={"snr": math.nan})])
    done = core.run("workflow", "results", "view", pipeline, "--json", "--details")
    (shown,) = json.loads(done.stdout.partition("\n")[2])  # behind the name of the workspace
    assert (shown["id"], shown["results"]["snr"]) == ("a", None)
