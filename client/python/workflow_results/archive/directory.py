"""The directory of a backup: which files in it are those of pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflow_results.archive.reading import FileError
from workflow_results.common.rules import pipeline_problem

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX: Final = ".bson"
UNFINISHED: Final = f"{SUFFIX}.part"
"""Of the files of pipelines that `workflow-results backup` has not written to their end."""
_COMPRESSED: Final = f"{SUFFIX}.gz"
_FOLDERS_OF_MONGODB: Final = (("admin",), ("config",), ("local",))


def find(directory: Path) -> list[Path]:
    """Find the files of pipelines.

    Args:
        directory: Where to look, in the folders in it, too.

    Returns:
        The files, in the order of their paths.

    Raises:
        FileError: There are none, or some can't be restored, so the restore would be partial.
    """
    for path in sorted(directory.rglob(f"*{SUFFIX}.*")):
        if path.name.endswith(UNFINISHED):
            raise FileError(
                f"the backup is incomplete: {path} is unfinished. To restore only the pipelines that are "
                f"complete, move all {UNFINISHED} files elsewhere"
            )
        if path.name.endswith(_COMPRESSED):
            raise FileError(f"{path} is compressed: gunzip all {_COMPRESSED} files first")
    found = []
    for path in sorted(directory.rglob(f"*{SUFFIX}")):
        parts = path.relative_to(directory).parts
        of_mongodb = parts == ("oplog.bson",) or parts[-2:-1] in _FOLDERS_OF_MONGODB
        if of_mongodb or path.name.startswith(("_", "system.")) or path.is_dir():
            continue
        if problem := pipeline_problem(path.stem):
            raise FileError(f"{path} is not the file of a pipeline, because its name {problem}: move it elsewhere")
        found.append(path)
    if not found:
        raise FileError(f"{directory} contains no {SUFFIX} files of pipelines")
    return found
