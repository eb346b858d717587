"""How the command line finds commands, takes numbers and paths, and shows what is wrong: more strictly than click."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click
from click.types import FloatParamType, IntParamType

from workflow_results.common.rules import visible
from workflow_results.settings import DECIMAL, WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

    _Type = click.ParamType[Any]
else:  # in older versions of click it takes no parameters
    _Type = click.ParamType

_CONTINUED: Final = "\n    "
"""How a message goes on with what a server said; no other line end in it is ours."""
_LONGEST: Final = 40
"""The most characters of a number."""


class _Strict(_Type):
    @classmethod
    def like(cls, kind: _Type) -> Self:
        """Make one of another type with the same limits."""
        strict = cls()
        vars(strict).update(vars(kind))
        return strict


class _Numeric(_Strict):
    """Refuses what Python's `int` and `float` take beside numbers in ASCII digits: `1_0`, `nan`, `inf`, True, 1.9."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        pattern = WHOLE if isinstance(self, IntParamType) else DECIMAL
        written = value if isinstance(value, str) else repr(value)
        if len(written) > _LONGEST or not pattern.fullmatch(written) or not math.isfinite(float(written)):
            self.fail(f"{written[:_LONGEST]!r} is not a valid {self.name.removesuffix(' range')}.", param, ctx)
        return super().convert(value, param, ctx)


class _Whole(_Numeric, IntParamType):
    pass


class _WholeRange(_Numeric, click.IntRange):
    pass


class _Number(_Numeric, FloatParamType):
    pass


class _NumberRange(_Numeric, click.FloatRange):
    pass


class _Path(_Strict, click.Path):
    """Refuses an empty path, as of a shell's variable that is not set: for click it is the current directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and not value.strip():
            self.fail("it is empty: give it a value.", param, ctx)
        return super().convert(value, param, ctx)


_STRICTER: Final[dict[type[_Type], type[_Strict]]] = {
    IntParamType: _Whole,
    click.IntRange: _WholeRange,
    FloatParamType: _Number,
    click.FloatRange: _NumberRange,
    click.Path: _Path,
}


def make_strict(command: click.Command) -> None:
    """Make a command and its subcommands accept only proper numbers, and no empty paths."""
    for parameter in command.params:
        if stricter := _STRICTER.get(type(parameter.type)):
            parameter.type = stricter.like(parameter.type)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            make_strict(each)


class Main(click.Group):
    """A group that imports each command when it is needed, and makes it strict.

    Its errors are escaped, because they go to a terminal.

    Args:
        targets: Where each command is, such as `package.module:command`, by its name.
    """

    def __init__(self, *args: Any, targets: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._targets = targets

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """List the names of the commands."""
        return sorted(self._targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name."""
        if cmd_name in self._targets and cmd_name not in self.commands:
            module, _, name = self._targets[cmd_name].partition(":")
            command = getattr(import_module(module), name)
            make_strict(command)
            self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            lines = _CONTINUED.join(map(visible, error.message.split(_CONTINUED)))
            vars(error)["message"] = lines  # which is declared to be final
            raise
