"""What the commands that deposit files have in common."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

from workflow_results._deposit import batches, sending
from workflow_results.common.rules import quoted, visible
from workflow_results.outcomes import Outcome, Receipt
from workflow_results.results import Results

if TYPE_CHECKING:
    from workflow_results._calls.works import Prepared

FILE: Final = click.Path(readable=False, allow_dash=True)
"""A file to read, which shells complete; the command itself says what is wrong with it."""
MOST_NAMED: Final = 20
"""Of works that are not stored."""
SECONDS: Final = 60.0
"""How long the service may take to store what is read at a time, or to lock some of it."""


class DepositingService(Results):
    """The service, with what only these commands ask of it."""

    def deposit_prepared(self, works: Prepared) -> list[Receipt]:
        """Deposit works as they are encoded."""
        log = logging.getLogger(batches.__name__)
        log.disabled = True  # of Ctrl-C, it speaks to programs, which have the works and their ids
        try:
            return sending.deposit(self._channel, works, self._deadline(None)).receipts()
        finally:
            log.disabled = False

    def lock_again(self, pipeline: str, ids: list[str]) -> int:
        """Lock those results that are not locked, and return their number."""
        query = {"id": {"$in": ids}, "results.locked": {"$ne": True}}
        unlocked = [result["id"] for result in self.stream(pipeline, query, {"id": True}, timeout=SECONDS)]
        request_id = str(uuid.uuid4())  # so that it is sent again where its answer is lost
        self.lock(pipeline, unlocked, reason="restored from a backup", request_id=request_id)
        return len(unlocked)


@dataclass
class Tally:
    """What became of works: how many have which outcome by pipeline, the first not stored, and files without any."""

    outcomes: dict[str, Counter[Outcome]] = field(default_factory=dict)
    locked_again: Counter[str] = field(default_factory=Counter)
    not_stored: list[str] = field(default_factory=list)
    number_not_stored: int = 0
    invalid: int = 0
    empty: list[str] = field(default_factory=list)

    def count(self, receipt: Receipt, place: str) -> None:
        """Count a work by its receipt."""
        self.outcomes.setdefault(receipt.pipeline, Counter())[receipt.outcome] += 1
        if not receipt.stored:
            self._name(f"{place}: {receipt.pipeline} {quoted(receipt.id)}: {receipt.outcome.value}: {receipt.reason}")

    def count_invalid(self, problem: str) -> None:
        """Count a work that could not be sent."""
        self.invalid += 1
        self._name(problem)

    def _name(self, problem: str) -> None:
        self.number_not_stored += 1
        if self.number_not_stored <= MOST_NAMED:
            self.not_stored.append(problem)

    def tell(self, *, summary: bool = True) -> None:
        """Print which works are not stored and, as a summary, what became of all of them."""
        for problem in self.not_stored:
            click.echo(visible(problem), err=True)
        for pipeline, counted in self.outcomes.items() if summary else ():
            told = ", ".join(f"{counted[outcome]:,} {outcome.value}" for outcome in Outcome if counted[outcome])
            locked = f"; {number:,} locked again" if (number := self.locked_again[pipeline]) else ""
            click.echo(f"{pipeline}: {told}{locked}")
        if summary and self.invalid:
            click.echo(f"{self.invalid:,} invalid, not sent")
        for name in self.empty:
            click.echo(f"{visible(name)}: 0 works", err=not summary)
