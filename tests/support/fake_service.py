"""A service that answers as a test wants."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from workflow_results.v1 import results_pb2 as pb

_SERVICE = pb.DESCRIPTOR.services_by_name["ResultsService"]
_HANDLERS: dict[tuple[bool, bool], Any] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


@contextlib.contextmanager
def serving(threads: int = 8, **methods: Callable[[Any, grpc.ServicerContext], Any]) -> Iterator[str]:
    """Return the target of a service with some methods, each a function of request and context, as in a servicer.

    It takes 100 calls of a connection at a time, as the real one does.
    """
    handlers = {}
    for name, answer in methods.items():
        method = _SERVICE.methods_by_name[name]
        handlers[name] = _HANDLERS[method.client_streaming, method.server_streaming](
            answer, GetMessageClass(method.input_type).FromString, GetMessageClass(method.output_type).SerializeToString
        )
    with served(_SERVICE.full_name, handlers, threads, {"grpc.max_concurrent_streams": 100}) as target:
        yield target


@contextlib.contextmanager
def served(
    service: str, handlers: dict[str, Any], threads: int = 8, options: Mapping[str, int] | None = None
) -> Iterator[str]:
    """Serve any service, and return its target.

    Args:
        service: Its full name.
        handlers: Those of its methods.
        threads: How many calls are answered at a time.
        options: Those of gRPC.
    """
    server = grpc.server(ThreadPoolExecutor(threads), options=[*(options or {}).items()])
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
