"""The one contract of errors: the proto, the registry, the exceptions of Python and the page of errors agree."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

import workflow_results
from tests.support.paths import DOCS, REPOSITORY
from workflow_results import InvalidRequestError, InvalidStatusError, Results, ResultsError, ServiceUnavailableError
from workflow_results._calls.attempts import RETRIED
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.rpc_errors import exception_for, from_rpc_error
from workflow_results.common.reasons import DOMAIN, Reason
from workflow_results.v1 import results_pb2
from workflow_results.v1.errors_pb2 import ErrorReason, RejectionReason
from workflow_results_server.errors import RequestError
from workflow_results_server.rpc.status import refusal

PAGE = DOCS / "reference" / "errors.md"
REGISTRY = REPOSITORY / "client" / "python" / "workflow_results" / "common" / "reasons.py"
SERVICE_CONFIG = REPOSITORY / "proto" / "workflow_results" / "v1" / "service_config.json"
ERRORS = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name} - {"UNSPECIFIED"}
REJECTIONS = {name.removeprefix("REJECTION_REASON_") for name in RejectionReason.DESCRIPTOR.values_by_name} - {
    "UNSPECIFIED"
}


def test_the_registry_has_the_reasons_of_the_proto() -> None:
    assert {reason for reason in Reason if reason.code} == ERRORS
    assert set(Reason) == ERRORS | REJECTIONS


def test_the_page_has_the_codes_of_the_registry_and_the_exceptions_of_the_client() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    errors = {row[0].strip("`"): (re.findall(r"\w+", row[1]), re.findall(r"\w+", row[2])) for row in rows if row[5:]}
    assert errors.keys() == ERRORS
    for name, (codes, classes) in errors.items():
        assert Reason[name].code in codes
        assert {exception_for(grpc.StatusCode[code], name).__name__ for code in codes if code != "or"} == set(classes)
        assert all(issubclass(getattr(workflow_results, each), ResultsError) for each in classes)
    assert {row[0].strip("`") for row in rows if not row[5:]} == REJECTIONS


def test_the_page_is_what_the_proto_gives(tmp_path: Path) -> None:
    written = tmp_path / "errors.md"
    subprocess.run([sys.executable, DOCS / "reference" / "generate_errors.py", str(written)], check=True, timeout=60)
    assert written.read_text() == PAGE.read_text()


def test_no_reason_stands_anywhere_but_in_the_registry() -> None:
    names = set(Reason) - {"DEADLINE_EXCEEDED", "INTERNAL"}  # which are codes of gRPC, too
    for folder in ("client/python/workflow_results", "server/workflow_results_server"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            if path != REGISTRY and "_pb2" not in path.name:
                constants = (
                    node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)
                )
                reasons = names - {"PIPELINE", "ROLE"} if "cli" in path.parts else names  # which name arguments there
                assert reasons.isdisjoint(value for value in constants if isinstance(value, str)), path


def test_the_service_config_repeats_what_the_client_does() -> None:
    (policy,) = json.loads(SERVICE_CONFIG.read_text())["methodConfig"]
    service = results_pb2.DESCRIPTOR.services_by_name["ResultsService"]
    assert {each["service"] for each in policy["name"]} == {service.full_name}
    assert {each["method"] for each in policy["name"]} == RETRIED - {"DropIndex", "DropPipeline"}
    assert set(service.methods_by_name) >= RETRIED
    channel = grpc.insecure_channel("localhost:1", [("grpc.service_config", SERVICE_CONFIG.read_text())])
    call: Any = channel.unary_unary("/any/Method")
    with channel, pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=10)
    assert "service config" not in (caught.value.details() or "")


class Failed(grpc.RpcError):
    """An error as gRPC raises it."""

    def __init__(self, code: grpc.StatusCode, details: bytes, told: str = "what is wrong") -> None:
        self._code, self._details, self._told = code, details, told

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._told

    def trailing_metadata(self) -> Any:
        return [("grpc-status-details-bin", self._details)]


def explained(code: grpc.StatusCode, details: bytes = b"", told: str = "what is wrong") -> ResultsError:
    return from_rpc_error(Failed(code, details, told), "Deposit", "localhost:1", Deadline.after(1))


@pytest.mark.parametrize("told", ["Internal error from Core", "Received RST_STREAM with error code 2"])
def test_a_stream_that_broke_is_tried_again(told: str) -> None:
    error = explained(grpc.StatusCode.INTERNAL, told=told)
    assert isinstance(error, ServiceUnavailableError)
    assert error.outcome_unknown
    assert not isinstance(explained(grpc.StatusCode.INTERNAL), ServiceUnavailableError)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.code])
def test_an_error_on_the_wire_is_the_exception_of_the_page(reason: Reason) -> None:
    sent = refusal(RequestError(reason, "what is wrong"), "call-1")
    details: Any = dict(sent.metadata)["grpc-status-details-bin"]
    error = explained(sent.code, details)
    assert type(error) is exception_for(sent.code, reason)
    assert (error.reason, error.call_id) == (reason, "call-1")
    assert (error.retry_seconds > 0) == (reason in (Reason.OVERLOADED, Reason.SERVER_STOPPING))


@pytest.mark.parametrize(
    ("domain", "delay", "expected"),
    [
        (DOMAIN, Duration(seconds=2, nanos=500_000_000), ("OVERLOADED", 2.5)),
        (DOMAIN, Duration(seconds=2**62), ("OVERLOADED", 60.0)),
        (DOMAIN, Duration(seconds=-5), ("OVERLOADED", 0.0)),
        ("envoy.example.org", Duration(seconds=2), ("", 0.0)),
    ],
)
def test_what_others_say_does_not_count(domain: str, delay: Duration, expected: tuple[str, float]) -> None:
    status = status_pb2.Status(code=code_pb2.UNAVAILABLE)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="OVERLOADED", domain=domain))
    status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    error = explained(grpc.StatusCode.UNAVAILABLE, status.SerializeToString())
    assert (error.reason, error.retry_seconds) == expected


@pytest.mark.parametrize("broken", ["status", "detail"])
def test_details_that_cannot_be_parsed_are_none(broken: str) -> None:
    status = status_pb2.Status()
    detail = status.details.add()
    detail.Pack(error_details_pb2.ErrorInfo(reason="OVERLOADED", domain=DOMAIN))
    detail.value = b"\xff"
    details = b"\xff" if broken == "status" else status.SerializeToString()
    assert explained(grpc.StatusCode.UNAVAILABLE, details).reason == ""


def test_the_reason_of_an_error_is_a_plain_string() -> None:
    with pytest.raises(InvalidStatusError) as caught:
        Results("localhost:1").deposit([{"pipeline": "sample", "status": "odd"}])
    assert (type(caught.value.reason), caught.value.reason) == (str, "INVALID_STATUS")


@pytest.mark.parametrize("method", ["delete_ids", "lock", "unlock", "get_by_id"])
def test_a_timeout_is_checked_even_if_there_is_nothing_to_do(method: str) -> None:
    with pytest.raises(InvalidRequestError, match="timeout must be"):
        getattr(Results("localhost:1"), method)("sample", [], timeout=-1)
