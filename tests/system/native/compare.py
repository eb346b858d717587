"""What the native part does, beside what Python does without it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tests.system.native.documents import Grammar
from tests.system.native.mutations import Mutator
from tests.system.native.values import Values
from workflow_results._encoding import documents
from workflow_results.common import native, rules
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.documents.decoder import decoder
from workflow_results_server.documents.works import Rejected, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow_results.common.native import Accepted, Cut, Encode

BATCH: Final = 250
"""How many documents, and as many values, are made of one seed."""
_MADE: Final = 12
"""How many of them are made; the others are changed ones."""
_DECODED: Final = 0.2
"""How often Python may decode works to check them, which it stops to do after as many failures as are made here."""
_UNFRAMED: Final = 0.1
"""How often lengths of whole works may be wrong, and how many of such works are sent together."""
_FEW: Final = 10
_LARGE: Final = 0.01
_SIZES: Final = (60_000, 70_000, 300_000)
"""About the sizes from which works are looked at without the lock of Python, or in a thread."""


class Difference(Exception):
    """The native part and Python differ; the message shows on what."""

    def __init__(self, what: str, shown: str, natively: object, in_python: object) -> None:
        super().__init__(f"on the {what}\n{shown}\nnatively:  {natively!r}\nin Python: {in_python!r}")


def compare_batches(seed: int, numbers: range) -> tuple[Counter[str], str | None]:
    """Compare works and values, as long as they are judged alike.

    Args:
        seed: Of all batches.
        numbers: The batches.

    Returns:
        How many there were, and what became of them; and what differs, if anything does.
    """
    assert native.cut
    assert native.encode
    found: Counter[str] = Counter()
    for number in numbers:
        try:
            found.update(compare_works(f"{seed}/{number}", native.cut))
            found.update(compare_values(f"{seed}/{number}", native.encode))
        except Difference as difference:
            return found, f"batch {number} {difference}\nagain: make test-native SEED={seed} ONLY={number}"
    return found, None


def compare_works(seed: str, cut: Cut) -> Counter[str]:
    """Compare what becomes of the works that are made of a seed.

    Args:
        seed: Any text.
        cut: The native part.

    Returns:
        How many there were, and what became of them.

    Raises:
        Difference: It is not the same.
    """
    return asyncio.run(_compare_works(Random(seed), cut))


def compare_values(seed: str, encode: Encode) -> Counter[str]:
    """Compare what the documents that are made of a seed are encoded to.

    Args:
        seed: Any text.
        encode: The native part.

    Returns:
        How many there were, and what became of them.

    Raises:
        Difference: It is not the same.
    """
    random = Random(seed)
    values = Values(random, random.choice((0.0, 0.0, 0.02, 0.2)))
    found: Counter[str] = Counter(values=BATCH)

    def counting(document: dict[str, Any], levels: int, most_bytes: int) -> bytes | None:
        data = encode(document, levels, most_bytes)
        found["values encoded natively"] += data is not None
        return data

    for _ in range(BATCH):
        document = values.document()
        with _set(native, "encode", counting):
            one = _encoded(document)
        with _set(native, "encode", None):
            other = _encoded(document)
        if one != other:
            raise Difference("value", repr(document), one, other)
        found["values refused"] += isinstance(one, str)
    return found


def compare_request(data: bytes, cut: Cut) -> None:
    """Compare what becomes of works in one request, whatever its bytes are.

    Args:
        data: The works, back to back.
        cut: The native part.

    Raises:
        Difference: It is not the same.
    """
    asyncio.run(_judge([data], Counter(), cut))


async def _compare_works(random: Random, cut: Cut) -> Counter[str]:
    may_lose = rules.MIB if random.random() < _DECODED else 0
    framed = random.random() >= _UNFRAMED
    works = _works(random, framed=framed)
    together = len(works) if framed else _FEW
    found: Counter[str] = Counter(works=len(works))
    with _set(decoder, "_may_lose", may_lose):
        for at in range(0, len(works), together):
            await _judge(works[at : at + together], found, cut)
    return found


def _works(random: Random, *, framed: bool) -> list[bytes]:
    grammar = Grammar(random, random.choice((0.0, 0.0, 0.01, 0.1)))
    number, large = BATCH, list[bytes]()
    if random.random() < _LARGE:
        size = random.choice(_SIZES)
        number, large = 2 * _MADE, [b"\x05pad\0" + size.to_bytes(4, "little") + b"\0" + bytes(size)]
    mutator = Mutator(random, grammar, _MADE, *large)
    return [mutator.whole(index) if index < _MADE else mutator.document(framed=framed) for index in range(number)]


async def _judge(works: Sequence[bytes], found: Counter[str], cut: Cut) -> None:
    """Compare what becomes of works in one request and, where that differs, of each by itself."""
    one, other = await _both(b"".join(works), found, cut)
    if one != other:
        for each in works:
            alone = await _both(each, Counter(), cut)
            if alone[0] != alone[1]:
                raise Difference("work", each.hex(), *alone)
        raise Difference("works, though only together,", b"".join(works).hex(), one, other)
    if isinstance(one, list):
        found["works rejected"] += sum(isinstance(each, Rejected) for each in one)
    else:
        found["works in requests refused as a whole"] += len(works)


async def _both(data: bytes, found: Counter[str], cut: Cut) -> tuple[object, object]:
    """Return what becomes of a request natively, and in Python."""

    def counting(*args: Any, **limits: Any) -> tuple[Sequence[Accepted | bytes], int]:
        looked_at, end = cut(*args, **limits)
        handed_back = sum(isinstance(each, bytes) for each in looked_at)
        found["works handed back"] += handed_back
        found["works accepted natively"] += len(looked_at) - handed_back
        return looked_at, end

    request = pb.EncodedDocuments(bson=data)
    outcomes: list[object] = []
    for way in (counting, None):
        with _set(native, "cut", way):
            try:
                outcomes.append(await parse(request))
            except (KeyboardInterrupt, asyncio.CancelledError):
                raise
            except BaseException as error:  # noqa: BLE001 - of any kind: a panic in Rust is not even an Exception
                outcomes.append(f"{type(error).__name__}: {error}")
    return outcomes[0], outcomes[1]


def _encoded(document: Any) -> bytes | str:
    try:
        return documents.encode(document, "works[0]")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - as above
        return f"{type(error).__name__}: {error}"


@contextlib.contextmanager
def _set(owner: object, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
