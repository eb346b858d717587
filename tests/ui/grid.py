"""What tests say about the table of the page."""

from __future__ import annotations

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
