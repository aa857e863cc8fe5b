"""Head of LAMMPS inputs that the engine of the program does not write: energies and runs of single molecules."""

HEAD = """\
units real
atom_style full
boundary {boundary}
pair_style {pair}
pair_modify mix sixthpower
bond_style class2
angle_style class2
dihedral_style class2
improper_style class2
special_bonds lj/coul 0 0 1
"""


def head(pair: str, boundary: str = "p p p") -> str:
    """Styles of a class II force field, up to ``read_data``; `pair` is a style such as ``lj/class2/coul/cut 40.0``."""
    return HEAD.format(pair=pair, boundary=boundary)
