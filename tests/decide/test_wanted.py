"""What the tables `[[objective]]` mean: aims, constraints, values of the structure, and the form of old."""

import numpy as np
import pytest

from autodisco.campaign.campaign_file import check_names
from autodisco.campaign.settings_file import read_settings, write_settings
from autodisco.decide.objective import Objective, objective_named
from autodisco.decide.of_structure import OfStructure
from autodisco.decide.outlook import Aim, Outlook
from autodisco.decide.selection import Choice, chance_within
from autodisco.decide.wanted import wanted
from autodisco.errors import InputError
from autodisco.polymer import parse, read_material, scores, scores_of
from autodisco.store import Candidate
from autodisco.surrogate import Label, Posterior, Source, Wish
from tests.distinct_units import distinct_units


@pytest.fixture
def read(tmp_path):
    """Reads a campaign file with these tables, and checks the names in it."""

    def one(text):
        file = tmp_path / "mine.toml"
        file.write_text(f'name = "mine"\n{text}')
        settings = read_settings(file)
        check_names(file, settings)
        return settings

    return one


def test_the_first_that_is_no_constraint_ranks_and_the_others_are_weighed_beside_it(read):
    settings = read("""
[[objective]]
name = "sa_score"
aim = "constrain"
at_most = 4
[[objective]]
name = "efficacy"
[[objective]]
name = "density_g_per_cm3"
aim = "minimise"
[[objective]]
name = "glass_transition"
aim = "target"
value = 250
[simulation]
protocol = "glass"
""")
    found = settings.wanted()
    assert [one.wish for one in found.aims] == ["higher is better", "lower is better", "aim: 250 K"]
    assert (found.objective.name, [one.bounds for one in found.constraints]) == ("efficacy", ["SA score at most 4.0"])
    assert settings.filter.selection == "chebyshev-ucb"
    # As a campaign folder holds it.
    again = read(write_settings({key: settings.model_dump()[key] for key in ("objective", "simulation")}))
    assert again.objective == settings.objective


def test_the_one_table_of_earlier_versions_means_the_same(read, tmp_path):
    (tmp_path / "mine.py").write_text("""
from autodisco.decide import of_quantity
DENSE = of_quantity("dense", "density_g_per_cm3", at_least=1.1)
DILUTE = of_quantity("dilute", "concentration_actual_molal", direction="lower")
""")
    text = 'constraints = ["mine.py:DENSE"]\nfurther = ["mine.py:DILUTE"]\n[filter]\nselection = "ehvi"'
    old = read(f'[objective]\nname = "conductivity"\n{text}').wanted()
    assert [one.wish for one in old.aims] == ["higher is better", "lower is better"]
    assert [one.bounds for one in old.constraints] == ["dense at least 1.1 g/cm³"]
    assert wanted({"name": "density"}).objective == objective_named("density")
    assert wanted(None).objective.name == "conductivity"


