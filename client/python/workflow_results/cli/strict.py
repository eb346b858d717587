"""How the command line takes numbers and paths: more strictly than click."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import click
from click.types import FloatParamType, IntParamType

from workflow_results.settings import DECIMAL, WHOLE

if TYPE_CHECKING:
    from typing_extensions import Self

    _Type = click.ParamType[Any]
else:  # in older versions of click it takes no parameters
    _Type = click.ParamType

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
