"""The stub of a testee, which carries out the command `rpc`, as a channel of gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from tests.clients.testee import Failed, Testee


class _Error(grpc.RpcError):
    """An error of a testee as gRPC's."""

    def __init__(self, error: dict[str, Any]) -> None:
        self._error = error

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode[self._error["code"]]

    def details(self) -> str:
        return str(self._error["message"])

    def trailing_metadata(self) -> Any:
        status = status_pb2.Status()
        if self._error["reason"]:
            info = error_details_pb2.ErrorInfo(reason=self._error["reason"], domain="workflow-results")
            fields = [error_details_pb2.BadRequest.FieldViolation(field=field) for field in self._error["fields"]]
            for detail in (info, error_details_pb2.BadRequest(field_violations=fields)):
                status.details.add().Pack(detail)
        return [_Item("grpc-status-details-bin", status.SerializeToString())]


class _Item:
    def __init__(self, key: str, value: bytes) -> None:
        self.key, self.value = key, value


class StubChannel:
    """The stub of a testee, as a channel of gRPC.

    Attributes:
        take: How many responses of a stream to read before it is cancelled; None for all. A read that goes on behind
            them seems to break there; a watch is begun again with its token.
    """

    def __init__(self, testee: Testee, client: str) -> None:
        self._testee, self._client = testee, client
        self.take: int | None = None

    def unary_unary(self, path: str, **serializers: Any) -> Callable[..., Any]:
        """Return a method with one answer."""

        def call(request: Any, **_: Any) -> Any:
            return self.responses(path, request, None, **serializers)[0]

        return call

    def unary_stream(self, path: str, **serializers: Any) -> Callable[..., Any]:
        """Return a method that answers with a stream."""

        def call(request: Any, **_: Any) -> Any:
            return _Stream(self, path, request, serializers)

        return call

    def stream_stream(self, path: str, **serializers: Any) -> Callable[..., Any]:
        """Return a method that answers a stream of requests with a stream."""

        def call(requests: Iterator[Any], **_: Any) -> Any:
            return _Exchange(self, path, requests, serializers)

        return call

    def responses(
        self, path: str, request: Any, take: int | None, request_serializer: Any, response_deserializer: Any
    ) -> list[Any]:
        """Call a method, and return its responses."""
        sent = {"requests" if isinstance(request, list) else "request": _hexadecimal(request, request_serializer)}
        method = path.rpartition("/")[2]
        try:
            answer = self._testee("rpc", client=self._client, method=method, take=take, **sent)
        except Failed as failed:
            raise _Error(failed.error) from failed
        return [response_deserializer(bytes.fromhex(each)) for each in answer["responses"]]


def _hexadecimal(request: Any, serialize: Any) -> Any:
    return [serialize(each).hex() for each in request] if isinstance(request, list) else serialize(request).hex()


class _Stream:
    """A stream of responses, which is read at once when the first one is asked for."""

    def __init__(self, channel: StubChannel, path: str, request: Any, serializers: dict[str, Any]) -> None:
        self._channel, self._path, self._request, self._serializers = channel, path, request, serializers
        self._take = channel.take
        self._last: Any = None
        self._left: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._left is None:
            self._left = iter(self._channel.responses(self._path, self._request, self._take, **self._serializers))
        if (response := next(self._left, None)) is None:
            if self._take is None:
                raise StopIteration
            if not self._path.endswith("/Watch"):
                raise _Error({"code": "UNAVAILABLE", "reason": "", "fields": [], "message": "cancelled"})
            self._request.resume_token = self._last.resume_token
            _, response = self._channel.responses(self._path, self._request, 2, **self._serializers)
        self._last = response
        return response

    def cancel(self) -> None:
        """Nothing is under way."""


class _Exchange:
    """A stream of requests, each of which is sent on a stream of its own."""

    def __init__(self, channel: StubChannel, path: str, requests: Iterator[Any], serializers: dict[str, Any]) -> None:
        self._responses = (
            response for request in requests for response in channel.responses(path, [request], None, **serializers)
        )

    def __iter__(self) -> Iterator[Any]:
        return self._responses

    def __next__(self) -> Any:
        return next(self._responses)

    def cancel(self) -> None:
        """Nothing is under way."""
