"""The judge of a campaign: sources, target, what it says, and what comes of it."""

import numpy as np
import pytest
from scipy.stats import norm

from autodisco.campaign.judging import judge
from autodisco.decide import ranking
from autodisco.decide.judge import REFERENCE_WORDS, forecasts, forest_agreement, judged
from autodisco.polymer import parse, units_from_grammar
from autodisco.report.situation import situation
from autodisco.simulation import protocols
from autodisco.store import DATASET, EXPERIMENT, Candidate, Experiment, Store
from autodisco.surrogate import PRIOR

SIGMA = "conductivity_s_per_cm"
PEO = parse("*OCC*")
UNITS = [parse(text) for text in units_from_grammar(60, np.random.default_rng(5))]
OWN = {"kind": "posterior", "prior_mean": False, "best": 5}
AGREEMENT = {"offset": 1.27, "offset_sd": 0.12, "slope": 0.4, "slope_sd": 0.12, "systematic": 0.15}
QUICK = {"protocol": "quick", "agreement": AGREEMENT, "scatter": {"decades": 0.36, "degrees": 97}}
SODIUM = {**QUICK, "content": {"system": {"salt": "NaTFSI"}}}


def truth(unit):
    """Conductivity at the reference protocol, S/cm: oxygen makes it larger."""
    return 10 ** (-4 + 2 * unit.smiles.count("O") / len(unit.smiles.replace("*", "")))


def quick(unit, rng, noise=0.3):
    return 10 ** (-3 + 1.27 + 0.4 * (np.log10(truth(unit)) + 3) + noise * rng.normal())


@pytest.fixture
def campaign(tmp_path):
    """Begins a campaign with the reference and its builds."""
    stores = []

    def begin(name="c", **facts):
        store = Store.create(tmp_path / name)
        stores.append(store)
        given = {"settings": {"surrogate": OWN}, "seed": 1, "iteration": 1, **facts}
        store.set(
            **{
                "protocol": "quick", "force_field": "pcff+", "reference_key": PEO.key, "tiers": [QUICK], **given,
            }
        )  # fmt: skip
        add(store, PEO, [quick(PEO, np.random.default_rng(0)) for _ in range(4)], source="seed")
        return store

    yield begin
    for store in stores:
        store.close()


def add(store, unit, values, source="generated", protocol="quick"):
    store.add_polymer(unit.key, unit.smiles, unit.given, source, 0 if source == "seed" else 1)
    for number, value in enumerate(values):
        store.plan_replica(unit.key, protocol, number, 1)
        store.update_replica(unit.key, protocol, number, status="done", properties={SIGMA: value}, ended=1.0)


def add_label(store, unit, value, protocol=DATASET, force_field="", origin="table.csv", **more):
    store.add_polymer(unit.key, unit.smiles, unit.given, "dataset")
    assert store.set_label(unit.key, SIGMA, value, protocol=protocol, force_field=force_field, origin=origin, **more)


def known_labels(store):
    return {(label.smiles, label.source): label for label in judged(store).labels}


def test_measured_values_move_what_is_believed_of_polymers(campaign):
    store = campaign(
        tiers=[{**QUICK, "content": {"temperature_k": 500, "system": {"salt": "LiTFSI", "molality": 1.5}}}]
    )
    rng = np.random.default_rng(1)
    for unit in UNITS[:30]:
        add(store, unit, [quick(unit, rng)])
    before = judged(store).posterior.predict([UNITS[0].smiles])
    row = {"origin": "a.csv", "quantity": SIGMA, "sem": None, "temperature_k": 500.0, "salt": "LiTFSI", "added": 1.0}
    row |= {"molality_mol_per_kg": 1.5, "reference": "", "note": "", "source": "experiment"}
    seen = store.values_seen()
    rows = [
        Experiment(line=n, key=unit.key, smiles=unit.smiles, value=truth(unit) * (100 if n == 0 else 1), **row)
        for n, unit in enumerate(UNITS[:30])
    ]
    assert store.set_experiments("a.csv", rows)
    assert store.values_seen() != seen
    judge = judged(store)
    assert {source.name: source.kind for source in judge.sources}["experiment"] == "experiment"
    after = judge.posterior.predict([UNITS[0].smiles])
    assert after.mean[0] > before.mean[0] + 0.2
    assert "experiment" in after.contributions


def test_a_campaign_without_a_posterior_has_no_judge(campaign):
    store = campaign(settings={"surrogate": {"kind": "none"}})
    assert judged(store) is None
    assert judge(store) is None
    assert store.estimates() == {}
    assert judged(campaign("older", settings={})) is None


