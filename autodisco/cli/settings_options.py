"""Command-line options made from a table of settings, so that names, types and help texts are defined once.

The table is loaded when such a command runs or shows its help: pydantic would slow down every other command.
"""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args, get_origin

import typer
from typer.core import TyperCommand
from typer.main import get_command

if TYPE_CHECKING:
    from autodisco.section import Section


def with_settings(table: "Callable[[], type[Section]]", leave_out: tuple[str, ...] = ()) -> type[TyperCommand]:
    """The class of a command that has an option for each field of ``table()``.

    The command finds those that were given, as a dict, in ``context.obj``; the table has to check their values.
    """

    class Command(TyperCommand):
        def get_params(self, ctx: Any) -> Any:
            *own, help_option = super().get_params(ctx)
            return [*own, *self._options(), help_option]

        def invoke(self, ctx: Any) -> Any:
            values = {option.name: ctx.params.pop(option.name) for option in self._options()}
            ctx.obj = {name: value for name, value in values.items() if value is not None}
            return super().invoke(ctx)

        def _options(self) -> Any:
            if not hasattr(self, "_made"):
                self._made = _options_of(table(), leave_out)
            return self._made

    return Command


def _options_of(table: "type[Section]", leave_out: tuple[str, ...]) -> list[Any]:
    """The options of a command whose parameters are the fields of `table`."""

    def command(**_: Any) -> None: ...

    fields = [(name, field) for name, field in table.model_fields.items() if name not in leave_out]
    command.__signature__ = inspect.Signature([_parameter(name, field) for name, field in fields])  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False)
    app.command()(command)
    return [option for option in get_command(app).params if option.name in dict(fields)]


def _parameter(name: str, field: Any) -> inspect.Parameter:
    help_text = f"{' '.join((field.description or name).split())} Default: {_shown(field.default)}.".replace("`", "")
    option = typer.Option(None, help=help_text)
    annotation = _plain_type(field.annotation) | None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=annotation)


def _plain_type(annotation: Any) -> Any:
    """The type of values on the command line: that of the choices of a Literal, otherwise the type itself."""
    return type(get_args(annotation)[0]) if get_origin(annotation) is not None else annotation


def _shown(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
