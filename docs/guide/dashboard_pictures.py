"""The pictures of the dashboard in the docs: `make pictures`, from the results of `workflow-results demo --ui`."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).parent
COMMAND = [sys.executable, "-m", "workflow_results", "demo", "--ui", "--works", "8000"]
TABLE = "#frb-dm?query=%7B%22results.snr%22%3A%7B%22%24gt%22%3A20%7D%7D"
"""The bright bursts of a pipeline."""
SCATTER = "#frb-dm?view=scatter&x=results.dm&y=results.snr&color=results.width_ms&log=xy"


def main() -> None:
    """Take the pictures."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as demo:  # noqa: S603
        assert demo.stdout
        try:
            page = next(line.strip() for line in demo.stdout if line.strip().endswith("/ui/"))
            with sync_playwright() as playwright:
                path = shutil.which("chromium") or shutil.which("google-chrome")
                browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
                take(browser, page)
                browser.close()
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()


def take(browser: Browser, address: str) -> None:
    """Take each picture."""
    for name, scheme, state in (("table", "light", TABLE), ("scatter", "dark", SCATTER)):
        context = browser.new_context(
            viewport={"width": 1440, "height": 720},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = context.new_page()
        page.goto(f"{address}{state}")
        settle(page)
        if name == "table":
            page.keyboard.press("Enter")  # the first result
            settle(page)
        page.screenshot(path=FOLDER / f"dashboard_{name}.png")
        context.close()


def settle(page: Page) -> None:
    """Wait until nothing is loaded any more, and what is drawn stands still."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(800)


if __name__ == "__main__":
    main()