@pytest.mark.parametrize(
    ("tables", "complaint"),
    [
        ('[[objective]]\naim = "target"', "objective.0.aim: aim = 'target' needs the value that is aimed at"),
        ('[[objective]]\nat_least = 1', "objective.0.at_least: it has a meaning with aim = 'constrain' only"),
        ('[[objective]]\naim = "most"', "objective.0.aim = \"most\": allowed is 'default', 'maximise', 'minimise', "),
        ('[[objective]]\naim = "constrain"\nat_least = 1', "ranked by the first table that is no constraint"),
        ('[[objective]]\n[[objective]]\nname = "density"\naim = "constrain"', "objective.1: .* needs at_least or"),
        ('[[objective]]\nname = "sa_score"', "has to be simulated, and SA score is not"),
        ('[[objective]]\nname = "denssity"', "objective.0: objective 'denssity' does not exist .did you"),
        ('[[objective]]\n[[objective]]\naim = "minimise"', "conductivity_s_per_cm stands there twice"),
        ('objective = 3', "objective = 3: allowed is a list"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_meant_are_refused_in_one_line(read, tables, complaint):
    with pytest.raises(InputError, match=complaint) as refused:
        read(tables)
    assert len(str(refused.value).splitlines()) == 1


def test_efficacy_is_by_diffusivities_and_zero_where_no_ion_moves():
    efficacy = objective_named("efficacy")
    assert efficacy.value({"conductivity_s_per_cm": 2e-3, "transference_number_ne": 0.25}) == pytest.approx(5e-4)
    assert efficacy.value({"conductivity_s_per_cm": 0.0, "transference_number_ne": None}) == 0.0


def test_the_synthetic_accessibility_is_known_of_every_polymer():
    score = objective_named("sa_score")
    unit = parse("*OCCO*")
    assert score.structure(unit.smiles) == scores(unit)["sa_score"]
    assert wanted([{"name": "sa_score", "aim": "constrain", "at_most": 4}, {}]).of_structure(unit.smiles) == {
        "sa_score": scores(unit)["sa_score"]
    }
    assert score.value({"sa_score": 3.0}) == 3.0
    # Of several parts, the one that is hardest to make.
    for text in ("*CC*.*OCCO*|random|0.25", "*OCC*.O=C1OCCO1|plasticised|0.3"):
        material = read_material(text)
        assert score.of_structure(material.smiles) == scores_of(material)["sa_score"]
    assert score.value({}) is None
    seen = OfStructure(score).predict([unit.smiles])
    assert (float(seen.mean[0]), float(seen.sd[0])) == (scores(unit)["sa_score"], 0.0)


def test_a_value_that_cannot_be_computed_is_like_the_average_and_unsure():
    one = Objective("x", "x", "x", "x", structure={"a": 1.0, "b": 3.0}.get, structure_sem=0.1, spread=2.0)
    seen = OfStructure(one).predict(["a", "b", "c"])
    assert seen.mean.tolist() == [1.0, 3.0, 2.0]
    assert seen.sd.tolist() == [0.1, 0.1, 2.0]
    draws = OfStructure(one).draws(["a", "b", "c"], 4000, np.random.default_rng(0))
    assert draws.std(axis=0) == pytest.approx(np.array([0.1, 0.1, 2.0]), rel=0.1)


@pytest.fixture(scope="module")
def near():
    """Forty repeat units, the posterior of a value that rises from 0 to 3, and a target among these values."""
    units = distinct_units(60, np.random.default_rng(4))[:40]
    labels = [Label(unit, "p", 3.0 * n / 39 + 0.3 * (-1) ** n) for n, unit in enumerate(units[:30])]
    posterior = Posterior.fit(labels, [Source.of_kind("p", "protocol", reference=True)], "p", prior_mean=None, seed=0)
    return units, posterior, 1.2


def test_what_is_nearer_to_a_target_is_worth_more(near):
    units, posterior, target = near
    aimed = Objective("x", "x", "x", "x", ("density_g_per_cm3",), target=target)
    assert aimed.worth(1.0) == pytest.approx(-0.2)
    outlook = Outlook(Aim(aimed, posterior), units)
    values = posterior.draws(units, 20000, np.random.default_rng(0))
    distances = -np.abs(values - target)
    mean, sd = outlook.moments
    assert mean == pytest.approx(distances.mean(axis=0), abs=0.02)
    assert sd == pytest.approx(distances.std(axis=0), abs=0.02)
    drawn = outlook.draws(np.arange(len(units)), 20000, np.random.default_rng(1))
    assert drawn.max() <= 0.0
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=0.02)
    worth, covariance = outlook.joint(np.arange(len(units)))
    assert worth == pytest.approx(mean, abs=1e-6)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(sd, abs=1e-6)
    # Beside the reference, and among the best.
    nearer = (distances > distances[:, :1]).mean(axis=0)
    assert posterior.against(units, units[0], Wish(target=target))[0][1:] == pytest.approx(nearer[1:], abs=0.02)
    best = np.argsort(-distances, axis=1)[:, :5]
    expected = np.bincount(best.ravel(), minlength=len(units)) / len(distances)
    found = posterior.p_best(units, 5, np.random.default_rng(2), n=20000, wish=Wish(target=target))
    assert found == pytest.approx(expected, abs=0.02)


def test_candidates_that_probably_violate_a_constraint_are_left_out_while_others_remain(near):
    units, posterior, _ = near
    dense = Aim(Objective("x", "x", "x", "x", ("density_g_per_cm3",), at_least=1.0, at_most=2.5), posterior)
    values = posterior.draws(units, 20000, np.random.default_rng(0))
    inside = ((values >= 1.0) & (values <= 2.5)).mean(axis=0)
    assert chance_within(dense, units) == pytest.approx(inside, abs=0.02)
    rows = [Candidate(1, n, unit, unit, "new") for n, unit in enumerate(units)]
    few, many = (
        Choice(rows, most, dense.objective, [], np.random.default_rng(0), posterior, constraints=[dense]).allowed()
        for most in (3, len(units))
    )
    chances = chance_within(dense, units)
    assert [row.smiles for row in few.candidates] == [unit for n, unit in enumerate(units) if chances[n] >= 0.1]
    assert 3 < len(few.candidates) < len(units) == len(many.candidates)
