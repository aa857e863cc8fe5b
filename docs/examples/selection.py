"""Diversity: candidates that differ most from each other and from the polymers with a value."""

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from autodisco.decide import Selection

MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2)


class Diverse(Selection):
    """Each choice is the candidate whose nearest known neighbour is the furthest (MaxMin)."""

    def select(self, choice):
        known = [fingerprint(row.monomer_smiles) for row in choice.ranked]
        left, chosen = list(choice.candidates), []
        while left and len(chosen) < choice.most:
            nearest = [max(similarity(row, known), default=0.0) for row in left]
            chosen.append(left.pop(nearest.index(min(nearest))))
            known.append(fingerprint(chosen[-1].smiles))
        return chosen


def fingerprint(smiles):
    return MORGAN.GetFingerprint(Chem.MolFromSmiles(smiles))


def similarity(candidate, known):
    return DataStructs.BulkTanimotoSimilarity(fingerprint(candidate.smiles), known)
