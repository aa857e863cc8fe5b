"""The command line. A command parses its arguments, calls one function of a package and prints the result.

Every error of autodisco or of the command line is printed as one line on stderr. Exit codes: 0 finished, 1 error,
2 wrong usage, 3 the campaign is owned by a running process, 75 stopped but resumable. Packages such as torch or rdkit
are imported inside the commands, because `--help` should be fast.
"""

import signal
import sys

import typer

from autodisco.cli import (
    analysis_commands,
    campaign_commands,
    campaign_list,
    chemistry_commands,
    compare,
    label,
    machine_commands,
    maintenance_commands,
    model_commands,
    predict,
    service_commands,
    set,
)
from autodisco.cli.output import one_line
from autodisco.errors import AutodiscoError

app = typer.Typer(
    name="autodisco",
    help="Discover polymer electrolytes: a language model proposes repeat units, molecular dynamics judges them.",
    epilog="Start with: autodisco run campaigns/quickstart.toml",
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        import autodisco

        print(f"autodisco {autodisco.__version__}")
        raise typer.Exit(0)


@app.callback(invoke_without_command=True)
def _without_command(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
    ),
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


analysis_commands.register(app)
campaign_commands.register(app)
campaign_list.register(app)
chemistry_commands.register(app)
compare.register(app)
maintenance_commands.register(app)
label.register(app)
machine_commands.register(app)
model_commands.register(app)
predict.register(app)
service_commands.register(app)
set.register(app)


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; errors of the user are printed as one line."""
    try:
        code = app(args=arguments, prog_name="autodisco", standalone_mode=False)
    except AutodiscoError as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except typer.TyperException as error:
        text = error.format_message().replace("Value error, ", "").replace("Input should be", "allowed is")
        print(f"error: {one_line(text)} (see {_command(error)} --help)", file=sys.stderr)
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


def _command(error: typer.TyperException) -> str:
    """The command whose help page explains an error."""
    context = getattr(error, "ctx", None)
    return context.command_path if context else "autodisco"


def main() -> None:
    """Entry point of the console script."""
    # Files are closed and temporary files removed on SIGTERM. The daemon has its own handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(run())
