"""Random repeat units with fused, bridged and spiro rings, written in random order by RDKit; and the ring of n units.

The units are put together as graphs, so that nothing of the code under test has a part in what they are.
"""

import random
import re

from rdkit import Chem, rdBase

FREE = {"C": 4, "N": 3, "O": 2, "S": 2}
SYSTEMS = [
    "c1ccccc1",
    "c1ccc2ccccc2c1",
    "c1ccc2c(c1)ccc1ccccc12",
    "c1cc2ccc3cccc4ccc(c1)c2c34",
    "c1ccc2[nH]ccc2c1",
    "c1ccsc1",
    "c1cnc2ncccc2c1",
    "c1ccc2c(c1)C1CCC2C1",
    "C1CC2CCC1C2",
    "C1CCC2(CC1)CCCC2",
    "c1ccc2c(c1)-c1ccccc1C21c2ccccc2-c2ccccc21",
    "C1C2CC3CC1CC(C2)C3",
    "O=C1NC(=O)c2ccccc21",
    "c1ccc2nsnc2c1",
]
CENTRES = [Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW]
SIDES = [Chem.BondStereo.STEREOCIS, Chem.BondStereo.STEREOTRANS]


def polycycle(rng: random.Random) -> str | None:
    """A unit with the ends [1*] and [2*]; None where the atoms that were drawn make no molecule."""
    mol = _graph(rng)
    spots = [atom for atom in range(mol.GetNumAtoms()) for _ in range(_free(mol, atom))]
    if len(spots) < 2:
        return None
    for atom, label in zip(rng.sample(spots, 2), (1, 2), strict=True):
        end = mol.AddAtom(Chem.Atom(0))
        mol.GetAtomWithIdx(end).SetIsotope(label)
        mol.AddBond(atom, end, Chem.BondType.SINGLE)
    with rdBase.BlockLogs():
        if Chem.SanitizeMol(mol, catchErrors=True) or len(Chem.GetMolFrags(mol)) > 1:
            return None
        _mark(mol, rng)
        (text,) = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=rng.randrange(1 << 30))
        # RDKit writes some aromatic systems that it cannot read again.
        return text if Chem.MolFromSmiles(text) else None


def with_large_digits(text: str) -> str:
    """The same SMILES with ring numbers from 10 on; those that are as large already stay."""
    pieces = re.findall(r"\[[^]]*]|%\d\d|.", text)
    first = 1 + max((int(piece[1:]) for piece in pieces if piece[0] == "%"), default=9)
    return "".join(f"%{int(piece) + first}" if piece.isdigit() else piece for piece in pieces)


def with_map_numbers(text: str) -> str:
    """The same SMILES with a number on each atom but the ends."""
    mol = Chem.MolFromSmiles(text)
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum():
            atom.SetAtomMapNum(atom.GetIdx() + 1)
    return str(Chem.MolToSmiles(mol, canonical=False))


def ring_of(text: str, n: int) -> str:
    """Canonical SMILES of the ring that `n` units make, for a unit with the ends [1*] and [2*]."""
    unit = Chem.MolFromSmiles(text)
    ring = Chem.Mol()
    for number in range(n):
        copy = Chem.RWMol(unit)
        for atom in copy.GetAtoms():
            if not atom.GetAtomicNum():
                atom.SetAtomMapNum((number if atom.GetIsotope() == 1 else (number + 1) % n) + 1)
                atom.SetIsotope(0)
        ring = Chem.CombineMols(ring, copy)
    with rdBase.BlockLogs():
        written = Chem.MolToSmiles(Chem.molzip(ring))
        for _ in range(3):  # the text settles when it is read and written again
            mol = Chem.MolFromSmiles(written)
            written = Chem.MolToSmiles(mol) if mol else written
    return str(written)


def _graph(rng: random.Random) -> Chem.RWMol:
    mol = Chem.RWMol()
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        _add_system(mol, Chem.MolFromSmiles(rng.choice(SYSTEMS)), rng)
    if not mol.GetNumAtoms():
        mol.AddAtom(Chem.Atom("C"))
    for _ in range(rng.randint(0, 12)):
        if places := [atom for atom in range(mol.GetNumAtoms()) if _free(mol, atom)]:
            atom = mol.AddAtom(Chem.Atom(rng.choice("CCCCCCNOS")))
            mol.AddBond(rng.choice(places), atom, Chem.BondType.SINGLE)
    for _ in range(rng.randint(0, 6)):
        one, other = rng.randrange(mol.GetNumAtoms()), rng.randrange(mol.GetNumAtoms())
        if one != other and _free(mol, one) and _free(mol, other) and not mol.GetBondBetweenAtoms(one, other):
            mol.AddBond(one, other, Chem.BondType.SINGLE)
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if bond.GetBondType() == Chem.BondType.SINGLE and rng.random() < 0.1 and all(_free(mol, end) for end in ends):
            bond.SetBondType(Chem.BondType.DOUBLE)
    return mol


def _add_system(mol: Chem.RWMol, system: Chem.Mol, rng: random.Random) -> None:
    Chem.Kekulize(system, clearAromaticFlags=True)
    before = mol.GetNumAtoms()
    for atom in system.GetAtoms():
        mol.AddAtom(Chem.Atom(atom.GetAtomicNum()))
    for bond in system.GetBonds():
        mol.AddBond(before + bond.GetBeginAtomIdx(), before + bond.GetEndAtomIdx(), bond.GetBondType())
    here = [atom for atom in range(before, mol.GetNumAtoms()) if _free(mol, atom)]
    if there := [atom for atom in range(before) if _free(mol, atom)]:
        mol.AddBond(rng.choice(there), rng.choice(here), Chem.BondType.SINGLE)


def _free(mol: Chem.RWMol, index: int) -> int:
    atom = mol.GetAtomWithIdx(index)
    return FREE.get(atom.GetSymbol(), 1) - sum(int(bond.GetBondTypeAsDouble()) for bond in atom.GetBonds())


def _mark(mol: Chem.RWMol, rng: random.Random) -> None:
    """Marks on some atoms and double bonds, and an isotope; RDKit drops those that mean nothing."""
    for atom in mol.GetAtoms():
        if atom.GetSymbol() == "C" and atom.GetHybridization() == Chem.HybridizationType.SP3:
            if atom.GetDegree() >= 3 and rng.random() < 0.5:
                atom.SetChiralTag(rng.choice(CENTRES))
            elif rng.random() < 0.02:
                atom.SetIsotope(13)
    rings = mol.GetRingInfo()
    for bond in mol.GetBonds():
        begin, end = bond.GetBeginAtom(), bond.GetEndAtom()
        if bond.GetBondType() != Chem.BondType.DOUBLE or rings.NumBondRings(bond.GetIdx()) or rng.random() < 0.3:
            continue
        before = [atom.GetIdx() for atom in begin.GetNeighbors() if atom.GetIdx() != end.GetIdx()]
        behind = [atom.GetIdx() for atom in end.GetNeighbors() if atom.GetIdx() != begin.GetIdx()]
        if before and behind:
            bond.SetStereoAtoms(before[0], behind[0])
            bond.SetStereo(rng.choice(SIDES))
