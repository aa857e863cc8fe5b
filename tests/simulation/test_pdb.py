"""The topology file of large boxes."""

import numpy as np

from autodisco.simulation.forcefield import ion_terms, ions
from autodisco.simulation.molecule import System
from autodisco.simulation.pdb import MOST_SERIALS, topology_pdb


def box_of(copies: int) -> System:
    molecule = ion_terms.class2(ions.shipped()["BF4"], 1.0)
    return System([molecule] * copies, np.zeros((copies * len(molecule), 3)), np.full(3, 50.0), pair_rule=None)


def test_bonds_are_left_out_where_serial_numbers_would_name_other_atoms():
    whole, beyond = box_of(MOST_SERIALS // 5), box_of(MOST_SERIALS // 5 + 1)
    text = topology_pdb(whole)
    assert text.count("\nCONECT") == 4 * (MOST_SERIALS // 5)
    assert "REMARK" not in text
    text = topology_pdb(beyond)
    assert "CONECT" not in text
    assert text.startswith("REMARK   no bonds: 100000 atoms")
    columns = {len(line) for line in text.splitlines() if line.startswith("HETATM")}
    assert columns == {78}
