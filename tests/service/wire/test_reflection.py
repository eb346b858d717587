"""What grpcurl, ghz and the like ask before a call, in both versions of reflection: raw, as they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import (
    ExtensionRequest,
    ServerReflectionRequest,
    ServerReflectionResponse,
)

from tests.support.callers import bearer
from tests.support.launcher import Service, run
from workflow_results.v1 import results_pb2 as pb

RESULTS = pb.DESCRIPTOR.services_by_name["ResultsService"]
OWN_FILE = "workflow_results/v1/results.proto"
V1_FILE = "grpc/reflection/v1/reflection.proto"
SERVICES = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]
SYMBOLS = {
    RESULTS.full_name: OWN_FILE,
    "workflow_results.v1.ViewRequest": OWN_FILE,
    "workflow_results.v1.ViewRequest.limit": OWN_FILE,
    "workflow_results.v1.EncodedDocument.form": OWN_FILE,
    "workflow_results.v1.RefusalReason": OWN_FILE,
    "workflow_results.v1.REFUSAL_REASON_NOT_FOUND": OWN_FILE,
    "workflow_results.v1.StatusResponse.CountsEntry": OWN_FILE,
    "workflow_results.v1.StatusResponse.CountsEntry.value": OWN_FILE,
    "grpc.health.v1.Health.Check": "grpc_health/v1/health.proto",
    "grpc.health.v1.HealthCheckResponse.ServingStatus": "grpc_health/v1/health.proto",
    "grpc.health.v1.HealthCheckResponse.SERVING": "grpc_health/v1/health.proto",
    "grpc.reflection.v1.ServerReflection": V1_FILE,
    "grpc.reflection.v1.ServerReflection.ServerReflectionInfo": V1_FILE,
    "grpc.reflection.v1.ServerReflectionRequest.host": V1_FILE,
    "grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo": "grpc_reflection/v1alpha/reflection.proto",
    # With which clients read the details of errors.
    "google.rpc.ErrorInfo": "google/rpc/error_details.proto",
}
UNKNOWN = (
    *(
        "workflow_results.v1.ResultsService.Nothing",
        "workflow_results.v1.ResultsService.Count.x",
        "ResultsService.Count",
    ),
    *("workflow_results.v1.Nothing", "workflow_results.v1", "", ".", "..", "Count", "\0.\0", "é" * 1_000),
    *(f".{RESULTS.full_name}", f"{RESULTS.full_name}.", "workflow_results.v1.ViewRequest.Count"),
)


def reflection(channel: grpc.Channel, version: str) -> Any:
    return channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )


@pytest.fixture(params=["v1", "v1alpha"])
def ask(request: pytest.FixtureRequest, service: Service) -> Iterator[Any]:
    with grpc.insecure_channel(service.target) as channel:
        call = reflection(channel, request.param)

        def ask(**wanted: Any) -> ServerReflectionResponse:
            asked = ServerReflectionRequest(**wanted)
            [answer] = call(iter([asked]), timeout=30)
            assert isinstance(answer, ServerReflectionResponse)
            assert answer.original_request == asked
            return answer

        yield ask


def files(answer: ServerReflectionResponse) -> dict[str, FileDescriptorProto]:
    assert answer.WhichOneof("message_response") == "file_descriptor_response", answer
    parsed = map(FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
    return {file.name: file for file in parsed}


def test_services(ask: Any) -> None:
    names = [each.name for each in ask(list_services="").list_services_response.service]
    assert names == [*SERVICES, RESULTS.full_name]


def test_every_method_is_found_by_its_full_name(ask: Any) -> None:
    for method in RESULTS.methods:
        found = files(ask(file_containing_symbol=method.full_name))[OWN_FILE]
        [service] = found.service
        assert method.name in [each.name for each in service.method]


def test_all_kinds_of_names_are_found(ask: Any) -> None:
    for symbol, file in SYMBOLS.items():
        assert file in files(ask(file_containing_symbol=symbol)), symbol


def test_what_there_is_not(ask: Any) -> None:
    extension = ExtensionRequest(containing_type="workflow_results.v1.ViewRequest", extension_number=100)
    strange = ExtensionRequest(containing_type="Nothing", extension_number=-1)
    answers = [
        *(ask(file_containing_symbol=symbol) for symbol in UNKNOWN),
        ask(file_by_filename="nothing.proto"),
        ask(file_containing_extension=extension),
        ask(file_containing_extension=strange),
        ask(all_extension_numbers_of_type="Nothing"),
    ]
    for answer in answers:
        assert answer.WhichOneof("message_response") == "error_response", answer
        assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert ask().error_response.error_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_extensions(ask: Any) -> None:
    for name in ("workflow_results.v1.ViewRequest", "grpc.reflection.v1.ServerReflectionRequest"):
        answer = ask(all_extension_numbers_of_type=name).all_extension_numbers_response
        assert (answer.base_type_name, list(answer.extension_number)) == (name, [])


def test_a_client_that_knows_nothing_can_call(ask: Any, service: Service) -> None:
    """As grpcurl does: from the full name of a method to its messages, and with these to an answer."""
    pool = descriptor_pool.DescriptorPool()
    waiting = files(ask(file_containing_symbol=f"{RESULTS.full_name}.Info"))
    while waiting:
        for name, file in list(waiting.items()):
            if not any(dependency in waiting for dependency in file.dependency):
                pool.Add(waiting.pop(name))
    method = pool.FindServiceByName(RESULTS.full_name).methods_by_name["Info"]
    asked, answered = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
    with grpc.insecure_channel(service.target) as channel:
        call = channel.unary_unary(f"/{RESULTS.full_name}/Info", asked.SerializeToString, answered.FromString)
        assert 'api_version: "workflow_results.v1"' in str(call(asked(), timeout=30))


def test_the_file_of_version_1_is_that_of_its_messages(ask: Any) -> None:
    [file] = files(ask(file_by_filename=V1_FILE)).values()
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    assert "v1alpha" not in str(file)
    method = pool.FindServiceByName("grpc.reflection.v1.ServerReflection").methods_by_name["ServerReflectionInfo"]
    for own, other in ((method.input_type, ServerReflectionRequest), (method.output_type, ServerReflectionResponse)):
        fields = [(each.name, each.number, each.type) for each in own.fields]
        assert fields == [(each.name, each.number, each.type) for each in other.DESCRIPTOR.fields]


def test_any_caller_may_ask_and_nobody_else(serve: Callable[..., Service], tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.yml"
    created = run("token", "create", "someone", "--role", "reader", "--pipelines", "a", "--tokens", str(tokens))
    guarded = serve("--tokens", str(tokens))
    listing = ServerReflectionRequest(list_services="")
    with grpc.insecure_channel(guarded.target) as channel:
        for version in ("v1", "v1alpha"):
            call = reflection(channel, version)
            with pytest.raises(grpc.RpcError) as caught:
                list(call(iter([listing]), timeout=30))
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            [answer] = call(iter([listing]), timeout=30, metadata=bearer(created.stdout.strip()))
            assert answer.HasField("list_services_response")


def test_without_reflection(serve: Callable[..., Service]) -> None:
    with grpc.insecure_channel(serve("--no-reflection").target) as channel:
        for version in ("v1", "v1alpha"):
            with pytest.raises(grpc.RpcError) as caught:
                list(reflection(channel, version)(iter([ServerReflectionRequest(list_services="")]), timeout=30))
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
