"""The answer to an all-or-nothing call, in the words of the facade."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from workflow_results.common.rules import quoted
from workflow_results.errors import LockedError, NotFoundError
from workflow_results.outcomes import Refusal
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

_logger = logging.getLogger(__name__)

_NAMED_IN_ERRORS: Final = 5


def applied(name: str, outcome: pb.ChangeOutcome, *, strict: bool) -> bool:
    """Return whether a change was made, and otherwise say why not.

    Args:
        name: The method of the facade.
        outcome: The answer of the service.
        strict: Whether to raise instead of logging a warning.

    Returns:
        Whether it was.

    Raises:
        LockedError: With `strict`, where a result is locked.
        NotFoundError: With `strict`, where all that stand in the way do not exist.
    """
    if outcome.applied:
        return True
    refusals = [
        Refusal(each.pipeline, each.id, locked=each.reason == pb.REFUSAL_REASON_LOCKED) for each in outcome.refusals
    ]
    if strict:
        class_ = LockedError if any(refusal.locked for refusal in refusals) else NotFoundError
        raise class_(_told(name, refusals, _NAMED_IN_ERRORS, outcome.refusal_count), refusals)
    _logger.warning(_told(name, refusals, len(refusals), outcome.refusal_count))
    return False


def _told(name: str, refusals: Sequence[Refusal], most: int, count: int) -> str:
    told = [
        f"{quoted(refusal.pipeline)} {quoted(refusal.id)} {'is locked' if refusal.locked else 'does not exist'}"
        for refusal in refusals[:most]
    ]
    more = f", and {count - len(told):,} more" if count > len(told) else ""
    return f"{name} changed nothing: {', '.join(told)}{more}"
