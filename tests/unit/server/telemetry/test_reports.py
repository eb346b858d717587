"""The metrics of several processes, added up."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tests.support.waiting import PATIENCE
from workflow_results_server.telemetry import reports
from workflow_results_server.telemetry.reports import Totals, report


class Process:
    """A process that counts, until it is gone."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("calls", "Calls.", ["method"], registry=self.registry)
        self.seconds = Histogram("seconds", "Seconds.", buckets=(1, 10), registry=self.registry)
        self.held = Gauge("held", "Held.", registry=self.registry)
        self.up = Gauge("workflow_results_mongodb_up", "Up.", registry=self.registry)
        self.lag = Gauge("workflow_results_watch_lag_seconds", "Lag.", registry=self.registry)
        self.files = Gauge("process_open_fds", "Open files.", registry=self.registry)

    def work(self, number: int) -> None:
        for _ in range(number):
            self.calls.labels("View").inc()
            self.seconds.observe(number)
        self.held.set(number)


def values(totals: Totals) -> dict[Any, float]:
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for metric in totals.collect()
        for sample in metric.samples
    }


COUNTS = [("calls_total", (("method", "View"),)), ("seconds_bucket", (("le", "10.0"),)), ("seconds_count", ())]


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["work", "report", "die"]), st.integers(1, 20))))
def test_counts_never_go_back_and_nothing_reported_is_lost(steps: list[tuple[int, str, int]]) -> None:
    own = Process()
    totals = Totals(own.registry)
    processes = [Process() for _ in range(3)]
    done, reported = [0, 0, 0], [0, 0, 0]
    of_ended = 0
    last: dict[Any, float] = {}
    for number, step, amount in steps:
        if step == "work":
            processes[number].work(amount)
            done[number] += amount
        elif step == "report":
            totals.take(number, report(processes[number].registry))
            reported[number] = done[number]
        else:
            totals.end(number)
            of_ended += reported[number]
            processes[number], done[number], reported[number] = Process(), 0, 0
        now = values(totals)
        assert all(now.get(key, 0) >= last.get(key, 0) for key in COUNTS)
        assert now.get(COUNTS[0], 0) == now.get(COUNTS[2], 0) == of_ended + sum(reported)
        last = now


def test_who_asks_while_a_process_ends_hears_of_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    process, totals, heard = Process(), Totals(CollectorRegistry()), []
    process.work(3)
    totals.take(1, report(process.registry))
    add = reports._Sums.add

    def ask_and_add(*arguments: Any, **options: Any) -> None:
        add(*arguments, **options)
        if options:  # it is at the report of the process that ends
            monkeypatch.setattr(reports._Sums, "add", add)
            with ThreadPoolExecutor() as pool:
                heard.append(pool.submit(values, totals).result(PATIENCE)[COUNTS[0]])

    monkeypatch.setattr(reports._Sums, "add", ask_and_add)
    totals.end(1)
    assert [*heard, values(totals)[COUNTS[0]]] == [3, 3]


def test_what_is_no_count_is_of_those_that_live() -> None:
    first, second = Process(), Process()
    totals = Totals(CollectorRegistry())
    for number, each in enumerate((first, second)):
        each.work(number + 3)
        each.up.set(number)
        each.lag.set(number + 1)
        each.files.set(100 * (number + 1))
        totals.take(number, report(each.registry))
    now = values(totals)
    assert (now["held", ()], now["workflow_results_mongodb_up", ()]) == (7, 0)
    assert now["workflow_results_watch_lag_seconds", ()] == 2
    assert now["process_open_fds", ()] == 200  # each has a limit of its own, so that the fullest one counts
    totals.end(0)
    now = values(totals)
    assert (now["held", ()], now["workflow_results_mongodb_up", ()]) == (4, 1)


def test_half_a_report_is_passed_over() -> None:
    process = Process()
    totals = Totals(CollectorRegistry())
    totals.take(1, report(process.registry))
    process.work(5)
    line = report(process.registry)
    totals.take(1, line[:-1])
    assert values(totals)["seconds_count", ()] == 0
    totals.take(1, line)
    assert values(totals)["seconds_count", ()] == 5


def test_a_report_is_one_line_and_says_nothing_of_when_counting_began() -> None:
    process = Process()
    process.calls.labels("a\nb").inc()
    line = report(process.registry)
    assert line.count(b"\n") == 1
    names = [sample[0] for *_, samples in json.loads(line) for sample in samples]
    assert not [name for name in names if name.endswith("_created")]
