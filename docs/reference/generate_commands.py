"""Write commands.md, beside this file or where the argument says, from the commands themselves."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from workflow_results.cli import main

PAGE = Path(__file__).with_name("commands.md")
NAME = "workflow-results"
TARGET = "--target HOST:PORT"
"""The option of every command that calls a service."""
WHICH_SERVICE = "Which service"

HEAD = """\
# Commands

`make proto` writes this page from the commands: it has what `workflow-results COMMAND --help` prints.
[The command line](../guide/command-line.md) shows how they are used.

"""
SPECIAL = re.compile(r"[<|*]")
"""What Markdown would take for a tag, the end of a cell or emphasis."""


def page() -> str:
    """Return the text of commands.md."""
    context = click.Context(main, info_name=NAME)
    commands = list(_commands(main, context))
    callers = [options for options in map(_options, commands) if TARGET in options]
    shared = {name: text for name, text in callers[0].items() if all(name in options for options in callers)}
    return HEAD + "\n\n".join([*_group(context), *_shared(shared), *_each(commands, shared)]) + "\n"


def _commands(group: click.Group, parent: click.Context) -> Iterator[click.Context]:
    """Find the commands that do something, in the order of the help."""
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command
        context = click.Context(command, parent=parent, info_name=name)
        if isinstance(command, click.Group):
            yield from _commands(command, context)
        else:
            yield context


def _group(context: click.Context) -> Iterator[str]:
    yield from _prose(context.command.help)
    yield _table(_options(context))
    yield from _prose(context.command.epilog)


def _shared(options: dict[str, str]) -> Iterator[str]:
    yield f"## {WHICH_SERVICE}"
    yield "Every command that calls a service has these options:"
    yield _table(options)


def _each(commands: list[click.Context], shared: dict[str, str]) -> Iterator[str]:
    for context in commands:
        path = context.command_path.removeprefix(f"{NAME} ")
        yield f"## {path}"
        yield f"`{context.command_path} {' '.join(context.command.collect_usage_pieces(context))}`"
        yield from _prose(context.command.help)
        options = _options(context)
        if own := {name: text for name, text in options.items() if name not in shared}:
            yield _table(own)
        if options.keys() >= shared.keys():
            anchor = WHICH_SERVICE.lower().replace(" ", "-")
            yield f"And those that say [which service](#{anchor})."
        yield from _prose(context.command.epilog)


def _options(context: click.Context) -> dict[str, str]:
    """Return the options of a command and what the help says about each."""
    records = [
        parameter.get_help_record(context)
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
    ]
    return {record[0]: record[1] for record in records if record}


def _table(options: dict[str, str]) -> str:
    rows = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in options.items()]
    return "\n".join(["| option | |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return SPECIAL.sub(lambda found: "&lt;" if found[0] == "<" else f"\\{found[0]}", " ".join(text.split()))


def _prose(text: str | None) -> Iterator[str]:
    """Return the paragraphs of a help text; click prints those after a backspace as they are."""
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        first, *lines = paragraph.splitlines() or [""]
        if first == "\b":
            yield lines[0]
            yield "\n".join(["```", *textwrap.dedent("\n".join(lines[1:])).splitlines(), "```"])
        elif paragraph:
            yield _cell(paragraph)


if __name__ == "__main__":
    (Path(sys.argv[1]) if sys.argv[1:] else PAGE).write_text(page())
