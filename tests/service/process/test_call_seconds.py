"""`--call-seconds` is the time for a whole call, however many parts it has."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.support.launcher import Service
from tests.support.wire import Answer, documents, open_channel
from tests.support.works import work
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc
from workflow_results_server.mongod.data_directory import DataDirectory

CALL_SECONDS = 2
PIPELINES = 64
MOST_SECONDS = PIPELINES / 8 * CALL_SECONDS
"""What it took when each eight pipelines had the time anew."""


@pytest.mark.parametrize("method", ["Deposit", "DepositStream"])
def test_a_deposit_into_many_pipelines_has_one_time(directory: Path, tmp_path: Path, method: str) -> None:
    service = Service("--data-dir", str(directory), "--call-seconds", str(CALL_SECONDS), log=tmp_path / "log")
    mongod = DataDirectory(directory).mongod_pid()
    works = documents(*(work(f"p-{number}", "a") for number in range(PIPELINES)))
    requests: dict[str, Any] = {
        "Deposit": pb.DepositRequest(works=works),
        "DepositStream": iter([pb.DepositStreamRequest(works=works)]),
    }
    try:
        with open_channel(service.target) as channel:
            stub = results_pb2_grpc.ResultsServiceStub(channel)
            os.kill(mongod, signal.SIGSTOP)
            began = time.monotonic()
            with pytest.raises(grpc.RpcError) as caught:
                answer = getattr(stub, method)(requests[method])
                list(answer)
            assert time.monotonic() - began < MOST_SECONDS
            assert Answer(caught.value).info.reason in ("DEADLINE_EXCEEDED", "MONGODB_UNAVAILABLE")
    finally:
        os.kill(mongod, signal.SIGCONT)
        service.stop(signal.SIGKILL)
