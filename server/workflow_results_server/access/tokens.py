"""The tokens file: the callers of a server, of whose tokens it holds no more than hashes.

A token is 256 random bits. Nobody can guess one or list them all, so a single SHA-256 hides it as well as a slow hash
with a salt would (those are for passwords, which people choose), and costs a microsecond a call.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import secrets
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from workflow_results.common.files import check_regular, parse_yaml, unknown_key
from workflow_results.common.rules import quoted, shorten
from workflow_results_server.access.callers import Caller, Role
from workflow_results_server.access.watched_files import WatchedFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_logger = logging.getLogger(__name__)

ROLES: Final = {str(role): role for role in Role}
_PREFIX: Final = "wr_"
"""What tokens begin with, so that people and scanners of leaked secrets know one when they see it."""
_TOKEN_BYTES: Final = 32
ANONYMOUS: Final = "anonymous"
"""The caller as whom the HTTP door knows those who show no token, where the file has one of this name."""
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_GLOB: Final = re.compile(r"(?!_)[A-Za-z0-9_*?\[\]!-]{1,256}")
"""The characters of pipelines, and those with a meaning in globs: others match no pipeline."""
_NAME_LENGTH: Final = 256
_FIELDS: Final = frozenset({"role", "pipelines", "token", "created", "expires"})
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Fast, where there are many callers."""
_LOOK_SECONDS: Final = 1.0
_PERMISSIONS: Final = 0o777
_LEAST: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MOST: Final = datetime(9999, 1, 1, tzinfo=timezone.utc)
"""Beyond, some times are none in other time zones."""
_HEAD: Final = """\
# The callers of a Workflow Results server (docs/operate/security.md). Servers read this file again when it changes.
# `workflow-results token` rewrites it without other comments.
"""


class TokensError(Exception):
    """The tokens file can't be used, or a change of it is not possible; the message says why."""


@dataclass(frozen=True)
class Callers:
    """The callers of a file.

    Attributes:
        by_name: Each by its name.
        by_digest: Those with a token, by its hash.
    """

    by_name: dict[str, Caller]
    by_digest: dict[str, Caller]


