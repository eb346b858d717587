"""Pages that list things list all of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

import workflow_results
from tests.support.paths import DOCS
from tests.support.waiting import PATIENCE
from tests.support.workflow_core import workflow_core
from tests.unit.test_contract import SIGNATURES
from workflow_results.cli import main

MIGRATION = (DOCS / "guide" / "migrate.md").read_text()
OUTSIDE = DOCS / "site" / "outside.py"
HTTP = """
from workflow.http.results import Results
from inspect import signature

class Answer:
    def __init__(self, value):
        self.value = value
    def raise_for_status(self):
        pass
    def json(self):
        return self.value

class Session:
    def __init__(self):
        self.sent = []
    def __enter__(self):
        return self
    def __exit__(self, *error):
        pass
    def __getattr__(self, method):
        def call(url, **given):
            self.sent.append([method.upper(), url.partition("/")[2], sorted(given)])
            return Answer([{"id": "a", "results": None}] if url.endswith("/view") else 1)
        return call

session = Session()
results = Results.model_construct(baseurl="http:", session=session)
asked = {}
results.view("p", asked)
results.deposit([{"status": "success"}])
results.update([])
results.delete_ids("p", ["a"])
results.count("p", counted := {})
results.status()
results.info()
try:
    results.lock("p", ["a"])
except TypeError as error:
    failed = type(error).__name__
own = {name: value for name, value in vars(Results).items() if callable(value) and not name.startswith("_")}
answer = {"sent": session.sent, "asked": asked, "counted": counted, "failed": failed, "methods": sorted(own)}
"""


def test_the_list_of_pages_has_every_page() -> None:
    listed = set(re.findall(r"\]\(([^)#]+\.md)\)", (DOCS / "README.md").read_text()))
    assert {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"README.md"} <= listed


def test_the_page_of_the_client_has_every_public_name() -> None:
    shown = set(
        re.findall(r"^<!-- docstring: workflow_results\.(\S+) -->$", (DOCS / "reference/python.md").read_text(), re.M)
    )
    assert shown >= set(workflow_results.__all__) - {"__version__"}


def commands(group: click.Group, context: click.Context) -> Any:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        inner = click.Context(command, parent=context, info_name=name)
        if isinstance(command, click.Group):
            yield from commands(command, inner)
        else:
            yield inner


def test_the_page_of_the_commands_has_every_option() -> None:
    head, *sections = re.split(r"^## (.*)\n", (DOCS / "reference/commands.md").read_text(), flags=re.M)
    texts = dict(zip(sections[::2], sections[1::2], strict=True))
    shared = texts.pop("Which service")
    found = {
        context.command_path.partition(" ")[2]: context
        for context in commands(main, click.Context(main, info_name="x"))
    }
    assert list(found) == list(texts)
    for name, context in found.items():
        text = texts[name] + (shared if "#which-service" in texts[name] else "")
        for parameter in context.command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else []:
                assert f"`{option}" in text or f", {option}" in text or f"/ {option}" in text, (name, option)
    assert "`--version`" in head


def test_migration_shows_the_methods_of_both(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `(\w+)(\([^`]*\))` \|", MIGRATION, re.M)
    assert dict(rows) == {name: signature.partition(" -> ")[0] for name, signature in SIGNATURES.items()}
    assert workflow_core(HTTP, tmp_path)["methods"] == sorted(SIGNATURES)


def test_migration_tells_the_truth_about_workflow_core(tmp_path: Path) -> None:
    old = workflow_core(HTTP, tmp_path)
    told = re.findall(r"^\| `(\w+)\([^`]*\)` \| `(GET|PUT|POST|DELETE) (/[\w/]+)`", MIGRATION, re.M)
    assert {(method, path) for _, method, path in told} == {(method, f"/{path}") for method, path, _ in old["sent"]}
    assert not any("timeout" in given for *_, given in old["sent"])
    assert old["asked"] == old["counted"] == {"pipeline": "p"}
    assert old["failed"] == "TypeError"


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ('<a href="https://example.org/a">a</a><link rel="canonical" href="https://example.org/">', 0),
        ('<script src="https://example.org/a.js"></script>', 1),
        ('<script src="//example.org/a.js"></script>', 1),
        ('<img src="https://example.org/a.png">', 1),
        ('<link rel="stylesheet" href="https://example.org/a.css">', 1),
        ('<script src="assets/a.js"></script><img src="a.png"><link rel="icon" href="a.png">', 0),
    ],
)
def test_a_site_that_fetches_from_elsewhere_is_noticed(page: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(page)
    done = subprocess.run(
        [sys.executable, OUTSIDE, tmp_path, "--links"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, "would fetch" in done.stderr) == (status, bool(status))
    assert done.stdout == ("https://example.org/a index.html\n" if "<a" in page else "")


def test_a_font_from_elsewhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text(
        '@import "https://example.org/font.css"; a { src: url(https://example.org/a.woff) }'
    )
    done = subprocess.run(
        [sys.executable, OUTSIDE, tmp_path], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("1 files would fetch https://example.org/") == 2
