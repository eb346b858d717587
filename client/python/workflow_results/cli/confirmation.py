"""How commands ask before they change something that can't be brought back."""

from __future__ import annotations

import sys
from typing import Final

import click

from workflow_results.cli.failures import REFUSED, USAGE, failure

YES: Final = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


def confirm(question: str) -> None:
    """Ask a question on the terminal.

    Raises:
        ClickException: The answer is no, or there is no terminal to ask on.
        Abort: It was interrupted.
    """
    if not sys.stdin.isatty():
        raise failure("there is no terminal to ask on, so nothing was changed: use --yes", USAGE)
    if not click.confirm(question, err=True):
        raise failure("nothing was changed", REFUSED)
