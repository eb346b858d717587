"""What every call has, whether threads or tasks wait for it: metadata, a size that fits, and errors in our terms."""

from __future__ import annotations

import logging
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc

from workflow_results._transport import tracing
from workflow_results._transport.connections import CLOSED
from workflow_results._transport.rpc_errors import from_rpc_error
from workflow_results.common import rules
from workflow_results.errors import InvalidRequestError, ResultsError, ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from workflow_results._transport.connections import AnyConnection
    from workflow_results._transport.credentials import Credentials
    from workflow_results._transport.deadline import Deadline

_logger = logging.getLogger(__name__)


class Calls:
    """The calls of a client.

    Attributes:
        target: The gRPC target.
        closed: Whether the client is closed.

    Args:
        target: The gRPC target.
        credentials: What the client shows to the service.
    """

    def __init__(self, target: str, credentials: Credentials) -> None:
        self.target = target
        self.closed = False
        self._credentials = credentials

    def metadata(self, request_id: str = "", span: tracing.Call = tracing.UNTRACED) -> list[tuple[str, str]]:
        """Return what a call is sent with."""
        return [("x-request-id", request_id or uuid.uuid4().hex), *self._credentials.metadata(), *span.metadata]

    def span(self, method: str) -> tracing.Call:
        """Begin the span of a call."""
        return tracing.begin(method, self.target)

    @contextmanager
    def explaining(self, method: str, deadline: Deadline, connection: AnyConnection) -> Iterator[None]:
        """Put failures of a call into our terms.

        Args:
            method: The name of the method.
            deadline: The deadline of the call.
            connection: What it goes over.

        Raises:
            ResultsError: It failed.
        """
        try:
            yield
        except (grpc.RpcError, ValueError) as error:
            if self.closed:
                raise ResultsError(CLOSED) from error
            if not isinstance(error, grpc.RpcError):
                raise
            failure = from_rpc_error(error, method, self.target, deadline)
            _logger.debug("%s failed: %s", method, failure, extra={"call_id": failure.call_id})
            if isinstance(failure, ServiceUnavailableError) and not failure.reason:
                connection.reachability.mark_lost()
            raise failure from error


def check_size(request: Message) -> None:
    """Check that a request is small enough to be sent.

    Raises:
        InvalidRequestError: It is not.
    """
    if (size := request.ByteSize()) > rules.MESSAGE_BYTES:
        raise InvalidRequestError(
            f"the request has {size:,} bytes; one call can have at most {rules.MESSAGE_BYTES:,}: make several calls"
        )
