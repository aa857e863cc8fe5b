"""The objectives of the program beside the conductivity: quantities, a formula, and a value of the structure.

Spreads are standard deviations between polymers as the HTP-MD table and the simulations of this program have them.
"""

from functools import lru_cache

from autodisco.analysis.quantity import CONDUCTIVITY_SCALE
from autodisco.decide.objective import Objective, of_quantity

TRANSFERENCE_NUMBER_NE = of_quantity("transference number", "transference_number_ne", spread=0.1)
"""By diffusivities: that of clusters runs from below zero to above one in short runs, and cannot be aimed at."""

EFFICACY = Objective(
    name="efficacy",
    column="efficacy_s_per_cm",
    label="efficacy (conductivity times transference number, by diffusivities)",
    symbol="t₊σ",
    quantities=("conductivity_s_per_cm", "transference_number_ne"),
    formula=lambda conductivity, transference: conductivity * transference,
    undefined=0.0,  # no ion moves, so that the transference number is undefined
    unit="S/cm",
    shown_unit="mS/cm",
    factor=1e3,
    scale=CONDUCTIVITY_SCALE,
)

GLASS_TRANSITION = of_quantity("glass transition", "glass_transition_k", direction="lower", spread=50.0)
DENSITY = of_quantity("density", "density_g_per_cm3", spread=0.15)


@lru_cache(maxsize=1 << 16)
def _sa_score(smiles: str) -> float | None:
    from autodisco.polymer import ORGANIC_ELEMENTS, read_material, scores_of  # rdkit, which readers do without

    text = smiles if "*" in smiles or "|" in smiles else f"{smiles}|molecule"
    return scores_of(read_material(text, ORGANIC_ELEMENTS))["sa_score"]


SA_SCORE = Objective(
    name="SA score",
    column="sa_score",
    label="synthetic accessibility score (1 easy, 10 hard)",
    symbol="SA",
    direction="lower",
    spread=1.0,
    structure=_sa_score,
    reads_materials=True,
)
