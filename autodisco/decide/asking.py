"""Giving out the questions of a campaign whose values are told, and taking the answers.

Both are called in processes of their own, beside the campaign's or without it. A file of answers counts as a whole or
not at all, and telling it again changes nothing.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from autodisco.analysis.combination import SEM
from autodisco.decide.answers import Answer, Answers, Asked, AskedPolymer, Conditions, Questions, read_answers
from autodisco.decide.conditions import Conditions as Target
from autodisco.decide.measured import TOLD_BY, wanted_of
from autodisco.decide.measured_units import NAMES, column_of, converted, units_of
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.store import END_STATES, Record, Store
from autodisco.store.asked_folder import ASKED, AskedFolder, Question, Told
from autodisco.text import counted

ASK = "ask"
"""The executor whose values are told."""

NAME_OF = {column: name for name, column in NAMES.items()}


def folder_of(store: Store) -> AskedFolder:
    """The folder of the questions of a campaign. Raises InputError for one whose values are simulated."""
    kind = (store.get("settings") or {}).get("executor", {}).get("kind")
    if kind != ASK:
        raise InputError(f"{store.folder.name}: executor.kind = {kind!r}; ask and tell need 'ask'")
    return AskedFolder(store.shared.absolute() / ASKED)


def ask(store: Store, most: int, to: str, hours: float) -> Questions:
    """The oldest questions that nobody else has, at most so many, which are given `to` somebody for some hours.

    Questions that the same name has already come again until they are answered: who was interrupted asks again.
    """
    folder, now = folder_of(store), time.time()
    with folder.locked():
        open_ = folder.open_questions()
        marks = {id_: mark for id_, mark in folder.given().items() if id_ in {question.id for question in open_}}
        taken = {id_ for id_, mark in marks.items() if mark["to"] != to and mark["until"] > now}
        mine = [question for question in open_ if marks.get(question.id, {}).get("to") == to]
        others = [question for question in open_ if question.id not in taken and question not in mine]
        chosen = [*mine, *others][:most]
        for question in chosen:
            at = marks.get(question.id, {}).get("at", now) if question in mine else now
            marks[question.id] = {"to": to, "at": at, "until": now + 3600.0 * hours}
        folder.give(marks)
    state, asked, conditions = store.get("state"), _asked(store), _conditions(store)
    return Questions(
        campaign=str(store.get("name", store.folder.name)),
        state=state or "",
        ended=state in END_STATES,
        open=len(open_),
        questions=[
            AskedPolymer(
                id=question.id,
                key=question.key,
                monomer_smiles=question.task["monomer_smiles"],
                replica=question.task["replica"],
                asked=asked,
                conditions=conditions,
                since=question.asked,
                given_to=to,
                until=marks[question.id]["until"],
            )
            for question in chosen
        ],
    )


@dataclass(frozen=True)
class Taken(Record):
    """What came of a file of answers: how many are `new`, how many were told before, and how many questions are
    `open` afterwards."""

    source: str
    new: int
    before: int
    open: int


def tell(store: Store, path: Path) -> Taken:
    """Take the answers of a file, all of them or none.

    Raises InputError, in one line with file, row, key and value, for the first answer that cannot be taken.
    """
    given, places = read_answers(path)
    folder = folder_of(store)
    reader = _Reader(store, given, places)
    with folder.locked():
        open_, told = folder.open_questions(), folder.told()
        new = _Matching(open_, told, reader.source).new(list(reader.answers(_keys(open_), told)))
        if new:
            folder.tell(new, path.name)
    return Taken(given.source, len(new), reader.number - len(new), len(open_) - len(new))


def _keys(questions: Sequence[Question]) -> dict[str, str]:
    """Key of the polymer of each question."""
    return {question.id: question.key for question in questions}


def _asked(store: Store) -> list[Asked]:
    """What is asked of every polymer."""
    names: dict[str, None] = {}
    for one in wanted_of(store).every:
        names |= dict.fromkeys(one.quantities)
    return [Asked(quantity=NAME_OF.get(name, name), unit=next(iter(units_of(name)))) for name in names]


def _conditions(store: Store) -> Conditions:
    content = store.tiers()[0].content or {}
    found = Target.of(content)
    return Conditions(
        temperature_k=found.temperature_k,
        salt=found.salt,
        molality_mol_per_kg=found.molality,
    )


@dataclass
class _One:
    """An answer that may consist of several rows; `where` is its first row."""

    id: str
    key: str
    where: str
    properties: dict[str, Any] | None
    failed: str


class _Reader:
    """Makes whole answers of the rows of a file."""

    def __init__(self, store: Store, given: Answers, places: Sequence[str]):
        self._rows, self.source = list(zip(given.answers, places, strict=True)), given.source
        self._wanted = [column_of(asked.quantity) or asked.quantity for asked in _asked(store)]
        self.number = 0

    def answers(self, keys: dict[str, str], told: dict[str, Told]) -> Iterator[_One]:
        """Answers in the order of the file; `keys` are those of the open questions."""
        groups: dict[str, list[_One]] = {}
        for row, where in self._rows:
            key = self._key(row, where, keys, told)
            open_ = groups.setdefault(row.id or key, [])
            self._add(open_, self._one(row, where, key))
        for group in groups.values():
            for one in group:
                if one.properties is not None and (lacking := [c for c in self._wanted if c not in one.properties]):
                    name = NAME_OF.get(lacking[0], lacking[0])
                    raise InputError(
                        f"{one.where}: no {name} of {one.id or one.key}; every quantity asked for is needed"
                    )
                self.number += 1
                yield one

    def _add(self, group: list[_One], new: _One) -> None:
        """Complete the first answer that lacks this quantity, or begin another one."""
        for one in group:
            if one.properties is not None and new.properties is not None and not new.properties.keys() & one.properties:
                one.properties |= new.properties
                return
        if group and new.id:
            raise InputError(f"{new.where}: id = {new.id!r}: was answered in {group[0].where}; allowed is one answer")
        group.append(new)

    def _one(self, row: Answer, where: str, key: str) -> _One:
        complain = partial(_complaint, where)
        if row.failed:
            if row.value is not None:
                raise complain("failed", row.failed, "there is a value as well; allowed is one of both")
            return _One(row.id, key, where, None, row.failed)
        name = row.quantity or (NAME_OF.get(self._wanted[0], self._wanted[0]) if len(self._wanted) == 1 else "")
        column = column_of(name)
        if column not in self._wanted or column is None:
            allowed = ", ".join(NAME_OF.get(wanted, wanted) for wanted in self._wanted)
            raise complain("quantity", name, f"allowed is {allowed}")
        if row.value is None:
            raise complain("value", "", "allowed is a number, or a reason in failed")
        unit = next(iter(units_of(column))) if row.unit is None else row.unit
        value, error = converted(column, row.value, row.error, unit, complain)
        return _One(row.id, key, where, {column: value, **({} if error is None else {column + SEM: error})}, "")

    def _key(self, row: Answer, where: str, keys: dict[str, str], told: dict[str, Told]) -> str:
        """Key of the polymer of a row."""
        if row.id:
            if row.id not in keys and row.id not in told:
                raise _complaint(where, "id", row.id, "allowed is the id of a question that autodisco ask printed")
            return keys.get(row.id) or row.id.partition("-")[0]
        if row.key:
            return row.key
        from autodisco.polymer import ORGANIC_ELEMENTS, read_material

        try:
            return read_material(row.monomer_smiles, ORGANIC_ELEMENTS).key
        except InvalidRepeatUnit as error:
            raise InputError(f"{where}: monomer_smiles: {error}") from None


class _Matching:
    """Finds the question of each answer."""

    def __init__(self, open_: Sequence[Question], told: dict[str, Told], source: str):
        self._open, self._told, self._source = list(open_), told, source

    def new(self, answers: Sequence[_One]) -> dict[str, Told]:
        """Answers that were not told before, by the id of their question. Raises InputError for one without a
        question."""
        found: dict[str, Told] = {}
        used: set[str] = set()
        left: list[tuple[_One, Told]] = []
        for one in sorted(answers, key=lambda one: not one.id):  # questions that are named are not free for others
            told = self._as_told(one)
            if one.id:
                if one.id in self._told and not _same(self._told[one.id], told):
                    raise _complaint(one.where, "id", one.id, "another value was told before; allowed is the same one")
                used.add(one.id)
                if one.id not in self._told:
                    found[one.id] = told
                continue
            before = (id_ for id_, other in self._told.items() if id_.startswith(f"{one.key}-") and _same(other, told))
            if id_ := next((id_ for id_ in before if id_ not in used), None):
                used.add(id_)
            else:
                left.append((one, told))
        for one, told in left:
            free = (question.id for question in self._open if question.key == one.key and question.id not in used)
            id_ = next(free, None)
            if id_ is None:
                raise InputError(self._too_many(one))
            used.add(id_)
            found[id_] = told
        return found

    def _as_told(self, one: _One) -> Told:
        properties = None if one.properties is None else {**one.properties, TOLD_BY: self._source}
        return Told(properties, one.failed, self._source, 0.0)

    def _too_many(self, one: _One) -> str:
        n = sum(question.key == one.key for question in self._open)
        if n:
            allowed = f"allowed is one for each of its {counted(n, 'open question')}"
            return f"{one.where}: a further value of {one.key}; {allowed}"
        answered = sum(id_.startswith(f"{one.key}-") for id_ in self._told)
        if answered:
            return f"{one.where}: {one.key} was answered before, with another value or source; allowed is the same one"
        return f"{one.where}: {one.key} was not asked for; allowed is what autodisco ask prints"


def _same(one: Told, other: Told) -> bool:
    """Whether two answers say the same, whenever it was told."""
    return (one.properties, one.failed, one.source) == (other.properties, other.failed, other.source)


def _complaint(where: str, key: str, value: object, allowed: str) -> InputError:
    return InputError(f"{where}: {key} = {str(value)!r}: {allowed}")
