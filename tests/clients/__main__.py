"""Runs the suite: `python -m tests.clients [LANGUAGE…] [OPTION OF PYTEST…]`; default: all that can be built."""

from __future__ import annotations

import subprocess
import sys

from tests.clients.languages import LANGUAGES


def main() -> int:
    """Run the suite, and return an exit status."""
    named = [f"--language={each}" for each in sys.argv[1:] if each in LANGUAGES]
    options = [each for each in sys.argv[1:] if each not in LANGUAGES]
    command = [sys.executable, "-m", "pytest", "tests/clients", *named, *options]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
