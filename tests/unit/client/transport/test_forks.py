"""What a child of a fork leaves alone, and two forks at a time."""

from __future__ import annotations

import os
import threading

from workflow_results._transport.forks import _Gate, fork_guard


def test_a_child_leaves_what_its_parent_was_inside_of() -> None:
    """As where a callback of a future forks."""
    child, left = -1, False
    try:
        with fork_guard:
            child = os.fork()
        left = True
    finally:
        if child == 0:
            os._exit(0 if left else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_two_forks_at_a_time_both_keep_calls_out() -> None:
    gate, entered = _Gate(), threading.Event()

    def enter() -> None:
        with gate:
            entered.set()

    gate.close()
    gate.close()
    threading.Thread(target=enter).start()
    gate.open()
    assert not entered.wait(0.2)
    assert not gate.enter_at_once()
    gate.open()
    assert entered.wait(20)
    assert gate.enter_at_once()
