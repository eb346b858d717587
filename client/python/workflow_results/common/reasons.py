"""The reasons for errors and rejections: the one place where they stand, besides the proto that says what they mean."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing_extensions import Self

DOMAIN: Final = "workflow-results"
"""The domain of every google.rpc.ErrorInfo."""


class Reason(str, Enum):
    """Why a request fails, as in the proto's `ErrorReason`, or a work is rejected, as in its `RejectionReason`.

    Attributes:
        code (str): The canonical gRPC code of errors with it; empty where it is only that of a rejection.
    """

    code: str

    def __new__(cls, name: str, code: str) -> Self:
        """Make a string that knows its code."""
        self = str.__new__(cls, name)
        self._value_ = name
        self.code = code
        return self

    __str__ = str.__str__

    INVALID_REQUEST = "INVALID_REQUEST", "INVALID_ARGUMENT"
    MALFORMED_REQUEST = "MALFORMED_REQUEST", "INVALID_ARGUMENT"
    INVALID_QUERY = "INVALID_QUERY", "INVALID_ARGUMENT"
    INVALID_PROJECTION = "INVALID_PROJECTION", "INVALID_ARGUMENT"
    INVALID_WORK = "INVALID_WORK", "INVALID_ARGUMENT"
    INVALID_STATUS = "INVALID_STATUS", "INVALID_ARGUMENT"
    LOCK_STATE = "LOCK_STATE", "INVALID_ARGUMENT"
    DUPLICATE_FIELD = "DUPLICATE_FIELD", "INVALID_ARGUMENT"
    CORRUPT_DOCUMENT = "CORRUPT_DOCUMENT", "INVALID_ARGUMENT"
    TOO_DEEP = "TOO_DEEP", "INVALID_ARGUMENT"
    TOO_LARGE = "TOO_LARGE", "FAILED_PRECONDITION"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED", "INVALID_ARGUMENT"
    PIPELINE_NOT_EMPTY = "PIPELINE_NOT_EMPTY", "FAILED_PRECONDITION"
    TOKEN_MISSING = "TOKEN_MISSING", "UNAUTHENTICATED"
    TOKEN_INVALID = "TOKEN_INVALID", "UNAUTHENTICATED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED", "UNAUTHENTICATED"
    ROLE = "ROLE", "PERMISSION_DENIED"
    PIPELINE = "PIPELINE", "PERMISSION_DENIED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"
    SERVER_STOPPING = "SERVER_STOPPING", "UNAVAILABLE"
    OVERLOADED = "OVERLOADED", "UNAVAILABLE"
    MONGODB_UNAVAILABLE = "MONGODB_UNAVAILABLE", "UNAVAILABLE"
    MONGODB_FAILED = "MONGODB_FAILED", "UNAVAILABLE"
    NOT_DURABLE = "NOT_DURABLE", "UNAVAILABLE"
    CONTENTION = "CONTENTION", "UNAVAILABLE"
    INTERNAL = "INTERNAL", "INTERNAL"
    UNKNOWN_SERVICE = "UNKNOWN_SERVICE", "NOT_FOUND"
    RESUME_TOKEN_EXPIRED = "RESUME_TOKEN_EXPIRED", "FAILED_PRECONDITION"
    PIPELINE_NOT_FOUND = "PIPELINE_NOT_FOUND", "FAILED_PRECONDITION"
    TOO_MANY_INDEXES = "TOO_MANY_INDEXES", "FAILED_PRECONDITION"
    INDEX_NOT_BUILT = "INDEX_NOT_BUILT", "FAILED_PRECONDITION"
    TOO_MANY_PIPELINES = "TOO_MANY_PIPELINES", ""
    REFUSED_BY_MONGODB = "REFUSED_BY_MONGODB", ""
