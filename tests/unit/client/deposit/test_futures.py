"""The futures of a depositor."""

from __future__ import annotations

import pytest

import workflow_results
from workflow_results import (
    DepositFuture,
)


def test_they_are_exported() -> None:
    assert {"Depositor", "DepositFuture"} <= set(workflow_results.__all__)


def test_a_future_that_nothing_has_initialized_is_no_endless_loop() -> None:
    bare = DepositFuture.__new__(DepositFuture)
    with pytest.raises(AttributeError):
        bare.done()
