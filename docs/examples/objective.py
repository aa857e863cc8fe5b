"""The efficacy of an electrolyte: the part of the conductivity that the cations carry."""

from autodisco.decide import Objective, Scale

EFFICACY = Objective(
    name="efficacy",
    column="efficacy_s_per_cm",
    label="efficacy (transference number times conductivity)",
    symbol="t₊σ",
    quantities=("transference_number", "conductivity_s_per_cm"),
    formula=lambda transference, conductivity: transference * conductivity,
    undefined=0.0,  # no ion moves, so that the transference number is undefined
    unit="S/cm",
    shown_unit="mS/cm",
    factor=1e3,
    scale=Scale(floor=1e-6),
)
