"""The check of works by decoding them, which is the fastest in Python, as long as that does no harm."""

from __future__ import annotations

import logging
from typing import Any, Final

import bson

from workflow_results.common import bson_codec, rules
from workflow_results.common.bson_codec import OPTIONS
from workflow_results_server.documents import bson_bytes

_DECODED_BYTES: Final = 256 * rules.KIB
"""The largest work that is decoded to check it. What is made of a larger one could have fifty times its size."""
_PADDING: Final = 5
"""How much further than a work is long bson's decoder may read behind it."""
_LOST_BYTES: Final = rules.MIB
"""The most bytes of works that may fail to be decoded, which bounds what bson's decoder loses of them."""
_REF: Final = b"$ref\0"
"""The name by which bson takes a document for a DBRef, in which the order of its fields is lost."""
_ENCODED_START: Final = len(b"\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00")
"""The position of the first element of the array in `bson.encode({"": array})`."""

_logger = logging.getLogger(__name__)


class Decoder:
    """Decodes works, as long as that does no harm.

    It is the fastest check: what encoded again gives the same bytes is BSON, with strings in UTF-8 and no name twice.
    But bson's decoder is not made for hostile bytes (see `bson_validation`). What it reads behind a work is padding
    here, and what it loses forever when it fails is counted: at some point it is asked no more.
    """

    def __init__(self) -> None:
        self._may_lose = _LOST_BYTES

    def decoded(self, documents: list[bytes]) -> list[dict[str, Any] | None]:
        """Decode documents; None for those that could not be decoded here, so that they must be scanned.

        All at once is fastest.
        """
        done: list[dict[str, Any] | None] = [None] * len(documents)
        short = [index for index, document in enumerate(documents) if len(document) <= _DECODED_BYTES]
        if not short or self._may_lose <= 0:
            return done
        parts = [documents[index] for index in short]
        sizes = list(map(len, parts))
        data = b"".join([*parts, bytes(max(sizes) + _PADDING)])
        if _REF in data:
            return done
        try:
            decoded = bson.decode_all(memoryview(data)[: sum(sizes)], OPTIONS)
        except (bson.errors.BSONError, ValueError, RecursionError):
            self._lose(max(sizes))  # no more than one of them: the first that fails ends it
            return done
        try:
            encoded = bson_codec.encode({"": decoded})
        except (bson.errors.BSONError, ValueError, RecursionError, OverflowError):
            return done
        at = _ENCODED_START
        for number, index in enumerate(short):
            at += 2 + len(str(number))  # its type and its name
            if encoded.startswith(documents[index], at):
                done[index] = decoded[number]
            at += bson_bytes.LENGTH.unpack_from(encoded, at)[0]
        return done

    def _lose(self, size: int) -> None:
        self._may_lose -= size
        if self._may_lose <= 0:
            _logger.warning("too many works were not BSON: from now on, works are validated before they are decoded")


decoder: Final = Decoder()
