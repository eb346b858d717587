"""Sends the works of a call, with several requests under way at a time.

It needs no thread but the caller's: none could be started any more when the interpreter ends, and Ctrl-C would not end
what another one waits for.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

from workflow_results._deposit.batches import Deposited
from workflow_results.errors import ResultsError
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow_results._calls.works import Prepared
    from workflow_results._transport.channel import Channel
    from workflow_results._transport.connection import Place
    from workflow_results._transport.deadline import Deadline


def deposit(channel: Channel, prepared: Prepared, deadline: Deadline) -> Deposited:
    """Send works.

    Args:
        channel: The way to the service.
        prepared: The works.
        deadline: When to be done.

    Returns:
        What became of them.

    Raises:
        ResultsError: The service failed; some works may be stored. `works` holds all of them: depositing them again
            is safe.
    """
    deposited = Deposited(prepared)
    with deposited.explaining():
        _Sending(channel, deposited, deadline).send(*deposited.requests())
    return deposited


class _Sending:
    def __init__(self, channel: Channel, deposited: Deposited, deadline: Deadline) -> None:
        self._channel = channel
        self._deposited = deposited
        self._deadline = deadline
        self._begun: deque[tuple[Sequence[int], pb.DepositRequest, Place | None]] = deque()

    def send(self, requests: Sequence[Sequence[int]], in_flight: int) -> None:
        """Send works, of which each request holds those at its positions."""
        alone = in_flight == 1 or len(requests) == 1
        try:
            for positions in requests:
                request = self._deposited.message(positions)
                begun = None if alone else self._channel.begin("Deposit", request, pb.DepositResponse, self._deadline)
                self._begun.append((positions, request, begun))
                if len(self._begun) == in_flight or alone:
                    self._finish()
            while self._begun:
                self._finish()
        except ResultsError:
            self._deadline.give_up()  # what is under way is waited for, and not sent again
            while self._begun:
                with contextlib.suppress(ResultsError):
                    self._finish()
            raise
        finally:
            for *_, begun in self._begun:  # there are some only after an interrupt
                if begun is not None:
                    self._channel.cancel(begun)

    def _finish(self) -> None:
        """Wait for the answer to the first request under way."""
        positions, request, begun = self._begun.popleft()
        try:
            response = self._channel.unary("Deposit", request, self._deadline, begun)
        except ResultsError as error:
            self._deposited.may_have_changed |= error.outcome_unknown
            raise
        self._deposited.take(positions, response)
