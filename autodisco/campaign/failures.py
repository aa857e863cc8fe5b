"""If too many polymers of a batch fail, the machine or the settings are at fault: the campaign stops and says why.

What the failed polymers have in common is looked for among the elements and bonds of the infinite chain, junctions
included.
"""

from collections import Counter
from collections.abc import Sequence

from rdkit import Chem
from scipy.stats import fisher_exact

from autodisco.campaign.campaign import Campaign
from autodisco.errors import AutodiscoError
from autodisco.polymer import parse
from autodisco.polymer.chains import chain
from autodisco.store import Store
from autodisco.text import counted

LEAST_FAILED = 3
"""So many polymers at least have to fail before a share of them means anything."""

SIGNIFICANT = 0.05
BOND_SIGNS = {Chem.BondType.SINGLE: "–", Chem.BondType.DOUBLE: "=", Chem.BondType.TRIPLE: "≡"}


def check_failures(campaign: Campaign, store: Store) -> None:
    """Raise AutodiscoError where more than `simulation.most_failed` of the polymers of this iteration have no value.

    Their replicas then wait for the next run, which starts them from other builds.
    """
    iteration = store.get("iteration")
    replicas = store.batch_replicas()
    keys = {row.key for row in replicas}
    failed = keys - {row.key for row in replicas if row.status == "done"}
    if len(failed) < LEAST_FAILED or len(failed) <= campaign.settings.simulation.most_failed * len(keys):
        return
    codes = Counter(row.failure_code for row in replicas if row.key in failed)
    smiles = {key: smiles for key, smiles in store.units().items() if key in keys}
    shared = in_common([smiles[key] for key in failed], [smiles[key] for key in keys - failed])
    told = ", ".join(f"{code} {n}" for code, n in codes.most_common())
    reason = (
        f"{len(failed)} of {counted(len(keys), 'polymer')} of iteration {iteration} have no value ({told}), more than "
        f"simulation.most_failed = {campaign.settings.simulation.most_failed:g} allows; {shared}"
    )
    with store.transaction():
        for row in replicas:
            if row.status == "failed" and row.key in failed:
                # The seed of a build depends on the attempt.
                again = row.attempt + 1
                store.update_replica(row.key, row.protocol, row.replica, status="waiting", attempt=again)
        seen = {"failed": len(failed), "polymers": len(keys), "codes": dict(codes)}
        store.note("too many failures", f"iteration {iteration}", seen, "start them from other builds at the next run",
                   shared)  # fmt: skip
    raise AutodiscoError(f"{reason}; see autodisco log; run it again to try other builds, or allow a larger share")


def in_common(failed: Sequence[str], others: Sequence[str]) -> str:
    """What the failed repeat units share and the others do not, as a sentence; by Fisher's exact test, corrected for
    the number of motifs that were looked at."""
    with_it, without = Counter[str](), Counter[str]()
    for counts, units in ((with_it, failed), (without, others)):
        for smiles in units:
            counts.update(motifs(smiles))
    found = []
    for motif, n in with_it.items():
        table = [[n, len(failed) - n], [without[motif], len(others) - without[motif]]]
        p = float(fisher_exact(table, alternative="greater").pvalue) * len(with_it)
        if p < SIGNIFICANT:
            found.append((p, motif, n))
    if not found:
        return "they have no bond or element in common that the others lack"
    told = [f"{motif} in {n} of them and {without[motif]} of {len(others)} others" for _, motif, n in sorted(found)[:3]]
    return f"in common: {', '.join(told)}"


def motifs(smiles: str) -> set[str]:
    """Elements and bonds between heavy atoms of the chain of a repeat unit, such as ``N–O``."""
    made = chain(parse(smiles), 2)
    unit = made.unit(0)
    caps = {atom for atom, copied in enumerate(made.copy_of) if copied in (unit.head_cap, unit.tail_cap)}
    inside = {a.GetIdx() for a in made.mol.GetAtoms() if a.GetAtomicNum() > 1} - caps
    found = {f"element {made.mol.GetAtomWithIdx(atom).GetSymbol()}" for atom in inside}
    for bond in made.mol.GetBonds():
        if inside.issuperset((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())):
            ends = sorted((bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol()))
            found.add(f"bond {BOND_SIGNS.get(bond.GetBondType(), ':').join(ends)}")
    return found
