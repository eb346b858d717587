"""What the links of the chain pass on to each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import grpc

from workflow_results_server.access.policy import authorize_all

if TYPE_CHECKING:
    from workflow_results_server.access.policy import Authorize

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Headers: TypeAlias = Iterable[tuple[str, "str | bytes"]]


ENDLESS: Final = frozenset({"Watch"})
"""Methods whose streams have no end, like those of other services: of health, and of reflection."""


class Method(NamedTuple):
    """An RPC.

    Attributes:
        path: Its path.
        service: The full name of its service.
        name: Its name.
        takes_stream: Whether its requests are a stream.
        answers_with_stream: Whether its responses are one.
        behaviour: What carries it out.
    """

    path: str
    service: str
    name: str
    takes_stream: bool
    answers_with_stream: bool
    behaviour: Callable[..., Any]


@dataclass(slots=True, eq=False)
class Call:
    """A call, without its request, which this would keep for longer than it takes to answer it.

    Attributes:
        method: What is called.
        context: gRPC's side of the call.
        headers: Its metadata, which gRPC makes anew each time that it is asked.
        received: The bytes of its requests so far, where these are a stream.
        sent: The bytes of its responses so far, where these are one.
        authorize: Checks whether the caller may still make the call, and use the pipelines that it is given; raises a
            `RequestError` where not. The link `Authorization` sets it.
    """

    method: Method
    context: Context
    headers: Headers = ()
    received: int = 0
    sent: int = 0
    authorize: Authorize = authorize_all


Link: TypeAlias = Callable[[Any, Call], Awaitable[Any]]
"""Answers a call: takes the request and the call, and returns the response, if there is one still to be sent.

The request is an `Incoming`, or a stream of them; within the link `Messages` a message, or a stream of messages. From
the link `Errors` outwards nothing but a cancellation is raised: the answer may also be a `Refusal`, or an exception
with which gRPC itself has ended the call, to be raised again.

A link that has nothing to do after the call is no coroutine itself, which would cost each call half a microsecond.
"""
