"""If too many polymers of a batch fail, the machine or the settings are at fault: the campaign stops and says why.

What the failed polymers have in common is looked for among the elements and bonds of the infinite chain, junctions
included.
"""

from collections import Counter

from autodisco.campaign.campaign import Campaign
from autodisco.errors import AutodiscoError
from autodisco.polymer import in_common
from autodisco.store import Store
from autodisco.text import counted

LEAST_FAILED = 3
"""So many polymers at least have to fail before a share of them means anything."""


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
