"""The innermost link: the method itself, and the parts of its answer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc

from workflow_results_server.rpc.interceptors.authorization import pipelines

if TYPE_CHECKING:
    from workflow_results_server.rpc.interceptors.call import Call, Context


async def answer_call(message: Any, call: Call) -> Any:
    """Carry out a call, and send all of its answer but a single response."""
    answer = call.method.behaviour(message, call.context)
    if not hasattr(answer, "__aiter__"):
        return await answer  # of a stream, too, if it writes its messages itself, as health does
    async with aclosing(answer) as parts:  # gRPC itself would leave it open on an error
        async for part in parts:
            if not call.method.takes_stream:  # the callers of a stream of requests learn what became of each
                call.authorize(pipelines(message))
            call.sent += part.ByteSize()
            await _write(part, call.context)
    return None


async def _write(part: Any, context: Context) -> None:
    """Send a part of an answer; returns when the client has room for it, so that a slow one slows us down."""
    try:
        await context.write(part)
    except grpc.aio.InternalError as error:
        # The client is gone. gRPC is about to cancel this task, too, but may come too late.
        raise asyncio.CancelledError from error
