"""Works in files, checked and ready to be deposited, some at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId

from workflow_results._calls.works import Prepared, prepare_one
from workflow_results.common.rules import MIB
from workflow_results.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow_results.archive.reading import Found

_PART_BYTES: Final = 8 * MIB
_PART_WORKS: Final = 50_000
_LENGTH_BYTES: Final = 4
_OBJECT_ID: Final = b"\x07_id\0"
_OBJECT_ID_BYTES: Final = 12


@dataclass
class Part:
    """Some works of a file, which follow each other.

    Attributes:
        works: The works to deposit; of the decoded ones, only what names them is kept.
        places: Where each stands.
        locked: Whether each is locked.
        invalid: What is wrong with the others, which break a rule.
        size: The bytes of all in the file.
    """

    works: Prepared = field(default_factory=lambda: Prepared([], []))
    places: list[str] = field(default_factory=list)
    locked: list[bool] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    size: int = 0


def parts(found: Iterable[Found], *, complete: bool = False) -> Iterator[Part]:
    """Check and encode the works of a file.

    Args:
        found: Its documents.
        complete: Whether every work must have an id; else those without one get one.

    Yields:
        Some works, together about 8 MiB.
    """
    part, encoded_bytes = Part(), 0
    for each in found:
        try:
            work, encoded = _prepared(_of_collection(each), complete=complete)
        except InvalidRequestError as error:
            part.invalid.append(f"{each.place}: {error}")
        else:
            part.works.works.append({"pipeline": work["pipeline"], "id": work["id"]})
            part.works.encoded.append(encoded)
            part.places.append(each.place)
            part.locked.append((work.get("results") or {}).get("locked") is True)
            encoded_bytes += len(encoded)
        part.size += each.size
        if encoded_bytes > _PART_BYTES or len(part.places) + len(part.invalid) == _PART_WORKS:
            yield part
            part, encoded_bytes = Part(), 0
    yield part


def _of_collection(found: Found) -> Found:
    """Take away an ObjectId that MongoDB gave to a document as its `_id`, as those of other services have.

    It becomes the id of a work that has none, so that it is the same work whenever the file is deposited.
    """
    document, data = found.document, found.data
    if data is not None and data.startswith(_OBJECT_ID, _LENGTH_BYTES):
        end = _LENGTH_BYTES + len(_OBJECT_ID) + _OBJECT_ID_BYTES
        own = data[end - _OBJECT_ID_BYTES : end].hex()
        data = (len(data) - end + _LENGTH_BYTES).to_bytes(_LENGTH_BYTES, "little") + data[end:]
    elif isinstance(document.get("_id"), ObjectId):
        own = str(document["_id"])
        document = {name: value for name, value in document.items() if name != "_id"}
    else:
        return found
    if document.get("id") is None:
        document, data = {**document, "id": own}, None
    return found._replace(document=document, data=data)


def _prepared(found: Found, *, complete: bool) -> tuple[dict[str, Any], bytes]:
    if complete and found.document.get("id") is None:
        raise InvalidRequestError("it has no id")
    work, encoded = prepare_one(found.document, "work")
    if found.data is None or work.keys() != found.document.keys():
        return work, encoded
    return work, _without_id(found.data, work["id"])  # which keeps what Python has no type for


def _without_id(stored: bytes, id_: str) -> bytes:
    """Take away the `_id` that the service gave to a work, which does not count for its size, and no other."""
    encoded = id_.encode() + b"\0"
    element = b"\x02_id\0" + len(encoded).to_bytes(_LENGTH_BYTES, "little") + encoded
    if not stored.startswith(element, _LENGTH_BYTES):
        return stored
    size = len(stored) - len(element)
    return size.to_bytes(_LENGTH_BYTES, "little") + stored[_LENGTH_BYTES + len(element) :]
