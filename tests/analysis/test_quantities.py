"""The table of quantities is complete and says of each what tables, plots and the combination of replicas need."""

import math
from pathlib import Path

import numpy as np
import pytest

from autodisco.analysis import combine
from autodisco.analysis.combination import Censored, Combination, Mean, NotCombined, Populations, RatioOfMeans
from autodisco.analysis.observables import BUILT_IN, OBSERVABLES
from autodisco.analysis.quantities import add, base_name, known, quantities, quantity
from autodisco.analysis.quantity import Quantity
from autodisco.errors import InputError
from tests.analysis.test_transport import brownian, properties, salt

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "analysis.md"
BEGIN, END = "<!-- quantities: written by python -m tests.analysis.test_quantities -->\n", "<!-- end of quantities -->"
REPLICAS: dict[type[Combination], str] = {
    Mean: "mean",
    Censored: "mean, or a bound",
    RatioOfMeans: "ratio of means",
    Populations: "mean",
    NotCombined: "of each run",
}
OF_RUNS = {
    "autodisco.simulation.cohesion": (
        "cohesive_energy_density_mpa",
        "solubility_parameter_mpa_sqrt",
        "dispersion_parameter_mpa_sqrt",
    ),
    "autodisco.analysis.glass": ("glass_transition_k",),
    "autodisco.analysis.mechanics": ("bulk_modulus_gpa", "youngs_modulus_gpa"),
    "autodisco.simulation.run_properties": ("strain_rate_per_s",),
    "autodisco.simulation.description": ("charge_used",),
    "autodisco.simulation.early": ("production_saved_ps", "production_share"),
}
"""Quantities of a replica that no observable gives, by the module that computes them."""


def as_markdown() -> str:
    """The numbers of the table of quantities as a table of the documentation."""
    rows = [
        f"| `{entry.name}` | {entry.label} | {entry.unit} | {entry.method} | {REPLICAS[type(entry.combination)]} "
        f"| {computed_in(entry)} |"
        for entry in quantities()
        if type(entry.combination) in REPLICAS and entry.method and entry.name != "n_replicas"
    ]
    heads = "| name | quantity | unit | how | of replicas | in `autodisco/` |"
    return "\n".join([heads, "|---|---|---|---|---|---|", *rows, ""])


def computed_in(entry: Quantity) -> str:
    """The file that computes a quantity: that of its observable, or one of the simulation."""
    of_runs = {name: module for module, names in OF_RUNS.items() for name in names}
    name = of_runs.get(entry.name) or next(
        module for kind, module in BUILT_IN.items() if entry in OBSERVABLES.get(kind).quantities
    )
    path = ROOT / (name.partition(":")[0].replace(".", "/") + ".py")
    assert path.is_file(), path
    return f"[{path.stem}](../{path.relative_to(ROOT)})"


def test_the_documentation_holds_the_table_of_quantities():
    text = PAGE.read_text()
    written = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert written == as_markdown(), "write it with python -m tests.analysis.test_quantities"


def test_every_key_that_an_analysis_writes_is_of_the_table(free_ions):
    names = {base_name(key) for key in free_ions}
    assert all(known(name) for name in names), names - {q.name for q in quantities()}
    assert all(known(base_name(key)) for key in combine([free_ions, free_ions]))


@pytest.fixture(scope="module")
def free_ions():
    who, cell = salt(5, 5), np.eye(3) * 30
    return properties(who, brownian(50, who, cell, 0.1, 0.1), cell).to_dict()


def test_terms_of_ratios_are_in_the_table_and_of_one_unit():
    for entry in quantities():
        if isinstance(ratio := entry.combination, RatioOfMeans):
            assert {quantity(name).unit for name in (ratio.below, *ratio.above)} == {"S/cm"}


def test_a_unit_in_a_name_is_the_unit_of_the_quantity():
    endings = {"_s_per_cm": "S/cm", "_cm2_per_s": "cm²/s", "_ps": "ps", "_g_per_cm3": "g/cm³", "_k": "K", "_ns": "ns"}
    for entry in quantities():
        for ending, unit in endings.items():
            if entry.name.endswith(ending):
                assert entry.unit == unit, entry.name


def test_a_quantity_is_shown_in_the_unit_in_which_people_read_it():
    sigma = quantity("conductivity_s_per_cm")
    assert sigma.heading == "σ, mS/cm"
    assert sigma.shown({sigma.name: 0.0123, f"{sigma.name}_sem": 0.0004}) == "12.3 ± 0.4"
    assert sigma.scale.place(0.0) == pytest.approx(-6)
    assert sigma.scale.place(1.0) == pytest.approx(math.log10(1 + 1e-6))


def test_names_of_other_versions_stand_for_themselves():
    assert quantity("viscosity_mpa_s").label == "viscosity_mpa_s"
    combined = combine([{"viscosity_mpa_s": 1.0, "note": "x"}, {"viscosity_mpa_s": 3.0, "note": "x"}])
    assert (combined["viscosity_mpa_s"], combined["viscosity_mpa_s_sem"], combined["note"]) == (2.0, 1.0, "x")


def test_fitted_lags_of_replicas_are_not_averaged():
    assert "fit_from_ps" not in combine([{"fit_from_ps": {"Li": 10.0}}, {"fit_from_ps": {"Li": 30.0}}])


def test_a_name_stands_for_one_quantity():
    assert isinstance(quantity("density_g_per_cm3").combination, Mean)
    with pytest.raises(InputError, match="'density_g_per_cm3' is already in the table as 'density'"):
        add(Quantity("density_g_per_cm3", "number density"))


def test_endings_of_keys_are_told_from_names():
    assert base_name("ion_pair_lifetime_ps_at_least") == "ion_pair_lifetime_ps"
    assert base_name("transference_number_n") == base_name("transference_number_sem") == "transference_number"
    assert base_name("transference_number_ne") == "transference_number_ne"


if __name__ == "__main__":
    text = PAGE.read_text()
    PAGE.write_text(text[: text.index(BEGIN) + len(BEGIN)] + as_markdown() + text[text.index(END) :])
