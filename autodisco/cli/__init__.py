"""The command line: it parses, calls one function of a package, and prints; there is no logic here.

Every error of autodisco or of the command line ends as one line on stderr and an exit code:
0 finished, 1 error, 2 usage, 3 the campaign is owned by a live process, 75 stopped but resumable.
Packages such as torch or rdkit are imported inside the commands, so that `--help` answers at once.
"""

import signal
import sys

import typer

from autodisco.cli import (
    analysis_commands,
    campaign_commands,
    chemistry_commands,
    label,
    machine_commands,
    maintenance_commands,
    model_commands,
    service_commands,
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
chemistry_commands.register(app)
maintenance_commands.register(app)
label.register(app)
machine_commands.register(app)
model_commands.register(app)
service_commands.register(app)


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; user mistakes are printed as one line, never as a traceback."""
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
        # typer ends so when the reader (head, less) went away.
        return 0 if type(sys.stdout).__name__ == "PacifyFlushWrapper" else int(error.code or 0)
    except BrokenPipeError:
        # The reader (head, less) went away; closing stdout now keeps the interpreter from complaining at exit.
        sys.stdout = None
        return 0
    except OSError as error:
        if error.filename is None:
            raise
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return code if isinstance(code, int) else 0


def _command(error: typer.TyperException) -> str:
    """The command whose help explains a mistake."""
    context = getattr(error, "ctx", None)
    return context.command_path if context else "autodisco"


def main() -> None:
    """Entry point of the console script."""
    # What is open is closed, and temporary files go; the daemon has a handler of its own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(run())
