"""Do the published candidates that have no published value run here? Twenty picoseconds of each.

    python bench/candidates_without_value.py --reference DIR [--simulations DIR] [--workers N]

DIR holds the published table. Of its 101 candidates 37 have no value, 28 of them because the published simulations
failed. Each is built with 4 ion pairs, minimised, compressed and run for 20 ps with the settings of `quick`; a build
that fails is not started again. Printed are those that fail, with their code.
"""

import csv

from quick_variant import TABLE, arguments, npt, production, quick_variant

from autodisco.polymer import parse
from autodisco.simulation import Callbacks, LocalExecutor, Pool
from autodisco.simulation.batch import replica_task
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask

ENDING = npt(5.5, (600, 500), (3000, 1), averaged_ps=1) + production(5)


def main() -> None:
    """Run what is missing and print what failed."""
    given = arguments(__doc__)
    with open(given.reference / TABLE) as handle:
        rows = [row for row in csv.DictReader(handle) if not row["conductivity_s_per_cm"]]
    units = list({unit.key: unit for unit in (parse(row["monomer_smiles"]) for row in rows)}.values())
    print(f"{len(rows)} candidates without a value, {len(units)} different polymers")
    file = quick_variant(given.simulations, "twenty-picoseconds", 3, ENDING)
    tasks = [replica_task(unit, str(file), "pcff+", 0, 0, 1, given.simulations, 1800.0) for unit in units]
    failed = {}

    def done(task: ReplicaTask, outcome: ReplicaOutcome) -> None:
        state = "runs" if outcome.ok else f"{outcome.failure_code}: {outcome.detail}"
        print(f"{task.monomer_smiles}: {state}, {outcome.cpu_s:.0f} s", flush=True)
        if not outcome.ok:
            failed[task.monomer_smiles] = outcome.failure_code

    Pool(LocalExecutor(given.workers)).run(tasks, Callbacks(on_done=done))
    print(f"{len(units) - len(failed)} of {len(units)} run; failed: {failed or 'none'}")


if __name__ == "__main__":
    main()
