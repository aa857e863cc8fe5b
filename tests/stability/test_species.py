"""Starting structures: oligomers alone, with lithium, with an anion."""

import numpy as np
import pytest

from autodisco.errors import InputError
from autodisco.stability.species import alone, molecule, oligomer, with_anion, with_lithium


def nearest(start, atoms):
    """Distance (Å) from the last atoms to the others."""
    rest, moved = start[:-atoms], start[-atoms:]
    return np.linalg.norm(rest[:, None] - moved[None], axis=-1)


def test_an_oligomer_has_methyl_ends():
    species = alone(oligomer("*OCC*", 2))
    assert sorted(species.numbers) == sorted([8] * 2 + [6] * 6 + [1] * 14)
    assert species.charge == 0
    assert len(species.starts) == 1
    again = alone(oligomer("*COC*", 2))  # the same chain in another spelling
    assert np.array_equal(again.starts[0], species.starts[0])


def test_lithium_starts_at_donor_atoms_and_chelated_where_two_are_near():
    species = with_lithium(molecule("COCCOC"))
    assert species.numbers[-1] == 3
    assert species.charge == 1
    oxygens = [k for k, number in enumerate(species.numbers) if number == 8]
    distances = [nearest(start, 1)[oxygens, 0] for start in species.starts]
    assert all(min(one) == pytest.approx(1.95, abs=0.2) for one in distances)
    assert any(max(one) < 2.3 for one in distances)


def test_a_molecule_without_donor_atoms_holds_lithium_at_carbon():
    assert with_lithium(molecule("CCC")).starts


def test_the_anion_starts_beside_the_molecule():
    species = with_anion(molecule("COC"))
    assert species.charge == -1
    assert len(species.starts) >= 6
    for start in species.starts:
        assert 2.3 < nearest(start, 15).min() < 3.0


def test_what_is_no_molecule_is_refused():
    for text in ("C(", "", "xyz"):
        with pytest.raises(InputError, match="is not the SMILES of a molecule"):
            molecule(text)
