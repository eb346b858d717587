"""Changes as they are made, through one stream after another."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from workflow_results._calls.watching import METHOD, OVER, SILENCE, Watching
from workflow_results._stream.result_stream import Handed, ResultStream
from workflow_results._stream.resuming import same_process
from workflow_results._transport.connections import CLOSED
from workflow_results._transport.deadline import Deadline, earlier
from workflow_results._transport.forks import fork_guard
from workflow_results.errors import ResultsError
from workflow_results.outcomes import Change

if TYPE_CHECKING:
    from collections.abc import Generator

    from typing_extensions import Self

    from workflow_results._transport.channel import Channel
    from workflow_results._transport.connection import Place
    from workflow_results.v1 import results_pb2 as pb


class Watch(ResultStream[Change]):
    """An iterator over changes, which waits for the next one.

    `close()` ends it, from any thread, and so does the end of a `with` block. A thread that waits for a change then
    reaches the end of the iteration; one that waits for the service to come back does so when that has come or failed.
    """

    def __new__(
        cls,
        parts: Generator[Change, None, None],
        _name: str,
        _handed: object,
        _watching: Watching,
        _place: Place,
    ) -> Self:
        """Create a chain of the parts only."""
        return super().__new__(cls, parts, _name, _handed)

    def __init__(
        self, parts: Generator[Change, None, None], name: str, handed: object, watching: Watching, place: Place
    ) -> None:
        super().__init__(parts, name, handed)
        self._watching = watching
        self._place = place
        self._forks = fork_guard.forks
        self._is_closed = False

    @property
    def resume_token(self) -> bytes:
        """What to give to `watch` to go on where this one is: later than that of the last change, if nothing came."""
        return self._watching.token

    def __next__(self) -> Change:
        """Wait for the next change.

        Raises:
            ResultsError: The watch fails, has failed or was interrupted; or another thread waits for a change of it.
            StopIteration: The watch was closed.
        """
        same_process(self._forks)
        try:
            return super().__next__()
        except StopIteration:
            if not self._is_closed:
                raise ResultsError(OVER) from None
            raise
        except ValueError as error:
            if inspect.getgeneratorstate(self._parts) != inspect.GEN_RUNNING:
                raise
            raise ResultsError("another thread waits for a change of this watch") from error

    def close(self) -> None:
        """End the watch; closing twice is fine."""
        self._is_closed = True
        try:
            self._parts.close()
        except ValueError:  # another thread waits for a change, or did in the parent of this process
            if self._forks == fork_guard.forks:
                self._place.give_up()


def watch(channel: Channel, request: pb.WatchRequest, name: str, deadline: Deadline, patience: float) -> Watch:
    """Begin to watch; returns when the service has begun, too.

    Args:
        channel: The way to the service.
        request: What to watch.
        name: What the watch is called.
        deadline: When it must have ended.
        patience: Seconds after which to give up what has failed.

    Raises:
        ResultsError: The watch failed; or too many streams are open.
    """
    watching, handed = Watching(channel.target, request), Handed("change")
    place = channel.place()  # kept between two tries, so that none fails since there are too many streams now
    parts = _changes(channel, place, watching, handed, deadline, patience)
    next(parts, None)
    return Watch(parts, name, handed, watching, place)


def _changes(
    channel: Channel, place: Place, watching: Watching, handed: Handed, deadline: Deadline, patience: float
) -> Generator[Any, None, None]:
    """Yield once when the service has begun, and then each change."""
    forks = fork_guard.forks
    failing: Deadline | None = None
    has_begun = False
    with place:
        while True:
            try:
                connect = earlier(deadline, failing or Deadline.after(patience))
                children = fork_guard.children
                for response in channel.stream(
                    place, METHOD, watching.request, deadline, connect, SILENCE, gives_way=True
                ):
                    failing = None
                    arrived = watching.take(response)
                    if not has_begun:
                        has_begun = True
                        yield
                        same_process(forks)
                    for each in handed.each(arrived):
                        if place.given_up:
                            return
                        yield watching.hand_on(each)
                        same_process(forks)
                    if children != fork_guard.children:
                        break  # the child may read from the socket what was to come here: see forks.py
                else:
                    raise watching.ended()
            except ResultsError as error:
                if channel.closed:
                    raise ResultsError(CLOSED) from error
                if place.given_up:
                    return
                failing = failing or Deadline.after(patience)
                end = earlier(deadline, failing)
                pause = watching.pause_after(error, end.remaining())
                if pause is None or not end.pause(pause):
                    raise
