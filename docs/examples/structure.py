"""A value that the structure alone decides: the share of halogens among the heavy atoms, which is not to be high."""

from autodisco.decide import Objective


def halogen_share(smiles: str) -> float:
    """Share of F, Cl, Br and I among the heavy atoms of a repeat unit."""
    from rdkit import Chem  # here, because commands that only read a campaign import this file and do without

    symbols = [atom.GetSymbol() for atom in Chem.MolFromSmiles(smiles).GetAtoms() if atom.GetAtomicNum() > 1]
    return sum(symbol in ("F", "Cl", "Br", "I") for symbol in symbols) / len(symbols)


HALOGENS = Objective(
    name="halogen share",
    column="halogen_share",
    label="share of halogens among the heavy atoms",
    symbol="x(hal)",
    direction="lower",
    spread=0.2,
    structure=halogen_share,
)
