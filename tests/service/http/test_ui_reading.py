"""What the page reads: results, counts, columns, points and files."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.browsing import Browser
from tests.support.launcher import Service
from workflow_results import Results
from workflow_results_server.http.ui.files import FOLDER


@pytest.fixture(scope="module")
def browser(door: Service) -> Browser:
    return Browser(door)


@pytest.fixture(scope="module")
def client(door: Service) -> Any:
    with Results(door.target) as results:
        yield results


def deposit(client: Results, pipeline: str, contents: list[Any], **fields: Any) -> list[str]:
    works = [
        {"id": f"{number:04d}", "pipeline": pipeline, "status": "success", "results": content, **fields}
        for number, content in enumerate(contents)
    ]
    assert client.deposit(works) == {pipeline: True}
    return [work["id"] for work in works]


def test_the_page_and_its_files_are_there_without_a_login(browser: Browser) -> None:
    page = browser.get("/ui/")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    named = re.findall(r'(?:href|src)="([^"]+)"', page.body.decode())
    assert len(named) >= 5
    for path in named:
        file = browser.get(path)
        assert file.status == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["content-type"].split(";")[0] in ("text/javascript", "text/css", "image/svg+xml")
        again = browser.send("GET", path, if_none_match=file.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        compressed = browser.send("GET", path, accept_encoding="gzip")
        assert compressed.headers.get("content-encoding") == ("gzip" if len(file.body) >= 1024 else None)


def test_every_module_that_is_imported_is_there() -> None:
    for path in FOLDER.glob("*.js"):
        for name in re.findall(r'from "(\./[^"]+)"', path.read_text()):
            assert (FOLDER / name).is_file(), f"{path.name} imports {name}"
        assert len(path.read_text().splitlines()) <= 350


def test_no_path_leads_out_of_the_files(browser: Browser) -> None:
    folder = re.findall(r'"(/ui/assets/[0-9a-f]+/)', browser.get("/ui/").body.decode())[0]
    for path in ("../api.py", "..%2fdashboard.py", "%2e%2e/dashboard.py", "vendor/../../dashboard.py", "", "vendor"):
        assert browser.get(folder + path).status == 404


def test_browsers_are_led_to_the_page_and_others_are_not(browser: Browser) -> None:
    led = browser.send("GET", "/", accept="text/html,application/xhtml+xml")
    assert (led.status, led.headers["location"]) == (303, "/ui/")
    assert browser.send("GET", "/ui").headers["location"] == "/ui/"
    assert browser.send("GET", "/").status == 404


def test_pages_of_results(browser: Browser, client: Results) -> None:
    ids = deposit(client, "ui-pages", [{"x": number} for number in range(25)])
    asked: dict[str, Any] = {"pipeline": "ui-pages", "fields": ["results.x"], "limit": 10}
    first = browser.ask("results", **asked).lines
    assert first == [{"id": id_, "results": {"x": int(id_)}} for id_ in reversed(ids[15:])]
    second = browser.ask("results", **asked, after=first[-1]["id"]).lines
    last = browser.ask("results", **asked, after=first[0]["id"], skip=19).lines
    assert [each["id"] for each in [*first, *second, *last]] == ids[::-1]
    assert browser.ask("results", pipeline="ui-pages").lines[0] == {"id": ids[-1]}
    some = browser.ask("results", pipeline="ui-pages", query='{"results.x": {"$lt": 2}}').lines
    assert some == [{"id": "0001"}, {"id": "0000"}]


def test_a_field_within_another_one_goes_without_saying(browser: Browser, client: Results) -> None:
    deposit(client, "ui-within", [{"x": {"y": 1}}])
    found = browser.ask("results", pipeline="ui-within", fields=["results.x.y", "results", "id", "results.x"])
    assert found.lines == [{"id": "0000", "results": {"x": {"y": 1}}}]


def test_types_are_told_apart(browser: Browser, client: Results) -> None:
    when = dt.datetime(2025, 6, 1, tzinfo=dt.timezone.utc)
    deposit(client, "ui-types", [{"n": 2**60 + 1, "d": 1.0, "nan": math.nan, "when": when, "data": b"\0\xff"}])
    text = browser.ask("result", pipeline="ui-types", id="0000").body.decode()
    assert '"n": 1152921504606846977' in text
    assert '"d": 1.0' in text
    assert '"nan": {"$numberDouble": "NaN"}' in text
    assert '"when": {"$date": "2025-06-01T00:00:00Z"}' in text
    assert '"data": {"$binary": {"base64": "AP8=", "subType": "00"}}' in text


def test_one_result_that_is_not_there_or_too_large(browser: Browser, client: Results) -> None:
    missing = browser.ask("result", pipeline="ui-nothing", id="a")
    assert (missing.status, missing.reason) == (404, "NOT_FOUND")
    deposit(client, "ui-large", [{"data": "x" * (3 << 20), "n": 1}])
    large = browser.ask("result", pipeline="ui-large", id="0000")
    assert (large.status, large.reason) == (409, "TOO_LARGE")
    assert browser.ask("results", pipeline="ui-large", fields=["results.n"]).lines == [
        {"id": "0000", "results": {"n": 1}}
    ]


def test_top_count_and_values(browser: Browser, client: Results) -> None:
    deposit(
        client, "ui-by", [{"x": x, "k": k} for x, k in [(3, "a"), (math.nan, "b"), (1, "a"), ("text", None), (2, "a")]]
    )
    top = browser.ask("top", pipeline="ui-by", by="results.x", fields=["results.x"])
    assert [each["results"]["x"] for each in top.lines] == [3, 2, 1]
    lowest = browser.ask(
        "top", pipeline="ui-by", by="results.x", ascending=True, limit=1, query='{"results.x": {"$gt": 1}}'
    )
    assert lowest.lines == [{"id": "0004"}]
    assert browser.ask("count", pipeline="ui-by", query='{"results.k": "a"}').json == {"count": 3}
    values = browser.ask("values", pipeline="ui-by", field="results.k", limit=2).json
    assert values == {"values": [{"value": "a", "count": 3}, {"value": None, "count": 1}], "has_more": True}


def test_columns_say_what_is_empty_and_constant(browser: Browser, client: Results) -> None:
    contents = [
        {"x": 1.5, "same": 3, "none": None, "list": [1, 2], "deep": {"y": "a"}},
        {"x": math.nan, "same": 3, "none": "", "nan": math.nan},
    ]
    deposit(client, "ui-columns", contents, tags=["t"])
    found = browser.ask("columns", pipeline="ui-columns").json
    columns = {each["path"]: each for each in found["columns"]}
    assert found["sampled"] == 2
    assert columns["results.x"] == {
        "path": "results.x",
        "types": ["double"],
        "filled": 2,
        "longest": 0,
        "empty": False,
        "constant": False,
    }
    assert columns["results.same"]["constant"]
    assert columns["tags"]["constant"]
    assert columns["results.none"]["empty"]
    assert columns["results.none"]["types"] == ["null", "string"]
    assert columns["results.list"]["longest"] == 2
    assert not columns["results.list"]["constant"], "only one of the results has it"
    assert columns["results.deep.y"]["filled"] == 1


def test_points_are_numbers_and_dates_and_the_rest_is_counted(browser: Browser, client: Results) -> None:
    when = dt.datetime(2025, 6, 1, tzinfo=dt.timezone.utc)
    contents = [
        {"x": 1, "y": when},
        {"x": math.inf, "y": when},
        {"x": 2.5, "y": when},
        {"x": "no", "y": when},
        {"y": when},
    ]
    deposit(client, "ui-points", contents)
    found = browser.ask("points", pipeline="ui-points", fields=["results.x", "results.y"]).json
    seconds = when.timestamp()
    assert found == {
        "ids": ["0002", "0000"],
        "values": [[2.5, 1.0], [seconds, seconds]],
        "dates": [False, True],
        "passed": 1,
        "partial": False,
    }
    part = browser.ask("points", pipeline="ui-points", fields=["results.x"], limit=2).json
    assert (part["values"], part["partial"]) == ([[2.5, 1.0]], True)
    assert browser.ask("points", pipeline="ui-points", fields=[]).status == 400


def export(browser: Browser, **asked: Any) -> tuple[str, str]:
    body = urlencode({"request": json.dumps(asked)}).encode()
    answered = browser.send("POST", "/ui/api/export", body, content_type="application/x-www-form-urlencoded")
    assert answered.status == 200
    return answered.body.decode(), answered.headers["content-disposition"]


def test_export_as_csv_is_guarded_against_formulas(browser: Browser, client: Results) -> None:
    contents = [
        {"t": "=1+1", "n": -1.5},
        {"t": "@x", "n": 2**60},
        {"t": 'a,"b"\nc', "n": None},
        {"t": ["-", 1], "n": math.nan},
    ]
    deposit(client, "ui-csv", contents)
    text, disposition = export(browser, pipeline="ui-csv", fields=["id", "results.t", "results.n"], format="csv")
    assert disposition == 'attachment; filename="ui-csv.csv"'
    assert list(csv.reader(io.StringIO(text))) == [
        ["id", "results.t", "results.n"],
        ["0003", '["-", 1]', "nan"],
        ["0002", 'a,"b"\nc', ""],
        ["0001", "'@x", str(2**60)],
        ["0000", "'=1+1", "-1.5"],
    ]


def test_export_as_json_holds_all_that_match(browser: Browser, client: Results) -> None:
    deposit(client, "ui-lines", [{"x": number} for number in range(1500)])
    text, disposition = export(browser, pipeline="ui-lines", query='{"results.x": {"$gte": 100}}')
    found = [json.loads(line) for line in text.splitlines()]
    assert disposition == 'attachment; filename="ui-lines.jsonl"'
    assert [int(each["results"]["x"]["$numberInt"]) for each in found] == [*range(1499, 99, -1)]


def test_pipelines_have_counts_and_rates(browser: Browser, client: Results) -> None:
    deposit(client, "ui-named", [None] * 3)
    seconds = int(dt.datetime.now().timestamp())
    works = [
        {"id": f"{seconds - 60 * number:08x}{number:016x}", "pipeline": "ui-rated", "status": "success"}
        for number in range(6)
    ]
    client.deposit(works)
    found = browser.get("/ui/api/pipelines").json["pipelines"]
    assert {"name": "ui-named", "count": 3} in found
    assert {"name": "ui-rated", "count": 6} in found
    assert browser.ask("rates", pipelines=["ui-named", "ui-rated", "ui-nothing"]).json == {
        "ui-named": {"newest": None, "per_minute": None},
        "ui-rated": {"newest": seconds, "per_minute": 0.1},
        "ui-nothing": {"newest": None, "per_minute": None},
    }
    assert browser.ask("rates", pipelines=["_history"]).status == 400
    assert browser.ask("rates", pipelines=["a"] * 51).status == 400


@pytest.mark.parametrize(
    ("path", "asked", "where"),
    [
        ("results", {"pipeline": "_history"}, "pipeline"),
        ("results", {"pipeline": 3}, "pipeline"),
        ("results", {"pipeline": "p", "query": "{"}, "query.json"),
        ("results", {"pipeline": "p", "query": '{"$where": "1"}'}, "query"),
        ("results", {"pipeline": "p", "query": {"a": 1}}, "query"),
        ("results", {"pipeline": "p", "fields": "id"}, "fields"),
        ("results", {"pipeline": "p", "fields": ["a..b"]}, "fields[0]"),
        ("results", {"pipeline": "p", "fields": ["$a"]}, "fields[0]"),
        ("results", {"pipeline": "p", "limit": 0}, "limit"),
        ("results", {"pipeline": "p", "limit": 1001}, "limit"),
        ("results", {"pipeline": "p", "limit": True}, "limit"),
        ("results", {"pipeline": "p", "skip": -1}, "skip"),
        ("results", {"pipeline": "p", "after": "x" * 200}, "id"),
        ("top", {"pipeline": "p", "by": "$a"}, "field"),
        ("top", {"pipeline": "p", "by": "a", "ascending": 1}, "ascending"),
        ("top", {"pipeline": "p", "by": "a", "limit": 10_001}, "limit"),
        ("values", {"pipeline": "p", "field": ""}, "field"),
        ("results", {"pipeline": "p", "query": '{"a": "\ud800"}'}, "query"),
        ("results", {"pipeline": "p", "fields": ["\ud800"]}, "fields"),
        ("lock", {"pipeline": "p", "ids": ["a"], "reason": "\ud800"}, "reason"),
        ("watch", {"pipeline": "p", "token": "!"}, "token"),
        ("watch", {"pipeline": "p", "token": "AAAA"}, "resume_token"),
    ],
)
def test_what_is_wrong_is_named(browser: Browser, path: str, asked: dict[str, Any], where: str) -> None:
    refused = browser.ask(path, **asked)
    assert refused.status == 400
    assert refused.json["message"].startswith(where)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{", b"[" * 100_000, b"request=%7B", b"request"])
def test_bodies_that_are_no_json_objects(browser: Browser, body: bytes) -> None:
    for path in ("results", "export", "lock"):
        refused = browser.send("POST", f"/ui/api/{path}", body)
        assert (refused.status, refused.reason) == (400, "MALFORMED_REQUEST")
    assert browser.send("POST", "/ui/login", body).status == 400
