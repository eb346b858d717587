"""Works that arrive, rows without an end, and the keyboard alone."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.support import callers
from tests.support.launcher import Service, embedded_uri
from tests.ui.conftest import MANY
from tests.ui.grid import count, ids, loaded, longest_task
from workflow_results import Results

Open = Callable[..., Page]
LONG = 100
"""Milliseconds in which a page may answer nothing."""
SCROLL = """async () => {
  const grid = document.getElementById('grid');
  const end = grid.scrollHeight - grid.clientHeight;
  const step = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (let at = 0; at <= 200; at += 1) { grid.scrollTop = end * at / 200; await step(); }
  for (let at = 0; at <= 100; at += 1) { grid.scrollTop = 40 * at; await step(); }
  grid.scrollTop = end;
  await new Promise((resolve) => setTimeout(resolve, 300));
}"""


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


def test_the_open_result_follows_its_changes(opened: Open, client: Results) -> None:
    pipeline = f"live-{uuid.uuid4().hex[:8]}"
    client.deposit([{"id": "a", "pipeline": pipeline, "status": "success", "results": {"dm": 1}}])
    page = opened(f"#{pipeline}?live=yes&open=a")
    expect(page.locator(".live.on")).to_be_visible()
    fields = page.get_by_label("Result a")
    expect(fields.get_by_text("1", exact=True)).to_be_visible()
    client.update([{"id": "a", "pipeline": pipeline, "results": {"dm": 350.25}}])
    expect(fields.get_by_text("350.25")).to_be_visible()


def test_a_token_that_is_revoked_ends_the_tail_and_says_so(
    opened: Open, service: Service, client: Results, tmp_path: Path
) -> None:
    client.deposit([{"id": "a", "pipeline": "frb-revoked", "status": "success"}])
    token = f"wr_{'reader':x<43}"

    def allow(pipelines: str) -> Path:
        return callers.write(tmp_path / "tokens.yml", {"reader": callers.entry("reader", pipelines, token=token)})

    uri = embedded_uri(Path(service.log).parent / "data")
    arguments = ["--mongo-uri", uri, "--http-port", "0", "--tokens", str(allow("frb-*"))]
    guarded = Service(*arguments, log=tmp_path / "log")
    try:
        page = opened("#frb-revoked?live=yes", base=guarded.http, expect="Failed to load resource")
        page.get_by_label("Token").fill(token)
        page.keyboard.press("Enter")
        expect(page.locator(".live.on")).to_be_visible()
        allow("other")
        expect(page.locator(".live.refused")).to_have_text("Not allowed")
    finally:
        guarded.stop()


def test_a_wrong_query_ends_the_tail_and_says_so(opened: Open, client: Results) -> None:
    client.deposit([{"id": "a", "pipeline": "ui-wrong", "status": "success"}])
    page = opened("#ui-wrong?live=yes&query=%7B%22%24nor%22%3A1%7D", expect="Failed to load resource")
    button = page.locator(".live.wrong")
    expect(button).to_have_text("Wrong query")
    assert "$nor" in (button.get_attribute("title") or "")


def test_a_page_in_the_background_goes_on_where_it_was(opened: Open, client: Results) -> None:
    pipeline = f"live-{uuid.uuid4().hex[:8]}"
    work = {"pipeline": pipeline, "status": "success", "results": {"x": 1}}
    client.deposit([{**work, "id": "a"}, {**work, "id": "b"}])
    page = opened(f"#{pipeline}?live=yes")
    loaded(page)
    expect(page.locator(".live.on")).to_be_visible()
    turn = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    turn += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(turn, True)
    expect(page.locator(".live.off")).to_be_visible()
    client.deposit([{**work, "id": "c"}])
    client.lock(pipeline, ["a"])
    page.evaluate(turn, False)
    expect(count(page)).to_have_text("3 results")
    expect(page.locator(".body .row", has_text="c").first).to_be_visible()
    expect(page.locator(".body .row .lock")).to_have_count(1)


def test_100_000_rows_scroll_without_a_long_task(opened: Open, many: str) -> None:
    page = opened(f"#{many}")
    loaded(page)
    expect(count(page)).to_have_text(f"{MANY:,} results")
    wall, processor = longest_task(page, SCROLL)
    assert processor < LONG
    # On a busy machine the page waits for its turn as well, which is no fault of its own.
    assert wall < LONG or os.getloadavg()[0] > (os.cpu_count() or 1), wall
    expect(page.locator(".body .row", has_text="000000")).to_be_visible()
    page.keyboard.press("Home")
    page.locator("#grid").focus()
    page.keyboard.press("End")
    expect(page.locator(".row.cursor", has_text="000000")).to_be_visible()


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
