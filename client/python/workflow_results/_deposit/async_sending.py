"""Sends the works of a call from an event loop, with several requests under way at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workflow_results._deposit.batches import Deposited
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow_results._calls.works import Prepared
    from workflow_results._transport.async_channel import AsyncChannel
    from workflow_results._transport.deadline import Deadline


async def deposit(channel: AsyncChannel, prepared: Prepared, deadline: Deadline) -> Deposited:
    """Send works; see `sending.deposit`."""
    deposited = Deposited(prepared)
    requests, in_flight = deposited.requests()
    with deposited.explaining():
        await _Sending(channel, deposited, deadline).send(iter(requests), min(in_flight, len(requests)))
    return deposited


class _Sending:
    def __init__(self, channel: AsyncChannel, deposited: Deposited, deadline: Deadline) -> None:
        self._channel = channel
        self._deposited = deposited
        self._deadline = deadline
        self._failure: ResultsError | None = None

    async def send(self, requests: Iterator[Sequence[int]], in_flight: int) -> None:
        """Send works, of which each request holds those at its positions."""
        if in_flight <= 1:
            await self._send_in_turn(requests)
        else:
            senders = [asyncio.ensure_future(self._send_in_turn(requests)) for _ in range(in_flight)]
            try:
                await asyncio.gather(*senders)
            finally:
                for each in senders:
                    each.cancel()
        if self._failure is not None:
            raise self._failure

    async def _send_in_turn(self, requests: Iterator[Sequence[int]]) -> None:
        for positions in requests:
            if self._failure is not None:
                return
            try:
                response = await self._channel.unary("Deposit", self._deposited.message(positions), self._deadline)
                self._deposited.take(positions, response)
            except ResultsError as error:
                self._deposited.may_have_changed |= error.outcome_unknown
                self._failure = self._failure or error
                self._deadline.give_up()  # what is under way is waited for, and not sent again
