"""The metrics that there are, and those that the docs, the alerts and the dashboard speak of, are the same."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any, cast

import yaml

from tests.support.paths import REPOSITORY
from workflow_results_server.serving.gauges import Connections, Gauges
from workflow_results_server.telemetry import calls  # noqa: F401 - without it, RPCs are not counted
from workflow_results_server.telemetry.metrics import REGISTRY

PAGE = (REPOSITORY / "docs/operate/metrics.md").read_text()
MONITORING = REPOSITORY / "deploy/monitoring"
NAME = re.compile(r"\b(?:grpc_server|http_server|workflow_results|process)_[a-z_]+\b")


def metrics() -> dict[str, str]:
    """Names as they are written in queries, and their types."""
    watches = SimpleNamespace(lag=0.0, feed_lag=0.0)
    store = SimpleNamespace(bytes_read=0, watches=watches, mongodb_version="6")
    gauges = Gauges(cast(Any, store), cast(Any, SimpleNamespace(reserved=0, waiting=0)))
    found = [metric for each in (REGISTRY, gauges, Connections({"grpc": 1})) for metric in each.collect()]
    return {f"{each.name}_total" if each.type == "counter" else each.name: each.type for each in found}


def named(text: str) -> set[str]:
    names = metrics()
    found = set()
    for name in NAME.findall(text):
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        found.add(plain if names.get(plain) == "histogram" else name)
    return found


def test_the_page_names_every_metric_and_no_other() -> None:
    assert named(PAGE) - {"workflow_results_server"} == metrics().keys()


def test_alerts_ask_for_what_there_is_and_the_page_says_what_to_do() -> None:
    [group] = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    alerts = {rule["alert"] for rule in group["rules"]}
    assert alerts == set(re.findall(r"^\| (WorkflowResults\w+) \|", PAGE, re.M))
    for rule in group["rules"]:
        assert named(rule["expr"]) <= metrics().keys(), rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_alerts_notice_the_first_of_what_they_count() -> None:
    """Prometheus sees no increase in what was not there before."""
    counters = [metric for metric in REGISTRY.collect() if metric.type == "counter"]
    always = {sample.name for metric in counters for sample in metric.samples}
    always.add("workflow_results_works_total")  # as tests of a server see
    [group] = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    counted = {name: rule["expr"] for rule in group["rules"] for name in re.findall(r"increase\((\w+)", rule["expr"])}
    assert len(counted) > 3
    assert [name for name, query in counted.items() if name not in always and f"unless {name}" not in query] == []


def test_the_dashboard_asks_for_what_there_is() -> None:
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(queries) > 20
    for query in queries:
        assert named(query), query
        assert named(query) <= metrics().keys(), query
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)
