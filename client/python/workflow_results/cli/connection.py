"""How a command gets its client: the options that say where the service is, and who asks."""

from __future__ import annotations

import functools
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from workflow_results import settings
from workflow_results.cli.failures import USAGE, failure
from workflow_results.errors import ResultsError
from workflow_results.results import Results
from workflow_results.settings import DEFAULT_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

Client = TypeVar("Client", bound=Results)

_MOST_TOKEN_BYTES: Final = 65_536
_COMPLETION_SECONDS: Final = 0.5
_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_OPTIONS: Final = (
    click.option(
        "--target",
        metavar="HOST:PORT",
        help="The service. Default: $WORKFLOW_RESULTS_TARGET, else grpc.targets.results of workflow-core's workspace"
        " file, else localhost:50051.",
    ),
    click.option(
        "--token-file",
        type=_FILE,
        help="A file with the token. Default: $WORKFLOW_RESULTS_TOKEN, else $WORKFLOW_TOKEN.",
    ),
    click.option("--ca-file", type=_FILE, help="The authorities to trust (PEM). Default: $WORKFLOW_RESULTS_CA_FILE."),
    click.option(
        "--cert-file", type=_FILE, help="The certificate of the caller (PEM). Default: $WORKFLOW_RESULTS_CERT_FILE."
    ),
    click.option("--key-file", type=_FILE, help="Its key (PEM). Default: $WORKFLOW_RESULTS_KEY_FILE."),
    click.option("--tls/--plaintext", default=None, help="Default: TLS if one of these files is given."),
    click.option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        help="The time for each call. Default: $WORKFLOW_RESULTS_TIMEOUT, else 15.",
    ),
)
_NAMES: Final = ("target", "token_file", "ca_file", "cert_file", "key_file", "tls", "timeout")


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a connection, and a client as its first argument.

    Args:
        command: Takes a `Results` that is strict, and its own parameters.
    """
    return connected_to(Results)(command)


def connected_to(
    class_: type[Client], seconds: float = DEFAULT_TIMEOUT
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Do as `connected` does, with another client.

    Args:
        class_: Its class.
        seconds: The timeout of the client unless it is given another one. A read fails if nothing arrives for so long.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def call(**given: Any) -> None:
            _open_streams()
            with _client(class_, seconds, **{name: given.pop(name) for name in _NAMES}) as results:
                command(results, **given)

        for option in reversed(_OPTIONS):
            call = option(call)
        return call

    return decorate


def _open_streams() -> None:
    """Open the standard streams that the caller has closed, as `>&-` does; the next file would get their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - until the process ends


def pipeline_argument(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the argument PIPELINE, which shells complete."""
    return click.argument("pipeline", shell_complete=_pipelines)(command)


def _client(
    class_: type[Client],
    seconds: float,
    target: str | None,
    token_file: Path | None,
    timeout: float | None,
    **files: Any,
) -> Client:
    token = None if token_file is None else _token(token_file)
    timeout = settings.timeout(timeout) or seconds
    return class_(target, token=token, timeout=timeout, strict=True, **files)


def _token(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_TOKEN_BYTES + 1)
    except OSError as error:
        raise failure(f"--token-file {path} can't be read: {error.strerror}", USAGE) from error
    lines = content.decode("ascii", "replace").split()
    if len(lines) != 1 or len(content) > _MOST_TOKEN_BYTES:
        raise failure(f"--token-file {path} must have a token, and nothing else", USAGE)
    return lines[0]


def _pipelines(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a pipeline; silent, and soon at an end, where the service can't be reached."""
    from click.shell_completion import CompletionItem

    logging.disable()
    given: dict[str, Any] = {**{name: ctx.params.get(name) for name in _NAMES}, "timeout": _COMPLETION_SECONDS}
    try:
        with _client(Results, _COMPLETION_SECONDS, **given) as results:
            return [CompletionItem(name) for name in results.status() if name.startswith(incomplete)]
    except (ResultsError, click.ClickException):
        return []