def test_a_data_set_makes_the_reference_protocol_the_target(campaign):
    store = campaign()
    assert judged(store).target == "quick"
    for unit in UNITS[:20]:
        add_label(store, unit, truth(unit))
    found = judged(store)
    assert (found.target, found.words) == ("htp-md", REFERENCE_WORDS)
    assert f"{protocols.load('htp-md').temperature_k:g} K" in REFERENCE_WORDS
    assert {source.name: source.kind for source in found.sources} == {
        "quick": "protocol", "htp-md": "protocol", "table.csv": "data-set",
    }  # fmt: skip
    prior = next(source.priors for source in found.sources if source.name == "quick")
    assert (prior.offset.mean, prior.slope.mean, prior.systematic) == (1.27, 0.4, 0.15)


def test_the_prior_mean_makes_the_reference_protocol_the_target(campaign):
    store = campaign(settings={"surrogate": {**OWN, "prior_mean": True}})
    found = judged(store)
    assert (found.target, found.words) == ("htp-md", REFERENCE_WORDS)
    peo, polyethylene = found.posterior.predict(["*CCO*", "*C*"]).contributions[PRIOR]
    assert peo > polyethylene + 0.3
    other = campaign("other", settings={"surrogate": {**OWN, "prior_mean": True}}, tiers=[SODIUM])
    assert judged(other).target == "quick"


def test_another_salt_keeps_the_target_at_the_own_protocol(campaign):
    store = campaign(tiers=[SODIUM])
    for unit in UNITS[:20]:
        add_label(store, unit, truth(unit))
    assert judged(store).target == "quick"


def test_zeros_are_bounds_at_the_least_that_was_resolved(campaign):
    store = campaign()
    add(store, UNITS[0], [0.0, 0.0])
    add(store, UNITS[1], [2e-4])
    labels = known_labels(store)
    zero = labels[UNITS[0].smiles, "quick"]
    assert zero.censored
    assert (zero.value, zero.builds) == (pytest.approx(np.log10(2e-4), abs=0.01), 2)
    assert not labels[UNITS[1].smiles, "quick"].censored


def test_experiments_and_values_of_other_protocols_are_sources_of_their_own(campaign):
    store = campaign()
    add_label(store, UNITS[0], 1e-4, EXPERIMENT, "", sem=1e-5)
    add_label(store, UNITS[0], 2e-4, "htp-md", "pcff+", n_replicas=5)
    add_label(store, UNITS[1], 3e-3, "small", "pcff+", sem=1e-3, n_replicas=2)
    found = judged(store)
    kinds = {source.name: source.kind for source in found.sources}
    assert kinds == {"quick": "protocol", "htp-md": "protocol", "small": "protocol", "experiment": "experiment"}
    assert found.target == "htp-md"
    assert known_labels(store)[UNITS[0].smiles, "experiment"].sem == pytest.approx(1e-5 / 1.01e-4 / np.log(10))


def test_a_small_value_of_an_experiment_is_a_number(campaign):
    store = campaign()
    add_label(store, UNITS[0], 1e-4, EXPERIMENT, "")
    add_label(store, UNITS[1], 5e-7, EXPERIMENT, "")
    add_label(store, UNITS[1], 5e-7, DATASET, "")
    labels = {(one.smiles, one.source): one for one in judged(store).labels}
    experiment = labels[UNITS[1].smiles, "experiment"]
    assert (experiment.censored, experiment.value) == (False, pytest.approx(np.log10(1.5e-6)))
    assert labels[UNITS[1].smiles, "table.csv"].censored


def test_the_ranking_is_by_the_posterior_and_says_where_it_comes_from(campaign):
    store = campaign()
    rng = np.random.default_rng(1)
    for unit in UNITS[:40]:
        add_label(store, unit, truth(unit))
    for unit in UNITS[40:]:
        add(store, unit, [quick(unit, rng) for _ in range(2)])
    before = ranking(store)
    assert before[0].p_best is None
    judge(store)
    rows = ranking(store)
    assert {row.key for row in rows} == {row.key for row in before}
    assert [row.expected for row in rows] == sorted((row.expected for row in rows), reverse=True)
    true = np.log10([truth(parse(row.monomer_smiles)) for row in rows])
    by_builds = np.log10([truth(parse(row.monomer_smiles)) for row in before])
    places = np.arange(len(rows))
    assert np.corrcoef(places, true)[0, 1] < np.corrcoef(places, by_builds)[0, 1] - 0.1
    assert np.abs(np.log10([row.expected for row in rows]) - true).mean() < 0.3
    best = rows[0]
    assert best.expected_low < best.expected < best.expected_high < best.value  # quick is a decade higher
    assert list(best.moved) == ["prior mean", "table.csv", "quick"]
    assert sum(best.moved.values()) == pytest.approx(np.log10(best.expected + 1e-6))
    assert sum(row.p_best for row in rows) == pytest.approx(5)
    reference = next(row for row in rows if row.key == PEO.key)
    assert reference.verdict == "reference"
    assert (reference.against_reference, reference.shown_against) == (None, "")
    said = store.estimates()
    for row in (row for row in rows if row is not reference):
        assert row.against_reference == pytest.approx((row.expected + 1e-6) / (reference.expected + 1e-6))
        assert row.against_reference_low < row.against_reference < row.against_reference_high
        sd = np.log10(row.against_reference_high / row.against_reference) / 1.645
        assert norm.cdf(np.log10(row.against_reference) / sd) == pytest.approx(row.p_better, abs=1e-3)
        assert sd < np.hypot(said[row.key].sd, said[PEO.key].sd)
        assert (row.verdict == "tie") == (row.against_reference_low < 1 < row.against_reference_high)


