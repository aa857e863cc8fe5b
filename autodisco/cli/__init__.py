"""The command line. A command parses its arguments, calls one function of a package and prints the result.

Every error of autodisco or of the command line is printed as one line on stderr. Exit codes: 0 finished, 1 error,
2 wrong usage, 3 the campaign is owned by a running process, 75 stopped but resumable. Packages such as torch or rdkit
are imported inside the commands, and a module of commands only if it has the one that is asked for, because `--help`
and `status` should be fast.
"""

import importlib
import signal
import sys
from collections.abc import Sequence

import typer
from typer.core import TyperCommand

from autodisco.cli.output import one_line
from autodisco.cli.plain_values import QuickCommand, QuickGroup
from autodisco.errors import AutodiscoError

MODULES = (
    "campaign_commands",
    "analysis_commands",
    "ask",
    "build",
    "chemistry_commands",
    "check",
    "compare",
    "finalists",
    "figures",
    "maintenance_commands",
    "label",
    "machine_commands",
    "measurement_commands",
    "model_commands",
    "new",
    "notify",
    "novelty",
    "predict",
    "scan",
    "service_commands",
    "set",
    "table",
    "window",
)
"""Modules of commands in the order of the help; the commands that should be fast are in the first one."""


def commands(asked: str | None = None) -> typer.Typer:
    """All commands; if one of them is `asked` for, only that one."""
    app = typer.Typer(
        name="autodisco",
        cls=QuickGroup,
        help="Discover polymer electrolytes: a language model proposes repeat units, molecular dynamics judges them.",
        epilog="Start with: autodisco new NAME, then autodisco run NAME.toml",
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_without_command)
    for module in MODULES:
        importlib.import_module(f"autodisco.cli.{module}").register(app)
        found = [command for command in app.registered_commands if asked is not None and command.name == asked]
        app.registered_commands = found or app.registered_commands
        if found:
            break
    for command in app.registered_commands:
        if command.cls is TyperCommand:
            command.cls = QuickCommand
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        import autodisco

        print(f"autodisco {autodisco.__version__}")
        raise typer.Exit(0)


def _without_command(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
    ),
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; errors of the user are printed as one line."""
    given = _with_structures_last(list(sys.argv[1:] if arguments is None else arguments))
    asked = next((word for word in given if not word.startswith("-")), None)
    try:
        code = commands(asked)(args=given, prog_name="autodisco", standalone_mode=False)
    except AutodiscoError as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except typer.TyperException as error:
        text = error.format_message().replace("Value error, ", "").replace("Input should be", "allowed is")
        print(f"error: {one_line(text)} (see {_command(error)} --help){_hint(text)}", file=sys.stderr)
        return error.exit_code
    except typer.Abort:
        return 130
    except SystemExit as error:
        # typer exits this way if the reader of a pipe (head, less) has closed it.
        return 0 if type(sys.stdout).__name__ == "PacifyFlushWrapper" else int(error.code or 0)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has closed it. Without stdout, the interpreter prints no error at exit.
        sys.stdout = None
        return 0
    except OSError as error:
        if error.filename is None:
            raise
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return code if isinstance(code, int) else 0


def _with_structures_last(given: list[str]) -> list[str]:
    """Words such as ``-(OCC)n-``, which no option begins like, behind ``--``, so that they are read as structures."""
    structures = [word for word in given if len(word) > 1 and word[0] == "-" and word[1] in "([{*"]
    if not structures or "--" in given:
        return given
    return [*(word for word in given if word not in structures), "--", *structures]


def _hint(text: str) -> str:
    """What a word with one hyphen was perhaps meant to be."""
    alone = text.startswith("No such option: -") and not text.startswith("No such option: --")
    return "; a repeat unit begins with its end *, as in '*OCC*', not with a hyphen" if alone else ""


def _command(error: typer.TyperException) -> str:
    """The command whose help page explains an error."""
    context = getattr(error, "ctx", None)
    return context.command_path if context else "autodisco"


def main() -> None:
    """Entry point of the console script."""
    # Files are closed and temporary files removed on SIGTERM. The daemon has its own handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(run())
