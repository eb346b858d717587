"""Charts: points that open their results, and bars that filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.grid import loaded
from workflow_results import Results

Open = Callable[..., Page]
RECORD = """() => {
  window.written = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    window.written.push(text);
    return fillText.call(this, text, ...rest);
  };
}"""
"""Keeps what is written on canvases, such as the marks of axes."""


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
    bar = page.locator(".plot .u-over")
    expect(bar).to_be_visible()
    box = bar.bounding_box()
    assert box
    while not page.locator(".tip").count():  # the chart is drawn a moment after what is said of it
        page.mouse.move(box["x"] + box["width"] * 0.39, box["y"] + box["height"] - 4)
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] - 4)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator(".chip .remove")).to_have_count(1)
    assert "results.dm" in (page.locator(".chips").text_content() or "")


def test_a_chart_says_that_it_shows_a_part(opened: Open, many: str) -> None:
    page = opened(f"#{many}?view=scatter&x=results.x&y=results.y&color=none")
    expect(page.locator(".remarks")).to_contain_text("only the newest 20,000")


@pytest.mark.parametrize(("unit", "mark"), [(10**17, "1e18"), (1e-13, "1e-12")])
def test_large_and_small_numbers_at_an_axis_are_short(opened: Open, client: Results, unit: float, mark: str) -> None:
    pipeline = f"ui-{mark}"
    contents = [
        {"id": f"{at}", "pipeline": pipeline, "status": "success", "results": {"n": at * unit}} for at in range(50)
    ]
    client.deposit(contents)
    page = opened(f"#{pipeline}")
    loaded(page)
    page.evaluate(RECORD)
    page.get_by_role("button", name="Histogram").click()
    page.wait_for_function("() => window.written.length > 5")
    written = page.evaluate("() => window.written")
    assert mark in written
    assert max(map(len, written)) < 12, written


@pytest.mark.parametrize(
    ("name", "log", "marks"),
    [
        ("tiny", "", {"5e-301"}),
        ("wide", "xy", {"1e-200", "1", "1e200"}),
        ("ends", "", {"-1e308", "0", "1e308"}),
    ],
)
def test_the_largest_and_smallest_numbers_have_their_axes(
    opened: Open, client: Results, name: str, log: str, marks: set[str]
) -> None:
    numbers = {
        "tiny": [at * 1e-302 for at in range(1, 101)],
        "wide": [10.0 ** (6 * at - 300) for at in range(101)],
        "ends": [(-1) ** at * 1.7e308 for at in range(100)],
    }[name]
    pipeline = f"ui-axis-{name}"
    client.deposit(
        [
            {"id": f"{at}", "pipeline": pipeline, "status": "success", "results": {"n": number}}
            for at, number in enumerate(numbers)
        ]
    )
    page = opened(f"#{pipeline}?x=results.n&y=results.n&color=none&log={log}")
    loaded(page)
    page.evaluate(RECORD)
    page.get_by_role("button", name="Scatter").click()
    page.wait_for_function("() => window.written.length > 5")
    assert marks <= set(page.evaluate("() => window.written"))


def test_the_widest_histogram_has_its_bars(opened: Open, client: Results) -> None:
    work = {"pipeline": "ui-widest", "status": "success"}
    client.deposit([{**work, "id": f"{at}", "results": {"n": (-1) ** at * 1.7e308}} for at in range(100)])
    page = opened("#ui-widest?view=histogram&x=results.n")
    plot = page.locator(".plot .u-over")
    expect(plot).to_be_visible()
    for end in (0.02, 0.98):
        box = plot.bounding_box()
        assert box
        plot.hover(position={"x": box["width"] * end, "y": box["height"] / 2})
        expect(page.locator(".tip strong")).to_have_text("50 results")
