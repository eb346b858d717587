"""chime-frb-api as it is, with the tests that it brings."""

from __future__ import annotations

from pathlib import Path

from tests.http_clients.programs import Programs
from tests.support.launcher import Service

PORT = "8005"
"""That of the old backend, which is in the source of the tests."""
TESTS = 13
"""All of those of `Results`. They want an empty store."""


def test_its_own_tests(chime: Programs, tmp_path: Path) -> None:
    service = Service("--data-dir", str(tmp_path / "data"), "--http-port", PORT, log=tmp_path / "log")
    try:
        own = "chime_frb_api.tests.test_results"
        done = chime.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", own)
        assert f"{TESTS} passed" in done.stdout, done.stdout
    finally:
        assert service.stop() == 0
