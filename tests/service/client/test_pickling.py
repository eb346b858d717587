"""Clients that travel to other processes: their settings do, connections and secrets don't."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from tests.support.launcher import Service
from tests.support.works import work
from workflow_results import AsyncGRPCContext, AsyncResults, GRPCContext, Results


def count(results: Results, pipeline: str) -> int:
    with results:
        return results.count(pipeline, {})


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_client_works_in_another_process(service: Service, results: Results, pipeline: str, method: str) -> None:
    results.deposit([work(pipeline, "a")])
    with Results(service.target) as client, multiprocessing.get_context(method).Pool(1) as pool:
        assert client.count(pipeline, {}) == 1
        assert pool.apply(count, (client, pipeline)) == 1


@pytest.mark.parametrize("class_", [Results, AsyncResults])
def test_settings_travel(class_: type[Results | AsyncResults], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("WORKFLOW_RESULTS_CA_FILE", str(authority.file))
    given = class_("results.example.org:443", timeout=7, strict=True, token="")
    monkeypatch.delenv("WORKFLOW_RESULTS_CA_FILE")
    monkeypatch.setenv("WORKFLOW_RESULTS_TOKEN", "of the other process".replace(" ", "-"))
    for there in (pickle.loads(pickle.dumps(given)), copy.copy(given), copy.deepcopy(given)):
        assert type(there) is class_
        assert repr(there) == repr(given)
        assert there._channel is not given._channel
        assert there._channel._credentials.secure
        assert there._channel._credentials.metadata() == []


def test_a_token_of_the_environment_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_TOKEN", "here")
    pickled = pickle.dumps(Results("localhost:1"))
    assert b"here" not in pickled
    monkeypatch.setenv("WORKFLOW_RESULTS_TOKEN", "there")
    assert pickle.loads(pickled)._channel._credentials.metadata() == [("authorization", "Bearer there")]


@pytest.mark.parametrize("class_", [Results, AsyncResults, GRPCContext, AsyncGRPCContext])
@pytest.mark.parametrize("how", [copy.deepcopy, pickle.dumps])
def test_a_token_that_was_given_does_not_travel(class_: Any, how: Any) -> None:
    with pytest.raises(TypeError, match=r"with token= can't be copied or pickled.* set WORKFLOW_RESULTS_TOKEN"):
        how(class_(token="not-shown"))


def test_no_client_shows_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for client in (Results(token="not-shown"), AsyncResults(token="not-shown")):
        assert "not-shown" not in repr(vars(client))


def test_files_and_classes_of_ones_own_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.chdir(tmp_path)

    given = Own("localhost:443", authority.file.name)
    monkeypatch.chdir("/")
    there = pickle.loads(pickle.dumps(given))
    assert type(there) is Own
    assert there._channel._credentials.secure


class Own(Results):
    """A client with arguments of its own."""

    def __init__(self, where: str, authority: str) -> None:
        super().__init__(where, ca_file=authority)


def test_a_context_travels(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_TARGET", service.target)
    there = pickle.loads(pickle.dumps(GRPCContext(timeout=5)))
    assert there.results.info()["client"]["timeout"] == 5
    there.results.close()
