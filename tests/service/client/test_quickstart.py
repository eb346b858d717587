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
