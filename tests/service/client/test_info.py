"""What a client can ask of its server."""

from __future__ import annotations

from typing import Any

import workflow_results
from workflow_results import Results
from workflow_results.common import native


def test_info_tells_versions_and_limits(results: Results) -> None:
    info: dict[str, Any] = results.info()
    assert info["client"]["version"] == info["server"]["version"] == workflow_results.__version__
    assert info["server"]["api"] == "workflow_results.v1"
    assert info["server"]["mongodb"].split(".")[0].isdigit()
    assert info["server"]["checker"] == native.NAME
    assert info["server"]["limits"]["work_bytes"] == 16 * 1024 * 1024 - 16 * 1024
    assert info["server"]["limits"]["pipelines"] > 0
    assert info["client"]["target"] == results.baseurl
