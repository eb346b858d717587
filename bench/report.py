"""What comes out: a table, and a file with all raw numbers."""

from __future__ import annotations

import json
import os
import platform
import statistics
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import psutil
from rich import box
from rich.markup import escape
from rich.table import Table

from workflow_results.common import native

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.measure import Record
    from bench.stand import Stand

_PACKAGES: Final = (
    "workflow-results",
    "grpcio",
    "protobuf",
    "pymongo",
    "pymongoarrow",
    "pandas",
    "pyarrow",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "requests",
)


def table(records: Sequence[Record]) -> Table:
    """Return the table: a line for each pair of ways that are compared."""
    made = Table(box=box.SIMPLE, caption="medians of all rounds; of ratios also the least and the most", pad_edge=False)
    for column in ("case", "ours", "", "against", "", "ratio", "target"):
        made.add_column(column, justify="left" if column else "right", no_wrap=True)
    made.add_column(no_wrap=True)
    for record in records:
        if record.problem:
            made.add_row(record.case.name, *[""] * 6, "[red]failed[/]")
            continue
        said: set[str] = set()
        for ours, other in record.case.comparisons:
            name = "" if said else record.case.name
            mine = ("", "") if ours in said else (ours, _amount(record, ours))
            said.add(ours)
            reached = {True: "[green]ok[/]", False: "[red]missed[/]", None: ""}[record.reached(ours, other)]
            theirs = (other, _amount(record, other))
            made.add_row(name, *mine, *theirs, _ratio(record, ours, other), _target(record, ours, other), reached)
    return made


def cpu_table(records: Sequence[Record]) -> Table:
    """Return the table of processor times: a line for each way in which they were measured."""
    made = Table(box=box.SIMPLE, title="CPU time of each work or call, in µs", caption="medians", pad_edge=False)
    for column in ("case", "way", "client", "server", "MongoDB", "total"):
        made.add_column(column, justify="left" if column in {"case", "way"} else "right", no_wrap=True)
    for record in records:
        name = record.case.name
        for way in () if record.problem else record.case.ways:
            if times := record.cpu(way):
                total = sum(time or 0 for time in times)
                made.add_row(name, way, *("" if time is None else f"{time * 1e6:,.0f}" for time in (*times, total)))
                name = ""
    return made


def write(path: Path, stand: Stand, records: Sequence[Record], further: dict[str, Any]) -> None:
    """Write all raw numbers, and what they were measured with.

    Args:
        path: The JSON file.
        stand: Where they were measured.
        records: What was measured.
        further: What else belongs into the file.
    """
    content = {"machine": _machine(stand), **further, "cases": [record.as_json() for record in records]}
    path.write_text(json.dumps(content, indent=1) + "\n")


def _machine(stand: Stand) -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "checker": native.NAME,
        "mongod": stand.mongo.server_info()["version"],
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _amount(record: Record, way: str) -> str:
    rate = record.rate(way)
    return f"{1000 / rate:,.2f} ms" if record.case.latency else f"{rate:,.0f}/s"


def _ratio(record: Record, ours: str, other: str) -> str:
    ratios = record.ratios(ours, other)
    what = "time" if record.case.is_time(other) else "speed"
    shown = (statistics.median(ratios), min(ratios), max(ratios))
    median, least, most = (f"{each:.2f}" if each < 10 else f"{each:.1f}" for each in shown)
    return escape(f"{median} x {what} [{least}..{most}]")


def _target(record: Record, ours: str, other: str) -> str:
    if record.case.milliseconds is not None:
        return f"≤ {record.case.milliseconds:g} ms"
    target = record.case.target(ours, other)
    if target is None:
        return ""
    return f"{'≤' if record.case.is_time(other) else '≥'} {target:g}"
