"""What others have written stands in the repository as they published it, but for what is said to be replaced."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from workflow_results_server.http.ui.files import FOLDER

VENDOR = FOLDER / "vendor"
FILES: list[dict[str, Any]] = json.loads((VENDOR / "vendored.json").read_text())


@pytest.mark.parametrize("entry", FILES, ids=[entry["file"] for entry in FILES])
def test_file_is_the_published_one(entry: dict[str, Any]) -> None:
    text = (VENDOR / entry["file"]).read_bytes().decode()
    for published, ours in reversed(entry["replaced"]):
        if ours:
            assert text.count(ours) == 1
            text = text.replace(ours, published)
        else:
            text += published  # what was cut off at the end
    assert hashlib.sha256(text.encode()).hexdigest() == entry["sha256"]
    assert entry["source"].endswith(f"-{entry['version']}.tgz")
    assert entry["package"] in entry["source"]


def test_every_file_has_its_entry_and_its_license() -> None:
    named = {entry["file"] for entry in FILES} | {entry["license_file"] for entry in FILES} | {"vendored.json"}
    assert {path.name for path in VENDOR.iterdir()} == named


def test_nothing_refers_to_another_host() -> None:
    for path in FOLDER.rglob("*"):
        if path.suffix in (".js", ".css", ".html") and path.parent != VENDOR:
            text = path.read_text().replace("http://www.w3.org/2000/svg", "").replace("https?:\\/\\/", "")
            assert "http://" not in text, path
            assert "https://" not in text, path
            assert "innerHTML" not in text, path
