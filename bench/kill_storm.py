"""A storm of SIGKILLs over small campaigns (protocol `smoke`): the daemon, its workers, training, database writes.

    python bench/kill_storm.py [--kills 200] [--each 20] [--folder DIR]

Every campaign is run twice with the same seed: undisturbed, and killed up to `--each` times at random moments, started
again each time. The two must end with the same tables, no replica may be lost or, once finished, be run again, and
`verify` must find nothing. Prints a line per campaign and the sum; exit code 1 where anything differs.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from autodisco.campaign.verify import verify
from autodisco.store import Store
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import result, storm, timed

CHANGES = {"batch": 2, "replicas": 2, "iterations": 2}


def main() -> int:
    """Run campaigns until there were kills enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="kept; without it a temporary one")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="kill-storm-"))
    states: Counter[str] = Counter()
    total = children = repeated = differing = replicas = campaigns = 0
    while total < given.kills:
        campaigns += 1
        here = folder / str(campaigns)
        (here / "whole").mkdir(parents=True)
        (here / "killed").mkdir()
        whole = write_campaign(here / "whole", seed=campaigns, **CHANGES)
        duration = timed(whole, here / "whole" / "runs")
        killed = write_campaign(here / "killed", seed=campaigns, **CHANGES)
        kills = min(given.each, given.kills - total)
        longest = max(15.0, 1.5 * duration / kills)  # it takes some seconds to get to work
        told = storm(killed, here / "killed" / "runs", kills, longest, random.Random(campaigns), _show, at_least=0)
        expected, found = result(here / "whole" / "runs" / "small"), result(told.folder)
        unequal = [name for name in expected if expected[name] != found[name]]
        with Store.open_readonly(told.folder) as store:
            unequal += verify(store)
        states.update(told.states)
        total, children, repeated = total + told.kills, children + told.of_children, repeated + told.repeated
        differing, replicas = differing + bool(unequal), replicas + len(found["replicas"])
        same = f"differs: {', '.join(unequal)}" if unequal else "same end"
        print(f"\rcampaign {campaigns}: {told.kills} kills ({told.of_children} of the children alone), "
              f"{len(found['replicas'])} replicas, {told.repeated} repeated, {same}", flush=True)  # fmt: skip
    print(f"{total} kills in {campaigns} campaigns, {children} of them of the children alone; by state: "
          + ", ".join(f"{state} {n}" for state, n in states.most_common()))  # fmt: skip
    print(f"{replicas} replicas, {repeated} finished ones repeated; {differing} campaigns ended otherwise")
    if not given.folder:
        shutil.rmtree(folder)
    return 1 if repeated or differing else 0


def _show(done: int) -> None:
    print(f"\r{done} kills ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
