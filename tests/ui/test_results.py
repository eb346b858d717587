"""One result, several compared, and all of them exported."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import HOSTILE, MANY
from tests.ui.grid import ids, loaded
from workflow_results import Results

Open = Callable[..., Page]


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


def test_dates_and_names_with_dots_are_compared(opened: Open, client: Results) -> None:
    for number in (1, 2):
        content = {"made": dt.datetime(1900 + number, 1, 1, tzinfo=dt.timezone.utc), "a.b": number, "a": {"b": 7}}
        client.deposit([{"id": f"{number}", "pipeline": "ui-dots", "status": "success", "results": content}])
    page = opened("#ui-dots?compare=1&compare=2")
    table = page.get_by_role("region", name="Values")
    expect(table.get_by_role("row", name="results.made")).to_contain_text("1901-01-01 00:00:00")
    expect(table.get_by_role("row", name='results."a.b"').get_by_role("cell")).to_have_text(["1", "2"])
