"""Python's garbage collector runs less often while lists are built, and afterwards as the program wants it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent import futures

import pytest

from workflow_results._stream.relaxed_gc import relaxed_gc


@pytest.fixture(autouse=True)
def _thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(600, 7, 8)
    yield
    gc.set_threshold(*before)


def test_the_collector_runs_less_often_within_and_as_before_afterwards() -> None:
    with relaxed_gc:
        assert gc.isenabled()
        assert gc.get_threshold() == (50_000, 7, 8)
    assert gc.get_threshold() == (600, 7, 8)


def test_an_exception_ends_it_too() -> None:
    with pytest.raises(KeyError), relaxed_gc:
        raise KeyError
    assert gc.get_threshold() == (600, 7, 8)


def test_the_outermost_ends_it() -> None:
    for _ in range(2):
        with relaxed_gc:
            with relaxed_gc, relaxed_gc:
                pass
            assert gc.get_threshold() == (50_000, 7, 8)
        assert gc.get_threshold() == (600, 7, 8)


def test_the_last_of_several_threads_ends_it() -> None:
    inside, may_end = threading.Barrier(5), [threading.Event() for _ in range(4)]

    def build(number: int) -> None:
        with relaxed_gc:
            inside.wait(20)
            may_end[number].wait(20)

    with futures.ThreadPoolExecutor(4) as pool:
        building = [pool.submit(build, number) for number in range(4)]
        inside.wait(20)
        for number in (0, 3, 1, 2):
            assert gc.get_threshold() == (50_000, 7, 8)
            may_end[number].set()
            building[number].result(20)
    assert gc.get_threshold() == (600, 7, 8)


@pytest.mark.parametrize("wanted", [(1_000, 5, 5), (0, 5, 5), (50_000, 5, 5)])
def test_what_the_program_sets_meanwhile_stays(wanted: tuple[int, int, int]) -> None:
    with relaxed_gc, relaxed_gc:
        gc.set_threshold(*wanted)
    assert gc.get_threshold() == wanted
    with relaxed_gc:
        pass
    assert gc.get_threshold() == wanted


@pytest.mark.parametrize("wanted", [(0, 7, 8), (50_000, 7, 8), (1_000_000, 7, 8)])
def test_a_collector_that_is_off_or_runs_less_often_anyway_is_left_so(wanted: tuple[int, int, int]) -> None:
    gc.set_threshold(*wanted)
    with relaxed_gc:
        assert gc.get_threshold() == wanted
    assert gc.get_threshold() == wanted
