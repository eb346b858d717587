"""What is odd, small or broken is shown as what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.ui.grid import loaded
from workflow_results import Results

Open = Callable[..., Page]
_BEYOND = """(selector) => [...document.querySelectorAll(selector)]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.textContent)"""


def test_a_list_of_pipelines_that_is_not_renewed_says_so(opened: Open, bursts: list[dict[str, Any]]) -> None:
    page = opened(expect="Failed to load resource")
    named = page.get_by_role("button", name="frb-dm")
    expect(named).to_be_visible()
    page.clock.install()
    page.reload()
    expect(named).to_be_visible()
    page.route("**/ui/api/pipelines", lambda route: route.abort())
    page.clock.run_for(11_000)
    expect(page.get_by_role("alert")).to_contain_text("can't be reached")
    expect(named).to_be_visible()
    page.unroute("**/ui/api/pipelines")
    page.clock.run_for(11_000)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_small_screen_cuts_nothing_off(opened: Open, bursts: list[dict[str, Any]]) -> None:
    compared = "&".join(f"compare={work['id']}" for work in bursts[:3])
    page = opened(f"#frb-dm?{compared}", width=400)
    expect(page.locator(".compare table")).to_be_visible()
    assert page.evaluate(_BEYOND, ".tools button") == []
    assert min(cell["width"] for each in page.locator(".compare td").all() if (cell := each.bounding_box())) >= 110


def test_times_that_are_none_and_deep_documents(opened: Open, client: Results) -> None:
    deep: dict[str, Any] = {"bottom": "here it ends"}
    for _ in range(60):
        deep = {"level": deep}
    work = {
        "id": "a",
        "pipeline": "ui-edges",
        "status": "success",
        "creation": -4999999999.0,
        "results": {"deep": deep},
    }
    client.deposit([work])
    page = opened("#ui-edges?open=a", width=400)
    loaded(page)
    expect(page.locator(".result .facts")).to_contain_text("-4999999999")
    expect(page.locator(".result .facts")).not_to_contain_text("UTC")
    page.evaluate("() => document.querySelectorAll('.result details').forEach((each) => (each.open = true))")
    bottom = page.get_by_text("here it ends")
    bottom.scroll_into_view_if_needed()
    box = bottom.bounding_box()
    assert box
    assert box["width"] > 40
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 400
