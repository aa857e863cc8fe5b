"""Numbers that depend on the repeat unit alone, used to filter candidates, to describe them, and in the report.

All are per canonical repeat unit (one smallest period), so that they do not depend on how the unit was written.
"""

import importlib.util
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem import Descriptors

from autodisco.errors import AutodiscoError
from autodisco.polymer.identity import repeated
from autodisco.polymer.material import Material, Part
from autodisco.polymer.repeat_unit import RepeatUnit, parse
from autodisco.polymer.spelling import LEFT, RIGHT

#: Atomic numbers of N, O, S and P.
COORDINATING = frozenset({7, 8, 16, 15})
_STIFF = Chem.MolFromSmarts("[$([#6X3]=[O,S,N])]-!@[#7X3,#8X2,#16X2]")


def scores(unit: RepeatUnit | str) -> dict[str, float | int | None]:
    """Scores of one canonical repeat unit, whose ends count as nothing unless said otherwise.

    Returns
    -------
    dict with
        ``sa_score`` synthetic accessibility, 1 (easy) to 10 (hard), of the unit with methyl ends (Ertl and
        Schuffenhauer, J. Cheminf. 2009, 1, 8; RDKit's implementation);
        ``heavy_atoms``; ``molar_mass_g_per_mol``; ``backbone_atoms`` on the shortest path between the ends;
        ``oxygen_carbon_ratio`` (None without carbon); ``heteroatom_fraction`` and ``carbon_fraction`` of the heavy
        atoms; ``rotatable_fraction`` of the bonds of the endless backbone: single, in no ring, and not the C-N or C-O
        bond of an amide, ester or the like; ``coordinating_spacing`` and ``coordinating_gap``: bonds along the backbone
        from one N, O, S or P of it to the next, mean and largest (None without any).
    """
    if isinstance(unit, str):
        unit = parse(unit)
    mol = unit.mol
    numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    heavy = sum(number > 1 for number in numbers)
    carbons, oxygens = numbers.count(6), numbers.count(8)
    ends = {atom.GetIsotope(): atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0}
    backbone = Chem.GetShortestPath(mol, ends[LEFT], ends[RIGHT])[1:-1]
    return {
        "sa_score": sa_score(unit),
        "heavy_atoms": heavy,
        "molar_mass_g_per_mol": _molar_mass(mol),
        "backbone_atoms": len(backbone),
        "oxygen_carbon_ratio": oxygens / carbons if carbons else None,
        "heteroatom_fraction": (heavy - carbons) / heavy,
        "carbon_fraction": carbons / heavy,
        "rotatable_fraction": _rotatable_fraction(unit, len(backbone)),
        **_spacing([number for number, index in enumerate(backbone) if numbers[index] in COORDINATING], len(backbone)),
    }


def scores_of(material: Material) -> dict[str, float | int | None]:
    """Scores of a material: those of its repeat unit, or over several parts the highest `sa_score` and the means of the
    others, weighted by heavy atoms; parts without a score are left out."""
    if unit := material.homopolymer:
        return scores(unit)
    found = [(_scores_of_part(part), share) for part, share in material.shares]
    means: dict[str, float | int | None] = {}
    for name in found[0][0]:
        known = [(value, share) for one, share in found if (value := one.get(name)) is not None]
        total = sum(share for _, share in known)
        means[name] = round(sum(value * share for value, share in known) / total, 6) if known else None
    return means | {"sa_score": max(one["sa_score"] or 0.0 for one, _ in found)}


def _scores_of_part(part: Part) -> dict[str, float | int | None]:
    if isinstance(part, RepeatUnit):
        return scores(part)
    mol = part.mol
    numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    heavy, carbons = sum(number > 1 for number in numbers), numbers.count(6)
    return {
        "sa_score": _scored(mol),
        "heavy_atoms": heavy,
        "molar_mass_g_per_mol": round(float(Descriptors.MolWt(mol)), 4),
        "oxygen_carbon_ratio": numbers.count(8) / carbons if carbons else None,
        "heteroatom_fraction": (heavy - carbons) / heavy,
        "carbon_fraction": carbons / heavy,
    }


def _rotatable_fraction(unit: RepeatUnit, backbone_atoms: int) -> float:
    """Per period, as many bonds as backbone atoms; its blocks are what single bonds outside rings join."""
    chain = Chem.MolFromSmiles(repeated(unit.word, 3))
    size = (chain.GetNumAtoms() - 2) // 3
    path = Chem.GetShortestPath(chain, 0, chain.GetNumAtoms() - 1)
    inner = {(a, b) for a, b in pairwise(path) if size < a <= 2 * size}
    stiff = {pair for match in chain.GetSubstructMatches(_STIFF) for pair in (match, match[::-1])}
    return (len(unit.word) - len(inner & stiff)) / backbone_atoms


def _spacing(places: list[int], period: int) -> dict[str, float | int | None]:
    if not places:
        return {"coordinating_spacing": None, "coordinating_gap": None}
    gaps = [b - a for a, b in pairwise([*places, places[0] + period])]
    return {"coordinating_spacing": period / len(places), "coordinating_gap": max(gaps)}


def sa_score(unit: RepeatUnit) -> float:
    """Synthetic accessibility of the methyl-capped canonical repeat unit, 1 (easy) to 10 (hard)."""
    capped = unit.mol
    for atom in capped.GetAtoms():
        if atom.GetAtomicNum() == 0:
            # The fragment statistics behind the score know no attachment points; methyl is what the chains end in.
            atom.SetAtomicNum(6)
            atom.SetIsotope(0)
            atom.SetNoImplicit(False)
    Chem.SanitizeMol(capped)
    return _scored(capped)


def _scored(mol: Chem.Mol) -> float:
    with rdBase.BlockLogs():
        return round(float(_sa_scorer().calculateScore(mol)), 3)


def _molar_mass(mol: Chem.Mol) -> float:
    # The isotope labels of the ends would be read as masses of 1 and 2.
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    return round(float(Descriptors.MolWt(mol)), 4)


@lru_cache(maxsize=1)
def _sa_scorer() -> ModuleType:
    """RDKit's contributed sascorer, which its wheel ships as a plain file outside the package."""
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("sascorer", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise AutodiscoError(f"this RDKit does not ship the SA score ({path}); install the rdkit wheel from PyPI")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