def digest_of(token: str) -> str:
    """Return the SHA-256 of a token, in hex."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


def bearer(header: str) -> str:
    """Return the digest of the token in an `Authorization` header; the empty string where there is none in it."""
    scheme, _, token = header.partition(" ")
    return digest_of(token) if scheme.lower() == "bearer" else ""


def looks_like_token(text: str) -> bool:
    """Return whether a text looks like one of our tokens, and not like that of another service."""
    return text.startswith(_PREFIX)


def new_token() -> str:
    """Make a token."""
    return _PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def name_problem(name: object) -> str | None:
    """Explain what is wrong with the name of a caller, if anything is."""
    if not isinstance(name, str) or not 1 <= len(name) <= _NAME_LENGTH:
        return f"must be a string of 1 to {_NAME_LENGTH} characters"
    if not name.isprintable() or name != name.strip():
        return "must contain only visible characters, with no space at either end"
    return None


def pipelines_problem(globs: object) -> str | None:
    """Explain what is wrong with the pipelines of a caller, if anything is."""
    if not isinstance(globs, (list, tuple)) or not globs:
        return "must be a list of at least one glob, like ['frb-*']"
    for glob in globs:
        if not isinstance(glob, str) or not _GLOB.fullmatch(glob):
            allowed = "letters, digits, hyphens, (not first) underscores and * ? [ ] !"
            return f"must contain only globs of {allowed}, not {shorten(glob)}"
    return None


def read(path: Path) -> Callers:
    """Read a tokens file.

    Args:
        path: The file.

    Returns:
        Its callers.

    Raises:
        TokensError: It can't be read, or breaks a rule; the message names the entry, and never holds a token.
    """
    try:
        check_regular(path)
        content = parse_yaml(path.read_bytes(), _LOADER)
    except OSError as error:
        raise TokensError(f"tokens file {path} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise TokensError(f"tokens file {path} {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("callers"), dict):
        raise TokensError(f"tokens file {path} must contain one mapping, `callers`, and nothing else")
    if problem := unknown_key(content, ["callers"]):
        raise TokensError(f"tokens file {path} {problem}")
    return _indexed(path, (_caller(path, name, entry) for name, entry in content["callers"].items()))


def _indexed(path: Path, callers: Iterable[Caller]) -> Callers:
    by_name: dict[str, Caller] = {}
    by_digest: dict[str, Caller] = {}
    for caller in callers:
        if caller.digest and (other := by_digest.setdefault(caller.digest, caller)) is not caller:
            raise TokensError(
                f"tokens file {path}: {quoted(other.name)} and {quoted(caller.name)} must not have the same token"
            )
        by_name[caller.name] = caller
    return Callers(by_name, by_digest)


def _caller(path: Path, name: object, entry: Any) -> Caller:
    def wrong(field: str, problem: str) -> TokensError:
        return TokensError(f"tokens file {path}: callers.{shorten(name)}{field} {problem}")

    if problem := name_problem(name):
        raise wrong("", f"is a name that {problem}")
    if not isinstance(entry, dict):
        raise wrong("", f"must be a mapping with keys from {', '.join(sorted(_FIELDS))}")
    if problem := unknown_key(entry, _FIELDS):
        raise wrong("", problem)
    role = ROLES.get(entry["role"]) if isinstance(entry.get("role"), str) else None
    if role is None:
        raise wrong(".role", f"must be one of {', '.join(ROLES)}, not {shorten(entry.get('role'))}")
    pipelines: Any = entry.get("pipelines", ["*"] if role is Role.ADMIN else None)
    if problem := pipelines_problem(pipelines):
        raise wrong(".pipelines", problem)
    digest = None
    if "token" in entry:
        hashed = _DIGEST.fullmatch(entry["token"]) if isinstance(entry["token"], str) else None
        if not hashed:
            raise wrong(".token", "must be 'sha256:' and 64 hex digits: the SHA-256 of the token, never the token")
        digest = hashed[1]
    if name == ANONYMOUS and (role is not Role.READER or digest):
        raise wrong("", "stands for those who show no token: its role must be reader, and it can't have a token")
    for field in ("created", "expires"):
        time_ = entry.get(field)
        if field in entry and not (isinstance(time_, datetime) and time_.tzinfo and _LEAST < time_ < _MOST):
            raise wrong(f".{field}", f"must be a time in UTC, like 2030-01-31T12:00:00Z, not {shorten(time_)}")
    return Caller(str(name), role, tuple(pipelines), digest, entry.get("created"), entry.get("expires"))


class TokensFile:
    """A tokens file that is read again when it changes.

    Args:
        path: The file.

    Raises:
        TokensError: It can't be used.
    """

    def __init__(self, path: Path) -> None:
        self._file = WatchedFiles([path], partial(read, path), "callers", TokensError)
        self._look_at = time.monotonic() + _LOOK_SECONDS

    def callers(self) -> Callers:
        """Return the callers that the file holds, or did hold about a second ago.

        What can't be used is logged, and the callers from before stay: a slip of the hand locks nobody out, nor in.
        """
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_SECONDS
            if self._file.refresh():
                number = len(self._file.content.by_name)
                _logger.info("the tokens file was reloaded", extra={"callers": number})
        return self._file.content


def add(path: Path, caller: Caller, *, replace: bool = False) -> None:
    """Add a caller to a file; make the file if there is none.

    Args:
        path: The file.
        caller: The caller.
        replace: Whether it takes the place of one with its name.

    Raises:
        TokensError: There is a caller with this name, or the file can't be read or written.
    """
    with _changing(path) as callers:
        if caller.name in callers and not replace:
            raise TokensError(
                f"caller {quoted(caller.name)} already exists in {path}: use --replace for a new token that replaces"
                " the old one at once, or create a second caller and remove this one later"
            )
        callers[caller.name] = caller


def remove(path: Path, name: str) -> None:
    """Remove a caller from a file.

    Raises:
        TokensError: There is none with this name, or the file can't be read or written.
    """
    if not path.exists():
        raise TokensError(f"tokens file {path} does not exist")
    with _changing(path) as callers:
        if callers.pop(name, None) is None:
            raise TokensError(f"there is no caller {quoted(name)} in {path}")


@contextlib.contextmanager
def _changing(path: Path) -> Iterator[dict[str, Caller]]:
    """Return the callers of a file to be changed, and write them; of two that change it, one waits for the other."""
    path = Path(os.path.realpath(path))  # a link stays one
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The file itself is replaced, so that a lock on it would hold nobody up.
        lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TokensError(f"tokens file {path} can't be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        callers = read(path).by_name if path.exists() else {}
        yield callers
        _write(path, callers)
    except OSError as error:
        raise TokensError(f"tokens file {path} can't be written: {error.strerror}") from error
    finally:
        os.close(lock)


def _write(path: Path, callers: dict[str, Caller]) -> None:
    """Replace a file at once. Who could read the one before can read it, servers not least; a new one is private."""
    content = yaml.safe_dump(
        {"callers": {name: _entry(caller) for name, caller in callers.items()}},
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=1_000,
    )
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - of a descriptor, with mode 0600
            file.write(_HEAD + content)
            file.flush()
            with contextlib.suppress(FileNotFoundError):
                _keep_access(file.fileno(), path.stat())
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _keep_access(descriptor: int, before: os.stat_result) -> None:
    """Give a file the owner, the group and the permissions of the one before."""
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        try:
            os.fchown(descriptor, before.st_uid, before.st_gid)
        except OSError as error:  # a server that can't read the new one would go on with the callers from before
            raise OSError(error.errno, "only its owner or root can keep its owner and group") from error
    os.fchmod(descriptor, before.st_mode & _PERMISSIONS)


def _entry(caller: Caller) -> dict[str, Any]:
    entry = {
        "role": str(caller.role),
        "pipelines": list(caller.pipelines),
        "token": f"sha256:{caller.digest}" if caller.digest else None,
        "created": _in_utc(caller.created),
        "expires": _in_utc(caller.expires),
    }
    return {field: value for field, value in entry.items() if value is not None}


def _in_utc(time_: datetime | None) -> datetime | None:
    return time_.astimezone(timezone.utc) if time_ else None
