"""`workflow-results token`: who may call a server that is started with `--tokens`."""

from __future__ import annotations

import itertools
import os
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from workflow_results.common.rules import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROLES: Final = ("reader", "depositor", "curator", "admin")
_VARIABLE: Final = "WORKFLOW_RESULTS_SERVE_TOKENS"
_PIPELINES: Final = "--pipelines"
_MOST_DAYS: Final = 36_500


class _Create(click.Command):
    """Takes all the values behind `--pipelines`.

    `--pipelines GLOB…` is how this command was asked for, and how argparse and most shells' users read it. An option of
    click has a fixed number of values: `multiple=True` alone would take the second glob for an unexpected argument.
    So the option is repeated before each further value, and click does the rest.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        taking = False
        for each, following in itertools.pairwise([*args, "-"]):
            if each.startswith("-"):
                taking = each == _PIPELINES
                if taking and following.startswith("-"):
                    raise click.UsageError(f"{_PIPELINES} must be followed by at least one glob", ctx)
            elif taking and spread[-1] != _PIPELINES:
                spread.append(_PIPELINES)
            spread.append(each)
        try:
            return super().parse_args(ctx, spread)
        except click.MissingParameter as error:
            if error.param and error.param.name == "name" and _PIPELINES in args:
                raise click.UsageError(
                    f"NAME is missing: {_PIPELINES} takes every word up to the next option, so NAME must come"
                    f" before it, as in: create NAME --role ROLE {_PIPELINES} GLOB…",
                    ctx,
                ) from None
            raise


def _default_file() -> Path:
    """Return where the file is by default (XDG Base Directory Specification)."""
    if _VARIABLE in os.environ:  # or click would have taken it
        raise click.UsageError(f"the environment variable {_VARIABLE} is empty: give it a value, or unset it")
    try:
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "workflow-results" / "tokens.yml"
    except RuntimeError as error:
        raise click.UsageError("--tokens must be given: this user has no home directory") from error


def _file_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--tokens",
        "path",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar=_VARIABLE,
        default=_default_file,
        metavar="FILE",
        help="The tokens file. Default: $WORKFLOW_RESULTS_SERVE_TOKENS, else workflow-results/tokens.yml in"
        " $XDG_CONFIG_HOME or ~/.config.",
    )(command)


@contextmanager
def _explaining() -> Iterator[None]:
    from workflow_results_server.access.tokens import TokensError

    try:
        yield
    except TokensError as error:
        raise click.ClickException(str(error)) from error


@click.group()
def token() -> None:
    """Manage the callers of a server: who may call it, and what they may do.

    The tokens file lists the callers. It contains no secrets, only the SHA-256 of each token. A server that is started
    with `--tokens FILE` reloads the file when it changes.
    """


@token.command(cls=_Create)
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    required=True,
    help="What the caller may do; each role includes the ones before it.",
)
@click.option(
    _PIPELINES,
    "globs",
    multiple=True,
    metavar="GLOB…",
    help="The pipelines that the caller may use, like 'frb-*' in quotes. Default for an admin: all.",
)
@click.option(
    "--days", type=click.IntRange(1, _MOST_DAYS), help="The number of days after which it expires. Default: never."
)
@click.option("--certificate", is_flag=True, help="Create no token: NAME is the name in a client certificate.")
@click.option("--replace", is_flag=True, help="Replace the caller of this name; its old token stops working at once.")
@_file_option
def create(
    name: str, role: str, globs: tuple[str, ...], days: int | None, certificate: bool, replace: bool, path: Path
) -> None:
    """Add the caller NAME, and print its token.

    The token is the only line on standard output, and is shown only once.
    """
    from workflow_results_server.access import tokens
    from workflow_results_server.access.callers import Caller

    pipelines = globs or (("*",) if role == "admin" else ())
    if problem := tokens.name_problem(name):
        raise click.UsageError(f"NAME {problem}")
    if not pipelines:
        raise click.UsageError(f"{_PIPELINES} is needed for the role {role}, such as {_PIPELINES} 'frb-*'")
    if problem := tokens.pipelines_problem(pipelines):
        raise click.UsageError(f"{_PIPELINES} {problem}")
    now = datetime.now(timezone.utc).replace(microsecond=0)
    secret = None if certificate else tokens.new_token()
    caller = Caller(
        name,
        tokens.ROLES[role],
        pipelines,
        digest=secret and tokens.digest_of(secret),
        created=now,
        expires=now + timedelta(days=days) if days else None,
    )
    with _explaining():
        tokens.add(path, caller, replace=replace)
    if secret:
        _print(secret, name)
        click.echo(
            f"The token of {name} is shown only once. Use it as WORKFLOW_RESULTS_TOKEN or Results(token=…).", err=True
        )
    serve = f"workflow-results serve --tokens {click.format_filename(path.absolute())} --tls-cert FILE --tls-key FILE"
    serve += " --tls-client-ca FILE" if certificate else ""
    told = f"{name} has the role {role} for {', '.join(pipelines)} on servers started with: {serve}"
    click.echo(visible(told), err=True)


def _print(secret: str, name: str) -> None:
    try:
        os.write(sys.stdout.fileno(), f"{secret}\n".encode())
    except (OSError, AttributeError) as error:  # there is no standard output at all if it is closed
        why = getattr(error, "strerror", None) or "it is closed"
        raise click.ClickException(
            f"the token can't be written to standard output and is lost: {why}. The caller {name} was created: give it"
            " a new token with --replace, or remove it"
        ) from error


@token.command("list")
@_file_option
def list_(path: Path) -> None:
    """List the callers. Tokens can't be shown: the file does not contain them."""
    from workflow_results_server.access import tokens

    with _explaining():
        callers = tokens.read(path).by_name.values()
    rows = [("NAME", "ROLE", "PIPELINES", "BY", "CREATED", "EXPIRES")]
    for caller in callers:
        expires = f"{_shown(caller.expires)}{' (expired)' if caller.expired else ''}"
        by = "token" if caller.digest else "certificate"
        rows.append((caller.name, str(caller.role), ",".join(caller.pipelines), by, _shown(caller.created), expires))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


@token.command()
@click.argument("name")
@_file_option
def remove(name: str, path: Path) -> None:
    """Remove the caller NAME: servers refuse it within two seconds, on open streams as well."""
    from workflow_results_server.access import tokens

    with _explaining():
        tokens.remove(path, name)
    click.echo(visible(f"{name} was removed from {click.format_filename(path.absolute())}"), err=True)


def _shown(time: datetime | None) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC") if time else "-"
