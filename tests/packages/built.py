"""The files that `make dist` has built, and what is in them."""

from __future__ import annotations

import email
import platform
import re
import tarfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Final

from tests.support.paths import REPOSITORY

DIST: Final = REPOSITORY / "dist"
DEVELOPMENT: Final = {"bench", "dev", "docs", "ui-tests"}
"""The extras that are for this repository, and not for users."""
_PARTS: Final = {
    "workflow_results": {"v1", "cli", "frames", "archive"},
    "workflow_results_server": {"cli", "http", "http/ui", "http/ui/assets", "http/ui/assets/vendor"},
}
"""The folders that stand alone in the table of sizes; all others are the client, or the server."""


@dataclass(frozen=True)
class Built:
    """The files of a release.

    Attributes:
        wheel: The wheel of `workflow-results`.
        source: Its source distribution.
        native: The wheels of `workflow-results-native`, one a platform.
    """

    wheel: Path
    source: Path
    native: list[Path]

    def has_native(self) -> bool:
        """Return whether there is a wheel of the native part for this machine; there is none where Rust was missing."""
        return any(each.stem.endswith(platform.machine()) for each in self.native)

    def metadata(self) -> Message:
        """Read the metadata of the wheel."""
        return metadata(self.wheel)

    def extras(self) -> list[str]:
        """Return the extras that are for users."""
        return sorted(set(self.metadata().get_all("Provides-Extra", [])) - DEVELOPMENT)

    def lowest(self, name: str) -> str:
        """Return the lowest version of a package that a client may have."""
        required = self.metadata().get_all("Requires-Dist", [])
        return next(found[1] for each in required if (found := re.fullmatch(rf"{name}>=([\d.]+)", each)))


def built() -> Built:
    """Find what `make dist` has built."""
    found = [*DIST.glob("workflow_results-*.whl"), *DIST.glob("workflow_results-*.tar.gz")]
    assert len(found) == 2, "run `make dist` first"
    wheel, source = found
    return Built(wheel, source, sorted(DIST.glob("workflow_results_native-*.whl")))


def metadata(wheel: Path) -> Message:
    """Read the metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def files(archive: Path) -> set[str]:
    """List the files of a wheel, or of a source distribution without the folder that holds them."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return set(wheel.namelist())
    with tarfile.open(archive) as source:
        return {each.name.partition("/")[2] for each in source if each.isfile()}


def parts(wheel: Path) -> dict[str, tuple[int, int, int]]:
    """Return the files, the bytes, and the compressed bytes of each part of a wheel."""
    count: Counter[str] = Counter()
    size: Counter[str] = Counter()
    compressed: Counter[str] = Counter()
    with zipfile.ZipFile(wheel) as archive:
        for each in archive.infolist():
            part = _part(each.filename)
            count[part] += 1
            size[part] += each.file_size
            compressed[part] += each.compress_size
    return {part: (count[part], size[part], compressed[part]) for part in sorted(count)}


def _part(name: str) -> str:
    package, _, rest = name.partition("/")
    if package not in _PARTS:
        return "metadata and licenses"
    folders = [part for part in _PARTS[package] if rest.startswith(f"{part}/")]
    return f"{package}/{max(folders, key=len)}" if folders else package


def main() -> None:
    """Print the sizes of what was built, and what each part has of the wheel."""
    found = built()
    rows = parts(found.wheel)
    print(f"{'part of ' + found.wheel.name:50} {'files':>6} {'bytes':>10} {'in the wheel':>13}")
    for part, (count, size, compressed) in rows.items():
        print(f"{part:50} {count:>6} {size:>10,} {compressed:>13,}")
    totals = [sum(column) for column in zip(*rows.values(), strict=True)]
    print(f"{'all, without the directory of the archive':50} {totals[0]:>6} {totals[1]:>10,} {totals[2]:>13,}")
    for path in (found.wheel, found.source, *found.native):
        print(f"{path.stat().st_size:>10,}  {path.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
