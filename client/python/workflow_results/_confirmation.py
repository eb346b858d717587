"""The question that comes before results are unlocked."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from workflow_results.common.rules import shorten
from workflow_results.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger(__name__)


def confirmed(confirm: Callable[[str], bool] | None, locked: int, named: int, pipeline: str) -> bool:
    """Ask whether to unlock results.

    Args:
        confirm: Asks the question; None asks on the terminal.
        locked: How many of the results are locked.
        named: How many results there are.
        pipeline: Their pipeline.

    Returns:
        The answer.

    Raises:
        InvalidRequestError: It is neither True nor False.
    """
    question = f"Unlock {locked:,} locked of {named:,} results of {pipeline}? They can then be updated and deleted."
    answer = (confirm or ask_on_terminal)(question)
    if not (answer is True or answer is False):  # "no" is as true as "yes"
        raise InvalidRequestError(f"confirm must return True or False, not {shorten(answer)}: nothing was changed")
    return answer


def ask_on_terminal(question: str) -> bool:
    """Ask a yes-or-no question on the terminal; without one the answer is no."""
    if not (sys.stdin and sys.stdin.isatty()):
        _logger.warning("unlock changed nothing: there is no terminal to ask on; use force=True or confirm=")
        return False
    try:
        return input(f"{question} Type 'yes' to go ahead: ").strip().lower() == "yes"
    except EOFError:
        return False
