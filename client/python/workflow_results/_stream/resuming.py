"""Streams of results that go on where they broke."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from workflow_results._calls.reading import Reading
from workflow_results._encoding.documents import decode, pieces
from workflow_results._transport.deadline import Deadline, earlier
from workflow_results._transport.forks import fork_guard
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Generator

    from workflow_results._stream.result_stream import Handed
    from workflow_results._transport.channel import Channel


def batches(
    channel: Channel, method: str, request: Any, deadline: Deadline, patience: float, silence: float | None
) -> Generator[bytes, None, None]:
    """Read a stream to its end, nothing missing and nothing twice, through restarts of the service.

    Args:
        channel: The way to the service.
        method: The name of the method.
        request: Its request; its resume token is set as the stream goes on.
        deadline: When the whole stream must have ended.
        patience: Seconds without progress after which to give up what has failed.
        silence: Seconds without a word of the service after which a read has failed; None for no limit.

    Yields:
        BSON documents back to back.

    Raises:
        ResultsError: The stream failed, or ended early; or too many are open.
    """
    forks = fork_guard.forks
    reading, progress = Reading(method, channel.target, request), Deadline.after(patience)
    with channel.place() as place:  # also between two tries, so that none fails since there are too many streams now
        while True:
            try:
                reading.begin()
                connect = earlier(deadline, progress)
                children = fork_guard.children
                for response in channel.stream(place, method, request, deadline, connect, silence):
                    if documents := reading.take(response):
                        yield documents
                        same_process(forks)
                        progress = Deadline.after(patience)
                        if children != fork_guard.children and not reading.complete:
                            break  # the child may read from the socket what was to come here: see forks.py
                else:
                    reading.end()
                    return
            except ResultsError as error:
                if reading.complete:
                    return
                end = earlier(deadline, progress)
                pause = reading.pause_after(error, end.remaining())
                if pause is None or not end.pause(pause):
                    raise


def results(batches: Generator[bytes, None, None], handed: Handed) -> Generator[dict[str, Any], None, None]:
    """Decode the results of a stream.

    Args:
        batches: BSON documents back to back.
        handed: Counts the results.

    Yields:
        The results.

    Raises:
        ResultsError: The stream failed.
    """
    forks = fork_guard.forks
    with closing(batches):
        for batch in batches:
            for piece in pieces(batch):
                for result in handed.each(decode(piece)):
                    same_process(forks)
                    yield result


def same_process(forks: int) -> None:
    """Refuse to go on with what was begun before a fork.

    Args:
        forks: What `fork_guard.forks` was then.

    Raises:
        ResultsError: This is a child of that process.
    """
    if forks != fork_guard.forks:
        raise ResultsError("this stream was started before a fork: start another one in the child process")
