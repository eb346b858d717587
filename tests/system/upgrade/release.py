"""The last release, built from its tag and installed in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.paths import REPOSITORY

_BUILD: Final = REPOSITORY / "build" / "upgrade"
_UV: Final = Path(sys.executable).with_name("uv")
_INSTALL_SECONDS: Final = 600.0
_RELEASES: Final = "v[0-9]*"


class Release(NamedTuple):
    """What this version is tested with.

    Attributes:
        name: The tag, or HEAD.
        commit: Its commit.
        why: Why it is HEAD; empty where it is a release.
    """

    name: str
    commit: str
    why: str


def last_release(tag: str = "") -> Release:
    """Find the last release before this commit, else take the commit itself.

    Args:
        tag: The tag to take instead of the last one.

    Raises:
        LookupError: There is no such tag.
    """
    head = _git("rev-parse", "HEAD")
    if not tag and not _git("tag", "--merged", "HEAD", "--list", _RELEASES):
        return Release("HEAD", head, "this clone has no tag of a release")
    tag = tag or _git("describe", "--tags", "--abbrev=0", "--match", _RELEASES)
    try:
        commit = _git("rev-parse", "--verify", "--quiet", f"{tag}^{{commit}}")
    except subprocess.CalledProcessError:
        raise LookupError(f"this clone has no tag {tag}") from None
    return Release("HEAD", head, f"{tag} is HEAD") if commit == head else Release(tag, commit, "")


def commands_of(release: Release) -> Path:
    """Build and install a release, unless that is done; returns the directory of its commands."""
    place = _BUILD / release.commit
    environment = place / "environment"
    done = place / "done"
    if not done.exists():
        source = place / "source"
        _git("worktree", "prune")
        _git("worktree", "add", "--force", "--detach", str(source), release.commit)
        try:
            _run(str(_UV), "build", "--quiet", "--wheel", "--out-dir", str(place), str(source))
        finally:
            _git("worktree", "remove", "--force", str(source))
        (wheel,) = place.glob("*.whl")
        _run(str(_UV), "venv", "--quiet", "--clear", "--python", sys.executable, str(environment))
        wanted = f"workflow-results[server] @ {wheel.as_uri()}"
        _run(str(_UV), "pip", "install", "--quiet", "--python", str(environment), wanted)
        done.touch()
    return environment / "bin"


def _git(*arguments: str) -> str:
    return _run("git", *arguments)


def _run(*command: str) -> str:
    done = subprocess.run(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True, timeout=_INSTALL_SECONDS
    )
    return done.stdout.strip()
