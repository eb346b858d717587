"""When a call is sent again."""

from __future__ import annotations

import pytest

from workflow_results import ServiceUnavailableError
from workflow_results._transport.attempts import Attempts
from workflow_results._transport.deadline import Deadline


@pytest.mark.parametrize(("retry_seconds", "sent_again"), [(0.0, True), (60.0, False)])
def test_a_call_is_not_sent_before_the_pause_that_the_service_asks_for(retry_seconds: float, sent_again: bool) -> None:
    error = ServiceUnavailableError("the server has no memory left for more works: retry later")
    error.retry_seconds = retry_seconds
    assert Attempts("Count", "", Deadline.after(30)).go_on(error) is sent_again
