"""Selections that pick other atoms than ions: told by charges in the file, electrons, size, metals left out."""

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.analysis.ion_checks import _is_odd
from autodisco.errors import InputError
from tests.analysis.walks import CHOSEN, dump_text, salt

CHAINS = {**CHOSEN, "cation": "type 5"}  # the carbon atoms of neutral chains


def found(folder, text, **chosen):
    (folder / "run.lammpstrj").write_text(text)
    return analyze(folder / "run.lammpstrj", **chosen).properties


def charges(it, ion=0.7):
    """Scaled charges of the ions, and polar chains that are neutral."""
    return np.select([it.types == 1, it.types == 2, it.types == 5, it.types == 6], [ion, -ion, 0.3, -0.3], 0.0)


def test_neutral_chains_beside_charged_molecules_are_no_ions(tmp_path):
    it = salt()
    assert not [line for line in found(tmp_path, dump_text(it, q=charges(it)), **CHOSEN).warnings if "--cation" in line]
    with pytest.raises(InputError, match=r"--cation 'type 5': .* neutral molecules by the charges in the file \(8 ato"):
        found(tmp_path, dump_text(it, q=charges(it)), **CHAINS)


def test_charges_that_know_no_ions_are_noted_and_not_refused(tmp_path):
    it = salt()
    q = np.select([it.types == 2, it.types == 3], [-0.4, 0.4], 0.0)  # anions are polar and neutral, Li is neutral
    noted = found(tmp_path, dump_text(it, q=q), **CHOSEN).warnings
    assert len([line for line in noted if "an ion carries +0 e" in line or "an ion carries -0 e" in line]) == 1


def test_ions_of_the_other_sign_are_refused(tmp_path):
    it = salt()
    with pytest.raises(InputError, match=r"--cation 'type 1': an ion carries -0\.7 e by the charges .* not \+1 e"):
        found(tmp_path, dump_text(it, q=charges(it, -0.7)), **CHOSEN)


def test_a_neutral_molecule_and_metals_left_out_are_noted_in_a_file_without_charges(tmp_path):
    it = salt()
    masses, molecule = np.where(it.types == 6, 1.008, it.masses), np.arange(8)
    x = it.positions[:, 32:].reshape(-1, 4, 8, 3)  # four molecules; each C has a C and an H beside it
    x[:] = x[:, :, :1] + np.stack([1.4 * (molecule // 2), 1.1 * (molecule % 2), 0 * molecule], axis=1)
    assert not [line for line in found(tmp_path, dump_text(it, mass=masses), **CHOSEN).warnings if "electrons" in line]
    noted = "\n".join(found(tmp_path, dump_text(it, mass=masses), **CHAINS).warnings)
    assert "are 4 of 8 atoms of a molecule, C4H4, which has an odd number of electrons with +1 e" in noted
    assert "8 Li are not selected as cations and count as polymer or solvent" in noted


def test_a_few_atoms_of_a_long_chain_are_noted(tmp_path):
    it = salt()
    it.molecules, atom = np.where(it.types > 4, 99, it.molecules), np.arange(32)  # one molecule of 32 atoms
    it.positions[:, 32:] = it.positions[:, 32:33] + np.stack([1.45 * (atom % 8), 1.4 * (atom // 8), 0 * atom], axis=1)
    noted = "\n".join(found(tmp_path, dump_text(it), **{**CHOSEN, "cation": "index 32"}).warnings)
    assert "the selected atoms are 1 of 32 atoms of a molecule, all of which counts as one ion of +1 e" in noted


@pytest.mark.parametrize(
    "smiles",
    ["COCCOC", "CC#N", "O=C1OCCO1", "C[N+](C)(C)C", "CCn1cc[n+](C)c1", "CS(=O)(=O)[O-]", "CC(=O)[O-]", "C[NH3+]"],
)
def test_electrons_tell_neutral_molecules_from_ions_as_rdkit_does(smiles):
    from rdkit import Chem

    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    charge = Chem.GetFormalCharge(molecule)
    elements = np.array([atom.GetSymbol() for atom in molecule.GetAtoms()])
    assert [_is_odd(elements, float(stated)) for stated in (-1, 1)] == [charge == 0] * 2
