"""Links in the documents, and the page of the dependencies."""

from __future__ import annotations

import re

from tests.support.paths import REPOSITORY


def test_links_lead_somewhere() -> None:
    for page in [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_each_dependency_has_its_line() -> None:
    page = (REPOSITORY / "docs" / "internals" / "dependencies.md").read_text()
    project = (REPOSITORY / "pyproject.toml").read_text().partition("[project.scripts]")[0]
    for name in re.findall(r'^  "([A-Za-z][\w-]*)[>=;"]', project, re.MULTILINE):
        assert name in page or name.startswith("types-"), name


def test_paths_of_tests_lead_somewhere() -> None:
    for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "tests").rglob("*.md")]:
        for path in re.findall(r"`(tests/[\w./*]+)`", page.read_text()):
            assert list(REPOSITORY.glob(path.rstrip("/"))), f"{page.name}: {path}"
