"""The search for an order that explains what the clients of the lock tests saw."""

from __future__ import annotations

import math

import pytest

from tests.support.linearizability import Call, State, unexplained

START: State = frozenset({("a", False, "start"), ("b", False, "start")})

BOTH = ("a", "b")

LOCKED_A = Call("lock", ("a",), 1, 2)

BOTH_LOCKED = frozenset({("a", True), ("b", True)})


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param([LOCKED_A, Call("update", ("a",), 3, 4, "x")], id="update of a locked result"),
        pytest.param([LOCKED_A, Call("delete_ids", BOTH, 3, 4)], id="delete of a locked result"),
        pytest.param(
            [
                LOCKED_A,
                Call("update", ("a",), 3, 4, "x", refused=frozenset({("a", True)})),
                Call("read", ("a",), 5, 6, "x", True),
            ],
            id="refused update that was done",
        ),
        pytest.param([Call("update", BOTH, 1, 2, "x"), Call("read", ("b",), 3, 4, "start")], id="half of an update"),
        pytest.param(
            [LOCKED_A, Call("update", BOTH, 3, 4, "x", refused=BOTH_LOCKED)], id="refusal of what is not locked"
        ),
        pytest.param(
            [LOCKED_A, Call("unlock", ("a",), 5, 6), Call("update", ("a",), 3, 4, "x")], id="unlock that came late"
        ),
        pytest.param(
            [
                Call("update", BOTH, 1, 4, "x", refused=None),
                Call("read", ("a",), 5, 6, "x"),
                Call("read", ("b",), 7, 8, "start"),
            ],
            id="half of an update whose outcome is unknown",
        ),
        pytest.param(
            [
                LOCKED_A,
                Call("lock", BOTH, 3, 6),
                Call("unlock", BOTH, 4, 5),
                Call("read", ("a",), 7, 8, "start", locked=False),
                Call("read", ("b",), 7, 8, "start", locked=True),
            ],
            id="lock and unlock that each did the other half",
        ),
        pytest.param([Call("delete_ids", ("a",), 1, 2), Call("deposit", ("b",), 3, 4, "x")], id="deposit over another"),
        pytest.param([Call("lock", ("c",), 1, 2)], id="lock of what is missing"),
    ],
)
def test_no_order_explains_a_wrong_history(calls: list[Call]) -> None:
    assert unexplained(START, calls) is not None


def test_an_order_explains_a_right_history() -> None:
    refused = frozenset({("a", True)})
    calls = [
        Call("lock", ("a",), 1, 4),
        Call("update", BOTH, 2, 6, "x"),  # went before the lock, although it was answered later
        Call("update", BOTH, 5, 7, "y", refused=refused),
        Call("unlock", BOTH, 8, 20),
        Call("update", ("a",), 9, math.inf, "z", refused=None),  # failed, and was done all the same
        Call("read", ("a",), 10, 11, "z"),
        Call("delete_ids", ("a",), 12, 13),
        Call("deposit", ("a",), 14, 15, "w"),
        Call("deposit", ("b",), 14, 15, "w", refused=frozenset({("b", False)})),
        Call("update", ("b",), 16, math.inf, "v", refused=None),  # failed, and was never done
        Call("read", ("a",), 30, 31, "w"),
        Call("read", ("b",), 30, 31, "x"),
    ]
    assert unexplained(START, calls) is None
