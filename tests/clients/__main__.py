"""Builds the clients, and runs the suite on them; README.md has examples."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tests.clients.languages import LANGUAGES, Language

_PARALLEL = ("--numprocesses", "2", "--dist", "worksteal")
"""Most tests wait for servers that are started, and each process has its own."""


def main() -> int:
    """Run what is asked for, and return an exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", epilog="Further options are those of pytest.")
    parser.add_argument("--all-tools", action="store_true", help="fail where the tools of a language are missing")
    parser.add_argument("--lint", action="store_true", help="run the linters and the unit tests of each client first")
    options, others = parser.parse_known_args()
    named = [each for each in others if each in LANGUAGES] or [*LANGUAGES]
    found = [LANGUAGES[name] for name in named if _is_there(LANGUAGES[name])]
    if options.all_tools and len(found) < len(named):
        return 1
    for language in found:
        if not (_make(language, "build") and (not options.lint or _make(language, *language.checks))):
            return 1
    given = [f"--language={each.name}" for each in found] + ["--all-tools"] * options.all_tools
    rest = [each for each in others if each not in LANGUAGES]
    command = [sys.executable, "-m", "pytest", "tests/clients", *_PARALLEL, *given, *rest]
    return subprocess.run(command, check=False).returncode


def _is_there(language: Language) -> bool:
    missing = language.missing()
    if missing:
        print(f"{language.name}: not tested, since there is no {missing}", flush=True)
    return not missing


def _make(language: Language, *targets: str) -> bool:
    began = time.monotonic()
    for target in targets:
        if not language.make(target):
            print(f"{language.name}: `make -C {language.folder} {target}` failed", flush=True)
            return False
    print(f"{language.name}: {', '.join(targets)} in {time.monotonic() - began:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
