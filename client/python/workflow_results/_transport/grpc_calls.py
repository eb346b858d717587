"""What gRPC's calls lack."""

from __future__ import annotations

from typing import Any

from workflow_results._transport.forks import fork_guard


def only_part(call: Any) -> Any:
    """Wait for the answer that comes as a stream of one, and for the status behind it."""
    with fork_guard:
        answer = next(call, None)
        next(call, None)
        return answer


def cancel_unread(call: Any) -> None:
    """Cancel a call that nobody waits for, and let gRPC forget it.

    It keeps 16 KB of a cancelled call, until the connection is closed, unless somebody reads its end; and has no public
    way to do so.
    """
    guarded = fork_guard.enter_at_once()  # which does not wait, since a stream may be collected as garbage anywhere
    try:
        if call.cancel() and guarded and hasattr(call, "_consume_next_event"):
            while call._state.due:  # noqa: SLF001
                call._consume_next_event()  # noqa: SLF001
    finally:
        if guarded:
            fork_guard.__exit__()


def has_ended(call: Any) -> bool:
    """Report whether no thread of gRPC sees to a call any more.

    One does for a moment after the end; and as long as a message is stuck on its way to a service that hangs.
    """
    state = getattr(call, "_state", None)
    return state is None or not state.due
