"""Exports results and deposits them into another server; both are killed several times, and must lose nothing.

First, `to_parquet` writes them, in little memory and as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from tests.support.launcher import COMMAND, Service
from tests.support.processes import run_measured
from tests.system.transfer import parquet
from workflow_results import Results
from workflow_results.samples import sample_works

_PIPELINE: Final = "transfer"
_BATCH: Final = 10_000
_LOCKED_EACH: Final = 100
_MOST_MIB: Final = 200
_MOST_SECONDS: Final = 1_800.0


def main() -> int:
    """Transfer; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make test-transfer", description=__doc__)
    parser.add_argument("--number", type=int, default=300_000, help="how many results")
    parser.add_argument("--kills", type=int, default=5, help="how often each command is killed")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="transfer-") as directory:
        root = Path(directory)
        servers = [Service("--data-dir", str(root / name), log=root / f"{name}.log") for name in ("from", "to")]
        try:
            _fill(servers[0].target, arguments.number)
            if not _is_written(servers[0].target, root / "results.parquet"):
                return 1
            expected = _content(servers[0].target)
            for format_ in ("bson", "jsonl"):
                file = root / f"results.{format_}"
                exporting = ["export", _PIPELINE, "-o", str(file), "--target", servers[0].target]
                depositing = ["deposit", str(file), "--target", servers[1].target]
                for command in (exporting, depositing):
                    seconds, mib = _killed_and_run(command, arguments.kills, chance)
                    print(f"{command[0]} {format_}: {seconds:.0f} s, {mib:.0f} MiB", flush=True)
                    if mib > _MOST_MIB:
                        print(f"more than {_MOST_MIB} MiB")
                        return 1
                if (found := _content(servers[1].target)) != expected:
                    print(f"{found} instead of {expected}")
                    return 1
                _clear(servers[1].target)
        finally:
            for server in servers:
                server.kill()
    print(f"{arguments.number:,} results, equal each time")
    return 0


def _fill(target: str, number: int) -> None:
    with Results(target, timeout=60) as results:
        works: list[dict[str, Any]] = []
        for position, work in enumerate(sample_works(number)):
            found = {**(work["results"] or {}), "count": position, "locked": not position % _LOCKED_EACH}
            works.append({**work, "pipeline": _PIPELINE, "results": found})
            if len(works) == _BATCH:
                results.deposit(works)
                works = []
        results.deposit(works)


def _is_written(target: str, path: Path) -> bool:
    seconds, mib = parquet.written(target, _PIPELINE, path)
    print(f"to_parquet: {seconds:.0f} s, {mib:.0f} MiB, {path.stat().st_size:,} bytes", flush=True)
    if mib > _MOST_MIB:
        print(f"more than {_MOST_MIB} MiB")
        return False
    if difference := parquet.difference(target, _PIPELINE, path):
        print(difference)
    return not difference


def _content(target: str) -> tuple[int, int, str]:
    """Return the number of results, that of the locked ones, and the digest of their bytes."""
    digest = hashlib.sha256()
    with Results(target, timeout=60) as results:
        for batch in results.stream_batches(_PIPELINE, {}):
            digest.update(batch)
        return results.count(_PIPELINE, {}), results.get_locked_count(_PIPELINE), digest.hexdigest()


def _clear(target: str) -> None:
    for command in ("unlock", "delete"):
        arguments = [command, _PIPELINE, "--query", "{}", "--yes", "--target", target, "--timeout", "60"]
        subprocess.run([COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _killed_and_run(command: list[str], kills: int, chance: random.Random) -> tuple[float, float]:
    """Kill a command at random, then let it end; returns how long it took to its end, and its most memory in MiB."""
    for _ in range(kills):
        process = subprocess.Popen([COMMAND, *command], stdout=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(0.5, 8))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        Path(command[command.index("-o") + 1]).unlink(missing_ok=True) if "-o" in command else None
    began = time.monotonic()
    status, mib = run_measured([COMMAND, *command], _MOST_SECONDS)
    if status:
        raise SystemExit(f"{command[0]} has ended with status {status}")
    return time.monotonic() - began, mib


if __name__ == "__main__":
    sys.exit(main())