def test_what_is_said_is_the_same_each_time_and_written_once(campaign):
    store, again = (campaign(name) for name in ("a", "b"))
    for one, units in ((store, UNITS[:12]), (again, UNITS[:12][::-1])):
        for unit in units:
            add(one, unit, [truth(unit)])
        judge(one)
    assert store.estimates() == again.estimates()
    notes = len(store.journal())
    judge(store)
    assert len(store.journal()) == notes
    assert store.get("judgement")["target"] == "quick"


def pool(units):
    return [Candidate(1, n, unit.given, unit.key, "not-selected") for n, unit in enumerate(units)]


def test_values_are_compared_with_what_was_said_before_they_came(campaign):
    store = campaign()
    for unit in UNITS[:20]:
        add(store, unit, [truth(unit)])
    store.add_candidates(pool(UNITS[20:40]))
    judge(store)
    said = store.estimates()
    assert {unit.key for unit in UNITS[:40]} == said.keys()
    assert store.forecasts() == []
    store.set(iteration=2)
    for unit in UNITS[20:24]:
        add(store, unit, [truth(unit) * 10**0.1] * 2)
    judge(store)
    rows = {row.key: row for row in store.forecasts()}
    assert rows.keys() == {unit.key for unit in UNITS[20:24]}
    one = rows[UNITS[20].key]
    assert (one.said, one.sd) == said[one.key].said["quick"][:2]
    assert one.builds == 2
    add(store, UNITS[20], [1.0] * 3)
    add(store, UNITS[0], [1.0] * 3)
    assert forecasts(judged(store), store) == []  # compared already, or known when it was said
    (note,) = [row for row in store.journal() if row.event == "calibration"]
    assert note.seen["values"] == 4


def test_a_posterior_that_was_sure_of_what_did_not_come_is_widened(campaign):
    store = campaign()
    for unit in UNITS[:30]:
        add(store, unit, [1e-3] * 4)
    store.add_candidates(pool(UNITS[30:]))
    judge(store)
    before = store.estimates()
    for unit in UNITS[30:50]:
        add(store, unit, [3e-2 if len(unit.smiles) % 2 else 3e-5] * 4)
    judge(store)
    assert store.get("judgement")["widened_by_forecasts"] > 1.5
    assert max(row.z for row in store.forecasts()) > 3
    assert store.estimates()[UNITS[55].key].sd > 1.5 * before[UNITS[55].key].sd
    assert any("widen" in row.decided for row in store.journal() if row.event == "calibration")


def test_a_value_far_off_all_others_is_told_once(campaign):
    store = campaign()
    for unit in UNITS[:40]:
        add(store, unit, [1e3 * truth(unit) if unit == UNITS[7] else truth(unit)] * 4)
    judge(store)
    (note,) = [row for row in store.journal() if row.event == "far off"]
    assert note.subject == UNITS[7].smiles
    assert note.seen[SIGMA] == pytest.approx(1e3 * truth(UNITS[7]), rel=0.05)
    assert note.seen["expected_s_per_cm"] < 0.1 * note.seen[SIGMA]
    assert UNITS[7].smiles in situation(store)["judge"]
    add(store, UNITS[41], [truth(UNITS[41])] * 4)
    judge(store)
    assert [row.event for row in store.journal()].count("far off") == 1


def test_a_forest_that_ranks_the_pool_otherwise_is_journalled(campaign, monkeypatch):
    store = campaign()
    for unit in UNITS[:30]:
        add(store, unit, [truth(unit)] * 4)
    waiting = [unit.smiles for unit in UNITS[30:]]
    assert forest_agreement(judged(store), "quick", waiting) > 0.4
    assert forest_agreement(judged(store), "quick", waiting[:5]) is None
    store.add_candidates(pool(UNITS[30:]))
    judge(store)
    assert "check" not in [row.event for row in store.journal()]
    monkeypatch.setattr("autodisco.campaign.judging.LEAST_AGREEMENT", 1.1)
    store.set(judgement=None)
    judge(store)
    (note,) = [row for row in store.journal() if row.event == "check"]
    assert note.seen["polymers"] == len(waiting)
