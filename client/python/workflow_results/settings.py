"""Where the client's settings come from: argument, environment, workspace file, default, in this order."""

from __future__ import annotations

import math
import numbers
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from workflow_results._transport.forks import fork_guard
from workflow_results.common.files import parse_yaml
from workflow_results.common.rules import shorten
from workflow_results.errors import InvalidRequestError

DEFAULT_TARGET: Final = "localhost:50051"
DEFAULT_TIMEOUT: Final = 15.0
"""Seconds for a unary call, as in the HTTP client."""
DEFAULT_WORKSPACE: Final = Path("~/.config/workflow/workspace.yml")
"""Where workflow-core keeps the active workspace."""

WHOLE: Final = re.compile(r"[+-]?[0-9]+")
DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""Numbers as people write them, without the other forms that Python's `int` and `float` accept."""

_LONGEST_TIMEOUT: Final = 366 * 86_400.0
"""More than some years overflow in gRPC."""
_PORT_MOST: Final = 65_535
_SOCKETS: Final = ("unix:", "unix-abstract:")
_RESOLVER: Final = re.compile(r"(dns|ipv4|ipv6|vsock|xds):(//[^/]*/)?")
"""What may precede the addresses in a target of gRPC."""
_LISTS: Final = ("ipv4:", "ipv6:")
_ADDRESS: Final = re.compile(r"(?:\[[^,\[\]\s]+\]|[^,:/\[\]\s]+):([1-9][0-9]{0,4})")
_VISIBLE: Final = re.compile(r"[!-~]*")
_TARGET: Final = "WORKFLOW_RESULTS_TARGET"
_TOKENS: Final = ("WORKFLOW_RESULTS_TOKEN", "WORKFLOW_TOKEN")
_TIMEOUT: Final = "WORKFLOW_RESULTS_TIMEOUT"


def target(argument: str | None, workspace: Path | None = None) -> str:
    """Find the target of the service.

    Args:
        argument: What the caller gave, if anything.
        workspace: The workspace file to read; None for workflow-core's, if there is one.

    Returns:
        A gRPC target, such as ``localhost:50051``.

    Raises:
        InvalidRequestError: The target, or the workspace file, can't be used.
    """
    if argument is not None:
        return _checked_target("target", argument)
    if given := os.environ.get(_TARGET):
        return _checked_target(_TARGET, given)
    name, found = _workspace_target(workspace)
    return DEFAULT_TARGET if found is None else _checked_target(name, found)


def _checked_target(name: str, found: object) -> str:
    if not isinstance(found, str):
        raise InvalidRequestError(f"{name} must be a string like 'host:port', not {shorten(found)}")
    target_ = str.__str__(found)  # of an enum, say, formatting would give something else
    scheme = target_.partition("://")[0]
    if scheme.lower() in ("http", "https", "grpc", "grpcs"):
        raise InvalidRequestError(f"{name} must be 'host:port', without '{scheme}://': {shorten(target_)}")
    if not target_.isprintable():
        raise InvalidRequestError(f"{name} must contain only visible characters, not {shorten(target_)}")
    if not target_.startswith(_SOCKETS):
        rest = _RESOLVER.sub("", target_, count=1)
        addresses = rest.split(",") if target_.startswith(_LISTS) else [rest]
        if not all((match := _ADDRESS.fullmatch(each)) and int(match[1]) <= _PORT_MOST for each in addresses):
            raise InvalidRequestError(
                f"{name} must be 'host:port', like 'localhost:50051' or '[::1]:50051', not {shorten(target_)}"
            )
    return target_


def token(argument: Any) -> tuple[str | None, str]:
    """Find the access token.

    Args:
        argument: What the caller gave, if anything: a string, which is empty for no token, or an object with
            `get_secret_value`.

    Returns:
        The token, or None, and where it comes from.

    Raises:
        InvalidRequestError: The token is not a string of visible ASCII characters.
    """
    reveal = getattr(argument, "get_secret_value", None)
    found, source, name = reveal() if reveal else argument, "the argument", "token"
    if found is None:
        source = name = next(filter(os.environ.get, _TOKENS), "")
        found = os.environ.get(source)
    if found is not None and not (isinstance(found, str) and _VISIBLE.fullmatch(found)):
        raise InvalidRequestError(f"{name} must be a string of visible ASCII characters, without spaces")
    return str.__str__(found) if found else None, source


def timeout(argument: float | None) -> float | None:
    """Find the time that the caller chose for a call.

    Args:
        argument: Seconds that the caller gave, if any.

    Returns:
        Seconds, or None for the defaults.

    Raises:
        InvalidRequestError: The time is not a positive number.
    """
    if argument is None and (text := os.environ.get(_TIMEOUT)):
        try:
            if not DECIMAL.fullmatch(text):
                raise ValueError(text)
            return checked_timeout(float(text))
        except ValueError:
            raise InvalidRequestError(f"{_TIMEOUT} must be a positive number of seconds, not {shorten(text)}") from None
    return None if argument is None else checked_timeout(argument)


def checked_timeout(seconds: float) -> float:
    """Check a time.

    Args:
        seconds: A time in seconds.

    Raises:
        InvalidRequestError: It is not a positive number.
    """
    number = math.nan
    if isinstance(seconds, numbers.Real) and not isinstance(seconds, bool):
        with suppress(OverflowError):  # of ints that are too large for a float
            number = float(seconds)
    if not 0 < number < math.inf:
        raise InvalidRequestError(f"timeout must be a positive number of seconds, not {shorten(seconds)}")
    return min(number, _LONGEST_TIMEOUT)


def _workspace_target(workspace: Path | None) -> tuple[str, object]:
    """Return the name of the target in the workspace file, and the target; None where it has none."""
    try:
        path = (workspace or DEFAULT_WORKSPACE).expanduser()
    except RuntimeError:  # a container's user may have no home
        return "", None
    if not path.is_file():
        if workspace:
            raise InvalidRequestError(f"workspace must be a file; there is none at {workspace}")
        return "", None
    try:
        with fork_guard:  # a child that is forked while another thread imports PyYAML would wait for that forever
            content = parse_yaml(path.read_bytes())
    except OSError as error:
        raise InvalidRequestError(f"workspace {path} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidRequestError(f"workspace {path} {error}") from error
    walked: list[str] = []
    for key in ("grpc", "targets", "results"):
        if content is None:
            return "", None
        if not isinstance(content, dict):
            where = ".".join(walked) or "the file"
            raise InvalidRequestError(f"workspace {path}: {where} must be a mapping, not {type(content).__name__}")
        content = content.get(key)
        walked.append(key)
    return f"workspace {path}: {'.'.join(walked)}", content
