"""The page as somebody uses it: what they see and do, in a real browser on a real server."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.launcher import Service
from tests.ui.conftest import HOSTILE, MANY, TOKEN
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


def test_a_result_with_all_its_parts(opened: Open, bursts: list[dict[str, Any]]) -> None:
    work = next(work for work in bursts[::-1] if work["results"])
    page = opened("#frb-dm")
    loaded(page)
    page.locator(".body .row", has_text=work["id"]).click()
    panel = page.get_by_label(f"Result {work['id']}")
    expect(panel.get_by_text(str(work["results"]["seed"]))).to_be_visible()
    panel.get_by_role("tab", name="JSON").click()
    written = panel.locator("pre").text_content()
    assert written
    assert f'"seed": {work["results"]["seed"]}' in written
    assert json.loads(written)["results"]["dm"] == work["results"]["dm"]
    panel.get_by_role("tab", name="Products").click()
    expect(panel.get_by_text(work["products"][0])).to_be_visible()
    panel.get_by_role("tab", name="History").click()
    expect(panel.get_by_text("Nothing has been changed")).to_be_visible()


def test_plots_are_a_gallery(opened: Open, bursts: list[dict[str, Any]]) -> None:
    work = next(work for work in bursts[::-1] if work["results"])
    page = opened(f"#frb-dm?open={work['id']}&tab=plots", expect="404")
    image = page.locator(".gallery img")
    expect(image).to_have_attribute("alt", "one.png")
    assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1
    page.get_by_role("button", name="Next plot").click()
    expect(image).to_have_attribute("alt", "two.png")
    page.get_by_role("button", name="Next plot").click()
    expect(page.get_by_role("link", name="Save drawing.svg")).to_be_visible()
    page.get_by_role("button", name="Next plot").click()
    expect(page.get_by_text("There is no such image")).to_be_visible()
    page.get_by_role("button", name="Next plot").click()
    expect(image).to_have_attribute("alt", "one.png")


def test_locking_asks_first_and_stands_in_the_history(
    opened: Open, client: Results, bursts: list[dict[str, Any]]
) -> None:
    id_ = bursts[40]["id"]
    page = opened(f"#frb-dm?open={id_}&query=" + json.dumps({"id": id_}))
    loaded(page)
    page.get_by_role("button", name="Lock …").click()
    dialog = page.get_by_role("dialog", name="Lock this result?")
    expect(dialog).to_contain_text(id_)
    dialog.get_by_role("button", name="Cancel").click()
    assert client.get_by_id("frb-dm", [id_])[0]["results"].get("locked") is not True
    page.get_by_role("button", name="Lock …").click()
    dialog.get_by_label("Reason").fill("published <b>now</b>")
    dialog.get_by_role("button", name="Lock", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Unlock …")).to_be_visible()
    expect(page.locator(".body .row .lock")).to_be_visible()
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_text("published <b>now</b>")).to_be_visible()
    assert client.get_by_id("frb-dm", [id_])[0]["results"]["locked"] is True
    page.get_by_role("button", name="Unlock …").click()
    page.get_by_role("dialog").get_by_role("button", name="Unlock", exact=True).click()
    expect(page.get_by_role("button", name="Lock …", exact=True)).to_be_visible()


def test_results_are_compared_by_what_differs(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm")
    rows = loaded(page)
    for at in range(3):
        rows.nth(at).get_by_role("checkbox").check()
    page.get_by_role("button", name="Compare 3").click()
    table = page.locator(".compare table")
    expect(table.get_by_role("row", name=re.compile(r"^results\.dm ")).first).to_be_visible()
    expect(table.get_by_text("config.version")).to_have_count(0)
    page.get_by_label("differences only").uncheck()
    expect(table.get_by_text("config.version")).to_be_visible()
    page.get_by_role("button", name="Back to the table").click()
    loaded(page)


def test_the_address_holds_the_whole_state(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm")
    loaded(page)
    page.get_by_role("button", name="failed", exact=True).click()
    failed = [work for work in bursts if work["status"] == "failure"]
    expect(count(page)).to_have_text(f"{len(failed):,} results")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Leave out event").click()
    page.keyboard.press("Escape")
    page.locator(".body .row").first.click()
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


def test_works_that_arrive_keep_the_place(opened: Open, client: Results) -> None:
    pipeline = f"live-{uuid.uuid4().hex[:8]}"

    def deposit(first: int, number: int) -> None:
        works = [
            {"id": f"{at:05d}", "pipeline": pipeline, "status": "success", "results": {"x": at}}
            for at in range(first, first + number)
        ]
        client.deposit(works)

    deposit(0, 300)
    page = opened(f"#{pipeline}?live=yes")
    loaded(page)
    expect(page.locator(".live.on")).to_be_visible()
    deposit(300, 5)
    expect(count(page)).to_have_text("305 results")
    assert ids(page)[0] == "00304"
    page.evaluate("() => { document.getElementById('grid').scrollTop = 3000 }")
    in_sight = page.locator(".body .row", has_text="00204")
    expect(in_sight).to_be_visible()
    before = in_sight.bounding_box()
    deposit(305, 20)
    expect(count(page)).to_have_text("325 results")
    assert in_sight.bounding_box() == before
    client.lock(pipeline, ["00204"], reason="seen at once")
    expect(in_sight.locator(".lock")).to_be_visible()
    client.unlock(pipeline, ["00204"], force=True)
    expect(in_sight.locator(".lock")).to_have_count(0)
    client.delete_ids(pipeline, ["00204"])
    expect(page.locator(".body .row.gone")).to_have_count(1)


@pytest.mark.timeout(400)
def test_100_000_rows_scroll_without_a_long_task(opened: Open, many: str) -> None:
    page = opened(f"#{many}")
    loaded(page)
    expect(count(page)).to_have_text(f"{MANY:,} results")
    page.evaluate(
        """() => {
          window.long = [];
          new PerformanceObserver((list) => window.long.push(...list.getEntries().map((each) => each.duration)))
            .observe({ type: 'longtask' });
        }"""
    )
    page.evaluate(
        """async () => {
          const grid = document.getElementById('grid');
          const end = grid.scrollHeight - grid.clientHeight;
          const step = () => new Promise((resolve) => requestAnimationFrame(resolve));
          for (let at = 0; at <= 200; at += 1) { grid.scrollTop = end * at / 200; await step(); }
          for (let at = 0; at <= 100; at += 1) { grid.scrollTop = 40 * at; await step(); }
          grid.scrollTop = end;
        }"""
    )
    expect(page.locator(".body .row", has_text="000000")).to_be_visible()
    assert max(page.evaluate("() => window.long"), default=0) < 100
    page.keyboard.press("Home")
    page.locator("#grid").focus()
    page.keyboard.press("End")
    expect(page.locator(".row.cursor", has_text="000000")).to_be_visible()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("form", ["CSV", "JSON lines"])
def test_all_100_000_matches_are_exported(opened: Open, many: str, form: str) -> None:
    page = opened(f"#{many}")
    loaded(page)
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog", name="Export many")
    expect(dialog.get_by_role("status")).to_have_text(f"All {MANY:,} results that match")
    dialog.get_by_role("radio", name=re.compile(f"^{form}")).check()
    with page.expect_download() as downloading:
        dialog.get_by_role("button", name="Download").click()
    text = downloading.value.path().read_text()
    if form == "CSV":
        lines = list(csv.reader(io.StringIO(text)))
        assert lines[0][:1] == ["id"]
        found = [line[0] for line in lines[1:]]
    else:
        found = [json.loads(line)["id"] for line in text.splitlines()]
    assert found == [f"{number:06d}" for number in range(MANY - 1, -1, -1)]


def test_points_open_their_results_and_bars_filter(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened("#frb-dm?view=scatter&x=results.dm&y=results.snr&color=results.fluence_jy_ms&log=xy")
    plot = page.locator(".plot .u-over")
    expect(plot).to_be_visible()
    good = [work for work in bursts if work["results"]]
    expect(page.locator(".remarks")).to_have_text(f"{len(good):,} results")
    box = plot.bounding_box()
    assert box
    for at in range(20, 80):  # somewhere in the middle there is one
        page.mouse.move(box["x"] + box["width"] * at / 100, box["y"] + box["height"] * 0.86)
        if page.locator(".tip").count():
            break
    id_ = page.locator(".tip strong").text_content()
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_label(f"Result {id_}")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Histogram").click()
    page.locator(".axes select").first.select_option("results.flux_error")
    expect(page.locator(".remarks")).to_contain_text("without a finite number left out")
    page.locator(".axes select").first.select_option("results.dm")
    expect(page.locator(".remarks")).to_have_text(f"{len(good):,} results")
    box = page.locator(".plot .u-over").bounding_box()
    assert box
    page.mouse.click(box["x"] + 8, box["y"] + box["height"] - 4)
    expect(page.locator(".chip .remove")).to_have_count(1)
    assert "results.dm" in (page.locator(".chips").text_content() or "")


def test_a_chart_says_that_it_shows_a_part(opened: Open, many: str) -> None:
    page = opened(f"#{many}?view=scatter&x=results.x&y=results.y&color=none")
    expect(page.locator(".remarks")).to_contain_text("only the newest 20,000")


def test_everything_is_done_with_the_keyboard_alone(
    opened: Open, client: Results, bursts: list[dict[str, Any]]
) -> None:
    page = opened()
    page.get_by_role("button", name="frb-dm").focus()
    page.keyboard.press("Enter")
    loaded(page)
    press = page.keyboard.press
    press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    press("Escape")
    for key in ("j", "j", "ArrowDown", "k"):
        page.locator("#grid").focus()
        press(key)
    expect(page.locator(".row.cursor .id")).to_have_text(bursts[-3]["id"])
    press("x")
    press("j")
    press("Space")
    press("c")
    expect(page.locator(".compare")).to_be_visible()
    press("Escape")
    loaded(page)
    press("Escape")
    page.locator("#grid").focus()
    press("Enter")
    expect(page.get_by_label(f"Result {bursts[-4]['id']}")).to_be_visible()
    press("j")
    expect(page.get_by_label(f"Result {bursts[-5]['id']}")).to_be_visible()
    press("Escape")
    expect(page.locator(".result")).to_have_count(0)
    press("/")
    page.keyboard.type("status")
    press("Tab")
    press("Tab")
    page.keyboard.type("failure")
    press("Enter")
    failed = [work for work in bursts if work["status"] == "failure"]
    expect(count(page)).to_have_text(f"{len(failed):,} results")
    press("h")
    expect(page.get_by_label("Chart")).to_be_visible()
    press("t")
    loaded(page)


def test_html_in_every_field_is_shown_as_text(opened: Open, client: Results) -> None:
    work = {
        "id": HOSTILE,
        "pipeline": "hostile",
        **dict.fromkeys(("site", "user", "function", "command", "config", "parameters"), HOSTILE),
        "results": {
            HOSTILE: HOSTILE,
            "text": HOSTILE,
            "n": 1,
            "list": [HOSTILE],
            "deep": {"a": {HOSTILE: [{"b": HOSTILE}]}},
        },
        "status": "success",
        "tags": [HOSTILE],
        "plots": [HOSTILE, "javascript:alert(1)"],
        "products": [HOSTILE, "javascript:alert(1)", "data:text/html,<script>alert(1)</script>"],
        "event": [1],
    }
    other = {**work, "id": f"{HOSTILE}2", "site": "other"}
    client.deposit([work, other])
    client.lock("hostile", [HOSTILE], reason=HOSTILE)
    page = opened("#hostile", expect="404")
    rows = loaded(page)
    assert HOSTILE in ids(page)
    for key in ("v", "Escape", "q", "Escape", "e", "Escape"):
        page.keyboard.press(key)
    rows.nth(1).locator(".id").click()
    for tab in ("JSON", "Plots", "Products", "History", "Fields"):
        page.get_by_role("tab", name=tab).click()
        page.locator("#tab-panel").get_by_text("onerror").first.wait_for()
        assert page.locator("#tab-panel a[href^='javascript'], #tab-panel a[href^='data']").count() == 0
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.get_by_label("Field").fill("site")
    page.get_by_label("Values of site").get_by_role("button").first.click()
    page.get_by_role("button", name="clear").click()
    loaded(page)
    for at in range(2):
        rows.nth(at).get_by_role("checkbox").check()
    page.keyboard.press("c")
    expect(page.locator(".compare table")).to_be_visible()
    assert page.locator("#app img, #app script, #app iframe").count() == 0


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
