"""What the model learns from, and the training itself; `prepare`, `acquire` and `retrain` share it.

The class of each polymer is chosen by the labelling of the campaign (`autodisco.decide.labelling`).
"""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from autodisco.campaign.architecture import drawn_units
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.escape import sampling
from autodisco.campaign.generate_settings import Generate
from autodisco.campaign.replicas import tend
from autodisco.campaign.stages.stage import METRICS, TRAINING
from autodisco.campaign.states import Interrupted
from autodisco.decide import LABELLINGS, Evidence, Labelling, Ranked
from autodisco.errors import InputError
from autodisco.files import sha256
from autodisco.process import give_back_memory
from autodisco.store import DATASET, Polymer, Store, TrainingEntry

if TYPE_CHECKING:
    from autodisco.generator import Generator, TrainingRow

METRIC_DRAWS = 500


def training_set(campaign: Campaign, store: Store, seen: Evidence) -> list[TrainingEntry]:
    """Rows of the training set as of now, each with its label, its weight and why; the labelling sees `seen`.

    A polymer to which the labelling gives no class is unlabelled. A polymer that the model cannot write, neither as
    given nor in canonical form, is left out. The text of a material stands for its drawn units (`_rows`).
    """
    longest, generate = campaign.settings.generator.longest, campaign.settings.generate
    rows = {
        polymer.key: TrainingEntry(smiles, polymer.key, "unlabelled", 1.0, _why_unlabelled(polymer))
        for polymer in store.polymers()
        if polymer.iteration <= store.get("iteration")
        if (smiles := _writable((polymer.given, polymer.smiles), longest, generate))
    }
    for key, found in labelling(campaign).classes(seen).items():
        if key in rows:
            rows[key] = replace(rows[key], label=found.label, weight=found.weight, why=found.why)
    return list(rows.values())


def labelling(campaign: Campaign) -> Labelling:
    """The labelling of the campaign."""
    return LABELLINGS.get(campaign.settings.acquire.labelling)()


def evidence(campaign: Campaign, store: Store, ranked: list[Ranked]) -> Evidence:
    """What the labelling of the campaign sees now."""
    from autodisco.decide.judge import further_aims, judged

    settings, objective = campaign.settings.acquire, campaign.objective
    judge = judged(store)
    return Evidence(
        objective=objective,
        ranked=ranked,
        dataset=[row for row in store.labels(objective.column) if row.protocol == DATASET],
        top_fraction=settings.top_fraction,
        reference_weight=settings.reference_weight,
        better_probability=settings.better_probability,
        posterior=judge.posterior if judge else None,
        further=further_aims(store) if judge else (),
    )


def load_model(campaign: Campaign, store: Store, number: int) -> "Generator":
    """Model `number`; one whose file is damaged or gone is trained again, to the same weights on a CPU.

    Raises Interrupted.
    """
    from autodisco.generator import Generator

    path = campaign.model_path(number)
    recorded = {row.path: row.sha256 for row in store.files()}.get(str(path.relative_to(campaign.folder)))
    try:
        if recorded and path.is_file() and sha256(path) != recorded:
            raise InputError(f"{path}: its content has changed since it was written")
        return Generator.load(path)
    except InputError as error:
        with store.transaction():
            store.forget_model(number)
            store.note("damaged", f"model {number}", decided="train it again from its training set", why=str(error))
    train_model(campaign, store, number)
    return Generator.load(path)


def train_model(campaign: Campaign, store: Store, number: int) -> None:
    """Train and score model `number` on training set `number`, unless it is there. Raises Interrupted."""
    from autodisco.generator import fit
    from autodisco.generator.archive import load_archive
    from autodisco.generator.metrics import score_samples

    checkpoint = campaign.folder / "models" / f"{number}.checkpoint"
    if any(model.iteration == number for model in store.models()):
        checkpoint.unlink(missing_ok=True)  # a process was killed behind the commit
        return
    begin = time.monotonic()
    settings = campaign.settings.generator
    training = store.training(number)
    campaign.say(f"training model {number} on {len(training)} repeat units")
    if checkpoint.exists():
        try:
            load_archive(checkpoint)
        except InputError as error:
            checkpoint.unlink()
            store.note("damaged", checkpoint.name, decided="train from the beginning", why=str(error))

    first: list[tuple[int, float]] = []  # iteration of this process, and when it ended

    def watch(done: int, total: int, _: float) -> None:
        if campaign.interrupted():
            raise Interrupted
        tend(campaign, store)
        if not first:
            first.append((done, time.monotonic()))
        elif done % 50 == 0:
            (n, since), now = first[0], time.monotonic()
            left = (total - done) * (now - since) / (done - n)
            store.set(activity=f"training model {number}: {done} of {total}", training_left_s=left)

    model = fit(
        _rows(training, campaign.settings.generate),
        settings,
        seed=campaign.seed(number, TRAINING),
        progress=watch,
        start_from=load_model(campaign, store, number - 1) if settings.warm_start and number else None,
        checkpoint=checkpoint,
    )
    samples = model.sample(METRIC_DRAWS, seed=campaign.seed(number, METRICS), **sampling(campaign, store, number))
    enumerated = {polymer.key for polymer in store.polymers("grammar")}
    known = [row for row in training if row.key not in enumerated]
    metrics = score_samples(samples, [row.smiles for row in _rows(known, campaign.settings.generate)])
    metrics["loss"] = float(np.mean(model.losses[-50:])) if model.losses else None
    path = campaign.model_path(number)
    model.save(path)
    with store.transaction():
        store.add_model(number, str(path.relative_to(campaign.folder)), metrics, time.monotonic() - begin)
        store.record_file(path)
        store.set(training_left_s=None)
        store.note("trained", f"model {number}", metrics, "draw from it next", f"it saw {len(training)} repeat units")
    checkpoint.unlink(missing_ok=True)
    give_back_memory()


def _rows(entries: Iterable[TrainingEntry], generate: Generate) -> list["TrainingRow"]:
    """What a generator learns from: the drawn units of each material, which share its weight."""
    from autodisco.generator import TrainingRow

    units = ((row, drawn_units(row.smiles, generate)) for row in entries)
    return [TrainingRow(unit, row.label, row.weight / len(several)) for row, several in units for unit in several]


def _writable(texts: Iterable[str], longest: int, generate: Generate) -> str | None:
    """The first of `texts` whose drawn units can be written in at most `longest` tokens; None if there is none."""
    from autodisco.generator.tokens import is_writable, split

    def can_write(text: str) -> bool:
        return all(is_writable(unit) and len(split(unit)) <= longest for unit in drawn_units(text, generate))

    return next(filter(can_write, texts), None)


def _why_unlabelled(polymer: Polymer) -> str:
    return {"grammar": "enumerated, no value", "generated": "simulated without a value"}.get(
        polymer.source, "known, no value of this protocol and force field"
    )
