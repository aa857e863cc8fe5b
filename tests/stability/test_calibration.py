"""The calibration: measured potentials with sources, and a line through them."""

import pytest
from rdkit import Chem

from autodisco.stability.calibration import line, references


def test_every_measured_potential_has_a_molecule_conditions_and_a_source():
    rows = list(references())
    assert len({(one.smiles, one.side) for one in rows}) == len(rows)
    for one in rows:
        assert Chem.MolFromSmiles(one.smiles) is not None, one
        assert one.source, one
        assert one.conditions, one
        assert one.use in ("fit", "check", "film")
        assert 0 < one.volts < 9


def test_each_line_is_fitted_to_fifteen_molecules_or_more_and_states_its_error():
    for side in ("oxidation", "reduction"):
        fitted = [one for one in references() if one.side == side and one.use == "fit"]
        found = line(side)
        assert found.n == len(fitted) >= 15
        assert 0 < found.mean_error <= found.rms_error < 1
        assert found.lowest == pytest.approx(min(one.volts for one in fitted))
        assert found.highest == pytest.approx(max(one.volts for one in fitted))
        assert found.slope > 0  # what holds its electrons more strongly is oxidised and reduced at a higher potential
