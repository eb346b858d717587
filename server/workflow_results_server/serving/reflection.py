"""gRPC server reflection, from which grpcurl, ghz and the like learn the API: version v1, and v1alpha for older ones.

grpcio-reflection has v1alpha alone. Both versions are the same messages under other names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_V1ALPHA: Final = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"].full_name
_V1: Final = _V1ALPHA.replace("v1alpha", "v1")
_V1_FILE: Final = "grpc/reflection/v1/reflection.proto"


def enable(server: grpc.aio.Server, services: Iterable[str]) -> None:
    """Make a server describe its API.

    Args:
        server: The server, not yet started.
        services: The full names of its services; those of reflection are added.
    """
    servicer = reflection.aio.ReflectionServicer((*services, _V1, _V1ALPHA), pool=_Pool())
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, server)
    answer = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_V1, {"ServerReflectionInfo": answer}),))


class _Pool:
    """The pool of all descriptors, as reflection asks it: also for methods, by which grpcurl and ghz begin."""

    def __init__(self) -> None:
        own = descriptor_pool.DescriptorPool()  # not the pool of all, in which others may put the same file one day
        own.Add(_v1())
        self._pools = (descriptor_pool.Default(), own)

    def FindFileByName(self, name: str) -> Any:  # noqa: N802 - the names are those of protobuf
        return self._first(lambda pool: pool.FindFileByName(name))

    def FindFileContainingSymbol(self, symbol: str) -> Any:  # noqa: N802
        return self._first(lambda pool: _file_of(pool, symbol))

    def FindMessageTypeByName(self, name: str) -> Any:  # noqa: N802
        return self._first(lambda pool: pool.FindMessageTypeByName(name))

    def FindExtensionByNumber(self, message: Any, number: int) -> Any:  # noqa: N802
        return message.file.pool.FindExtensionByNumber(message, number)

    def FindAllExtensions(self, message: Any) -> Any:  # noqa: N802
        return message.file.pool.FindAllExtensions(message)

    def _first(self, find: Callable[[Any], Any]) -> Any:
        first, second = self._pools
        try:
            return find(first)
        except KeyError:
            return find(second)


def _file_of(pool: Any, symbol: str) -> Any:
    try:
        return pool.FindFileContainingSymbol(symbol)
    except KeyError:
        service, _, method = symbol.rpartition(".")
        return pool.FindServiceByName(service).methods_by_name[method].containing_service.file


def _v1() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)
    file = text_format.Parse(text_format.MessageToString(file).replace("v1alpha", "v1"), type(file)())
    file.name = _V1_FILE
    file.options.ClearField("deprecated")
    return file
