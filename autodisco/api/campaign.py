"""A campaign as a person sees it from Python: begun from a file, opened by its name, read as tables, and steered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from autodisco.api.locate import DATABASE, campaign_folder
from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco import campaign as campaigns
    from autodisco.api.builds import Watch
    from autodisco.api.finalists import FinalistOptions
    from autodisco.api.scan import Scan
    from autodisco.api.table import Table
    from autodisco.decide import Status
    from autodisco.decide.life import Life
    from autodisco.generator import Generator
    from autodisco.report.figures import Written
    from autodisco.store import Store


class Campaign:
    """A campaign folder. Reading it changes nothing and needs no pause; every call sees the campaign of that moment.

    Attributes
    ----------
    folder : pathlib.Path
        The campaign folder.

    Examples
    --------
    >>> import autodisco
    >>> campaign = autodisco.Campaign.open("small")
    >>> campaign.state
    'exhausted'
    >>> campaign.ranking().column("verdict").count("reference")
    1
    """

    def __init__(self, folder: str | Path, file: Path | None = None) -> None:
        self.folder, self._file = Path(folder), file

    @classmethod
    def open(cls, name: str | os.PathLike[str] | None = None) -> Campaign:
        """The campaign of a name in the runs folder (``AUTODISCO_RUNS``, else ``runs``), a folder, or a campaign file.

        Without a name: the running campaign, otherwise the one that ended or began last. Raises InputError if there is
        no such campaign.
        """
        return cls(campaign_folder(name))

    @classmethod
    def create(cls, file: str | Path) -> Campaign:
        """The campaign of a campaign file, which `run` or `start` begins; all that it needs is checked now.

        Raises InputError for a file that is wrong, or that differs from the campaign that was begun with it.
        """
        return cls(loaded(Path(file)).folder, Path(file))

    @property
    def name(self) -> str:
        """Its name."""
        return self._fact("name") or self.folder.name

    @property
    def state(self) -> str:
        """Its state: the stage at work, ``paused``, or an end such as ``saturated``; empty before it has begun."""
        return self._fact("state")

    def status(self) -> Status:
        """Progress, best polymers, how far the end is; its ``to_dict`` is for JSON."""
        from autodisco.decide import status

        with self._read() as store:
            return status(store, whole=True)

    def ranking(self) -> Table:
        """All polymers with a value, the best first, as in ``ranking.csv`` of the report.

        The value of the objective with its standard error, what is expected of it with the ends of the interval that
        holds 90 %, ``p_better`` and ``verdict`` against the reference, then every quantity and score.
        """
        from autodisco.api.table import Table
        from autodisco.decide import objective_of, ranking, with_properties
        from autodisco.report.table import first_columns, flat_row

        with self._read() as store, store.snapshot():
            objective = objective_of(store)
            rows = [flat_row(row) for row in with_properties(store, ranking(store))]
        first = first_columns(objective)
        others = sorted({name for row in rows for name in row}.difference(first))
        return Table(rows, [*first, *others], dict.fromkeys(objective.columns.values(), objective.unit))

    def polymers(self) -> Table:
        """All polymers that it knows, ranked ones first, with scores, value and verdict."""
        return self._table("polymers")

    def candidates(self) -> Table:
        """Every draw of the generator with its verdict and reason."""
        return self._table("candidates")

    def replicas(self) -> Table:
        """Every planned build with its status, and the properties or the failure that it gave."""
        return self._table("replicas")

    def journal(self) -> Table:
        """Every decision: what was seen (JSON), decided, and why."""
        return self._table("journal")

    def front(self) -> Table:
        """The Pareto front of several objectives, the surest polymers first, as it was judged last.

        Raises InputError for a campaign with one objective, and before it has judged.
        """
        return self._table("front")

    def finalists(self) -> Table:
        """The best polymers at several molalities and temperatures.

        Raises InputError before `simulate_finalists` has simulated them.
        """
        return self._table("finalists")

    def simulate_finalists(
        self,
        best: int = 3,
        molality: Sequence[float] = (),
        temperature_k: Sequence[float] = (),
        protocol: str | None = None,
        replicas: int = 3,
        *,
        progress: Callable[[str], None] = lambda line: None,
        watch: Watch | None = None,
        **options: Unpack[FinalistOptions],
    ) -> list[Scan]:
        """Simulate the reference and the best polymers at several molalities and temperatures, each as `autodisco.scan`
        does. Finished builds are not run again.

        `best` polymers beside the reference. `molality` in mol of salt per kg of polymer and solvent, by default 0.5,
        1, 1.5, 2 and 3. `temperature_k` in K, by default that of the protocol. `protocol`: by default that of the
        highest tier. `progress` and `watch` as of `autodisco.simulate`. Raises InputError for a campaign without
        values, for values out of range, and where the campaign simulates on other machines and no ``executor`` is
        named.
        """
        from autodisco.api.finalists import plan

        plans = plan(self.folder, best, molality, temperature_k, protocol, replicas, **options)
        return [one.run(progress, watch) for one in plans.each]

    def novelty(
        self,
        against: Sequence[str | Path] = (),
        *,
        column: str | None = None,
        identifier: str | None = None,
        best: int = 0,
        workers: int = 0,
        progress: Callable[[int], None] | None = None,
    ) -> Table:
        """Each polymer of the ranking beside lists of known polymers: whether one holds it, and the most similar row.

        `against` are files of known polymers, `column` their repeat units and `identifier` their identifiers; common
        names, shipped seeds, and the campaign's seeds and data set are looked at in any case. `best` polymers, 0 for
        all. `progress` is called with the number of rows that are read. Raises InputError for a file that cannot be
        read.
        """
        from autodisco.api.novelty import Known, compared
        from autodisco.api.table import Table

        found = compared(self.folder, Known(against, column, identifier, workers, progress), best)
        return Table([one.columns() for one in found], ("rank", "key", "name", "monomer_smiles", "known"))

    def explain(self, polymer: str) -> Life:
        """Everything that is known about one polymer, given by a repeat unit in any spelling, a key or a name.

        Raises InputError for a polymer that the campaign does not know.
        """
        from autodisco.decide.life import explain

        with self._read() as store:
            return explain(store, polymer)

    def generator(self) -> Generator:
        """Its latest trained model; ``generator().sample(20, seed=1)`` draws strings from it.

        Raises InputError where no model has been trained yet.
        """
        from autodisco.generator import Generator

        with self._read() as store:
            models = store.models()
        if not models:
            raise InputError(f"{self.folder}: no model has been trained yet; autodisco status says how far it is")
        return Generator.load(self.folder / str(models[-1].path))

    def report(self, folder: str | Path | None = None, against: Sequence[str | Path] = ()) -> Path:
        """Write the report (HTML page, ranking as CSV and JSON); returns the page. By default into ``report/`` of the
        campaign folder. With files of known polymers, `against`, the page says which polymers are new (`novelty`)."""
        from autodisco.api.novelty import Known
        from autodisco.report import write_report

        with self._read() as store:
            lists = Known(against).lists(store) if against else ()
            return write_report(store, None if folder is None else Path(folder), lists)

    def figures(
        self,
        folder: str | Path | None = None,
        formats: Sequence[str] = ("svg", "pdf"),
        only: Sequence[str] = (),
        scans: str | Path = "simulations",
        progress: Callable[[int], None] | None = None,
    ) -> Written:
        """Write the figures for print, each with its numbers as CSV, and captions for all of them.

        By default into ``figures/`` of the campaign folder. `scans` is the folder of `autodisco.scan`; `progress` is
        called with the number of figures that are made. Raises InputError for an unknown figure or format.
        """
        from autodisco.report.figures import write_figures

        place = self.folder / "figures" if folder is None else Path(folder)
        with self._read() as store:
            return write_figures(store, place, formats, only, Path(scans), progress)

    def export(
        self,
        folder: str | Path,
        formats: Sequence[str] = ("csv",),
        *,
        authors: Sequence[str] = (),
        licence: str | None = None,
        replicas: Sequence[str] = (),
    ) -> list[Path]:
        """Write every table (``csv``, ``parquet``, ``json``), and what describes the folder as an RO-Crate; returns the
        files. All are of one moment.

        `authors` are names, `licence` a name of SPDX or an address, `replicas` polymers whose files go along. Raises
        InputError for what cannot be used of these, and where Parquet is asked for and pyarrow is not installed.
        """
        from autodisco.campaign.crate import Crate
        from autodisco.campaign.export import export_tables

        with self._read() as store:
            return export_tables(store, Path(folder), formats, Crate(tuple(authors), licence, tuple(replicas)))

    def archive(self, file: str | Path, progress: Callable[[int], None] | None = None) -> None:
        """Write the campaign, also a running one, as one ``.tar.gz`` that another machine unpacks and resumes.

        `progress` is called with the number of files that are packed. Raises InputError for a file that exists.
        """
        from autodisco.campaign.export import export_archive

        check_archive(Path(file))
        with self._read() as store:
            export_archive(store, Path(file), progress)

    def run(self, progress: Callable[[str], None] = lambda line: None) -> int:
        """Run it in this process to its end; what has begun is continued. `progress` is called with lines.

        Returns 0 at its end, 75 where it was left and can go on: paused, stopped, or interrupted with Ctrl-C or the
        button of a notebook. Raises OwnedError while another process runs it.
        """
        from autodisco import campaign as campaigns

        return campaigns.run(self._loaded(), progress)

    def start(self) -> int | None:
        """Run it in a process of its own that outlives this one; returns the number of that process, or None for a
        campaign that has ended. Raises OwnedError while another process runs it."""
        from autodisco import campaign as campaigns

        return campaigns.start(self._loaded())

    def pause(self) -> str:
        """Ask for a pause; says in a sentence what happens. Raises InputError where there is nothing to pause."""
        from autodisco import campaign as campaigns

        return campaigns.pause(self.folder)

    def resume(self) -> str:
        """Continue it in the background, after a pause, stop, kill or failure; says in a sentence what happens."""
        from autodisco import campaign as campaigns

        return campaigns.resume(campaigns.open_folder(self.folder))

    def stop(self) -> str:
        """Ask for the end; says in a sentence what happens. Raises InputError where there is nothing to stop."""
        from autodisco import campaign as campaigns

        return campaigns.stop(self.folder)

    def __repr__(self) -> str:
        return f"<Campaign {self.name} in {self.folder}: {self.state or 'not begun'}>"

    @contextmanager
    def _read(self) -> Iterator[Store]:
        from autodisco.store import Store

        with Store.open_readonly(self.folder) as store:
            yield store

    def _fact(self, name: str) -> str:
        if not (self.folder / DATABASE).is_file():
            return ""
        with self._read() as store:
            return str(store.get(name) or "")

    def _loaded(self) -> campaigns.Campaign:
        return loaded(self._file or self.folder)

    def _table(self, name: str) -> Table:
        from autodisco.api.table import Table
        from autodisco.campaign.export import LEFT_OUT, tables
        from autodisco.decide import objective_of

        with self._read() as store, store.snapshot():
            objective, found = objective_of(store), tables(store)
            if name not in found:
                raise InputError(f"{self.folder}: it has no {name} yet; there are: {', '.join(found)}")
            columns = [column for column in store.columns(name) if column not in LEFT_OUT]
            return Table(found[name], columns, dict.fromkeys(objective.columns.values(), objective.unit))


def check_archive(file: Path) -> None:
    """Raise InputError for a file that an archive cannot be written to."""
    if not file.name.endswith(".tar.gz"):
        raise InputError(f"archive {file}: a name that ends in .tar.gz is expected")
    if file.exists():
        raise InputError(f"archive {file}: is there already, and is not overwritten; choose another name")


def loaded(file: Path, checked: bool = True) -> campaigns.Campaign:
    """What runs the campaign of a campaign file, or that in a folder; all that it needs is `checked` if it is new."""
    from autodisco import campaign as campaigns

    if not file.is_dir():
        return campaigns.load(file, checked=checked)
    if not (file / DATABASE).is_file():
        raise InputError(f"{file} is a folder without a campaign; give a campaign file (TOML)")
    return campaigns.open_folder(file)
