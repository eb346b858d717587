#!/usr/bin/env python3
"""`workflow-results` whose server counts nothing, so that one can measure what counting costs."""

from __future__ import annotations

from workflow_results.cli import main as workflow_results
from workflow_results_server.telemetry import calls, metrics


def main() -> None:
    """Run the command."""
    for counting, names in (
        (calls.CallCounts, ("start", "end")),
        (metrics.WorkCounts, ("add",)),
        (metrics.WORKS_PER_INSERT, ("observe",)),
    ):
        for name in names:
            setattr(counting, name, _ignore)
    workflow_results()


def _ignore(*_arguments: object) -> None: ...


if __name__ == "__main__":
    main()
