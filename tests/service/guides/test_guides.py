"""What the guides tell people to type does what they say."""

from __future__ import annotations

import datetime as dt
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from tests.support.launcher import COMMAND, Service
from tests.support.paths import DOCS
from tests.support.processes import processes_with
from tests.support.reader import PAGE, follow
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import Results

GUIDE = DOCS / "guide"
COMMANDS = Path(COMMAND).parent
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def frb_dm(database: Any) -> Iterator[None]:
    """The pipeline of the page on publishing, which no other test shall find."""
    yield
    database["frb-dm"].drop()
    database["_history"].delete_many({"pipeline": "frb-dm"})


@pytest.mark.timeout(6 * PATIENCE)
def test_the_tutorial(tmp_path: Path) -> None:
    with socket.socket() as free:  # the page starts the server itself
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    follow(PAGE.read_text(), COMMANDS, tmp_path, port)
    assert not (tmp_path / "reader" / "data").exists()
    eventually(lambda: processes_with(tmp_path) == [])


@pytest.mark.timeout(6 * PATIENCE)
@pytest.mark.usefixtures("frb_dm")
def test_publishing(service: Service, tmp_path: Path) -> None:
    follow((GUIDE / "publish.md").read_text(), COMMANDS, tmp_path, int(service.target.rpartition(":")[2]))


def test_going_through_millions(results: Results, pipeline: str) -> None:
    asked, dropped, paged, ranged = (
        block.replace('"frb-dm"', f'"{pipeline}"') for block in PYTHON.findall((GUIDE / "millions.md").read_text())
    )
    times = [dt.datetime(2026, month, 15, number, tzinfo=dt.timezone.utc) for month in (10, 11) for number in range(10)]
    ids = [str(ObjectId.from_datetime(time)) for time in times]
    works = [work(pipeline, id_, results={"dm": 1.0, "snr": number}) for number, id_ in enumerate(ids)]
    assert results.deposit(works) == {pipeline: True}
    names: dict[str, Any] = {"results": results}
    exec(asked, names)
    assert list(names["bursts"]["results.snr"]) == [float(number) for number in range(19, 8, -1)]
    exec(dropped, names)
    assert [result["results"]["snr"] for result in names["bursts"]] == list(range(19, 8, -1))
    exec(paged, names)
    pages = list(names["pages"](results, pipeline, {"id": {"$ne": ids[0]}}, size=6))
    assert [[result["id"] for result in page] for page in pages] == [ids[:13:-1], ids[13:7:-1], ids[7:1:-1], [ids[1]]]
    exec(ranged, names)
    assert names["count"] == 10
