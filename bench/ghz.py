"""gRPC's load tool ghz: a client in Go, which shows what the service takes without the Python client."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from google.protobuf.proto import serialize_length_prefixed

from bench.measure import expect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

_VERSION: Final = "v0.121.0"
_ROOT: Final = Path(__file__).parents[1]
_DIRECTORY: Final = _ROOT / "build" / f"ghz-{_VERSION}"
_PROTO: Final = _ROOT / "proto"
_SERVICE: Final = "workflow_results.v1.ResultsService"
_INSTALL_SECONDS: Final = 300.0
_SECONDS: Final = 120.0
_WARM_UP: Final = 0.1
"""The share of the calls that come first and do not count: they open the connections."""


class NotInstalled(Exception):
    """Ghz could not be installed; the message says why."""


class Load(NamedTuple):
    """What many calls have taken.

    Attributes:
        seconds: From the end of the last call that does not count to the end of the last one.
        number: How many calls that was.
        median: The median latency of these calls, in seconds.
    """

    seconds: float
    number: int
    median: float


def install() -> None:
    """Install ghz into `build`, unless it is there.

    Raises:
        NotInstalled: There is no Go, or it could not install ghz.
    """
    if (_DIRECTORY / "ghz").exists():
        return
    if not (go := shutil.which("go")):
        raise NotInstalled("Go is not installed")
    try:
        done = subprocess.run(
            [go, "install", f"github.com/bojand/ghz/cmd/ghz@{_VERSION}"],
            env={**os.environ, "GOBIN": str(_DIRECTORY)},
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(str(error)) from None
    if done.returncode:
        raise NotInstalled(f"go install: {(done.stderr.splitlines() or ['failed'])[-1].strip()}")


def call(target: str, method: str, requests: Sequence[Message], number: int, *, connections: int = 1) -> Load:
    """Send calls over some connections, each of which has one call at a time.

    Args:
        target: The address of the server.
        method: The name of the RPC.
        requests: What to send: the first request with the first call, and from the start again after the last one.
        number: How many calls to make.
        connections: How many connections to open.

    Raises:
        RuntimeError: Ghz has failed.
        AssertionError: A call has failed.
    """
    sent = BytesIO()
    for request in requests:
        serialize_length_prefixed(request, sent)
    done = subprocess.run(
        [
            str(_DIRECTORY / "ghz"),
            *("--insecure", "--proto", str(_PROTO / "workflow_results/v1/results.proto")),
            *("--import-paths", str(_PROTO), "--call", f"{_SERVICE}/{method}", "--binary"),
            *("--connections", str(connections), "--concurrency", str(connections), "--total", str(number)),
            *("--disable-template-functions", "--disable-template-data", "--format", "json", target),
        ],
        input=sent.getvalue(),
        env={**os.environ, "TZ": "UTC"},
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"ghz: {done.stderr.decode(errors='replace').strip()}")
    report = json.loads(done.stdout)
    expect(report["statusCodeDistribution"], {"OK": number})
    return _load(report["details"])


def _load(details: list[dict[str, Any]]) -> Load:
    """Return what the calls have taken that count."""
    ends = [np.datetime64(each["timestamp"].rstrip("Z"), "ns") for each in details]
    first, *counted = sorted(zip(ends, details, strict=True), key=lambda pair: pair[0])[int(_WARM_UP * len(details)) :]
    seconds = (counted[-1][0] - first[0]) / np.timedelta64(1, "s")
    return Load(float(seconds), len(counted), statistics.median(each["latency"] for _, each in counted) / 1e9)
