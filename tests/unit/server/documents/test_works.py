"""The works of a request: looked at a few at a time, and large ones elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import bson
import pytest

from tests.support.native_part import in_use
from workflow_results.common import native
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.documents import works
from workflow_results_server.documents.works import Work, parse

MIB = 1 << 20


def work(id_: str, size: int = 0) -> bytes:
    return bson.encode({"pipeline": "p", "id": id_, "status": "success", "data": bytes(size)})


@pytest.mark.parametrize("natively", [True, False])
@pytest.mark.parametrize("order", [("small", "large"), ("large", "small"), ("small", "large", "small", "large")])
def test_a_large_work_never_keeps_others_waiting(
    order: tuple[str, ...], natively: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if natively:
        in_use(native.cut)
    sizes: list[tuple[int, int]] = []

    async def offload(size: int, function: Callable[[], Any]) -> Any:
        found = function()
        parsed = found[0] if natively else found
        sizes.append((size, max(len(each.data) for each in parsed)))
        return found

    monkeypatch.setattr(works, "offload", offload)
    if not natively:
        monkeypatch.setattr(native, "cut", None)
    data = b"".join(work(f"{index}", MIB if each == "large" else 0) for index, each in enumerate(order))
    parsed = asyncio.run(parse(pb.EncodedDocuments(bson=data)))
    assert [each.id for each in parsed if isinstance(each, Work)] == [str(index) for index in range(len(order))]
    assert sum(size > MIB for size, _ in sizes) == order.count("large")
    assert all(size > MIB for size, largest in sizes if largest > MIB), "which sends it into a thread"
