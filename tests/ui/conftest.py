"""A real server with realistic results, and a real browser, in which every console error and every other host fails."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.support import callers
from tests.support.launcher import Service, embedded_uri
from workflow_results import Results
from workflow_results.samples import sample_works

expect.set_options(timeout=60_000)  # on a machine that is busy with other things, too

WORKS = 1_500
MANY = 100_000
TOKEN = f"wr_{'curator':x<43}"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_LOOPBACK = {"127.0.0.1", "localhost"}


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("ui")
    plots = folder / "plots"
    plots.mkdir()
    for name in ("one.png", "two.png"):
        (plots / name).write_bytes(PNG)
    (plots / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    arguments = ["--data-dir", str(folder / "data"), "--http-port", "0", "--plots-root", str(plots)]
    running = Service(*arguments, log=folder / "log")
    yield running
    assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log, log


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[Results]:
    with Results(service.target) as results:
        yield results


@pytest.fixture(scope="session")
def bursts(client: Results) -> list[dict[str, Any]]:
    """Works of three pipelines: with NaN, large integers, plots, and locked ones."""
    works = list(sample_works(WORKS))
    for number, work in enumerate(works):
        work["config"]["version"] = "2.1"
        if work["results"]:
            work["results"]["flux_error"] = math.nan if number % 5 == 0 else number % 7 / 10
            work["results"]["seed"] = 2**60 + number
            work["plots"] = ["one.png", "two.png", "drawing.svg", "missing.png"]
    assert all(client.deposit(works).values())
    return [work for work in works if work["pipeline"] == "frb-dm"]


@pytest.fixture(scope="session")
def many(client: Results) -> str:
    """A pipeline with 100,000 results."""
    works = (
        {
            "id": f"{number:06d}",
            "pipeline": "many",
            "status": "success",
            "results": {"x": number % 977, "y": number / 7},
        }
        for number in range(MANY)
    )
    with client.depositor() as depositor:
        for work in works:
            depositor.deposit(work)
    assert client.count("many", {}) == MANY
    return "many"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.exit("no chromium is installed: apt-get install chromium, or set TEST_CHROMIUM to one", 1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, service: Service) -> Iterator[Callable[..., Page]]:
    """Open pages, each in a context of its own; what goes wrong in one of them fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []
    expected: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(message.text)

    def on_request(request: Request) -> None:
        if _is_foreign(request.url):
            problems.append(f"asked for {request.url}")

    def start(address: str = "", *, width: int = 1440, scheme: Any = "light", base: str = "", expect: str = "") -> Page:
        look: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        context = chromium.new_context(**look, ignore_https_errors=base.startswith("https"))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", on_console)
        page.on("pageerror", lambda error: problems.append(f"{error}\n{error.stack}"))
        page.on("request", on_request)
        page.on("dialog", lambda dialog: problems.append(f"a script ran: {dialog.message}"))
        if expect:
            expected.append(expect)
        page.goto(f"{base or service.http}/ui/{address}")
        return page

    yield start
    for context in contexts:
        context.close()
    assert [problem for problem in problems if not any(each in problem for each in expected)] == []


def _is_foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob") and parts.hostname not in _LOOPBACK


@pytest.fixture(scope="session")
def guarded(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server on the same results that asks for a token."""
    folder = tmp_path_factory.mktemp("guarded")
    tokens = callers.write(folder / "tokens.yml", {"keeper": callers.entry("curator", "frb-*", token=TOKEN)})
    uri = embedded_uri(Path(service.log).parent / "data")
    arguments = ["--mongo-uri", uri, "--http-port", "0", "--tokens", str(tokens)]
    running = Service(*arguments, log=folder / "log")
    yield running
    running.stop()
