"""generate: the model draws until enough strings are new as strings. Every draw is kept and counted.

The draws of an iteration are one stream that its seed determines; the store holds its beginning. After a crash, or if
too few polymers passed the filter, the stream is continued.
"""

from collections import Counter

from autodisco.campaign.architecture import draw_materials
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.escape import sampling
from autodisco.campaign.faults import kept
from autodisco.campaign.pool import wanted_new
from autodisco.campaign.replicas import tend
from autodisco.campaign.stages.stage import NEXT, Event, Stage
from autodisco.campaign.states import Interrupted, advance
from autodisco.campaign.training import load_model
from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import read_material
from autodisco.store import FAULT, Candidate, Store
from autodisco.text import counted

DRAWS_AT_ONCE = 100


def generate(campaign: Campaign, store: Store) -> None:
    """Continue the stream of draws until enough strings are new, or as many more as the filter asked for.

    If no string passed the filter, as many more have to be new.
    """
    settings = campaign.settings
    iteration = store.get("iteration")
    rows = store.candidates(iteration)
    wanted = _wanted(campaign, store, rows)
    drawn, fresh = len(rows), 0
    number = store.model_of(iteration)
    known, how = store.known_strings(), sampling(campaign, store, number)
    model = load_model(campaign, store, number) if wanted else None
    while model and fresh < wanted and drawn < settings.generate.max_draws:
        if campaign.interrupted():
            raise Interrupted
        tend(campaign, store)
        batch, begin = divmod(drawn, DRAWS_AT_ONCE)
        seed = campaign.seed(iteration, GENERATE.seed_number, batch)
        strings = draw_materials(model, DRAWS_AT_ONCE, settings.generate, seed, **how)
        draws = []
        for smiles in strings[begin : begin + settings.generate.max_draws - drawn]:
            draws.append(Candidate(iteration, drawn, smiles, *_look(campaign, smiles, known)))
            drawn += 1
            fresh += draws[-1].verdict == "drawn"
            if fresh == wanted:
                break
        store.add_candidates(draws)
    counts = store.verdicts().get(iteration, {})
    with store.transaction():
        store.note(
            "drawn",
            f"iteration {iteration}",
            {"draws": drawn, **counts},
            f"{counted(fresh, 'string')} for the filter",
            f"{wanted} wanted" if fresh == wanted else f"max_draws = {settings.generate.max_draws} is reached",
        )
        advance(store, "drawn")
    if not rows:  # later rounds are short, and many
        campaign.say(f"{drawn} draws in iteration {iteration}, {counted(fresh, 'new string')} for the filter")


def _wanted(campaign: Campaign, store: Store, rows: list[Candidate]) -> int:
    """Number of new strings that are still needed."""
    size = wanted_new(campaign, store)
    verdicts = Counter(row.verdict for row in rows)
    if campaign.settings.generate.until == "survivors" or not verdicts["new"]:
        return max(0, size - verdicts["drawn"] - verdicts["new"])
    return max(0, size - sum(verdicts[name] for name in store.new_string_verdicts()))


def _look(campaign: Campaign, smiles: str, known: dict[str, str]) -> tuple[str | None, str, str]:
    """Key, verdict and reason of a string. A valid string is known afterwards."""
    if smiles in known:
        return known[smiles], "duplicate-string", "this very string was seen before"
    try:
        key = read_material(smiles).key
    except InvalidRepeatUnit as error:
        return None, "invalid", error.code
    except Exception as error:
        return None, FAULT, kept(campaign.folder, error, "generate", smiles)
    known[smiles] = key
    return key, "drawn", ""


GENERATE = Stage(
    name="generate",
    does="draws from the model until enough strings are new",
    seed_number=1,
    run=generate,
    events={
        "drawn": Event(
            NEXT,
            "enough strings are new as strings, or as many are drawn as allowed",
            "what was drawn is counted",
        ),
    },
)
