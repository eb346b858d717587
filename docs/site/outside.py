"""See that the site fetches nothing from elsewhere, and list where its links lead with `--links`."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

FETCHED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
}
"""What a browser fetches without being asked, and where that is said."""
IN_STYLES = re.compile(r"""url\(["']?(?P<address>https?:[^"')]+)|@import\s+["'](?P<sheet>https?:[^"']+)""")


class References(HTMLParser):
    """What a page refers to on other hosts.

    Attributes:
        links: Where its links lead.
        fetched: What a browser fetches to show it.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag refers to."""
        given = dict(attrs)
        is_canonical = tag == "link" and given.get("rel") == "canonical"
        for found, name in ((self.links, "href" if tag == "a" else ""), (self.fetched, FETCHED.get(tag, ""))):
            address = given.get(name) or ""
            if urlsplit(address).netloc and not is_canonical:
                found.add(address)


def outside(site: Path) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return the links to other sites, and what is fetched from there, each with the files that have it."""
    links: dict[str, set[str]] = defaultdict(set)
    fetched: dict[str, set[str]] = defaultdict(set)
    for path in sorted(site.rglob("*")):
        name = str(path.relative_to(site))
        if path.suffix == ".html":
            references = References(path.read_text())
            for found, addresses in ((links, references.links), (fetched, references.fetched)):
                for address in addresses:
                    found[address].add(name)
        elif path.suffix == ".css":
            for match in IN_STYLES.finditer(path.read_text()):
                fetched[match["address"] or match["sheet"]].add(name)
    return links, fetched


def main(site: Path, *, with_links: bool) -> int:
    """Print what is asked for; returns the exit status."""
    links, fetched = outside(site)
    if with_links:
        for address, pages in sorted(links.items()):
            print(address, *sorted(pages))  # noqa: T201
    for address, pages in sorted(fetched.items()):
        print(f"{len(pages)} files would fetch {address}, such as {min(pages)}", file=sys.stderr)  # noqa: T201
    return 1 if fetched else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), with_links="--links" in sys.argv))
