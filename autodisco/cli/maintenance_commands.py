"""Commands that maintain the folders of campaigns: verify, restore, clean, pack, export, fork."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import JSON, NAME
from autodisco.cli.output import counting, message, print_json
from autodisco.cli.set import settings_given
from autodisco.errors import AutodiscoError, InputError
from autodisco.files import argument, runs_folder
from autodisco.text import counted

MOST_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (verify, restore, clean, pack, export, fork):
        app.command(command.__name__)(command)


def verify(name: NAME = None, as_json: JSON = False) -> None:
    """Check a campaign folder against what was written.

    The database for consistency, and models and simulations against their recorded hashes. Exit code 1 where
    something is wrong.
    """
    from autodisco.campaign.verify import unrecorded_replicas
    from autodisco.campaign.verify import verify as problems_of
    from autodisco.store import Store

    folder = campaign_folder(name)
    with Store.open_readonly(folder) as store:
        with counting(f"reading {folder}", "files") as progress:
            problems = problems_of(store, progress)
        n_files, unrecorded = len(store.files()), unrecorded_replicas(store)
    if as_json:
        print_json({"folder": str(folder), "files": n_files, "problems": problems})
    else:
        for problem in problems[:MOST_SHOWN]:
            print(problem)
        if len(problems) > MOST_SHOWN:
            print(f"… and {len(problems) - MOST_SHOWN} more; --json lists them all")
    message(f"{folder}: {counted(n_files, 'file')} checked, {counted(len(problems), 'problem')}")
    if unrecorded:
        replicas = counted(unrecorded, "replica")
        message(f"{replicas} of an older program have no recorded hashes, so their files were not checked")
    if problems:
        raise typer.Exit(1)


def restore(
    name: NAME = None,
    backup: Annotated[
        int | None, typer.Option("--backup", min=0, help="The iteration whose backup is taken; the latest backup.")
    ] = None,
) -> None:
    """Put a backup of the database in its place.

    For a database that is damaged, or that was changed by mistake. It says what is lost; the database that is replaced
    is kept. Models and simulations stay, and those that the backup does not know are taken in again or made again.
    """
    from autodisco.campaign.backup import BACKUPS, REPLACED
    from autodisco.campaign.backup import restore as restore_folder

    places = [Path(name), runs_folder() / name] if name else []  # the database itself may be gone
    folder = next((place for place in places if (place / BACKUPS).is_dir()), None) or campaign_folder(name)
    done = restore_folder(folder, backup)
    written = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(done.written))
    message(f"{folder}: as it was at the beginning of iteration {done.iteration}, on {written}")
    message(f"lost: {', '.join(done.lost) or 'nothing'}")
    message(f"the database before is kept in {folder / BACKUPS / REPLACED}")
    message(f"go on with: autodisco resume {argument(folder)}")


def clean(
    name: NAME = None,
    keep: Annotated[str, typer.Option(help="Trajectories to keep: all, ions (ions only) or none.")] = "ions",
) -> None:
    """Free disk space by removing files of simulations.

    Trajectories and engine files of replicas that have a value or failed; the values stay, but cannot be computed
    again, and nothing brings the files back. Nothing of a campaign that is being run is touched.
    """
    from autodisco.campaign.clean import POLICIES
    from autodisco.campaign.clean import clean as clean_folder
    from autodisco.store import Store

    if keep not in POLICIES:
        raise InputError(f"--keep {keep}: allowed is {', '.join(POLICIES)}")
    folder = campaign_folder(name)
    with Store.open(folder) as store:
        done = clean_folder(store, keep)
    message(
        f"{folder}: {done.bytes / 1e6:.1f} MB freed in {counted(done.replicas, 'replica')}; trajectories kept: {keep}"
    )
    for problem in done.problems[:MOST_SHOWN]:
        message(problem)
    if keep != "all" and done.replicas:
        message("the values stay, but can no longer be recomputed from trajectories")
    if done.problems:
        raise AutodiscoError(f"{folder}: {counted(len(done.problems), 'replica')} could not be cleaned")


def pack(
    name: NAME = None,
    undo: Annotated[bool, typer.Option("--undo", help="Bring the files of packed replicas back.")] = False,
) -> None:
    """Pack the files of each finished replica into one archive.

    For disks that limit the number of files. Outcomes stay beside the archives, verify looks into them, and archives
    and forks take them along. To analyze trajectories again, bring the files back first.
    """
    from autodisco.campaign import packing
    from autodisco.store import Store

    folder = campaign_folder(name)
    with Store.open(folder) as store:
        done = packing.unpack(store) if undo else packing.pack(store)
    what = "unpacked" if undo else "packed"
    message(f"{folder}: {counted(done.replicas, 'replica')} {what}; {done.before} files before, {done.after} now")


def export(
    name: NAME = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write tables there, as an RO-Crate.")] = None,
    formats: Annotated[
        str, typer.Option("--format", metavar="NAMES", help="Of the tables: csv, parquet, json, with commas.")
    ] = "csv",
    replica: Annotated[
        list[str] | None,
        typer.Option(metavar="POLYMER", help="Take along the files of its replicas: a key or repeat unit."),
    ] = None,
    author: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Author of the data, such as 'Jane Doe <https://orcid.org/…>'."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--license", metavar="ID", help="Licence of the data: a name of SPDX or an address.")
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(metavar="FILE.tar.gz", help="Write the campaign there as one file, to resume elsewhere."),
    ] = None,
) -> None:
    """Hand a campaign to other programs or machines.

    Tables of polymers, candidates, replicas and the journal, with units, in a folder that describes itself; or all of
    it as one archive. Unpack that under runs/ of another machine and go on with resume.
    """
    from autodisco.api.campaign import Campaign, check_archive

    if not out and not archive:
        raise InputError("say where to: --out DIR for tables, --archive FILE for the whole campaign")
    if not out and (replica or author or licence or formats != "csv"):
        raise InputError("--format, --replica, --author and --license go with --out DIR")
    if archive:
        check_archive(archive)
    campaign = Campaign.open(name)
    if out:
        kinds = [word.strip() for word in formats.split(",") if word.strip()]
        for path in campaign.export(out, kinds, authors=author or (), licence=licence, replicas=replica or ()):
            print(path)
        if not licence:
            message("no --license: the metadata state none, and others may not use the data without one")
    if archive:
        with counting(f"packing {campaign.folder}", "files") as progress:
            campaign.archive(archive, progress)
        print(archive)


def fork(
    name: NAME = None,
    iteration: Annotated[
        int | None, typer.Option("--from", min=0, help="The iteration after which it goes its own way; the last one.")
    ] = None,
    to: Annotated[str, typer.Option("--as", metavar="NAME", help="Name of the new campaign.")] = "",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of its own, such as generator.temperature=1.3."),
    ] = None,
) -> None:
    """Begin a new campaign from an old state.

    It shares the past up to an iteration and goes on with settings of its own.
    """
    from autodisco.campaign.fork import endings
    from autodisco.campaign.fork import fork as fork_folder
    from autodisco.store import Store

    if not to:
        raise InputError("--as NAME: the new campaign needs a name")
    changed = settings_given(changes or [], "--set ")
    if "/" in to or to.startswith("."):
        raise InputError(f"--as {to}: a name for a folder in {runs_folder()}/ expected")
    folder = campaign_folder(name)
    new = runs_folder() / to
    with Store.open_readonly(folder) as store:
        chosen = max(endings(store), default=0) if iteration is None else iteration
        settings = fork_folder(store, new, chosen, changed)
    limit = settings.budget.iterations
    if limit and chosen >= limit:
        spent = f"its budget of {counted(limit, 'iteration')} is spent"
        message(
            f"{spent}; fork it with --set budget.iterations={limit + 5}, or change campaign.toml in it and run that"
        )
    message(f"{os.path.relpath(new)}: as {folder.name} was after iteration {chosen}; go on with: autodisco resume {to}")
