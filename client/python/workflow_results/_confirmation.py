"""The question that comes before results are unlocked."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from workflow_results._calls import arguments
from workflow_results.common.rules import shorten
from workflow_results.errors import InvalidRequestError

if TYPE_CHECKING:
    from workflow_results.v1 import results_pb2 as pb

_logger = logging.getLogger(__name__)


def check_unlock(force: bool, confirm: Any) -> None:
    """Check what says whether to ask.

    Raises:
        InvalidRequestError: It is of another type.
    """
    arguments.flag("force", force)
    if confirm is not None and not callable(confirm):
        raise InvalidRequestError(f"confirm must be a function that asks, not {shorten(confirm)}")


def unlock_question(locked: int, request: pb.UnlockRequest) -> str:
    """Word the question whether to unlock results.

    Args:
        locked: How many of them are locked.
        request: Names them.
    """
    return (
        f"Unlock {locked:,} locked of {len(request.ids):,} results of {request.pipeline}? They can then be updated and"
        " deleted."
    )


def checked_answer(answer: object) -> bool:
    """Return an answer.

    Raises:
        InvalidRequestError: It is neither True nor False.
    """
    if answer is True or answer is False:  # "no" is as true as "yes"
        return answer
    raise InvalidRequestError(f"confirm must return True or False, not {shorten(answer)}: nothing was changed")


def ask_on_terminal(question: str) -> bool:
    """Ask a yes-or-no question on the terminal; without one the answer is no."""
    if not (sys.stdin and sys.stdin.isatty()):
        _logger.warning("unlock changed nothing: there is no terminal to ask on; use force=True or confirm=")
        return False
    try:
        return input(f"{question} Type 'yes' to go ahead: ").strip().lower() == "yes"
    except EOFError:
        return False
