"""The arguments of the facade, checked before anything is sent."""

from __future__ import annotations

import io
import operator
from collections.abc import Iterable, Mapping
from typing import Any, Final

from workflow_results._encoding.documents import encode
from workflow_results.common import rules
from workflow_results.errors import InvalidRequestError
from workflow_results.v1 import results_pb2 as pb

UNLIMITED: Final = -1
"""As 0, but for the facade alone: what the HTTP client takes."""
_NO_LISTS: Final = (str, bytes, bytearray, memoryview, Mapping, io.IOBase)
"""What can be iterated over and is no list of ids; the lines of a file, say, end with line ends."""


def pipeline(name: str) -> str:
    """Check the name of a pipeline.

    Raises:
        InvalidRequestError: It breaks the rules.
    """
    if problem := rules.pipeline_problem(name):
        raise InvalidRequestError(f"pipeline {problem}")
    return str.__str__(name)  # an enum, say, is formatted otherwise


def pipelines(names: str | Iterable[str] | None) -> list[str]:
    """Check the name of a pipeline, or several; None stands for all, which on the wire is none.

    Raises:
        InvalidRequestError: One breaks the rules, or the list is empty.
    """
    if names is None:
        return []
    if isinstance(names, str):
        return [pipeline(names)]
    if isinstance(names, _NO_LISTS) or not isinstance(names, Iterable):
        raise InvalidRequestError(f"pipeline must be a string, a list of them or None, not {rules.shorten(names)}")
    checked = [pipeline(name) for name in names]
    if not checked:
        raise InvalidRequestError("pipeline must not be an empty list: None stands for all pipelines")
    return checked


def token(name: str, value: bytes | None) -> bytes:
    """Check a token; None stands for none.

    Raises:
        InvalidRequestError: It is not bytes, or empty, as no token is.
    """
    if value is not None and not (isinstance(value, bytes) and value):
        raise InvalidRequestError(f"{name} must be bytes from this service, not {rules.shorten(value)}")
    return value or b""


def id_(value: str) -> str:
    """Check an id.

    Raises:
        InvalidRequestError: It breaks the rules.
    """
    if problem := rules.id_problem(value):
        raise InvalidRequestError(f"id {problem}")
    return value


def path(name: str, value: str) -> str:
    """Check the path of a field.

    Raises:
        InvalidRequestError: It breaks the rules.
    """
    if problem := rules.path_problem(value):
        raise InvalidRequestError(f"{name} {problem}")
    return value


def flag(name: str, value: bool) -> bool:
    """Check a bool: any other value is a mistake, and often means the opposite of its truth, like "no".

    Raises:
        InvalidRequestError: It is something else.
    """
    if value is not True and value is not False:
        raise InvalidRequestError(f"{name} must be True or False, not {rules.shorten(value)}")
    return value


def named(name: str, ids: Iterable[str]) -> dict[str, Any]:
    """Check the name of a pipeline and ids, and return them as fields of a request.

    Raises:
        InvalidRequestError: One breaks the rules.
    """
    if isinstance(ids, _NO_LISTS) or not isinstance(ids, Iterable) or getattr(ids, "ndim", 1) != 1:
        raise InvalidRequestError(f"ids must be a list of strings, not {rules.shorten(ids)}")
    values = list(ids)
    for index, value in enumerate(values):
        if problem := rules.id_problem(value):
            raise InvalidRequestError(f"ids[{index}] {problem}")
    return {"pipeline": pipeline(name), "ids": list(dict.fromkeys(values))}


def origin(reason: str, request_id: str | None) -> dict[str, str]:
    """Check why a change is made and what its request is named, and return them as fields of a request.

    Raises:
        InvalidRequestError: One breaks the rules.
    """
    if problem := rules.reason_problem(reason):
        raise InvalidRequestError(f"reason {problem}")
    if request_id is not None and (problem := rules.request_id_problem(request_id)):
        raise InvalidRequestError(f"request_id {problem}")
    return {"reason": reason, "request_id": request_id or ""}


def limit(name: str, value: int) -> int:
    """Check how many results to get at most, and return it as on the wire, where 0 is no limit.

    Raises:
        InvalidRequestError: It is not an int, below -1, or beyond 64 bits.
    """
    return max(0, integer(name, value, least=UNLIMITED))


def document(name: str, value: Mapping[str, Any]) -> pb.EncodedDocument:
    """Encode a query or a projection.

    Raises:
        InvalidRequestError: It is not a dict, or can't be encoded.
    """
    if not isinstance(value, Mapping):
        raise InvalidRequestError(f"{name} must be a dict, not {type(value).__name__}")
    return pb.EncodedDocument(bson=encode(value, name))


def integer(name: str, value: int, *, least: int = rules.INT64_MIN, most: int = rules.INT64_MAX) -> int:
    """Check a number.

    Raises:
        InvalidRequestError: It is not an int, below `least`, or above `most`.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise InvalidRequestError(f"{name} must be an int, not {rules.shorten(value)}")
    if not least <= number <= most:
        raise InvalidRequestError(f"{name} must be from {least} to {most}, not {rules.shorten(value)}")
    return number
