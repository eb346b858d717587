"""What methods return: outcomes of deposits and changes, counts by value, indexes, histories, changes as they come."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from workflow_results._notebook import TableList, shown_as_table, table
from workflow_results.common.rules import shorten


class Outcome(Enum):
    """What became of one deposited work."""

    DEPOSITED = "deposited"
    """Stored durably by this call."""
    ALREADY_DEPOSITED = "already deposited"
    """Stored durably before, with the same content."""
    CONFLICT = "conflict"
    """Not stored: a result with the same id and other content exists; it was not changed."""
    REJECTED = "rejected"
    """Not stored: the work breaks a rule, named by `Receipt.reason`."""
    SPOOLED = "spooled"
    """Not stored yet: the service can't be reached or takes no works, and the work is on the local disk, in the
    `spool_dir` of its depositor, from where it is deposited later. What becomes of it then is logged."""


@shown_as_table
class Receipt(NamedTuple):
    """The outcome of one deposited work.

    Attributes:
        pipeline: The pipeline of the work.
        id: The id of the work.
        outcome: Its outcome.
        reason: Why it was rejected, what it conflicts with, or where it is spooled; empty for works that are stored.
    """

    pipeline: str
    id: str
    outcome: Outcome
    reason: str = ""

    @property
    def stored(self) -> bool:
        """Whether the work is now stored durably with the content that was sent."""
        return self.outcome in (Outcome.DEPOSITED, Outcome.ALREADY_DEPOSITED)


class Receipts(TableList[Receipt]):
    """The receipts of a deposit. A notebook shows those of works that aren't stored first."""

    def _repr_html_(self) -> str:
        counts = Counter(receipt.outcome.value for receipt in self)
        parts = [f"{len(self):,} works", *(f"{number:,} {outcome}" for outcome, number in counts.items())]
        return self._table(sorted(self, key=lambda receipt: receipt.stored), ", ".join(parts))


@shown_as_table
class Refusal(NamedTuple):
    """One result for which an all-or-nothing call was refused.

    Attributes:
        pipeline: The pipeline of the result.
        id: The id of the result.
        locked: True when it is locked, False when it does not exist.
    """

    pipeline: str
    id: str
    locked: bool


@shown_as_table
class ValueCount(NamedTuple):
    """How many results have a value.

    Attributes:
        value: The value.
        number: The number of results.
    """

    value: Any
    number: int


class ValueCounts(NamedTuple):
    """The numbers of results by the values of a field.

    Attributes:
        counts: The values, the most frequent first; of equally frequent ones, the lowest first. At most 1,000.
        has_more: Whether there are more values.
        other_count: How many values are not told apart: documents, lists in lists, and strings and bytes of more than
            1,024 bytes. Each counts once for each result.
    """

    counts: list[ValueCount]
    has_more: bool
    other_count: int

    def _repr_html_(self) -> str:
        number = f"{'more than ' if self.has_more else ''}{len(self.counts):,} values"
        others = f", {self.other_count:,} not told apart" if self.other_count else ""
        return table(ValueCount._fields, [(shorten(value), n) for value, n in self.counts], number + others)


@shown_as_table
class FieldIndex(NamedTuple):
    """An index on a field of a pipeline.

    Attributes:
        field: The path of the field.
        size_bytes: How much disk space it takes, in bytes.
        ready: Whether it serves queries; False while it is being built.
    """

    field: str
    size_bytes: int
    ready: bool


class ChangeKind(Enum):
    """What happened to a result that is watched."""

    EXISTING = "existing"
    """Nothing: it was there when the watch began, with `snapshot`."""
    SNAPSHOT_COMPLETE = "snapshot complete"
    """Nothing: all results that were there have come. The change has no pipeline and no id."""
    DEPOSITED = "deposited"
    UPDATED = "updated"
    LOCKED = "locked"
    """It was locked, or had been locked before."""
    UNLOCKED = "unlocked"
    """It was unlocked, or had been unlocked before."""
    DELETED = "deleted"
    CHANGED = "changed"
    """An administrator changed it in MongoDB."""
    UNMATCHED = "unmatched"
    """It was changed, and does not match the query now."""
    DROPPED = "dropped"
    """Its pipeline was dropped, with all results that may have been in it. The change has no id."""


@shown_as_table
class Change(NamedTuple):
    """One change of a result, from `watch`.

    Attributes:
        kind: What happened.
        pipeline: The pipeline of the result.
        id: The id of the result.
        result: The result as it was when the change was told, not when it was made; None for
            DELETED, UNMATCHED, DROPPED and SNAPSHOT_COMPLETE.
        time: When, in UTC to the millisecond, by the clock of MongoDB or of the server that made the change; None for
            EXISTING and SNAPSHOT_COMPLETE.
        caller: The name of the caller's token or certificate, for changes by `update`, `delete_ids`, `lock` and
            `unlock`; empty if the server has no tokens file.
        reason: Why, as the caller gave it; may be empty.
        fields: The top-level fields that an update set, as in `HistoryEntry`.
        resume_token: What to give to `watch` to go on behind this change. The last changes may come again then.
    """

    kind: ChangeKind
    pipeline: str
    id: str
    result: dict[str, Any] | None
    time: datetime | None
    caller: str
    reason: str
    fields: tuple[str, ...]
    resume_token: bytes


@shown_as_table
class HistoryEntry(NamedTuple):
    """One change of a result, or of a pipeline.

    Attributes:
        time: When, in UTC to the millisecond, by the clock of the server that made the change.
        method: The method of `Results` that made it: "update", "delete_ids", "lock" or "unlock"; of a pipeline
            "drop_pipeline".
        caller: The name of the caller's token or certificate; empty if the server has no tokens file.
        fields: The top-level fields that an update set; only the first ones, if their names have more than 16,384
            characters in total.
        field_count: How many top-level fields an update set.
        reason: Why, as the caller gave it; may be empty.
        request_id: The request id that the caller gave; may be empty.
        result_count: How many results of the pipeline the request named, including this one; 0 for a pipeline.
    """

    time: datetime
    method: str
    caller: str
    fields: tuple[str, ...]
    field_count: int
    reason: str
    request_id: str
    result_count: int
