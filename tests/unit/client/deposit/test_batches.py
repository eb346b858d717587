"""Batches of a deposit."""

from __future__ import annotations

import bson
import pytest

from tests.support.works import work
from workflow_results import Results, ServiceUnavailableError


def test_errors_of_a_deposit_carry_the_works_with_their_ids(pipeline: str) -> None:
    with Results("127.0.0.1:1", timeout=0.3) as nowhere, pytest.raises(ServiceUnavailableError) as caught:
        nowhere.deposit([work(pipeline)])
    (sent,) = caught.value.works
    assert bson.ObjectId.is_valid(sent["id"])
