"""What notebooks show: tables in which everything is text, without secrets and without a call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import workflow_results
from workflow_results import (
    AsyncResults,
    Change,
    ChangeKind,
    FieldIndex,
    HistoryEntry,
    Outcome,
    Receipt,
    Refusal,
    Results,
    ValueCount,
    ValueCounts,
)
from workflow_results._notebook import TableList
from workflow_results.common.rules import shorten
from workflow_results.outcomes import Receipts

EVIL = "<script>alert('x')</script>&amp;\"\u202e"
TIME = datetime(2026, 11, 27, 21, 0, tzinfo=timezone.utc)
ENTRY = HistoryEntry(TIME, "lock", EVIL, (EVIL,), 1, EVIL, EVIL, 1)
OBJECTS: list[Any] = [
    Receipt(EVIL, EVIL, Outcome.REJECTED, EVIL),
    Receipts([Receipt(EVIL, EVIL, Outcome.REJECTED, EVIL)]),
    Refusal(EVIL, EVIL, locked=True),
    ENTRY,
    TableList([ENTRY]),
    TableList[HistoryEntry](),
    FieldIndex(EVIL, 4096, ready=True),
    ValueCount(EVIL, 3),
    ValueCounts([ValueCount(EVIL, 3), ValueCount({EVIL: EVIL}, 2)], has_more=True, other_count=7),
    Change(ChangeKind.UPDATED, EVIL, EVIL, {EVIL: [EVIL]}, TIME, EVIL, EVIL, (EVIL,), b"token"),
]


class Parser(HTMLParser):
    """Collects the tags and the texts of a page, and sees that tags are closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert attrs == []
        self.tags.add(tag)
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        make: Any = InteractiveShell
        yield make()


def shown(shell: InteractiveShell, value: object) -> dict[str, str]:
    formatter: Any = shell.display_formatter
    data, _ = formatter.format(value)
    return dict(data)


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_everything_in_a_table_is_text(shell: InteractiveShell, value: object) -> None:
    data = shown(shell, value)
    page = Parser(data["text/html"])
    assert page.tags <= TAGS
    assert any("script" in text for text in page.texts) or value == []
    assert "\u202e" not in data["text/html"]


@given(st.text(), st.recursive(st.text() | st.binary() | st.floats(), lambda inner: st.lists(inner)))
def test_generated_values_are_text(text: str, value: object) -> None:
    page = Parser(ValueCounts([ValueCount(value, 1)], has_more=False, other_count=0)._repr_html_())
    assert page.tags <= TAGS
    assert shorten(value) in page.texts
    assert Parser(Receipts([Receipt(text, text, Outcome.CONFLICT, text)])._repr_html_()).tags <= TAGS


def test_receipts_are_summed_up_and_what_is_not_stored_comes_first() -> None:
    stored = [Receipt("p", f"id-{number}", Outcome.DEPOSITED) for number in range(1_000)]
    page = Receipts([*stored, Receipt("p", "lost", Outcome.REJECTED, "id is too long")])._repr_html_()
    texts = Parser(page).texts
    assert texts[0] == "1,001 works, 1,000 deposited, 1 rejected"
    assert texts[1:9] == ["pipeline", "id", "outcome", "reason", "p", "lost", "rejected", "id is too long"]
    assert texts[-1] == "and 981 more"
    assert "id-18" in texts
    assert "id-19" not in texts


def test_counts_and_times() -> None:
    counts = ValueCounts([ValueCount("1", 3), ValueCount(1, 2)], has_more=True, other_count=7)
    assert Parser(counts._repr_html_()).texts == [
        *("more than 2 values, 7 not told apart", "value", "number", "'1'", "3", "1", "2")
    ]
    assert "2026-11-27 21:00:00.000+00:00" in Parser(TableList([ENTRY])._repr_html_()).texts


def test_large_values_are_cut() -> None:
    change = Change(ChangeKind.UPDATED, "p", "i", {"a": "x" * 10**7}, TIME, "y" * 10**7, "", (), b"")
    assert len(change._repr_html_()) < 3_000  # type: ignore[attr-defined]


def test_lists_stay_lists() -> None:
    receipts = Receipts([Receipt("p", "i", Outcome.DEPOSITED)])
    assert receipts == [Receipt("p", "i", Outcome.DEPOSITED)]
    assert repr(receipts) == repr([*receipts])


@pytest.mark.parametrize("class_", [Results, AsyncResults])
def test_a_client_shows_its_target_and_no_secret(shell: InteractiveShell, class_: type[Results]) -> None:
    client = class_("localhost:1", token="secret-token", tls=False, timeout=5.0)
    assert shown(shell, client) == {"text/plain": f"{class_.__name__}('localhost:1', timeout=5.0, strict=False)"}


def completed(shell: InteractiveShell, code: str) -> set[str]:
    with provisionalcompleter():
        return {each.text.lstrip(".") for each in shell.Completer.completions(code, len(code))}


@pytest.mark.parametrize("jedi", [False, True])
def test_tab_finds_public_names_only(shell: InteractiveShell, jedi: bool) -> None:
    shell.Completer.use_jedi = jedi
    methods = {name for name in vars(Results) if not name.startswith("_")} | {"close", "baseurl", "timeout"}
    shell.user_ns.update(client=Results("localhost:1"), of_loop=AsyncResults("localhost:1"), package=workflow_results)
    assert completed(shell, "client.") == methods
    assert completed(shell, "of_loop.") == methods
    assert completed(shell, "package.") == {name for name in dir(workflow_results) if not name.startswith("_")}
    assert "testing" in completed(shell, "package.")
