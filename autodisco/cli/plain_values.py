"""Values on the command line that need no check.

typer checks every value with pydantic, whose import takes as long as all other work of a command that only reads. Texts
and defaults are taken as they are here, and everything else is left to typer.
"""

from typing import Any, get_args

from typer.core import TyperCommand, TyperGroup


class QuickCommand(TyperCommand):
    """A command that checks only the values which could be wrong."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters."""
        return _quick(super().get_params(ctx))


class QuickGroup(TyperGroup):
    """The same of the options before a command."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters."""
        return _quick(super().get_params(ctx))


def _quick(params: list[Any]) -> list[Any]:
    for param in params:
        # Where typer keeps its own check; a version that keeps it elsewhere checks every value.
        if getattr(param, "_runtime_param", False) is None:
            param._runtime_param = PlainValue()
    return params


class PlainValue:
    """Takes the place of typer's check of one parameter until a value needs it."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as the command gets it."""
        annotation = param.type_descriptor.annotation
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if type(value) in (get_args(annotation) or (annotation,)) and (type(value) is str or _is_default(param, ctx)):
            return value
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def _is_default(param: Any, ctx: Any) -> bool:
    source = ctx.get_parameter_source(param.name)
    return source is not None and source.name == "DEFAULT"
