"""Metrics of a sample of strings: the six of the companion work, and some that count polymers.

The six follow Yang et al. (2024, "De novo design of polymer electrolytes using GPT-based and diffusion-based
generative models"). They compare strings, so that a mirror image or another cut of a known polymer counts as new.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

import numpy as np
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import ORGANIC_ELEMENTS, RepeatUnit, parse, sa_score, stability_flags

#: A synthetic accessibility score below this counts as synthesizable (scale from 1, easy, to 10).
SA_LIMIT = 5.0

#: Size of the caches, about 2 kB for each entry: enough for the strings of HTP-MD and the draws of some models.
_REMEMBERED = 1 << 13

Prints = list[DataStructs.ExplicitBitVect]

_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)


def score_samples(
    samples: Sequence[str],
    training: Collection[str],
    is_high: Callable[[Sequence[str]], np.ndarray] | None = None,
) -> dict[str, float | None]:
    """Score drawn strings against the strings of the training set.

    Parameters
    ----------
    samples
        Strings as drawn.
    training
        Strings of the training set.
    is_high
        Tells which canonical repeat units are above the border of the high class, such as
        `PropertyModel.above_border`; without it the last two scores are missing.

    Returns
    -------
    dict
        Shares lie between 0 and 1; a value is None where nothing is left to average over.

        ``validity``: share of the draws that are repeat units, of elements that data sets may hold.
        ``uniqueness``: number of different strings per draw.
        ``novelty``: share of the draws whose string is not in the training set.
        ``synthesizability``: share of the valid draws with a synthetic accessibility score below 5.
        ``similarity``: mean Tanimoto similarity of the valid draws to the training set, all pairs.
        ``diversity``: one minus the mean Tanimoto similarity of the valid draws to each other, all pairs.
        ``valid_unique_novel``: number of different polymers (by symmetry key) not in the training set, per draw.
        ``unflagged``: share of these new polymers without an unstable bond, by the stability rules that are on.
        ``above_border``: share of these new polymers for which `is_high` holds (the enrichment: a generator that
        learnt nothing about conductivity has the share of the training set, such as 0.05).
        ``new_above_border``: number of new polymers for which it holds, per draw.

        Fingerprints are Morgan's with radius 2 and 2,048 bits.
    """
    known_strings = set(training)
    units = [unit for unit in map(_unit, samples) if unit is not None]
    known_polymers = {unit.key for unit in map(_unit, known_strings) if unit is not None}
    new_polymers = {unit.key: unit for unit in units if unit.key not in known_polymers}
    prints = [_fingerprint(unit.smiles) for unit in units]
    reference = [_fingerprint(smiles) for smiles in training if _unit(smiles) is not None]
    easy = [_synthesizability(unit) < SA_LIMIT for unit in units]
    n = len(samples)
    scores = {
        "validity": _share(len(units), n),
        "uniqueness": _share(len(set(samples)), n),
        "novelty": _share(sum(smiles not in known_strings for smiles in samples), n),
        "synthesizability": _share(sum(easy), len(easy)),
        "similarity": _mean_similarity(prints, reference),
        "diversity": _diversity(prints),
        "valid_unique_novel": _share(len(new_polymers), n),
        "unflagged": _share(sum(not stability_flags(unit) for unit in new_polymers.values()), len(new_polymers)),
    }
    if is_high is not None:
        high = int(np.count_nonzero(is_high([unit.smiles for unit in new_polymers.values()])))
        scores |= {"above_border": _share(high, len(new_polymers)), "new_above_border": _share(high, n)}
    return scores


@lru_cache(maxsize=_REMEMBERED)
def _unit(smiles: str) -> RepeatUnit | None:
    try:
        return parse(smiles, elements=ORGANIC_ELEMENTS)
    except InvalidRepeatUnit:
        return None


@lru_cache(maxsize=_REMEMBERED)
def _synthesizability(unit: RepeatUnit) -> float:
    return sa_score(unit)


@lru_cache(maxsize=_REMEMBERED)
def _fingerprint(smiles: str) -> DataStructs.ExplicitBitVect:
    return _MORGAN.GetFingerprint(Chem.MolFromSmiles(smiles))


def _share(count: int, total: int) -> float | None:
    return count / total if total else None


def _mean_similarity(prints: Prints, reference: Prints) -> float | None:
    if not prints or not reference:
        return None
    return float(np.mean([np.mean(DataStructs.BulkTanimotoSimilarity(one, reference)) for one in prints]))


def _diversity(prints: Prints) -> float | None:
    if len(prints) < 2:
        return None
    pairs = [DataStructs.BulkTanimotoSimilarity(prints[i], prints[:i]) for i in range(1, len(prints))]
    return 1.0 - float(np.mean(np.concatenate(pairs)))
