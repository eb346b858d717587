"""The group of commands: it finds them, and ends them as scripts and people expect."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from workflow_results.cli.failures import INTERRUPTED, USAGE, InterruptedCommand, failure, failure_of
from workflow_results.cli.strict import make_strict
from workflow_results.common.rules import visible
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLIENT: Final = "workflow_results."
"""Begins the modules of commands that call a service, where gRPC's own lines about a connection say nothing new."""
_CONTINUED: Final = "\n    "
"""How a message goes on with what a server said; no other line end in it is ours."""
_HELP: Final = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Shows the help where a command lacks its arguments; older versions of click exit with it."""
_UNWRITABLE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class Commands(click.Group):
    """A group that imports each command when it is run, and makes it strict.

    Errors end a command with one line, escaped because it goes to a terminal. Ctrl-C ends it quietly, and so does a
    reader of its output that has read enough, such as `head`.

    Args:
        targets: Where each command is, such as `package.module:command`, and its line in the help, by its name.
    """

    def __init__(self, *args: Any, targets: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._targets = targets

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """List the names of the commands."""
        return sorted(self._targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name."""
        if cmd_name in self._targets and cmd_name not in self.commands:
            module, _, name = self._targets[cmd_name][0].partition(":")
            if module.startswith(_CLIENT):  # gRPC reads this when it is imported
                os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
            command = getattr(import_module(module), name)
            make_strict(command)
            self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names of the commands, and a line about each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._targets[name][1]) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command, or an option."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=self._targets[name][1]) for name in names]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command, and say in one line that what it prints can't be written, as on a full disk."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise
            _drop_output()
            raise SystemExit(f"Error: can't write to standard output: {error.strerror}") from None

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the arguments up to the command."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            raise _in_one_line(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            done = super().invoke(ctx)
            if sys.stdout:
                sys.stdout.flush()  # here, where it is known what to do if that fails
            return done
        except (click.Abort, KeyboardInterrupt) as error:
            if sys.stderr and sys.stderr.isatty():
                click.echo(err=True)  # the cursor is behind a question, or behind ^C
            if isinstance(error, InterruptedCommand):
                click.echo(visible(str(error)), err=True)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _drop_output()
            sys.exit(0)
        except ResultsError as error:
            raise _in_one_line(failure_of(error)) from error
        except click.ClickException as error:
            raise _in_one_line(error) from error


def as_written(title: str, *lines: str) -> str:
    """Return the end of a help text whose lines stay as they are."""
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])


def _in_one_line(error: click.ClickException) -> click.ClickException:
    is_help = isinstance(error, _HELP)
    if isinstance(error, click.UsageError) and error.ctx is not None and not is_help:
        message = error.format_message()
        end = "" if message.endswith((".", "?")) else "."
        error = failure(f"{message}{end} See '{error.ctx.command_path} --help'.", USAGE)
    if not is_help:
        lines = _CONTINUED.join(map(visible, error.message.split(_CONTINUED)))
        vars(error)["message"] = lines  # which is declared to be final
    return error


def _drop_output() -> None:
    """Let nothing be written that Python would try to write again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
