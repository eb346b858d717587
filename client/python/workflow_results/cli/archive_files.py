"""The files of a backup, as `workflow-results restore` reads them: results as they were stored, byte by byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

from workflow_results._calls.works import Prepared
from workflow_results._encoding.documents import decode
from workflow_results.common.files import check_regular
from workflow_results.common.rules import KIB, MIB, pipeline_problem, work_problem
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX: Final = ".bson"
UNFINISHED: Final = f"{SUFFIX}.part"
"""Of the files of pipelines that `workflow-results backup` has not written to their end."""
_COMPRESSED: Final = f"{SUFFIX}.gz"
_FOLDERS_OF_MONGODB: Final = (("admin",), ("config",), ("local",))
_LENGTH_BYTES: Final = 4
_READ_BYTES: Final = 8 * MIB
_LARGEST_BYTES: Final = 16 * MIB + 16 * KIB
"""No document of MongoDB is larger."""


@dataclass
class Part:
    """Some results of a file, which follow each other.

    Attributes:
        works: The works to deposit; of the decoded ones, only what names them is kept.
        locked: Whether each is locked.
        size: Their bytes in the file.
    """

    works: Prepared = field(default_factory=lambda: Prepared([], []))
    locked: list[bool] = field(default_factory=list)
    size: int = 0


def find(directory: Path) -> list[Path]:
    """Find the files of pipelines.

    Args:
        directory: Where to look, in the folders in it, too.

    Returns:
        The files, in the order of their paths.

    Raises:
        ClickException: There are none, or some can't be restored, so the restore would be partial.
    """
    for path in sorted(directory.rglob(f"*{SUFFIX}.*")):
        if path.name.endswith(UNFINISHED):
            raise click.ClickException(
                f"the backup is incomplete: {path} is unfinished. To restore only the pipelines that are "
                f"complete, move all {UNFINISHED} files elsewhere"
            )
        if path.name.endswith(_COMPRESSED):
            raise click.ClickException(f"{path} is compressed: gunzip all {_COMPRESSED} files first")
    found = []
    for path in sorted(directory.rglob(f"*{SUFFIX}")):
        parts = path.relative_to(directory).parts
        of_mongodb = parts == ("oplog.bson",) or parts[-2:-1] in _FOLDERS_OF_MONGODB
        if of_mongodb or path.name.startswith(("_", "system.")) or path.is_dir():
            continue
        if problem := pipeline_problem(path.stem):
            raise click.ClickException(
                f"{path} is not the file of a pipeline, because its name {problem}: move it elsewhere"
            )
        found.append(path)
    if not found:
        raise click.ClickException(f"{directory} contains no {SUFFIX} files of pipelines")
    return found


def parts(path: Path) -> Iterator[Part]:
    """Read the results of a file, some at a time.

    Args:
        path: The file.

    Yields:
        Some results, as they are stored but for MongoDB's `_id`.

    Raises:
        ClickException: The file is broken, or has something other than a result; the message says where.
    """
    part, at = Part(), 0
    for stored in _documents(path):
        result = _checked(stored, path, at)
        part.works.works.append({"pipeline": result["pipeline"], "id": result["id"]})
        part.works.encoded.append(_without_id(stored, result["id"]))
        part.locked.append((result.get("results") or {}).get("locked") is True)
        part.size += len(stored)
        at += len(stored)
        if part.size > _READ_BYTES:
            yield part
            part = Part()
    yield part


def _documents(path: Path) -> Iterator[bytes]:
    at = 0
    check_regular(path)
    with path.open("rb") as file:
        while length := file.read(_LENGTH_BYTES):
            size = int.from_bytes(length, "little")
            if not _LENGTH_BYTES < size <= _LARGEST_BYTES:
                raise _unreadable(path, at)
            document = length + file.read(size - _LENGTH_BYTES)
            if len(document) < size:
                raise _unreadable(path, at)
            yield document
            at += size


def _checked(stored: bytes, path: Path, at: int) -> dict[str, Any]:
    """Decode a document, which must be a result; whether its `_id` is right is for the service to say."""
    try:
        (result,) = decode(stored)
    except (ResultsError, RecursionError) as error:
        raise _unreadable(path, at) from error
    if problem := work_problem(result):
        raise click.ClickException(
            f"{path} has something other than a result at byte {at}: {problem.path} {problem.message}"
        )
    return result


def _without_id(stored: bytes, id_: str) -> bytes:
    """Take away the `_id` that the service gave to a work, which does not count for its size, and no other."""
    encoded = id_.encode() + b"\0"
    element = b"\x02_id\0" + len(encoded).to_bytes(_LENGTH_BYTES, "little") + encoded
    if not stored.startswith(element, _LENGTH_BYTES):
        return stored
    size = len(stored) - len(element)
    return size.to_bytes(_LENGTH_BYTES, "little") + stored[_LENGTH_BYTES + len(element) :]


def _unreadable(path: Path, at: int) -> click.ClickException:
    return click.ClickException(f"{path} is truncated or not a file of BSON documents, see byte {at}")
