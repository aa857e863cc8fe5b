"""prepare: reads the known polymers and their labels, simulates the reference, trains model 0."""

from pathlib import Path
from typing import Any

from autodisco.campaign.architecture import reference_of
from autodisco.campaign.budget import budget_spent, end_spent
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.copies import input_hashes
from autodisco.campaign.failures import check_failures
from autodisco.campaign.judging import judge
from autodisco.campaign.measurements import seed_tables, take_table
from autodisco.campaign.replicas import finish, settle
from autodisco.campaign.scores import ask_again, known_scores
from autodisco.campaign.seeds import Seed, add_enumerated, read_seeds
from autodisco.campaign.stages.stage import ENUMERATION, NEXT, Event, Stage
from autodisco.campaign.states import Interrupted, advance
from autodisco.campaign.training import evidence, train_model, training_set
from autodisco.decide import ranking
from autodisco.errors import AutodiscoError
from autodisco.polymer import ORGANIC_ELEMENTS, Material, flags_of, parse
from autodisco.store import DATASET, Store
from autodisco.text import counted


def prepare(campaign: Campaign, store: Store) -> None:
    """Read the known polymers, simulate the reference and seeds without a label, train model 0, open iteration 1.

    Raises AutodiscoError if the reference polymer gets no value, since all polymers are compared with it, or if too
    many of the others get none. Their replicas then wait for the next run, which starts them from other builds.
    """
    if not store.get("loaded"):
        _load(campaign, store)
    if not budget_spent(campaign, store):
        settle(campaign, store)
    if spent := budget_spent(campaign, store):
        finish(campaign, store)
        end_spent(store, spent)
        return
    reference = store.get("reference_key")
    done = {row.key for row in store.batch_replicas() if row.status == "done"}
    if reference not in done | set(_labelled(campaign, store)):
        failed = [row for row in store.batch_replicas() if row.key == reference and row.status == "failed"]
        codes = sorted({row.failure_code or "unknown" for row in failed})
        with store.transaction():
            for row in failed:
                store.update_replica(row.key, row.protocol, row.replica, status="waiting", attempt=row.attempt + 1)
            why = "everything is compared with the reference"
            store.note("retry", "the reference", {"codes": codes}, "start from other builds at the next run", why)
        raise AutodiscoError(
            f"the reference polymer {campaign.settings.acquire.reference} has no value: every replica failed "
            f"({', '.join(codes)}); see autodisco log; run the campaign again to start them from other builds"
        )
    check_failures(campaign, store)
    ask_again(campaign, store)
    judge(store)
    if not store.training(0):
        store.write_training(0, training_set(campaign, store, evidence(campaign, store, ranking(store))))
    train_model(campaign, store, 0)
    with store.transaction():
        store.begin_iteration(1)
        advance(store, "ready", iteration=1)


def _labelled(campaign: Campaign, store: Store) -> dict[str, int]:
    """Number of builds behind the label of each polymer that has one of the campaign's protocol and force field."""
    here = (store.get("protocol"), store.get("force_field"))
    return {
        row.key: row.n_replicas or 1
        for row in store.labels(campaign.objective.column)
        if (row.protocol, row.force_field) == here and row.value is not None
    }


def _load(campaign: Campaign, store: Store) -> None:
    """Everything known before the first simulation, in one transaction."""
    settings = campaign.settings
    campaign.say("reading the known polymers")
    seeds = read_seeds(Path(settings.seeds.file), campaign.objective).seeds if settings.seeds.file else []
    measured, reference = seed_tables(settings), reference_of(settings)
    scores = _scores(campaign, [*(seed.unit for seed in seeds), reference])
    with store.transaction():
        labels = _add_seeds(campaign, store, seeds, scores)
        store.add_polymer(
            reference.key,
            reference.smiles,
            reference.given,
            "seed",
            0,
            "reference",
            (),
            scores[reference.key],
        )
        for table in measured:
            take_table(store, table)
        dataset = _add_dataset(campaign, store)
        grammar = add_enumerated(campaign, store, settings.seeds.grammar, 0)
        wanted = _without_value(campaign, store, seeds)
        for key in wanted:
            for replica in range(_builds(campaign, key == reference.key)):
                store.plan_replica(key, campaign.tiers[0].protocol, replica, 0)
        store.set(loaded=True, file_hashes=input_hashes(settings.model_dump()))
        store.note(
            "loaded",
            settings.name,
            {
                "seeds": len(seeds),
                "labels": labels,
                "measured": sum(len(table.rows) for table in measured),
                "dataset": dataset,
                "grammar": grammar,
                "to simulate": len(wanted),
            },
            f"{counted(len(wanted), 'polymer')} to be simulated first" if wanted else "no simulation is needed first",
            "labels count where protocol and force field are the campaign's" + _not_counted(campaign),
        )


