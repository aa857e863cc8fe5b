"""Runs `chaos` on a campaign in a namespace of its own, and compares the end with that of an undisturbed one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from autodisco.campaign import load
from autodisco.campaign.setup import set_up
from autodisco.campaign.verify import verify
from autodisco.store import Store
from tests.campaign import chaos
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import result


def set_up_in(place: Path, **changes: Any) -> tuple[Path, Path]:
    """A campaign that was set up and not run, in a new folder `place`: its file and its folder."""
    place.mkdir()
    campaign = load(file := write_campaign(place, **changes), place / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
    return file, campaign.folder


def befallen(folder: Path, copy: Path, *options: object) -> dict[str, Any]:
    """Run `chaos` on a campaign in a mount namespace of its own; what it tells."""
    unshare = ["unshare", "--mount", "--propagation", "private"]
    words = [*unshare, sys.executable, "-m", chaos.__name__, folder, copy, *options]
    done = subprocess.run(list(map(str, words)), cwd=chaos.ROOT, stdout=subprocess.PIPE, text=True)
    assert done.stdout, f"{folder}: the run ended with exit code {done.returncode}"
    return dict(json.loads(done.stdout))


def unequal(whole: Path, end: Path) -> list[str]:
    """In what a campaign ended otherwise than an undisturbed one, and what `verify` finds."""
    expected, found = result(whole), result(end)
    with Store.open_readonly(end) as store:
        return [name for name in expected if expected[name] != found[name]] + verify(store)
