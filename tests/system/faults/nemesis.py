"""Faults, in an order and at times that the seed alone decides.

Whom a fault strikes is decided when it strikes, by role: the primary, a secondary, a worker.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import PyMongoError

from tests.support.network import Action, Rule, Way
from tests.system.faults.replica_set import Member, NotReady, ReplicaSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.network import Network
    from tests.system.faults.service import Service

SERVER_LINK: Final = "server"
_BETWEEN_SECONDS: Final = (2.0, 5.0)
_LASTS_SECONDS: Final = (2.0, 5.0)
_QUIET_SECONDS: Final = 8.0
"""Before the end of the run no new fault begins."""
_HEALTHY_SECONDS: Final = 20.0
_PRIMARY_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Fault:
    """One fault of the schedule.

    Attributes:
        at: When it begins, in seconds from the start.
        kind: The method of `Nemesis` that does it.
        seconds: How long it lasts, where it lasts.
        lot: From 0 to 1, for what is left to choose.
        beside: Another fault that begins while it lasts; empty for none.
    """

    at: float
    kind: str
    seconds: float
    lot: float
    beside: str = ""


OF_SERVER: Final = ("kill_worker", "pause_worker", "kill_server")
OF_NETWORK: Final = ("reset_clients", "reset_mongods", "half_open_clients", "hold_clients", "hold_mongods", "delay")
OF_MONGOD: Final = (
    "kill_primary",
    "kill_secondary",
    "pause_primary",
    "pause_secondary",
    "step_down",
    "isolate_primary",
    "isolate_and_kill_primary",
    "isolate_one_way",
    "isolate_from_all",
)
KINDS: Final = (*OF_SERVER, *OF_NETWORK, *OF_MONGOD)


def schedule(seed: int, seconds: float) -> list[Fault]:
    """Draw the faults of a run; each round of all kinds has an order of its own."""
    lots = random.Random(seed)
    faults: list[Fault] = []
    at = lots.uniform(*_BETWEEN_SECONDS)
    kinds: list[str] = []
    while at < seconds - _QUIET_SECONDS:
        kinds = kinds or lots.sample(KINDS, len(KINDS))
        kind = kinds.pop()
        beside = lots.choice(OF_SERVER[:2]) if kind in OF_MONGOD and lots.random() < 0.25 else ""
        lasts = lots.uniform(*_LASTS_SECONDS)
        faults.append(Fault(round(at, 3), kind, round(lasts, 3), lots.random(), beside))
        at += lasts + lots.uniform(*_BETWEEN_SECONDS)
    return faults


class Nemesis:
    """Brings about the faults, one after the other, and heals each.

    Args:
        replica_set: The mongods.
        service: The server.
        network: The proxies between all.
        log: Where the faults are written.
        say: Tells people about them.
    """

    def __init__(
        self, replica_set: ReplicaSet, service: Service, network: Network, log: Path, say: Callable[[str], None]
    ) -> None:
        self._replica_set = replica_set
        self._service = service
        self._network = network
        self._log = log
        self._say = say

    def run(self, faults: list[Fault], began: float) -> None:
        """Bring about the faults of a schedule; what can't be done at its time is done as soon as it can."""
        for fault in faults:
            time.sleep(max(0.0, began + fault.at - time.monotonic()))
            started = time.monotonic()
            told = self._strike(fault)
            self._write(fault, told, started)
            self._heal()

    def _strike(self, fault: Fault) -> str:
        bring_about: Callable[[Fault], Iterator[str]] = getattr(self, f"_{fault.kind}")
        steps = bring_about(fault)
        told = next(steps)
        self._say(f"{fault.kind} {told}, {fault.seconds:.1f} s{f', and {fault.beside}' if fault.beside else ''}")
        if fault.beside:
            time.sleep(fault.seconds * fault.lot / 2)
            beside = getattr(self, f"_{fault.beside}")(fault)
            next(beside)
            time.sleep(fault.seconds * (1 - fault.lot / 2))
            next(beside, None)
        else:
            time.sleep(fault.seconds)
        next(steps, None)
        return told

    def _heal(self) -> None:
        """Wait until a majority, and soon all members, are there again: faults of mongods do not add up."""
        with suppress(NotReady):
            self._replica_set.wait_healthy(_HEALTHY_SECONDS)

    def _write(self, fault: Fault, told: str, started: float) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            line = {**asdict(fault), "whom": told, "began": started, "ended": time.monotonic()}
            log.write(json.dumps(line) + "\n")

    # Each fault brings something about, yields whom it has struck, and heals it.

    def _kill_worker(self, fault: Fault) -> Iterator[str]:
        pid = self._worker(fault)
        _signal(pid, signal.SIGKILL)  # the server starts another one
        yield str(pid)

    def _pause_worker(self, fault: Fault) -> Iterator[str]:
        pid = self._worker(fault)
        _signal(pid, signal.SIGSTOP)
        yield str(pid)
        _signal(pid, signal.SIGCONT)

    def _kill_server(self, _fault: Fault) -> Iterator[str]:
        self._service.kill()
        yield ""
        self._service.start()

    def _kill_primary(self, _fault: Fault) -> Iterator[str]:
        return self._killed(self._primary())

    def _kill_secondary(self, fault: Fault) -> Iterator[str]:
        return self._killed(self._secondary(fault))

    def _killed(self, member: Member) -> Iterator[str]:
        member.signal(signal.SIGKILL)
        yield member.name
        member.start()

    def _pause_primary(self, _fault: Fault) -> Iterator[str]:
        return self._paused(self._primary())

    def _pause_secondary(self, fault: Fault) -> Iterator[str]:
        return self._paused(self._secondary(fault))

    def _paused(self, member: Member) -> Iterator[str]:
        member.signal(signal.SIGSTOP)
        yield member.name
        member.signal(signal.SIGCONT)

    def _step_down(self, _fault: Fault) -> Iterator[str]:
        member = self._primary()
        with suppress(PyMongoError):
            member.client.admin.command("replSetStepDown", 5, secondaryCatchUpPeriodSecs=2, force=True)
        yield member.name

    def _isolate_primary(self, _fault: Fault) -> Iterator[str]:
        """The other members are out of its reach, while the server still reaches all."""
        primary = self._primary()
        yield from self._cut(primary, frozenset(Way))

    def _isolate_one_way(self, fault: Fault) -> Iterator[str]:
        """Only what one side sends is lost."""
        yield from self._cut(self._primary(), frozenset({Way.THERE if fault.lot < 0.5 else Way.BACK}))

    def _isolate_and_kill_primary(self, _fault: Fault) -> Iterator[str]:
        """What it alone has is rolled back when it returns."""
        primary = self._primary()
        cut = self._cut(primary, frozenset(Way))
        yield next(cut)
        primary.signal(signal.SIGKILL)
        next(cut, None)
        primary.start()

    def _isolate_from_all(self, _fault: Fault) -> Iterator[str]:
        """Neither the other members nor the server reach it, nor does it reach them."""
        primary = self._primary()
        rules = *self._cutting(primary, frozenset(Way)), Rule(Action.HOLD, links=frozenset({primary.name}))
        yield from self._ruled(primary.name, *rules)

    def _reset_clients(self, _fault: Fault) -> Iterator[str]:
        yield f"{self._network.reset(SERVER_LINK)} connections"

    def _reset_mongods(self, _fault: Fault) -> Iterator[str]:
        yield f"{self._network.reset(*(member.name for member in self._replica_set.members))} connections"

    def _half_open_clients(self, fault: Fault) -> Iterator[str]:
        """Some connections lead nowhere, and nobody tells the clients."""
        rule = Rule(Action.SWALLOW, links=frozenset({SERVER_LINK}), share=0.3 + 0.3 * fault.lot)
        yield from self._ruled("some", rule)

    def _hold_clients(self, fault: Fault) -> Iterator[str]:
        ways = (frozenset(Way), frozenset({Way.THERE}), frozenset({Way.BACK}))[int(fault.lot * 3)]
        yield from self._ruled("all", Rule(Action.HOLD, links=frozenset({SERVER_LINK}), ways=ways))

    def _hold_mongods(self, fault: Fault) -> Iterator[str]:
        """The server reaches no mongod."""
        ways = (frozenset(Way), frozenset({Way.THERE}), frozenset({Way.BACK}))[int(fault.lot * 3)]
        names = frozenset(member.name for member in self._replica_set.members)
        yield from self._ruled("all", Rule(Action.HOLD, links=names, sources=frozenset({""}), ways=ways))

    def _delay(self, fault: Fault) -> Iterator[str]:
        seconds = 0.02 + 0.1 * fault.lot
        yield from self._ruled(f"all by {seconds:.3f} s", Rule(Action.DELAY, seconds=seconds))

    def _cut(self, primary: Member, ways: frozenset[Way]) -> Iterator[str]:
        yield from self._ruled(primary.name, *self._cutting(primary, ways))

    def _cutting(self, primary: Member, ways: frozenset[Way]) -> tuple[Rule, Rule]:
        others = frozenset(member.name for member in self._replica_set.members) - {primary.name}
        return (
            Rule(Action.HOLD, links=frozenset({primary.name}), sources=others, ways=ways),
            Rule(Action.HOLD, links=others, sources=frozenset({primary.name}), ways=ways),
        )

    def _ruled(self, whom: str, *rules: Rule) -> Iterator[str]:
        self._network.add(*rules)
        yield whom
        self._network.remove(*rules)

    def _primary(self) -> Member:
        return self._replica_set.wait_healthy(_PRIMARY_SECONDS)

    def _secondary(self, fault: Fault) -> Member:
        primary = self._primary()
        others = [member for member in self._replica_set.members if member is not primary]
        return others[int(fault.lot * len(others))]

    def _worker(self, fault: Fault) -> int:
        workers = self._service.workers()
        return workers[int(fault.lot * len(workers))] if workers else 0


def _signal(pid: int, number: int) -> None:
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def told(faults: Path) -> list[dict[str, Any]]:
    """Read the faults of a recorded run."""
    return [json.loads(line) for line in faults.read_text().splitlines()] if faults.exists() else []
