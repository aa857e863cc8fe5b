"""The campaign's memory as nouns: polymers, labels, candidates, replicas, training sets, models, iterations.

The rest of the program asks this class and never writes SQL. Rows are the frozen objects of `records`.
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autodisco.errors import AutodiscoError
from autodisco.store.loop import LoopStage
from autodisco.store.recorded_files import RecordedFiles
from autodisco.store.records import (
    Candidate,
    Chance,
    Flag,
    Iteration,
    Label,
    Polymer,
)
from autodisco.store.training_sets import AMONG
from autodisco.store.verdicts import NOT_SELECTED, VERDICTS, Verdict

END_STATES = ("saturated", "settled", "exhausted", "stopped", "failed")
LATEST = 10
"""Iterations from which the time that another one takes is estimated."""


class Store(RecordedFiles):
    """Reads and writes of one campaign folder; see `Database` for opening, transactions, facts and the journal."""

    # stages ---------------------------------------------------------------------------------------------------

    def loop(self) -> tuple[LoopStage, ...]:
        """The stages of the campaign: the one that begins it, then those of the loop in their order."""
        return tuple(LoopStage(**stage) for stage in self.get("loop"))

    def loop_states(self) -> tuple[str, ...]:
        """Names of the stages, which are the states of a campaign that is under way."""
        return tuple(stage.name for stage in self.loop())

    # polymers -------------------------------------------------------------------------------------------------

    def add_polymer(
        self,
        key: str,
        smiles: str,
        given: str,
        source: str,
        iteration: int = 0,
        name: str = "",
        flags: Iterable[Flag] = (),
        scores: dict[str, Any] | None = None,
    ) -> bool:
        """Remember a polymer; False where its key is there already: the first entry stays, unless it came from the
        grammar and this one does not."""
        row = (key, smiles, given, name, source, iteration, json.dumps(list(flags)), json.dumps(scores or {}))
        if source != "grammar":
            self.write("DELETE FROM polymers WHERE key = ? AND source = 'grammar'", key)
        return self.write("INSERT OR IGNORE INTO polymers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row) == 1

    def polymer(self, key: str) -> Polymer | None:
        """One polymer, or None."""
        found = self._selected(Polymer, "polymers", "key", key=key)
        return found[0] if found else None

    def polymers(self, source: str | None = None, iteration: int | None = None) -> list[Polymer]:
        """Polymers by key, all or those of a source and iteration."""
        return self._selected(Polymer, "polymers", "key", source=source, iteration=iteration)

    def polymers_by_key(self, keys: Iterable[str]) -> dict[str, Polymer]:
        """Some polymers by their keys."""
        sql = f"SELECT * FROM polymers WHERE key {AMONG}"
        return {row.key: row for row in self._records(Polymer, sql, json.dumps(list(keys)))}

    def generated(self) -> dict[str, int]:
        """Iterations of the polymers that the campaign found, by key."""
        return dict(self.tuples("SELECT key, iteration FROM polymers WHERE source = 'generated' ORDER BY key"))

    def key_called(self, text: str) -> str | None:
        """Key of the polymer that a seed file calls so, else of one that is known in this spelling, or None."""
        sql = "SELECT key FROM polymers WHERE ?1 IN (name, given, smiles) ORDER BY name != ?1, key LIMIT 1"
        return next((str(row["key"]) for row in self.each(sql, text)), None) if text else None

    def units(self) -> dict[str, str]:
        """Canonical repeat units of all polymers by key."""
        return dict(self.tuples("SELECT key, smiles FROM polymers ORDER BY key"))

    def known_keys(self) -> set[str]:
        """Keys of every polymer known: seeds, data sets, earlier candidates, those rejected included.

        Units of the grammar teach the model how one is written; nothing is known about them, so they may be found.
        """
        found = self.rows(
            "SELECT key FROM polymers WHERE source != 'grammar' "
            "UNION SELECT key FROM candidates WHERE verdict IN (SELECT value FROM json_each(?))",
            json.dumps(sorted(self.discovering_verdicts())),
        )
        return {row["key"] for row in found}

    def known_strings(self) -> dict[str, str]:
        """Strings of the polymers known (see `known_keys`), and every valid draw, with the keys of their polymers."""
        found = self.rows(
            "SELECT given AS s, key FROM polymers WHERE source != 'grammar' "
            "UNION SELECT smiles, key FROM polymers WHERE source != 'grammar' "
            "UNION SELECT smiles, key FROM candidates WHERE key IS NOT NULL"
        )
        return {row["s"]: row["key"] for row in found}

    def first_seen(self, key: str) -> str:
        """Where a polymer comes from, for people: its first string and source."""
        polymer = self.polymer(key)
        if polymer and polymer.source != "grammar":
            source = polymer.name or (
                f"iteration {polymer.iteration}" if polymer.source == "generated" else polymer.source
            )
            return f"{polymer.given} ({source})"
        draw = self.rows(
            "SELECT smiles, iteration, verdict FROM candidates WHERE key = ? "
            "AND verdict IN (SELECT value FROM json_each(?)) ORDER BY iteration, draw",
            key,
            json.dumps(sorted(self.discovering_verdicts())),
        )[0]
        return f"{draw['smiles']} ({draw['verdict']} in iteration {draw['iteration']})"

    # labels ---------------------------------------------------------------------------------------------------

    def set_label(
        self,
        key: str,
        quantity: str,
        value: float | None,
        sem: float | None = None,
        n_replicas: int | None = None,
        *,
        protocol: str,
        force_field: str,
        origin: str,
        label: str | None = None,
    ) -> bool:
        """Add a value of `quantity`, or a class (``high``, ``low``), that came with a file.

        False if the polymer has one of this protocol and force field; the old one stays.
        """
        row = (key, quantity, value, sem, n_replicas, protocol, force_field, label, origin)
        return self.write("INSERT OR IGNORE INTO labels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row) == 1

    def labels(self, quantity: str | None = None) -> list[Label]:
        """Labels by key, all or those of a quantity."""
        return self._selected(Label, "labels", "key", quantity=quantity)

    # candidates -----------------------------------------------------------------------------------------------

    def add_candidates(self, rows: Iterable[Candidate]) -> None:
        """Append draws. Raises AutodiscoError for a verdict without a meaning."""
        rows = list(rows)
        self._check_verdicts({row.verdict for row in rows})
        self.write_many(
            "INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(r.iteration, r.draw, r.smiles, r.key, r.verdict, r.reason, json.dumps(r.flags)) for r in rows],
        )

    def set_verdict(self, iteration: int, draw: int, verdict: str, reason: str, flags: Iterable[Flag] = ()) -> None:
        """Change the verdict on a draw. Raises AutodiscoError for a verdict without a meaning."""
        self._check_verdicts({verdict})
        self.write(
            "UPDATE candidates SET verdict = ?, reason = ?, flags = ? WHERE iteration = ? AND draw = ?",
            verdict,
            reason,
            json.dumps(list(flags)),
            iteration,
            draw,
        )

    def exclude(self, draw: Candidate, verdict: str, reason: str) -> None:
        """Give a new polymer that is not to be simulated another verdict.

        As with a rejected one, its draw remembers the polymer, and it is not among those that the campaign found.
        A unit of the grammar is one of the grammar again.
        """
        with self.transaction():
            self.set_verdict(draw.iteration, draw.draw, verdict, reason, draw.flags)
            those = "source = 'generated' AND key = ? AND iteration = ?"
            self._return_to_grammar(those, draw.key, draw.iteration)
            self.write(f"DELETE FROM polymers WHERE {those}", draw.key, draw.iteration)

    def waiting(self, iteration: int | None = None) -> list[Candidate]:
        """Draws of new polymers that no selection has chosen up to an iteration (so far), those of the latest first."""
        last = sys.maxsize if iteration is None else iteration
        return self._records(
            Candidate,
            "SELECT * FROM candidates WHERE verdict = ? AND iteration <= ? AND key NOT IN "
            "(SELECT key FROM polymers WHERE source != 'grammar' AND iteration <= ?) ORDER BY iteration DESC, draw",
            NOT_SELECTED,
            last,
            last,
        )

    def awaited(self) -> list[Candidate]:
        """Draws of polymers that were selected, and whose values are to come or do not count yet (`hiding`)."""
        rows = self._records(
            Candidate,
            "SELECT * FROM candidates WHERE verdict IN ('new', ?) AND key IN (SELECT value FROM json_each(?) UNION "
            "SELECT key FROM replicas WHERE status IN ('waiting', 'running') AND protocol = ?) "
            "ORDER BY iteration, draw",
            NOT_SELECTED,
            self._hidden(),
            self.get("protocol"),
        )
        return list({row.key: row for row in rows}.values())

    def _return_to_grammar(self, those: str, *values: Any) -> None:
        """Make `those` polymers (a condition in SQL) units of the grammar again that were so when a model learnt."""
        self.write(
            "UPDATE polymers SET source = 'grammar', name = '', flags = '[]', scores = '{}', (given, iteration) = "
            "(SELECT smiles, first FROM training WHERE key = polymers.key ORDER BY first LIMIT 1) "
            f"WHERE {those} AND key IN (SELECT key FROM training)",
            *values,
        )

    def candidates(self, iteration: int | None = None, verdict: str | None = None) -> list[Candidate]:
        """Draws in order, all or those of an iteration or verdict."""
        return self._selected(Candidate, "candidates", "iteration, draw", iteration=iteration, verdict=verdict)

    def each_candidate(self) -> Iterator[Candidate]:
        """All draws in order, one by one."""
        return self._each_record(Candidate, "SELECT * FROM candidates ORDER BY iteration, draw")

    def draws_of(self, keys: Iterable[str]) -> list[Candidate]:
        """Draws of some polymers in order."""
        sql = f"SELECT * FROM candidates WHERE key {AMONG} ORDER BY iteration, draw"
        return self._records(Candidate, sql, json.dumps(list(keys)))

    def verdict_table(self) -> dict[str, Verdict]:
        """Verdicts of the program and of the campaign's stages, by name."""
        added = self.get("verdicts") or {}
        return {verdict.name: verdict for verdict in VERDICTS} | {name: Verdict(name, added[name]) for name in added}

    def new_string_verdicts(self) -> set[str]:
        """Verdicts on draws that were new as strings."""
        return {name for name, verdict in self.verdict_table().items() if verdict.new_string}

    def discovering_verdicts(self) -> set[str]:
        """Verdicts on draws that discovered a polymer."""
        return {name for name, verdict in self.verdict_table().items() if verdict.new_polymer}

    def _check_verdicts(self, names: set[str]) -> None:
        if unknown := names - self.verdict_table().keys():
            raise AutodiscoError(f"verdict {min(unknown)!r} has no meaning; the stage that gives it has to name it")

    def verdicts(self, first: int = 0) -> dict[int, dict[str, int]]:
        """Number of draws per iteration and verdict, from iteration `first` on."""
        counts: dict[int, dict[str, int]] = {}
        sql = (
            "SELECT iteration, verdict, count(*) AS n FROM candidates WHERE iteration >= ? GROUP BY iteration, verdict"
        )
        for row in self.rows(sql, first):
            counts.setdefault(row["iteration"], {})[row["verdict"]] = row["n"]
        return counts

    # the whole ------------------------------------------------------------------------------------------------

    def copy_to(self, folder: Path) -> None:
        """A consistent copy of the database in another folder, also while a daemon writes to this one."""
        folder.mkdir(parents=True, exist_ok=True)
        self.backup(folder / "state.db")

    def damage(self) -> list[str]:
        """What SQLite finds wrong with the database, in its words; empty for a sound one."""
        try:
            found = [str(next(iter(row.values()))) for row in self.rows("PRAGMA integrity_check")]
        except AutodiscoError as error:
            return [str(error)]
        found = [] if found == ["ok"] else found
        return found + [f"{row['table']} refers to a {row['parent']} that is not there"
                        for row in self.rows("PRAGMA foreign_key_check")]  # fmt: skip

    def rewind(self, iteration: int) -> None:
        """Forget everything after the end of an iteration.

        A unit of the grammar that was drawn later is one of the grammar again, since what was learnt before holds it.
        """
        with self.transaction():
            for table in ("candidates", "replicas", "models", "journal", "estimates", "forecasts"):
                self.write(f"DELETE FROM {table} WHERE iteration > ?", iteration)
            self.write("DELETE FROM training WHERE first > ?", iteration)
            self.write("UPDATE training SET last = min(last, ?)", iteration)
            self._return_to_grammar("iteration > ?", iteration)
            self.write("DELETE FROM polymers WHERE iteration > ?", iteration)
            self.write("DELETE FROM forecasts WHERE key NOT IN (SELECT key FROM polymers WHERE source != 'grammar')")
            self.write("DELETE FROM iterations WHERE n > ?", iteration)
            self._fill()

    # iterations -----------------------------------------------------------------------------------------------

    def begin_iteration(self, n: int) -> None:
        """Open iteration `n` unless it is open, and note after how much work (``active_s``) the last ones began."""
        began = dict(list((self.get("iteration_began") or {}).items())[-LATEST:])
        with self.transaction():
            if self.write("INSERT OR IGNORE INTO iterations (n, started) VALUES (?, ?)", n, time.time()):
                self.set(iteration_began={**began, str(n): self.get("active_s", 0.0)})

    def end_iteration(self, n: int, counts: dict[str, Any], saturation: dict[str, Any] | None) -> None:
        """Close iteration `n` with its counts and what the saturation rule saw."""
        self.write(
            "UPDATE iterations SET counts = ?, saturation = ?, ended = ? WHERE n = ?",
            json.dumps(counts),
            json.dumps(saturation),
            time.time(),
            n,
        )

    def iterations(self, last: int | None = None) -> list[Iteration]:
        """Iterations, first to last, or as many of the `last` ones."""
        sql = "SELECT * FROM (SELECT * FROM iterations ORDER BY n DESC LIMIT ?) ORDER BY n"
        return self._records(Iteration, sql, -1 if last is None else last)

    def iterations_ended(self) -> int:
        """Number of iterations that are over."""
        (row,) = self.rows("SELECT count(*) AS n FROM iterations WHERE ended IS NOT NULL")
        return int(row["n"])

    def chances(self) -> list[Chance]:
        """Chance of a new polymer in each iteration for which the saturation rule stored one."""
        fields = {"chance": "chance_new", "low": "chance_new_low", "high": "chance_new_high"}
        columns = ", ".join(f"json_extract(saturation, '$.{path}') AS {name}" for name, path in fields.items())
        rows = self.tuples(f"SELECT n AS iteration, {columns} FROM iterations WHERE saturation IS NOT NULL ORDER BY n")
        return [Chance(*row) for row in rows if row["chance"] is not None]
