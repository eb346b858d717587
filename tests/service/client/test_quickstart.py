"""The quickstart of the README does what it says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.paths import REPOSITORY

(SNIPPET,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)


def promised() -> list[Any]:
    """The values that the comments of the snippet promise, in their order."""
    comments = re.findall(r"# (\{.*\}|\[.*\]|True|False)", SNIPPET)
    return [ast.literal_eval(comment) for comment in comments]


@pytest.fixture
def frb_dm(database: Any) -> Iterator[None]:
    """The quickstart's pipeline, which no other test shall find."""
    yield
    database["frb-dm"].drop()


@pytest.mark.usefixtures("frb_dm")
def test_quickstart(service: Any, capsys: pytest.CaptureFixture[str]) -> None:
    tree = ast.parse(SNIPPET.replace("localhost:50051", service.target))
    names: dict[str, Any] = {}
    answers = []
    for statement in tree.body:
        if isinstance(statement, ast.Expr):
            answers.append(eval(compile(ast.Expression(statement.value), "README.md", "eval"), names))
        else:
            exec(compile(ast.Module([statement], []), "README.md", "exec"), names)
    names["results"].close()
    assert answers == promised()
    assert capsys.readouterr().out == "burst-3 failure\nburst-2 success\nburst-1 success\n"


def test_links_lead_somewhere() -> None:
    for page in [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_each_dependency_has_its_line() -> None:
    page = (REPOSITORY / "docs" / "internals" / "dependencies.md").read_text()
    project = (REPOSITORY / "pyproject.toml").read_text().partition("[project.scripts]")[0]
    for name in re.findall(r'^  "([A-Za-z][\w-]*)[>=;"]', project, re.MULTILINE):
        assert name in page or name.startswith("types-"), name
