"""Whether two works have the same content, asked in each way there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bson

from workflow_results_server.documents.content import digest, same_content


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    data, other_data = bson.encode(one), bson.encode(other)
    answer = same_content(data, other_data)
    assert same_content(other_data, data) is answer
    assert same_content(data, data)
    assert (digest(data) == digest(other_data)) is answer
    return answer
