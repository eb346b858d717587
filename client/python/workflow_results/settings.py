"""Where the client's settings come from: argument, environment, workspace file, default, in this order."""

from __future__ import annotations

import math
import numbers
import os
from pathlib import Path
from typing import Any, Final

from workflow_results.errors import InvalidRequestError
from workflow_results.files import parse_yaml
from workflow_results.rules import shorten

DEFAULT_TARGET: Final = "localhost:50051"
DEFAULT_TIMEOUT: Final = 15.0
"""Seconds for a unary call, as in the HTTP client."""
DEFAULT_WORKSPACE: Final = Path("~/.config/workflow/workspace.yml")
"""Where workflow-core keeps the active workspace."""

_LONGEST_TIMEOUT: Final = 366 * 86_400.0
"""More than some years overflow in gRPC."""
_PORT_MOST: Final = 65_535
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
    found = argument or os.environ.get(_TARGET) or _workspace_target(workspace) or DEFAULT_TARGET
    if not isinstance(found, str):
        raise InvalidRequestError(f"target must be a string like 'host:port', not {shorten(found)}")
    scheme = found.partition("://")[0]
    if scheme in ("http", "https", "grpc", "grpcs"):
        raise InvalidRequestError(f"target must be 'host:port', without '{scheme}://': {shorten(found)}")
    port = found.rpartition(":")[2]
    if not scheme.startswith("unix") and not (":" in found and port.isdecimal() and int(port) <= _PORT_MOST):
        raise InvalidRequestError(f"target must end with a port, like 'localhost:50051', not {shorten(found)}")
    return found


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
    found, source = reveal() if reveal else argument, "the argument"
    if found is None:
        source = next(filter(os.environ.get, _TOKENS), "")
        found = os.environ.get(source)
    if found is not None and not (isinstance(found, str) and found.isascii() and found.isprintable()):
        raise InvalidRequestError("token must be a string of visible ASCII characters")
    return found or None, source


def timeout(argument: float | None) -> float | None:
    """Find the time that the caller chose for a call.

    Args:
        argument: Seconds that the caller gave, if any.

    Returns:
        Seconds, or None where the defaults hold.

    Raises:
        InvalidRequestError: The time is not a positive number.
    """
    if argument is None and (text := os.environ.get(_TIMEOUT)):
        try:
            return checked_timeout(float(text))
        except ValueError:
            raise InvalidRequestError(f"{_TIMEOUT} must be a positive number of seconds, not {text!r}") from None
    return None if argument is None else checked_timeout(argument)


def checked_timeout(seconds: float) -> float:
    """Check a time.

    Args:
        seconds: A time in seconds.

    Raises:
        InvalidRequestError: It is not a positive number.
    """
    number = isinstance(seconds, numbers.Real) and not isinstance(seconds, bool)
    if not number or not seconds > 0 or math.isinf(seconds):
        raise InvalidRequestError(f"timeout must be a positive number of seconds, not {shorten(seconds)}")
    return min(float(seconds), _LONGEST_TIMEOUT)


def _workspace_target(workspace: Path | None) -> Any:
    try:
        path = (workspace or DEFAULT_WORKSPACE).expanduser()
    except RuntimeError:  # a container's user may have no home
        return None
    if not path.is_file():
        if workspace:
            raise InvalidRequestError(f"workspace must be a file; there is none at {workspace}")
        return None
    try:
        content = parse_yaml(path.read_bytes())
    except OSError as error:
        raise InvalidRequestError(f"workspace {path} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidRequestError(f"workspace {path} {error}") from error
    for key in ("grpc", "targets", "results"):
        content = content.get(key) if isinstance(content, dict) else None
    return content or None
