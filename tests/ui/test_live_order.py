"""Live rows stand in the order of their ids, and once, whatever happens meanwhile."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.launcher import Service, embedded_uri
from tests.ui.grid import count, ids, loaded
from workflow_results import Results

Open = Callable[..., Page]


@pytest.fixture
def pipeline() -> str:
    return f"order-{uuid.uuid4().hex[:8]}"


def deposit(client: Results, pipeline: str, numbers: Iterable[int]) -> None:
    client.deposit([{"id": f"{at:05d}", "pipeline": pipeline, "status": "success"} for at in numbers])


def followed(opened: Open, pipeline: str) -> Page:
    page = opened(f"#{pipeline}?live=yes")
    loaded(page)
    expect(page.locator(".live.on")).to_be_visible()
    return page


def look_at_all(page: Page, numbers: Iterable[int]) -> None:
    """Scroll through all rows, which are those of these numbers, the highest first."""
    ordered = [f"{at:05d}" for at in sorted(numbers, reverse=True)]
    expect(count(page)).to_have_text(f"{len(ordered):,} results")
    for at in range(0, len(ordered), 15):
        page.evaluate("(at) => { document.getElementById('grid').scrollTop = 30 * at }", at)
        expect(page.locator(".body .row", has_text=ordered[at]).first).to_be_visible()
        expect(page.locator(".body .row.waiting")).to_have_count(0)
        drawn = ids(page)
        first = ordered.index(drawn[0])
        assert drawn == ordered[first : first + len(drawn)]


def hold_back_rows(page: Page) -> list[Callable[[], None]]:
    """Hold back the next answer with rows, as things are then; what lets it go is added to what this returns."""
    held: list[Callable[[], None]] = []

    def hold(route: Route) -> None:
        if held:
            route.fallback()
            return
        answer = route.fetch()
        held.append(lambda: route.fulfill(response=answer))

    page.route("**/ui/api/results", hold)
    return held


def wait_until_held(page: Page, held: list[Callable[[], None]]) -> None:
    while not held:
        page.wait_for_timeout(10)


def test_ids_that_come_out_of_order_stand_in_their_order_and_once(opened: Open, client: Results, pipeline: str) -> None:
    even = [*range(0, 4_000, 2)]
    others = [5_000, 4_999, 4_998, 3_997, 3_601, 3_599, 2_001, 1]  # above all, in pages that are loaded, and in others
    deposit(client, pipeline, even)
    page = followed(opened, pipeline)
    deposit(client, pipeline, others)
    expect(count(page)).to_have_text("2,008 results")
    assert ids(page)[:6] == ["05000", "04999", "04998", "03998", "03997", "03996"]
    look_at_all(page, [*even, *others])


def test_an_id_below_all_others_comes_last(opened: Open, client: Results, pipeline: str) -> None:
    deposit(client, pipeline, range(10, 310))
    page = followed(opened, pipeline)
    page.locator("#grid").focus()
    page.keyboard.press("End")
    expect(page.locator(".row.cursor", has_text="00010")).to_be_visible()
    deposit(client, pipeline, [5])
    look_at_all(page, [5, *range(10, 310)])


def test_a_page_that_was_on_its_way_when_rows_moved_is_loaded_again(
    opened: Open, client: Results, pipeline: str
) -> None:
    even = [*range(0, 4_000, 2)]
    deposit(client, pipeline, even)
    page = followed(opened, pipeline)
    held = hold_back_rows(page)
    page.evaluate("() => { document.getElementById('grid').scrollTop = 30 * 1_050 }")
    expect(page.locator(".body .row.waiting").first).to_be_visible()
    wait_until_held(page, held)
    deposit(client, pipeline, [3_995])
    expect(count(page)).to_have_text("2,001 results")
    held[0]()
    look_at_all(page, [*even, 3_995])


def test_rows_behind_a_page_that_was_never_loaded_move_as_well(opened: Open, client: Results, pipeline: str) -> None:
    even = [*range(0, 4_000, 2)]
    deposit(client, pipeline, even)
    page = followed(opened, pipeline)
    page.locator("#grid").focus()
    page.keyboard.press("End")
    expect(page.locator(".row.cursor", has_text="00000")).to_be_visible()
    deposit(client, pipeline, [3_995, 3_993])
    look_at_all(page, [*even, 3_995, 3_993])


def test_what_comes_while_the_first_page_is_loaded_is_shown_once(opened: Open, client: Results, pipeline: str) -> None:
    deposit(client, pipeline, range(0, 40, 2))
    page = followed(opened, pipeline)
    held = hold_back_rows(page)
    page.get_by_role("button", name="Reload").click()
    wait_until_held(page, held)
    deposit(client, pipeline, [17, 41])
    expect(count(page)).to_have_text("22 results")
    held[0]()
    look_at_all(page, [*range(0, 40, 2), 17, 41])


def test_a_restart_of_the_server_misses_nothing(
    opened: Open, service: Service, client: Results, pipeline: str, tmp_path: Path
) -> None:
    deposit(client, pipeline, range(300))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    uri = embedded_uri(Path(service.log).parent / "data")
    other = Service("--mongo-uri", uri, "--http-port", port, log=tmp_path / "log")
    try:
        page = opened(f"#{pipeline}?live=yes", base=other.http, expect="Failed to load resource")
        loaded(page)
        expect(page.locator(".live.on")).to_be_visible()
        assert other.stop() == 0
        expect(page.locator(".live.broken")).to_have_text("Reconnecting …")
        deposit(client, pipeline, range(300, 450))  # more than one look at the newest would find
        client.lock(pipeline, ["00290"])
        client.delete_ids(pipeline, ["00295"])
        other.start()
        expect(page.locator(".live.on")).to_be_visible()
        expect(count(page)).to_have_text("450 results")
        page.evaluate("() => { document.getElementById('grid').scrollTop = 30 * 150 }")
        expect(page.locator(".body .row.gone", has_text="00295")).to_be_visible()
        expect(page.locator(".body .row", has_text="00290").locator(".lock")).to_be_visible()
    finally:
        other.stop()
