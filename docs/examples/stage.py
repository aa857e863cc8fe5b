"""A stage between `filter` and `simulate`: large repeat units are not simulated."""

from autodisco.campaign.stages import NEXT, Event, Stage
from autodisco.campaign.states import advance
from autodisco.polymer import parse

MOST_HEAVY_ATOMS = 4


def screen(campaign, store):
    """Reject the new polymers of this iteration that have too many heavy atoms."""
    iteration = store.get("iteration")
    with store.transaction():
        for draw in store.candidates(iteration, "new"):
            atoms = sum(atom.GetAtomicNum() > 1 for atom in parse(draw.smiles).mol.GetAtoms())
            if atoms > MOST_HEAVY_ATOMS:
                store.exclude(draw, "too large", f"{atoms} heavy atoms")
        left = len(store.candidates(iteration, "new"))
        store.note("screened", f"iteration {iteration}", {"left": left}, "go on", f"at most {MOST_HEAVY_ATOMS} atoms")
        advance(store, "screened" if left else "all too large")


SCREEN = Stage(
    name="screen",
    does="rejects large repeat units",
    seed_number=100,  # your own stages: from 100 on
    run=screen,
    events={
        "screened": Event(NEXT, "every new polymer was looked at", "verdicts are written"),
        "all too large": Event("acquire", "no polymer is left", "verdicts are written; nothing is simulated"),
    },
    verdicts={"too large": "a new polymer with too many heavy atoms"},
)
