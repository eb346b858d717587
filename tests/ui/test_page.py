"""The page as somebody uses it: what they see and do, in a real browser on a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.support import callers
from tests.support.certificates import Authority
from tests.support.launcher import Service, embedded_uri
from tests.ui.conftest import TOKEN
from tests.ui.grid import count, headings, ids, loaded
from workflow_results import Results

Open = Callable[..., Page]


def test_a_pipeline_is_chosen_and_its_newest_results_are_shown(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened()
    page.get_by_role("button", name="frb-dm").click()
    loaded(page)
    assert ids(page)[:5] == [work["id"] for work in bursts[::-1][:5]]
    expect(count(page)).to_have_text(f"{len(bursts):,} results")
    assert page.title() == "frb-dm - Workflow Results"


def test_columns_that_tell_nothing_are_left_out(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm")
    loaded(page)
    shown = headings(page)
    assert shown[:4] == ["id", "event", "status", "results.dm"]
    assert not {"pipeline", "function", "config.version", "command", "results.spectrum"} & set(shown)


def test_columns_are_chosen_ordered_and_remembered(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm")
    loaded(page)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Others").fill("seed")
    page.get_by_role("button", name="results.seed").click()
    page.get_by_role("button", name="Leave out results.dm", exact=True).click()
    page.get_by_role("button", name="Move results.seed up").click()
    page.keyboard.press("Escape")
    shown = headings(page)
    assert shown[-2] == "results.seed"
    assert "results.dm" not in shown
    work = next(work for work in bursts[::-1] if work["results"])
    cell = (
        page.locator(".body .row", has_text=work["id"]).locator("[role=gridcell]").nth(shown.index("results.seed") + 1)
    )
    expect(cell).to_have_text(str(work["results"]["seed"]))  # every digit of an integer beyond 2^53
    page.goto(f"{page.url.partition('#')[0]}#frb-dm")
    page.reload()
    loaded(page)
    assert headings(page) == shown
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Back to the usual ones").click()
    page.keyboard.press("Escape")
    assert "results.dm" in headings(page)


def test_filters_are_put_together_and_are_json(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm")
    loaded(page)
    page.keyboard.press("/")
    page.get_by_label("Field").fill("results.snr")
    page.get_by_label("Condition").select_option(">")
    page.get_by_label("Value").fill("20")
    page.keyboard.press("Enter")
    bright = [work for work in bursts if work["results"] and work["results"]["snr"] > 20]
    expect(count(page)).to_have_text(f"{len(bright):,} results")
    page.keyboard.press("/")
    page.get_by_label("Field").fill("tags")
    page.get_by_label("Values of tags").get_by_role("button", name=re.compile("repeater")).click()
    both = [work for work in bright if "repeater" in work["tags"]]
    expect(count(page)).to_have_text(f"{len(both):,} results")
    page.keyboard.press("q")
    text = page.get_by_label(re.compile("Query, as JSON"))
    assert json.loads(text.input_value()) == {"results.snr": {"$gt": 20}, "tags": "repeater"}
    text.fill('{"status": "failure"}')
    page.keyboard.press("Control+Enter")
    failed = [work for work in bursts if work["status"] == "failure"]
    expect(count(page)).to_have_text(f"{len(failed):,} results")
    page.get_by_role("button", name="Remove the filter status = failure").click()
    expect(count(page)).to_have_text(f"{len(bursts):,} results")


def test_a_query_that_the_server_refuses_is_explained(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm", expect="400")
    loaded(page)
    page.keyboard.press("q")
    page.get_by_label(re.compile("Query, as JSON")).fill('{"$where": "1"}')
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("$where")
    page.keyboard.press("q")
    page.get_by_label(re.compile("Query, as JSON")).fill("{")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("This is not JSON")).to_be_visible()


def test_numbers_sort_highest_first_and_nan_breaks_nothing(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm")
    loaded(page)
    heading = page.get_by_role("columnheader", name="flux_error")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    values = [work["results"]["flux_error"] for work in bursts if work["results"]]
    finite = [value for value in values if value == value]
    expect(count(page)).to_contain_text(f"{len(finite):,}")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.get_by_role("button").click()
    expect(count(page)).to_have_text(f"{len(bursts):,} results")


def test_the_address_holds_the_whole_state(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm")
    loaded(page)
    page.get_by_role("button", name="failed", exact=True).click()
    failed = [work for work in bursts if work["status"] == "failure"]
    expect(count(page)).to_have_text(f"{len(failed):,} results")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Leave out event").click()
    page.keyboard.press("Escape")
    loaded(page).first.click()
    page.get_by_role("tab", name="JSON").click()
    other = opened(page.url.partition("/ui/")[2])
    loaded(other)
    expect(count(other)).to_have_text(f"{len(failed):,} results")
    assert headings(other) == headings(page)
    assert "event" not in headings(other)
    expect(other.locator(".result pre")).to_have_text(page.locator(".result pre").text_content() or "nothing")
    page.go_back()
    page.go_back()
    expect(count(page)).to_have_text(f"{len(bursts):,} results")


def test_a_token_is_asked_for_and_stays_in_its_cookie(
    opened: Open, guarded: Service, bursts: list[dict[str, Any]]
) -> None:
    page = opened("#frb-dm", base=guarded.http, expect="401")
    page.get_by_label("Token").fill("wr_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("unknown or revoked token")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    loaded(page)
    expect(page.get_by_text("keeper")).to_be_visible()
    assert TOKEN not in page.url
    kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "wr_" not in kept
    page.reload()
    loaded(page)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()


def log_out(page: Page) -> None:
    """Take the cookie away, as if the token had expired, when the page has just asked for news of pipelines."""
    with page.expect_response("**/ui/api/rates"):
        pass
    page.context.clear_cookies()


def test_whoever_is_logged_out_meanwhile_goes_on_after_the_next_login(
    opened: Open, guarded: Service, bursts: list[dict[str, Any]]
) -> None:
    page = opened("#frb-dm", base=guarded.http, expect="401")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    loaded(page)
    page.keyboard.press("e")
    expect(page.get_by_role("status").get_by_text("results that match")).to_be_visible()
    log_out(page)
    page.get_by_role("button", name="Download").click()
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    loaded(page)
    log_out(page)
    page.get_by_role("columnheader", name="snr").get_by_role("button").click()
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    loaded(page)
    expect(page.get_by_role("alert")).to_have_count(0)


TABLE = re.compile(r"/ui/api/(columns|results)$")
"""What the page asks for a table; it looks for pipelines every ten seconds as well."""


def test_reload_helps_once_the_server_can_be_reached_again(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened(expect="Failed to load")
    pipeline = page.get_by_role("button", name="frb-dm")
    expect(pipeline).to_be_visible()
    page.route(TABLE, lambda route: route.abort())
    pipeline.click()
    expect(page.get_by_role("alert")).to_contain_text("the server can't be reached")
    page.unroute(TABLE)
    page.get_by_role("button", name="Reload").click()
    loaded(page)
    page.route(TABLE, lambda route: route.abort())
    page.locator("#grid").evaluate("grid => (grid.scrollTop = 9000)")
    expect(page.get_by_role("alert")).to_contain_text("the server can't be reached")
    page.unroute(TABLE)
    page.locator("#grid").evaluate("grid => (grid.scrollTop = 9300)")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_page_over_tls(opened: Open, service: Service, client: Results, tmp_path: Path) -> None:
    client.deposit([{"id": "a", "pipeline": "ui-tls", "status": "success", "results": {"locked": False}}])
    tokens = callers.write(tmp_path / "tokens.yml", {"keeper": callers.entry("curator", "*", token=TOKEN)})
    uri = embedded_uri(Path(service.log).parent / "data")
    arguments = ["--mongo-uri", uri, "--http-port", "0", "--tokens", str(tokens), *Authority(tmp_path).server()]
    secure = Service(*arguments, log=tmp_path / "log")
    try:
        assert secure.http.startswith("https://")
        page = opened("#ui-tls?live=yes&open=a", base=secure.http)
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator(".live.on")).to_be_visible()
        cookies = page.context.cookies()
        assert [(each["secure"], each["httpOnly"], each["sameSite"]) for each in cookies] == [(True, True, "Strict")]
        page.get_by_role("button", name="Lock …").click()
        page.get_by_role("dialog").get_by_role("button", name="Lock").click()
        expect(page.locator(".result .facts")).to_contain_text("locked")
        assert client.get_locked_count("ui-tls") == 1
        page.close()  # which would ask on, and say that it gets no answer
    finally:
        secure.stop()
