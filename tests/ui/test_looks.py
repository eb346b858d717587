"""What can be checked of how the page looks: accessible in both schemes, and at every width."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.grid import loaded

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
WIDTHS = (1440, 1024, 400)


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")["violations"]
    return [f"{each['id']}: {node['html'][:200]} {node['failureSummary']}" for each in found for node in each["nodes"]]


def look_at(page: Page, *, width: int) -> None:
    assert violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width, "the page itself scrolls sideways"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_part_is_accessible(
    opened: Callable[..., Page], bursts: list[dict[str, Any]], scheme: str, width: int
) -> None:
    id_ = next(work["id"] for work in bursts[::-1] if work["results"])
    page = opened("", width=width, scheme=scheme, expect="404")
    expect(page.get_by_role("button", name="frb-dm")).to_be_visible()
    look_at(page, width=width)
    page = opened("#frb-dm?query=" + '{"status": "success"}', width=width, scheme=scheme)
    loaded(page)
    look_at(page, width=width)
    for key, name in (("v", "Columns"), ("e", "Export frb-dm"), ("?", "Keyboard")):
        page.keyboard.press(key)
        dialog = page.get_by_role("dialog", name=name)
        expect(dialog).to_be_visible()
        look_at(page, width=width)
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)  # not hidden, but gone: till then it may have the keyboard
    for key in ("/", "q"):
        page.keyboard.press(key)
        expect(page.locator(".adder")).to_be_visible()
        look_at(page, width=width)
        page.keyboard.press("Escape")
    for view in ("scatter", "histogram"):
        page.get_by_role("button", name=re.compile(view, re.I)).click()
        expect(page.locator(".plot canvas")).to_be_visible()
        look_at(page, width=width)
    for tab in ("fields", "json", "plots", "products", "history"):
        page = opened(f"#frb-dm?open={id_}&tab={tab}", width=width, scheme=scheme)
        loaded(page)
        page.locator("#tab-panel").locator("dl, pre, img, ul, .notice").first.wait_for()
        look_at(page, width=width)
    page.get_by_role("button", name="Lock …").click()
    look_at(page, width=width)
    compared = "&".join(f"compare={work['id']}" for work in bursts[:3])
    page = opened(f"#frb-dm?{compared}", width=width, scheme=scheme)
    expect(page.locator(".compare table")).to_be_visible()
    look_at(page, width=width)
