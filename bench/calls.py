"""Calls of single RPCs by ghz, compared with calls of Info, which does next to nothing."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

import bson

from bench import ghz
from bench.measure import Case, Measured, expect
from bench.ways import OURS
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from google.protobuf.message import Message

    from bench.stand import Stand

_INFO: Final = "Info"
_CONNECTIONS: Final = 32


def _case(
    name: str,
    sentence: str,
    method: str,
    *,
    connections: int = 1,
    target: float | None = None,
    milliseconds: float | None = None,
) -> Case:
    """Return a case: the latency over one connection, or the calls a second over many."""
    latency = connections == 1

    def measure(stand: Stand, way: str) -> Measured:
        number = stand.sizes.single_calls if latency else stand.sizes.parallel_calls
        requests, check = _PREPARED[way](stand, number)
        with stand.meter(stand.ways[OURS]) as meter:
            load = ghz.call(stand.service.target, way, requests, number, connections=connections)
        check()
        cpu = meter.per(number)._replace(client=None)
        return Measured(load.median, cpu=cpu) if latency else Measured(load.seconds, load.number, cpu)

    return Case(
        name,
        sentence,
        measure,
        {_INFO: target},
        ours=(method,),
        reads=True,
        latency=latency,
        milliseconds=milliseconds,
    )


_Prepared = tuple["Sequence[Message]", "Callable[[], None]"]
"""Requests, and a check that their calls have done what they should."""


def _get_by_id(stand: Stand, number: int) -> _Prepared:
    data = stand.data()
    step = max(1, len(data.ids) // number)
    ids = data.ids[::step][:number]
    expect(len(stand.ways[OURS].by_ids(data.pipeline, ids)), len(ids))
    return [pb.GetByIdRequest(pipeline=data.pipeline, ids=[id_]) for id_ in ids], _nothing


def _deposit(stand: Stand, number: int) -> _Prepared:
    way = stand.ways[OURS]
    pipeline = stand.new_pipeline(way)
    decoded = stand.works().first(number).decoded(pipeline)
    works = [bson.encode({**decoded[at % len(decoded)], "id": uuid.uuid4().hex}) for at in range(number)]
    requests = [pb.DepositRequest(works=pb.EncodedDocuments(bson=work)) for work in works]
    return requests, lambda: expect(stand.stored(way, pipeline), number)


def _count(stand: Stand, _number: int) -> _Prepared:
    data = stand.data()
    query = pb.EncodedDocument(bson=bson.encode({"event": data.event}))
    expect(stand.ways[OURS].count(data.pipeline, data.event), data.event_count)
    return [pb.CountRequest(pipeline=data.pipeline, query=query)], _nothing


def _info(_stand: Stand, _number: int) -> _Prepared:
    return [pb.InfoRequest()], _nothing


def _nothing() -> None:
    """Check nothing: ghz tells only whether its calls succeeded, and does so itself."""


_PREPARED: Final[Mapping[str, Callable[[Any, int], _Prepared]]] = {
    "GetById": _get_by_id,
    "Deposit": _deposit,
    "Count": _count,
    _INFO: _info,
}

CASES: Final = (
    _case("ghz-by-id", "GetById of one id, called by ghz over one connection", "GetById", milliseconds=1.1),
    _case("ghz-by-id-32", f"the same over {_CONNECTIONS} connections", "GetById", connections=_CONNECTIONS, target=0.5),
    _case("ghz-deposit", "Deposit of one work, called by ghz over one connection", "Deposit"),
    _case("ghz-deposit-32", f"the same over {_CONNECTIONS} connections", "Deposit", connections=_CONNECTIONS),
    _case("ghz-count", "Count by event, called by ghz over one connection", "Count"),
)
"""Those that need ghz."""
