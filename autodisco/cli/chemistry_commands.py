"""Commands about single polymers: simulate, check, dedupe."""

from pathlib import Path
from typing import Annotated, Any

import typer

from autodisco.cli.output import message, number, one_line, print_json, print_properties, print_table
from autodisco.errors import InvalidRepeatUnit
from autodisco.text import counted

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SMILES = "A repeat unit: a SMILES with two ends, such as '*OCC*'."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (simulate, check, dedupe):
        app.command(command.__name__)(command)


def simulate(
    smiles: Annotated[str, typer.Argument(metavar="SMILES", help=SMILES)],
    protocol: Annotated[
        str, typer.Option(help="Name of a shipped protocol, or a TOML file.", envvar="AUTODISCO_SIMULATION_PROTOCOL")
    ] = "quick",
    replicas: Annotated[int, typer.Option(min=1, help="Independent builds.")] = 2,
    workers: Annotated[
        int, typer.Option(min=0, help="Builds at a time; 0 for one per core.", envvar="AUTODISCO_SIMULATION_WORKERS")
    ] = 0,
    force_field: Annotated[str, typer.Option(help="Force field.")] = "pcff+",
    seed: Annotated[int, typer.Option(min=0, help="Decides builds and velocities.")] = 1,
    timeout_minutes: Annotated[float, typer.Option(min=0.01, help="Longest time for one build.")] = 60.0,
    out: Annotated[
        Path, typer.Option(help="Folder for topologies and trajectories, in <key>/<protocol>/<replica>.")
    ] = Path("simulations"),
    as_json: JSON = False,
) -> None:
    """Simulate one polymer electrolyte.

    Prints transport properties with errors over independent builds; trajectories stay for MDAnalysis and VMD.
    """
    from autodisco.cli.single import simulate_polymer
    from autodisco.simulation import forcefield, protocols

    protocols.load(protocol)
    forcefield.load(force_field)
    result = simulate_polymer(smiles, protocol, force_field, replicas, workers, seed, 60.0 * timeout_minutes, out)
    for failure in result["failures"]:
        message(f"replica {failure['replica']} failed: {failure['code']}: {one_line(failure['detail'])}")
    if as_json:
        print_json(result)
    elif result["properties"]:
        kind = f"{result['protocol']}, {result['force_field']}, {counted(result['n_replicas'], 'replica')}"
        print_properties(result["properties"], f"{result['monomer_smiles']}   ({kind})")
        message(f"protocol {result['protocol']}: {result['purpose']}")
    message(f"topologies and trajectories: {result['folder']}")
    if not result["properties"]:
        raise typer.Exit(1)


def check(
    smiles: Annotated[list[str], typer.Argument(metavar="SMILES...", help=SMILES)],
    as_json: JSON = False,
) -> None:
    """Check repeat units: valid, which polymer, stable?"""
    from autodisco.cli.single import check_unit

    rows = [check_unit(text) for text in smiles]
    if as_json:
        print_json(rows)
    else:
        valid = [row for row in rows if row["valid"]]
        if valid:
            _print_checked(valid)
        for row in rows:
            if not row["valid"]:
                message(f"error: {one_line(row['reason'])} ({row['code']})")
    if not all(row["valid"] for row in rows):
        raise typer.Exit(InvalidRepeatUnit.exit_code)


def dedupe(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or TSV with a header, or one a line.")],
    column: Annotated[str | None, typer.Option(help="Column with the repeat units.")] = None,
    as_json: JSON = False,
) -> None:
    """List the distinct polymers of a file.

    Strings that are the same infinite chain count once.
    """
    from autodisco.cli.dedupe import distinct, read_strings

    rows = read_strings(file, column)
    polymers, invalid = distinct(rows)
    duplicates = len(rows) - len(invalid) - len(polymers)
    if as_json:
        counts = {"rows": len(rows), "distinct": len(polymers), "duplicates": duplicates, "invalid": len(invalid)}
        print_json({**counts, "polymers": polymers, "not_valid": invalid})
    else:
        print_table(
            [">line", "polymer", "key", ">count", "same as"],
            [
                (row["line"], row["given"], row["key"], row["count"],
                 ", ".join(f"{other['given']} (line {other['line']})" for other in row["duplicates"]))
                for row in polymers
            ],
        )  # fmt: skip
    for row in invalid:
        message(f"{file}, line {row['line']}: {row['given']}: {one_line(row['reason'])}")
    message(
        f"{counted(len(rows), 'row')}: {counted(len(polymers), 'distinct polymer')}, "
        f"{counted(duplicates, 'duplicate')}, {len(invalid)} not valid"
    )


def _print_checked(rows: list[dict[str, Any]]) -> None:
    print_table(
        ["repeat unit", "canonical", "key", ">g/mol", ">heavy atoms", ">O/C", ">SA score", "flags"],
        [
            (
                row["given"],
                row["canonical"],
                row["key"],
                f"{row['scores']['molar_mass_g_per_mol']:.2f}",
                row["scores"]["heavy_atoms"],
                number(row["scores"]["oxygen_carbon_ratio"]),
                f"{row['scores']['sa_score']:.2f}",
                ", ".join(flag["name"] for flag in row["flags"]) or "none",
            )
            for row in rows
        ],
    )
    for row in rows:
        for flag in row["flags"]:
            message(f"{row['given']}: {flag['name']}: {flag['reason']}")
