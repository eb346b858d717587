"""Room for so many tasks: nobody gets it twice, and none is lost, whoever is cancelled."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.support.waiting import PATIENCE
from workflow_results._transport.async_room import AsyncRoom


def test_those_who_wait_enter_in_their_order() -> None:
    async def main() -> None:
        room, entered = AsyncRoom(2), []

        async def enter(number: int) -> None:
            assert await room.enter(None)
            entered.append(number)

        tasks = [asyncio.create_task(enter(number)) for number in range(4)]
        await asyncio.sleep(0)
        assert entered == [0, 1]
        for number in (2, 3):
            room.leave()
            await tasks[number]
        assert entered == [0, 1, 2, 3]

    asyncio.run(main())


def test_who_waits_too_long_is_told_and_takes_no_room() -> None:
    async def main() -> None:
        room = AsyncRoom(1)
        assert await room.enter(0.01)
        assert not await room.enter(0.01)
        room.leave()
        assert await room.enter(0.01)

    asyncio.run(main())


@pytest.mark.parametrize("seed", range(20))
def test_no_room_is_lost_to_cancellations(seed: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        room, inside, most = AsyncRoom(3), 0, 0

        async def use() -> None:
            nonlocal inside, most
            if not await room.enter(chance.choice([None, 0.001, 1])):
                return
            inside += 1
            most = max(most, inside)
            try:
                await asyncio.sleep(chance.choice([0, 0, 0.001]))
            finally:
                inside -= 1
                room.leave()

        tasks = [asyncio.create_task(use()) for _ in range(60)]
        for task in tasks:
            if chance.random() < 0.5:
                asyncio.get_running_loop().call_later(chance.random() * 0.02, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert inside == 0
        assert most == 3
        assert [await room.enter(0.001) for _ in range(4)] == [True] * 3 + [False]

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
