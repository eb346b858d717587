"""What tests say about the table of the page."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, Page, expect


def loaded(page: Page) -> Locator:
    """Wait until the table shows its first row, and return the rows that are drawn."""
    rows = page.locator(".body .row:not(.waiting)")
    expect(rows.first).to_be_visible()
    return rows


def count(page: Page) -> Locator:
    """Return how many results the page says there are."""
    return page.locator(".tools .count")


def ids(page: Page) -> list[str]:
    """Return the ids of the rows that are drawn, from top to bottom."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('.body .row:not(.waiting)')]
          .sort((one, other) => one.ariaRowIndex - other.ariaRowIndex)
          .map((row) => row.querySelector('.id')?.textContent)"""
    )
    return found


def headings(page: Page) -> list[str]:
    """Return the paths of the columns."""
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('.head [role=columnheader][title]')].map((each) => each.title)"
    )
    return found


def longest_task(page: Page, script: str) -> tuple[float, float]:
    """Run a script in a page.

    Returns:
        The milliseconds of the longest task meanwhile: as the page's own observer of long tasks has seen it, and of the
        processor alone.
    """
    browser = page.context.browser
    assert browser
    observer = "(list) => window.long.push(...list.getEntries().map((each) => each.duration))"
    page.evaluate(
        f"() => {{ window.long = [0]; new PerformanceObserver({observer}).observe({{ type: 'longtask' }}); }}"
    )
    browser.start_tracing(page=page, categories=["devtools.timeline", "disabled-by-default-devtools.timeline"])
    page.evaluate(script)
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    main = {
        _thread(each) for each in events if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks = [each["tdur"] for each in events if each["name"] == "RunTask" and _thread(each) in main and "tdur" in each]
    assert tasks
    return max(page.evaluate("() => window.long")), max(tasks) / 1_000


def _thread(event: dict[str, Any]) -> tuple[int, int]:
    return event["pid"], event["tid"]
