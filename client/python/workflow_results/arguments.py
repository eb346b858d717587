"""The arguments of the facade, checked before anything is sent."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

from workflow_results import rules
from workflow_results.documents import encode
from workflow_results.errors import InvalidRequestError
from workflow_results.v1 import results_pb2 as pb


def pipeline(name: str) -> str:
    """Check the name of a pipeline.

    Raises:
        InvalidRequestError: It breaks the rules.
    """
    if problem := rules.pipeline_problem(name):
        raise InvalidRequestError(f"pipeline {problem}")
    return name


def id_(value: str) -> str:
    """Check an id.

    Raises:
        InvalidRequestError: It breaks the rules.
    """
    if problem := rules.id_problem(value):
        raise InvalidRequestError(f"id {problem}")
    return value


def named(name: str, ids: Iterable[str]) -> dict[str, Any]:
    """Check the name of a pipeline and ids, and give them as fields of a request.

    Raises:
        InvalidRequestError: One breaks the rules.
    """
    if isinstance(ids, (str, bytes, Mapping)) or not isinstance(ids, Iterable):
        raise InvalidRequestError(f"ids must be a list of strings, not {rules.shorten(ids)}")
    values = list(ids)
    for index, value in enumerate(values):
        if problem := rules.id_problem(value):
            raise InvalidRequestError(f"ids[{index}] {problem}")
    return {"pipeline": pipeline(name), "ids": list(dict.fromkeys(values))}


def origin(reason: str, request_id: str | None) -> dict[str, str]:
    """Check why a change is made and what its request is named, and give them as fields of a request.

    Raises:
        InvalidRequestError: One breaks the rules.
    """
    if problem := rules.reason_problem(reason):
        raise InvalidRequestError(f"reason {problem}")
    if request_id is not None and (problem := rules.request_id_problem(request_id)):
        raise InvalidRequestError(f"request_id {problem}")
    return {"reason": reason, "request_id": request_id or ""}


def document(name: str, value: Mapping[str, Any]) -> pb.Document:
    """Encode a query or a projection.

    Raises:
        InvalidRequestError: It is not a dict, or can't be encoded.
    """
    if not isinstance(value, Mapping):
        raise InvalidRequestError(f"{name} must be a dict, not {type(value).__name__}")
    return pb.Document(bson=encode(value, name))


def integer(name: str, value: int, *, least: int = rules.INT64_MIN) -> int:
    """Check a number.

    Raises:
        InvalidRequestError: It is not an int, below `least`, or beyond 64 bits.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise InvalidRequestError(f"{name} must be an int, not {rules.shorten(value)}")
    if not least <= number <= rules.INT64_MAX:
        raise InvalidRequestError(f"{name} must be from {least} to {rules.INT64_MAX}, not {rules.shorten(value)}")
    return number
