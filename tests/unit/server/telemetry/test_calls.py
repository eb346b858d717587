"""RPCs are counted, each once, whoever asks meanwhile."""

from __future__ import annotations

import threading

from prometheus_client import CollectorRegistry

from tests.support.waiting import join
from workflow_results_server.telemetry.calls import Calls

METHOD = "package.Service/Call"
DURATION = "grpc_server_call_duration_seconds"
IN_PROGRESS = "workflow_results_calls_in_progress"


def test_calls_that_end_while_others_ask_are_counted_once() -> None:
    registry = CollectorRegistry()
    calls = Calls()
    registry.register(calls)
    counts = calls.of(f"/{METHOD}")
    assert calls.of(f"/{METHOD}") is counts
    done = threading.Event()
    seen: list[list[dict[str, float]]] = [[], []]

    def ask(told: list[dict[str, float]]) -> None:
        while not done.is_set():
            told.append({each.name: each.value for metric in registry.collect() for each in metric.samples})

    readers = [threading.Thread(target=ask, args=(told,), daemon=True) for told in seen]
    for reader in readers:
        reader.start()
    for _ in range(20_050):
        counts.start()
        counts.end("OK", 0.5, 10, 20)
    counts.start()
    done.set()
    join(*readers)
    labels = {"grpc_method": METHOD, "grpc_status": "OK"}
    assert registry.get_sample_value(f"{DURATION}_count", labels) == 20_050
    assert registry.get_sample_value(f"{DURATION}_sum", labels) == 10_025
    assert registry.get_sample_value("grpc_server_call_sent_total_compressed_message_size_bytes_sum", labels) == 401_000
    assert registry.get_sample_value(IN_PROGRESS, {"grpc_method": METHOD}) == 1
    for told in seen:
        for name in (f"{DURATION}_count", "grpc_server_call_started_total"):
            numbers = [each.get(name, 0) for each in told]
            assert numbers == sorted(numbers)
        assert all(each.get(IN_PROGRESS, 0) >= 0 for each in told)
