"""The PDB file that goes with a trajectory: names, elements, residues and bonds of all atoms."""

from autodisco.simulation.molecule import System

MOST_SERIALS = 99_999
"""A serial number has five columns."""


def topology_pdb(system: System) -> str:
    """Names, elements, residues and bonds of all atoms for MDAnalysis and VMD; positions are those of the build.

    Above 99,999 atoms, serial numbers begin again at 0, so that bonds between them would be those of other atoms:
    they are left out then, and a remark says so.
    """
    lines = [f"CRYST1{system.box[0]:9.3f}{system.box[1]:9.3f}{system.box[2]:9.3f}  90.00  90.00  90.00 P 1           1"]
    serial = 0
    for number, molecule in enumerate(system.molecules, start=1):
        for element in molecule.elements:
            x, y, z = system.positions[serial]
            serial += 1
            lines.append(
                f"HETATM{serial % (MOST_SERIALS + 1):5d} {element:<4s} {molecule.name:<4s}A{number % 10000:4d}    "
                f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00          {element:>2s}"
            )
    if serial > MOST_SERIALS:
        lines.insert(0, f"REMARK   no bonds: {serial} atoms are more than a PDB file can number")
    else:
        lines += [f"CONECT{first:5d}{second:5d}" for first, second in (system.bonds + 1).tolist()]
    return "\n".join(lines) + "\nEND\n"
