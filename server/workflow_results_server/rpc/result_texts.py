"""Results in answers: as BSON, which they are, or as the Extended JSON that a caller asks for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.documents import extended_json
from workflow_results_server.errors import RequestError
from workflow_results_server.offload import offload
from workflow_results_server.requests.memory import Room

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bson.json_util import JSONOptions
    from google.protobuf.message import Message

    from workflow_results.v1 import results_pb2 as pb
    from workflow_results_server.store import Batch

_MOST_BYTES: Final = 192 * rules.MIB
"""What results as JSON may have together while they are sent, which takes as long as their readers like: as BSON, of
which the store keeps account, they may have a fourteenth."""


class Texts:
    """The memory for answers that hold results as JSON."""

    def __init__(self) -> None:
        self._room = Room(_MOST_BYTES, "results as JSON")

    def reserve(self, answer: Message) -> AbstractContextManager[None]:
        """Reserve memory for an answer while it is sent.

        Raises:
            Unavailable: There is none now.
        """
        return self._room.reserve(answer.ByteSize())


async def write(documents: pb.EncodedDocuments, batch: Batch, options: JSONOptions | None) -> None:
    """Put a batch into an answer.

    Args:
        documents: Its results.
        batch: The batch.
        options: How to write Extended JSON; None for BSON.

    Raises:
        RequestError: A result is too large for a message as JSON.
    """
    if options:
        documents.json.extend(await offload(len(batch.data), partial(_json, batch, options)))
    else:
        documents.bson = batch.data


def _json(batch: Batch, options: JSONOptions) -> list[str]:
    """Write a batch as Extended JSON, which has up to fourteen times the size: too much for some large results.

    Those of up to `rules.BATCH_BYTES` can't become too large.
    """
    try:
        return extended_json.from_bson(batch.data, options, rules.RESPONSE_BYTES - rules.MIB)
    except extended_json.TooLong:
        message = (
            f"result {rules.quoted(batch.last)} is too large for a message as JSON: request BSON or use a projection"
        )
        raise RequestError(Reason.TOO_LARGE, message) from None
