"""Works, checked and encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId

from workflow_results._encoding.documents import encode
from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results.errors import InvalidRequestError, InvalidStatusError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_STEP: Final = 100


@dataclass(frozen=True)
class Prepared:
    """The works of a call.

    Attributes:
        works: The works, with the ids that were given to them.
        encoded: The BSON of each.
    """

    works: list[dict[str, Any]]
    encoded: list[bytes]


def prepare(works: Sequence[dict[str, Any]], *, partial: bool = False) -> Prepared:
    """Check works, give an id to those without one, and encode them.

    Args:
        works: The works; they are not changed.
        partial: Whether they hold just the fields of an update: those need an id, and may leave out the status.

    Returns:
        The works.

    Raises:
        InvalidRequestError: A work breaks a rule; the message names it by its path.
    """
    *_, prepared = prepare_in_steps(works, partial=partial)
    return prepared


def prepare_in_steps(works: Sequence[dict[str, Any]], *, partial: bool = False) -> Iterator[Prepared]:
    """Do as `prepare` does, but pause after every 100 works, which take a millisecond or two.

    Yields:
        The works so far; in the end, all.
    """
    if not isinstance(works, (list, tuple)):
        raise InvalidRequestError(f"works must be a list of dicts, not {type(works).__name__}")
    prepared = Prepared([], [])
    for index, given in enumerate(works):
        work, data = prepare_one(given, f"works[{index}]", partial=partial)
        prepared.works.append(work)
        prepared.encoded.append(data)
        if index % _STEP == _STEP - 1:
            yield prepared
    yield prepared


def prepare_one(given: dict[str, Any], path: str, *, partial: bool = False) -> tuple[dict[str, Any], bytes]:
    """Check a work, give it an id if it has none, and encode it.

    Args:
        given: The work; it is not changed.
        path: What it is called in errors, such as ``works[3]``.
        partial: As in `prepare`.

    Returns:
        The work, and its BSON.

    Raises:
        InvalidRequestError: It breaks a rule.
    """
    if not isinstance(given, dict):
        raise InvalidRequestError(f"{path} must be a dict, as Work.payload is, not {type(given).__name__}")
    work = given
    if not partial and work.get("id") is None:
        work = {**work, "id": str(ObjectId())}
    if problem := rules.work_problem(work, partial=partial):
        error = InvalidStatusError if problem.reason is Reason.INVALID_STATUS else InvalidRequestError
        separator = "." if not problem.path.startswith("[") else ""
        raise error(f"{path}{separator}{problem.path} {problem.message}", reason=problem.reason)
    if type(work["id"]) is not str or type(work["pipeline"]) is not str:  # an enum, say, is shown otherwise
        work = {**work, "id": str.__str__(work["id"]), "pipeline": str.__str__(work["pipeline"])}
    return work, encode(work, path)
