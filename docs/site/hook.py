"""Make a site of the pages as they stand in the repository; mkdocs calls these functions.

A page has the same place in the site as in the repository, so that links between pages need no change. The site holds
all pages of docs/, README.md, CHANGELOG.md, and every file of the repository that one of its pages links to.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

logger = get_plugin_logger("site")

REPOSITORY = Path(__file__).parents[2]
CONTENTS = Path("docs/README.md")
HOME = Path("README.md")
CHANGELOG = Path("CHANGELOG.md")
ASSET = Path("docs/site/iframe-worker.js")

LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")
ENTRY = re.compile(r"^## (?P<section>\w+)|\[(?P<title>[^]]+)\]\((?P<link>[^)#]+\.md)\)", re.MULTILINE)
FENCE = re.compile(r"^( *)(?:```|~~~)")
POINT = re.compile(r"^(?:[-*]|\d+\.) ")
IN_A_LIST = re.compile(r"^ {2,3}(?=\S)")
COMMON_MARK = MarkdownIt("commonmark").enable("table")
DOCSTRING = re.compile(r"^<!-- docstring: (\S+) -->$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the order of the pages from docs/README.md, which lists them all."""
    nav: list[dict[str, Any]] = [{"Home": str(HOME)}]
    for match in ENTRY.finditer((REPOSITORY / CONTENTS).read_text()):
        if match["section"]:
            nav.append({match["section"]: []})
        else:
            [pages] = nav[-1].values()
            pages.append({match["title"]: str(_linked(CONTENTS, match["link"]))})
    config.nav = [*nav, {"Changelog": str(CHANGELOG)}, {"All pages": str(CONTENTS)}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace what mkdocs has found in docs/ by what belongs to the site."""
    docs = Path(config.docs_dir)
    of_theme = [file for file in files if not Path(file.abs_src_path or "/").is_relative_to(docs)]
    return Files([*of_theme, *(_file(path, config) for path in sorted(_paths()))])


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Write a page for Python-Markdown, and name the docstrings that belong into it."""
    return DOCSTRING.sub(r"::: \1", "\n".join(_for_python_markdown(markdown.splitlines())))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Warn of a page that is not here what it is on GitHub, which reads CommonMark."""
    source = (REPOSITORY / page.file.src_uri).read_text()
    if not DOCSTRING.search(source):
        there = COMMON_MARK.render(source)
        for tag in ("<li", "<pre", "<table", "<tr", "<h2", "<h3"):
            if html.count(tag) != there.count(tag):
                logger.warning("%s: %d %s> instead of %d", page.file.src_uri, html.count(tag), tag, there.count(tag))
    return html


def _paths() -> set[Path]:
    """Find the files of the site, beginning with its pages and following their links."""
    docs = {path.relative_to(REPOSITORY) for path in (REPOSITORY / "docs").rglob("*.md")}
    found: set[Path] = set()
    ahead = {HOME, CHANGELOG, ASSET, *docs}
    while ahead:
        path = ahead.pop()
        found.add(path)
        if path.suffix == ".md":
            linked = {_linked(path, link) for link in LINK.findall((REPOSITORY / path).read_text())}
            ahead |= {each for each in linked if (REPOSITORY / each).is_file()} - found
    return found


def _linked(page: Path, link: str) -> Path:
    return (REPOSITORY / page).parent.joinpath(link).resolve().relative_to(REPOSITORY)


def _file(path: Path, config: MkDocsConfig) -> File:
    return File(str(path), str(REPOSITORY), config.site_dir, config.use_directory_urls)


def _for_python_markdown(lines: list[str]) -> list[str]:
    """Write lists as Python-Markdown wants them.

    It wants four spaces before what belongs to a point, where GitHub is content with the width of the bullet; and a
    blank line before a point that follows anything but the first paragraph of another one.
    """
    written: list[str] = []
    fence: int | None = None  # the indentation of the block of code that the line is in
    in_first_paragraph = False  # of a point
    for line in lines:
        shift = 0
        if fence is not None:
            shift = 4 - fence if fence else 0
        elif match := IN_A_LIST.match(line):
            shift = 4 - match.end()
        elif POINT.match(line):
            if not in_first_paragraph:
                written.append("")
            in_first_paragraph = True
        if match := FENCE.match(line):
            fence = len(match[1]) if fence is None else None
        if not line or match:
            in_first_paragraph = False
        written.append(" " * shift + line if line else line)
    return written
