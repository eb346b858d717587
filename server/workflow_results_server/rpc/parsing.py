"""Requests as they come in: parsed, unless that fails, or would take far more memory than their bytes.

gRPC parses a request before anything is known of its call, and answers UNKNOWN where that raises. So what is wrong with
a request is kept with it, to be raised where errors are answered.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pool

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.errors import InvalidRequest, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.descriptor import Descriptor

MOST_ELEMENTS: Final = max(rules.REQUEST_WORKS, rules.TRANSACTION_RESULTS)
"""The most elements of any list in a request."""
MOST_FIELDS: Final = MOST_ELEMENTS + 1_000
"""The most fields of a request, each element of a list counted. Protobuf makes 32 bytes of an empty string, which takes
two as it is sent, and takes two seconds for as many as fit into a message."""
_LARGE_BYTES: Final = rules.MIB
"""From how many bytes on fields are counted: fewer are not worth it."""
_VARINT, _FIXED64, _MEASURED, _GROUP, _END_OF_GROUP, _FIXED32 = range(6)
_MORE: Final = 0x80
"""Set in each byte of a varint but the last, which is most often the first."""
_VARINT_BYTES: Final = 10
_FIXED_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}


@dataclass(slots=True)
class Incoming:
    """A request, or what is wrong with it.

    Attributes:
        size: How many bytes were sent.
        message: The request; None where it can't be parsed, or must not be.
        problem: Makes the error to answer with instead.
    """

    size: int
    message: Any = None
    problem: Callable[[], RequestError] | None = None

    def take(self) -> Any:
        """Return the request, and keep it no longer: gRPC keeps the last one of a stream until the next one comes.

        Raises:
            RequestError: It can't be parsed, or has more fields or bytes than it may.
        """
        if self.problem:
            raise self.problem()
        message, self.message = self.message, None
        return message


def parser(
    service: str, method: str, deserialize: Callable[[bytes], Any] | None, most_bytes: int
) -> Callable[[bytes], Incoming]:
    """Make the function that parses the requests of a method, which never raises.

    Args:
        service: The full name of the service.
        method: The name of the method.
        deserialize: Parses a message.
        most_bytes: The most bytes of a message.
    """
    assert deserialize is not None
    shape = None
    if most_bytes >= _LARGE_BYTES:
        described: Any = descriptor_pool.Default().FindServiceByName(service)
        shape = _Shape(described.methods_by_name[method].input_type)

    def parse(data: bytes) -> Incoming:
        size = len(data)
        if size > most_bytes:
            return Incoming(size, problem=partial(_too_large, size, most_bytes))
        if shape and size >= _LARGE_BYTES and (field := field_too_many(data, shape)) is not None:
            return Incoming(size, problem=partial(_too_many, field))
        try:
            return Incoming(size, deserialize(data))
        except Exception:  # noqa: BLE001 - whatever protobuf raises, the request is malformed
            return Incoming(size, problem=_malformed)

    return parse


def _malformed() -> RequestError:
    return RequestError(Reason.MALFORMED_REQUEST, "the request is not a valid message of this method")


def _too_large(size: int, most: int) -> RequestError:
    message = f"a request of this method must have at most {most:,} bytes, not {size:,}"
    return RequestError(Reason.INVALID_REQUEST, message)


def _too_many(field: str) -> RequestError:
    if field:
        return InvalidRequest(
            field, f"must be at most {MOST_ELEMENTS:,}, repetitions included, not over {MOST_FIELDS:,}"
        )
    message = f"the request must have at most {MOST_FIELDS:,} fields"
    return RequestError(Reason.INVALID_REQUEST, message)


class _Shape:
    """The fields of a message, by their numbers.

    Args:
        message: What describes it.
    """

    def __init__(self, message: Descriptor) -> None:
        self.names: Mapping[int, str] = {field.number: field.name for field in message.fields}
        self.messages: Mapping[int, _Shape] = {
            field.number: _Shape(field.message_type) for field in message.fields if field.message_type
        }


def field_too_many(data: bytes, shape: _Shape) -> str | None:
    """Find the field with which a message has more than `MOST_FIELDS`, those of the messages within it counted.

    Looks at no more than that. What is not the wire format is left to protobuf, which refuses it.

    Args:
        data: The message, in the format of https://protobuf.dev/programming-guides/encoding.
        shape: Its fields.

    Returns:
        The path of the field, empty where it is none that is known; None if it has no more.
    """
    count = 0
    waiting = [("", shape, 0, len(data))]
    while waiting:
        path, shape, at, end = waiting.pop()
        groups = 0  # fields of unknown groups are not those of the message, whatever their numbers
        # Where it ends in the middle of a field, or has a kind of fields that there is not, protobuf gives up, too; but
        # not before it has made all that stands before, messages within it included.
        with suppress(IndexError, KeyError):
            while at < end:
                tag, at = data[at], at + 1
                if tag >= _MORE:
                    tag, at = _varint(data, at - 1)
                number, kind = tag >> 3, tag & 7
                count += 1
                if count > MOST_FIELDS:
                    known = number in shape.names and not groups
                    return path + shape.names[number] if known else ""
                if kind == _MEASURED:
                    size, at = data[at], at + 1
                    if size >= _MORE:
                        size, at = _varint(data, at - 1)
                    if number in shape.messages and not groups:
                        waiting.append((f"{path}{shape.names[number]}.", shape.messages[number], at, at + size))
                    at += size
                elif kind == _VARINT:
                    _, at = _varint(data, at)
                elif kind == _GROUP:
                    groups += 1
                elif kind == _END_OF_GROUP:
                    groups -= 1
                else:
                    at += _FIXED_SIZES[kind]
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read an integer of variable length; return it, and where what follows begins.

    Raises:
        IndexError: It ends with the data.
        KeyError: It is longer than any.
    """
    value = 0
    for index in range(_VARINT_BYTES):
        byte = data[at + index]
        value |= (byte & (_MORE - 1)) << 7 * index
        if byte < _MORE:
            return value, at + index + 1
    raise KeyError(at)
