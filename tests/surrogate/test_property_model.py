from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from autodisco.errors import InputError
from autodisco.generator import put_aside, read_dataset
from autodisco.polymer import units_from_grammar
from autodisco.surrogate import PropertyModel, fit_judge

UNITS = units_from_grammar(300, np.random.default_rng(0))
VALUES = [float(text.count("O") / len(text)) for text in UNITS]


def test_it_learns_what_the_structure_decides():
    model = PropertyModel.fit(UNITS[:200], VALUES[:200], seed=1)
    assert spearmanr(model.predict(UNITS[200:]), VALUES[200:]).statistic > 0.9
    again = PropertyModel.fit(UNITS[:200], VALUES[:200], seed=1)
    assert (model.predict(UNITS[200:]) == again.predict(UNITS[200:])).all()


def test_the_border_leaves_the_asked_share_above():
    model = PropertyModel.fit(UNITS[:200], VALUES[:200], seed=1)
    assert not model.above_border(UNITS).any()  # before it is set, nothing is
    model.set_border(UNITS[200:], 0.2)
    assert 0.2 <= model.above_border(UNITS[200:]).mean() < 0.4  # ties at the border are above it
    assert model.above_border([]).tolist() == []


def test_too_few_values_are_refused():
    with pytest.raises(InputError, match="20"):
        PropertyModel.fit(UNITS[:19], VALUES[:19], seed=1)
    with pytest.raises(InputError, match="there are 0"):
        fit_judge([(text, 0.0) for text in UNITS[:50]], UNITS, 0.1, seed=1)


@pytest.mark.slow
def test_on_the_published_set_it_finds_the_best_twentieth(reference: Path):
    rows, aside = put_aside(read_dataset(reference / "polygen" / "PolyGen-train-set-from-HTP-MD.csv"), 0.2, seed=0)
    model = PropertyModel.fit([r.smiles for r in aside], np.log10([r.value for r in aside]), seed=0)
    rows, aside = rows[:800], aside[:600]
    values = np.log10([row.value for row in rows])
    estimates = model.predict([row.smiles for row in rows])
    assert 1 - np.var(values - estimates) / np.var(values) > 0.3
    model.set_border([row.smiles for row in rows], 0.05)
    truly_high = values >= np.quantile(values, 0.95)
    assert truly_high[model.above_border([row.smiles for row in rows])].mean() > 0.25  # 0.05 by chance