def _scores(campaign: Campaign, materials: list[Material]) -> dict[str, dict[str, Any]]:
    """The scores of materials by key. Values of the structure may take long, so that they are calculated before the
    transaction: nobody else could write meanwhile."""
    slow, found = any(one.structure for one in campaign.wanted.every), {}
    for material in materials:
        if slow and campaign.interrupted():
            raise Interrupted
        if material.key not in found:
            found[material.key] = known_scores(campaign, material)
    return found


def _add_seeds(campaign: Campaign, store: Store, seeds: list[Seed], scores: dict[str, dict[str, Any]]) -> int:
    rules, origin = campaign.settings.filter.stability_rules(), _given_name(store, "file")
    here = (store.get("protocol"), store.get("force_field"))
    labels = 0
    for seed in seeds:
        unit = seed.unit
        flags = [flag.to_dict() for flag in flags_of(unit, rules)]
        store.add_polymer(unit.key, unit.smiles, unit.given, "seed", 0, seed.name, flags, scores[unit.key])
        if seed.value is not None:
            added = store.set_label(
                unit.key,
                campaign.objective.column,
                seed.value,
                seed.sem,
                seed.n_replicas,
                protocol=seed.protocol,
                force_field=seed.force_field,
                origin=origin,
            )
            labels += added and (seed.protocol, seed.force_field) == here
    return labels


def _add_dataset(campaign: Campaign, store: Store) -> int:
    """Add the polymers of the data set; how many of them were not there yet.

    A value is a conductivity, whatever the objective. A class without a value is one of the objective.
    """
    from autodisco.generator.dataset import QUANTITY, read_dataset

    if not campaign.settings.seeds.dataset:
        return 0
    path = Path(campaign.settings.seeds.dataset)
    added = 0
    for row in read_dataset(path):
        unit = parse(row.smiles, elements=ORGANIC_ELEMENTS)
        added += store.add_polymer(unit.key, unit.smiles, row.smiles, "dataset")
        if row.value is not None or row.label is not None:
            store.set_label(
                unit.key,
                QUANTITY if row.value is not None else campaign.objective.column,
                row.value,
                protocol=DATASET,
                force_field="",
                origin=_given_name(store, "dataset"),
                label=row.label,
            )
    return added


def _given_name(store: Store, key: str) -> str:
    """The name of a file of seeds as the user gave it; what is read may be a copy in the campaign folder."""
    return Path((store.get("settings") or {}).get("seeds", {}).get(key) or "").name


def _not_counted(campaign: Campaign) -> str:
    """What the journal adds where the values of the data set are of another quantity than the objective."""
    from autodisco.generator.dataset import QUANTITY

    objective = campaign.objective
    if not campaign.settings.seeds.dataset or objective.column == QUANTITY:
        return ""
    return f"; conductivities of the data set do not count for {objective.name}"


def _without_value(campaign: Campaign, store: Store, seeds: list[Seed]) -> list[str]:
    """Polymers that are simulated before the first model: the reference, unless its label has as many builds as it is
    to have, and the seeds where the campaign says so."""
    reference, labelled = store.get("reference_key"), _labelled(campaign, store)
    wanted = [] if labelled.get(reference, 0) >= _builds(campaign, True) else [reference]
    if campaign.settings.seeds.simulate_missing:
        wanted += [seed.unit.key for seed in seeds if seed.unit.key not in labelled]
    return list(dict.fromkeys(wanted))


def _builds(campaign: Campaign, of_reference: bool) -> int:
    """Builds of a polymer at the first tier."""
    first = campaign.tiers[0]
    return first.reference_replicas if of_reference else first.replicas


PREPARE = Stage(
    name="prepare",
    does="reads what is known and trains the first model",
    seed_number=ENUMERATION,
    run=prepare,
    events={
        "ready": Event(NEXT, "seeds are read, the reference has a value, model 0 is trained", "iteration 1 is opened"),
    },
)
