"""The live tail: changes as they are made, and its end."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.browsing import Browser
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE
from workflow_results import Results


class Tail:
    """A request for changes that is being answered."""

    def __init__(self, door: Service, **asked: Any) -> None:
        self.connection = http.client.HTTPConnection(Browser(door).host, timeout=PATIENCE)
        self.connection.request("POST", "/ui/api/watch", json.dumps(asked))
        self.response = self.connection.getresponse()
        assert self.response.status == 200
        self.token = ""
        assert self.line()["events"] == []  # what is changed from now on is seen

    def line(self) -> Any:
        said = json.loads(self.response.readline())
        self.token = said["token"] or self.token
        return said

    def events(self, number: int) -> list[tuple[str, str, Any]]:
        """Wait for so many events: what happened, to which result, and the result."""
        found: list[tuple[str, str, Any]] = []
        while len(found) < number:
            said = self.line()
            for event in said["events"]:
                result = None if event["result"] is None else said["results"][event["result"]]
                found.append((event["kind"], event["id"], result))
        return found

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def tail(door: Service) -> Iterator[Callable[..., Tail]]:
    opened: list[Tail] = []

    def start(**asked: Any) -> Tail:
        opened.append(Tail(door, **asked))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


@pytest.fixture
def client(door: Service) -> Iterator[Results]:
    with Results(door.target) as results:
        yield results


def work(id_: str, **results: Any) -> dict[str, Any]:
    return {"id": id_, "pipeline": "ui-live", "status": "success", "results": results}


def test_changes_come_with_what_was_asked_for(tail: Callable[..., Tail], client: Results) -> None:
    following = tail(pipeline="ui-live", fields=["results.x"], query='{"results.x": {"$gt": 1}}')
    client.deposit([work("a", x=1, y=0), work("b", x=2, y=0)])
    assert following.events(1) == [("deposited", "b", {"id": "b", "results": {"x": 2}})]
    client.lock("ui-live", ["b"], reason="why")
    assert following.events(1) == [("locked", "b", {"id": "b", "results": {"x": 2}})]
    client.unlock("ui-live", ["b"], force=True)
    client.delete_ids("ui-live", ["b"])
    kinds = [kind for kind, _, _ in following.events(2)]
    assert kinds == ["unlocked", "deleted"] or kinds[-1] == "deleted"


def test_a_tail_goes_on_where_it_broke(tail: Callable[..., Tail], client: Results) -> None:
    first = tail(pipeline="ui-live-on")
    client.deposit([{**work("a"), "pipeline": "ui-live-on"}])
    assert [id_ for _, id_, _ in first.events(1)] == ["a"]
    first.close()
    client.deposit([{**work("b"), "pipeline": "ui-live-on"}])
    second = tail(pipeline="ui-live-on", token=first.token)
    client.deposit([{**work("c"), "pipeline": "ui-live-on"}])
    seen: list[str] = []
    while "c" not in seen:
        seen += [id_ for _, id_, _ in second.events(1)]
    assert "a" not in seen
    assert "b" in seen


def test_a_tail_ends_at_once_when_the_server_stops(serve: Callable[..., Service]) -> None:
    running = serve("--http-port", "0", "--drain-seconds", "100")
    following = Tail(running, pipeline="ui-live-end")
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 60
    assert following.response.read() == b"", "the answer has an end, and is no broken one"
    following.close()
