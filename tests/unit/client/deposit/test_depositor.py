"""A depositor whose service is lost."""

from __future__ import annotations

import pytest

from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import (
    Results,
    ServiceUnavailableError,
)


def test_a_service_that_is_lost_is_told_with_the_works(dead_target: str, pipeline: str) -> None:
    works = [work(pipeline, str(number)) for number in range(10)]
    lost = pytest.raises(ServiceUnavailableError)
    with Results(dead_target) as results, lost as raised, results.depositor(timeout=0.5) as depositor:
        given = [depositor.deposit(each) for each in works]
        with pytest.raises(ServiceUnavailableError):
            given[0].result(PATIENCE)
        with pytest.raises(ServiceUnavailableError) as again:
            depositor.deposit(work(pipeline, "late"))
    assert raised.value.works == works
    for error in (again.value, *(future.exception() for future in given)):
        assert isinstance(error, ServiceUnavailableError)
        assert str(error) == str(raised.value)
        assert error.works == works


@pytest.fixture
def dead_target() -> str:
    return "127.0.0.1:1"
