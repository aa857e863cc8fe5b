import tracemalloc

import numpy as np
import pytest

from autodisco.generator import metrics
from autodisco.generator.metrics import score_samples
from autodisco.polymer import parse
from autodisco.polymer.grammar import units_from_grammar


def test_shares_are_counted_per_draw():
    samples = ["*OCC*", "*OCC*", "*CC*", "*C(C*", "*CCC", ""]
    scores = score_samples(samples, ["*CC*", "*CCC"])
    assert scores["validity"] == pytest.approx(3 / 6)
    assert scores["uniqueness"] == pytest.approx(5 / 6)
    assert scores["novelty"] == pytest.approx(4 / 6)
    assert scores["valid_unique_novel"] == pytest.approx(1 / 6)


def test_a_mirror_image_or_multiple_of_a_known_polymer_is_new_as_a_string_only():
    scores = score_samples(["*NCCOC*", "*COCCNCOCCN*"], ["*COCCN*"])
    assert scores["novelty"] == 1
    assert scores["valid_unique_novel"] == 0


def test_copies_of_one_polymer_have_no_diversity_and_full_similarity():
    scores = score_samples(["*OCC*", "*OCC*"], ["*OCC*"])
    assert scores["diversity"] == 0
    assert scores["similarity"] == 1


def test_diversity_and_similarity_are_means_over_all_pairs():
    pair = score_samples(["*OCC*", "*NCC*"], ["*CC(*)c1ccccc1"])
    ends = [score_samples([s], ["*CC(*)c1ccccc1"])["similarity"] for s in ("*OCC*", "*NCC*")]
    assert pair["similarity"] == pytest.approx(sum(ends) / 2)
    assert pair["diversity"] == pytest.approx(1 - score_samples(["*OCC*"], ["*NCC*"])["similarity"])
    assert 0 < pair["diversity"] < 1


def test_the_synthesizable_share_tells_ethers_from_cages():
    cage = "*C12C3C4C1C5C2C3C45OC%10C%11(F)C(S)C%10N%11*"
    assert score_samples(["*OCC*"], [])["synthesizability"] == 1
    assert score_samples(["*OCC*", cage], [])["synthesizability"] == 0.5


def test_nothing_valid_leaves_averages_undefined():
    scores = score_samples(["((("], ["*CC*"])
    assert scores["validity"] == 0
    assert scores["synthesizability"] is scores["similarity"] is scores["diversity"] is None
    assert score_samples([], ["*CC*"])["validity"] is None


def test_new_polymers_are_asked_for_their_class_and_for_weak_bonds():
    samples = ["*OCC*", "*OCC*", "*OOC*", "*CC*", "*NCC*", "(("]
    asked = []

    def is_high(smiles):
        asked.extend(smiles)
        return np.array(["O" in text for text in smiles])

    scores = score_samples(samples, ["*CC*"], is_high)
    assert sorted(asked) == sorted(parse(text).smiles for text in ("*OCC*", "*OOC*", "*NCC*"))
    assert scores["above_border"] == pytest.approx(2 / 3)
    assert scores["new_above_border"] == pytest.approx(2 / 6)
    assert scores["unflagged"] == pytest.approx(2 / 3)  # not the peroxide
    assert "above_border" not in score_samples(samples, ["*CC*"])


def test_what_is_remembered_of_draws_is_a_few_megabytes_however_many_are_scored():
    draws = list(dict.fromkeys(units_from_grammar(1100, np.random.default_rng(8))))
    score_samples(draws[:50], [])
    tracemalloc.start()
    score_samples(draws[50:1050], [])
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    most = max(cache.cache_info().maxsize for cache in (metrics._unit, metrics._synthesizability, metrics._fingerprint))
    assert kept / 1000 * most < 16e6
