"""What counts and traces cost a server: its processor time for a look-up, and for a work of a depositor.

All servers are there at the same time, on one MongoDB, and take turns. What each has spent is read from the kernel in
nanoseconds; `cpu_times`, which `cpu.py` reads, has steps of ten milliseconds.
"""

from __future__ import annotations

import statistics
import time
import uuid
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
from rich import box
from rich.markup import escape
from rich.table import Table

from bench.measure import expect
from bench.service import FurtherServer, UncountedServer
from tests.support.fake_service import served
from workflow_results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bench.stand import Stand

_SENT_SECONDS: Final = 5.5
"""How long the last spans of an operation are waited for, so that they count for it: the SDK sends some every 5 s."""


@dataclass(frozen=True)
class _Way:
    """What a server does beside its work.

    Attributes:
        against: The way that it is compared with.
        target: How many times as much processor time as that it may take; 0 if there is no target.
        counts: Whether it counts.
        sampled: The share of calls that are traced.
    """

    against: str = "nothing"
    target: float = 0.0
    counts: bool = True
    sampled: float = 0.0


_WAYS: Final[Mapping[str, _Way]] = {
    "nothing": _Way(counts=False),
    "nothing, again": _Way(counts=False),
    "counts": _Way(target=1.03),
    "counts, traces at 1 %": _Way(against="counts", target=1.05, sampled=0.01),
    "counts, traces at 100 %": _Way(against="counts", sampled=1),
}
"""That the first two differ at all shows what the others' differences are worth."""
_LOOK_UPS_A_CALL: Final = 10
"""How many look-ups a round has for each call of other cases."""
_LOOK_UPS_A_TURN: Final = 50
_DEPOSITS: Final = 4
"""How many turns of deposits a round has."""


@dataclass
class Cost:
    """The processor time that a server takes for an operation.

    Attributes:
        what: The operation.
        rounds: By way, the seconds in each round.
    """

    what: str
    rounds: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in _WAYS})

    def ratios(self, way: str) -> list[float]:
        """Return how many times as much a way has taken in each round as the one that it is compared with."""
        return [each / other for each, other in zip(self.rounds[way], self.rounds[_WAYS[way].against], strict=True)]

    def as_json(self) -> dict[str, Any]:
        """Return all that was measured."""
        return {"what": self.what, "cpu_seconds_each": self.rounds}


def measure(stand: Stand, rounds: int, tell: Callable[[str], None]) -> list[Cost]:
    """Measure all ways in rounds, of which the first does not count.

    Within a round, the ways take turns after few operations, so that a moment of noise meets all of them.

    Args:
        stand: Where to measure them.
        rounds: How many rounds.
        tell: Is told what comes.
    """
    look_ups, works = Cost("look-up"), Cost("work of a depositor")
    pipeline = f"bench-{uuid.uuid4().hex[:12]}"
    ids = stand.works().ids()[: stand.sizes.calls * _LOOK_UPS_A_CALL]
    with ExitStack() as stack, _discarding() as collector:
        servers = {way: stack.enter_context(_server(stand, each, collector)) for way, each in _WAYS.items()}
        clients = {way: stack.enter_context(Results(server.target)) for way, server in servers.items()}
        expect(next(iter(clients.values())).deposit(stand.works().decoded(pipeline), timeout=600), {pipeline: True})

        def look_up(client: Results, start: int) -> None:
            for id_ in ids[start : start + _LOOK_UPS_A_TURN]:
                expect(len(client.get_by_id(pipeline, [id_])), 1)

        def deposit(client: Results, _turn: int) -> None:
            _deposit(client, stand)

        look_up_turns = range(0, len(ids), _LOOK_UPS_A_TURN)
        for number in range(rounds + 1):
            tell(f"telemetry, round {number}/{rounds}")
            for cost, do, turns, each in (
                (look_ups, look_up, look_up_turns, len(ids)),
                (works, deposit, range(_DEPOSITS), _DEPOSITS * len(stand.works())),
            ):
                before = {way: _spent(server) for way, server in servers.items()}
                for turn, step in enumerate(turns):
                    for way in list(_WAYS)[:: -1 if turn % 2 else 1]:
                        do(clients[way], step)
                time.sleep(_SENT_SECONDS)
                if number:
                    for way, server in servers.items():
                        cost.rounds[way].append((_spent(server) - before[way]) / each)
        stand.mongo["workflow_results"].drop_collection(pipeline)
    return [look_ups, works]


def table(costs: Sequence[Cost]) -> Table:
    """Return the table: a line for each way."""
    made = Table(box=box.SIMPLE, title="CPU time of a server, by what it does beside", caption="medians of all rounds")
    for column in ("operation", "beside", "µs", "ratio", "against", "target"):
        made.add_column(column, justify="right" if column == "µs" else "left", no_wrap=True)
    for cost in costs:
        for number, (name, way) in enumerate(_WAYS.items()):
            micros = f"{statistics.median(cost.rounds[name]) * 1e6:,.1f}"
            compared: tuple[str, ...] = ()
            if number:
                ratios = cost.ratios(name)
                ratio = f"{statistics.median(ratios):.3f} [{min(ratios):.3f}..{max(ratios):.3f}]"
                compared = escape(ratio), way.against, f"≤ {way.target:g}" if way.target else ""
            made.add_row("" if number else cost.what, name, micros, *compared)
    return made


def _server(stand: Stand, way: _Way, collector: str) -> FurtherServer:
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(way.sampled),
    }
    kind = FurtherServer if way.counts else UncountedServer
    return kind(stand.service.mongo_uri, traced if way.sampled else {})


def _deposit(client: Results, stand: Stand) -> None:
    pipeline = f"bench-{uuid.uuid4().hex[:12]}"
    works = stand.works().decoded(pipeline)
    with client.depositor() as depositor:
        for work in works:
            depositor.deposit(work)
    expect(stand.mongo["workflow_results"][pipeline].count_documents({}), len(works))
    stand.mongo["workflow_results"].drop_collection(pipeline)


def _spent(server: FurtherServer) -> float:
    """Return the seconds that the threads of a server have run."""
    spent = 0.0
    for process in server.processes():
        for path in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
            with suppress(OSError):  # the thread has just ended
                spent += int(path.read_text().split()[0]) / 1e9
    return spent


@contextmanager
def _discarding() -> Iterator[str]:
    """Start a collector that keeps nothing, and return its address."""
    export: Any = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    with served(service, {"Export": export}, threads=1) as target:
        yield f"http://{target}"
