"""A campaign on a machine that is befallen by everything, from a plan that a seed makes, until it has ended by itself.

    unshare --mount python -m tests.campaign.chaos FOLDER COPY --seed N [--kinds KIND …] [--strikes N] …

FOLDER is a campaign that was set up and not run; it is copied to the disk of the machine (`faulty_machine`), and what
became of it to COPY. Its daemon is started, and started again, as the unit of `autodisco service` does. Prints what
struck, and what followed, as JSON. Exit code 1 where the campaign did not end, or something was left behind.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autodisco.campaign.daemon import EXIT_CODES
from autodisco.campaign.interrupts import RESUMABLE
from autodisco.campaign.service import NOT_AGAIN
from autodisco.errors import AutodiscoError
from autodisco.store import END_STATES, Store
from tests.campaign.faulty_machine import SHARED_MEMORY, Machine, call, is_stopped
from tests.campaign.storm import family, kill, outcomes

ROOT = Path(__file__).parents[2]
PATIENCE_S = 1800.0
LOOK_S = 0.5
SHARE_KILLED = 0.4
TAG = "CHAOS_RUN"

BEFALLS = {
    "kill": (),
    "killed children": (),
    "stop": (),
    "full disk": ("no-disk", "No space left", "full", "disk are free"),
    "read-only": ("Read-only", "disk I/O error", "Input/output", "disk-fault", "cannot be"),
    "lost mount": ("disk I/O error", "Input/output", "disk-fault", "cannot be", "No such file"),
    "held database": ("is locked",),
    "clock jump": (),
    "no engine": ("no-engine", "was not found"),
}
"""Kinds of faults, each with what the journal says after one of them, in one of these words."""

JOURNALLED = ("retry stage", "short of room", "restart", "retry", "give up", "failure")
AT_ONCE, AT_ONCE_S = ("kill", "killed children"), 1.0
NEEDS_SIMULATION = ("killed children", "no engine")


@dataclass(frozen=True)
class Strike:
    """One fault of the plan: it comes after a pause, as soon as the campaign is in a state (any, if that is empty), and
    lasts so long; with `kill`, the daemon is killed meanwhile. Times in seconds; `seed` is that of its variant."""

    kind: str
    state: str
    after_s: float
    lasts_s: float
    kill: bool
    seed: int


@dataclass
class Told:
    """What was done to a campaign, and what followed."""

    state: str = ""
    wall_s: float = 0.0
    starts: int = 0
    exits: list[int] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    felt: Counter[str] = field(default_factory=Counter)
    killed_meanwhile: int = 0
    repeated: int = 0
    left: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)


def plan(
    chance: random.Random, kinds: Sequence[str], strikes: int, pause_s: float, lasts_s: tuple[float, float]
) -> list[Strike]:
    """Faults in random order, each kind equally often or once more, after pauses up to the one given. After the first
    round, the daemon is killed during some of them."""
    order: list[str] = []
    while len(order) < strikes:
        order += chance.sample(kinds, len(kinds))
    made = []
    for number, kind in enumerate(order[:strikes]):
        state = "simulate" if kind in NEEDS_SIMULATION or chance.random() < 0.5 else ""
        pause, lasts = chance.uniform(0.0, pause_s), chance.uniform(*lasts_s)
        killed = chance.random() < SHARE_KILLED and number >= len(kinds)
        made.append(Strike(kind, state, pause, lasts, killed, chance.getrandbits(32)))
    return made


class Unit:
    """Starts the daemon as systemd does for the unit of `service`: on-failure, but not after some exit codes."""

    def __init__(self, machine: Machine, restart_s: float, log: Path, told: Told):
        self._machine, self._restart_s, self._log, self._told = machine, restart_s, log, told
        self._tag = f"{os.getpid()}-{time.monotonic_ns()}"
        self._next = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self.ended = False

    def look(self) -> None:
        """Notice an end of the process, and start it when it is due."""
        if self.ended:
            return
        if self.process is None:
            if time.monotonic() >= self._next:
                self._start()
            return
        if (code := self.process.poll()) is not None:
            self.process = None
            self._over(code)

    def _start(self) -> None:
        folder = self._machine.folder
        words = [sys.executable, "-m", "autodisco.campaign", str(folder), "--service"]
        own = {TAG: self._tag, "PYTHONPATH": f"{ROOT}:{ROOT / 'kernels'}", "OMP_NUM_THREADS": "1"}
        environment = {**os.environ, **own, **self._machine.clock.environment}
        self._told.starts += 1
        try:
            with open(self._log, "ab") as log:
                self.process = subprocess.Popen(
                    words, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
                )
        except OSError:
            self._over(200)  # systemd.exec(5): EXIT_CHDIR

    def _over(self, code: int) -> None:
        self._told.exits.append(code)
        self.ended = code in (0, RESUMABLE, NOT_AGAIN)
        self._next = time.monotonic() + self._restart_s

    def kill(self) -> None:
        """SIGKILL of the daemon and its children."""
        if self.process is not None:
            kill(family(self.process.pid))

    def leftovers(self) -> list[str]:
        """Processes of the campaign that are still there."""
        mark = f"{TAG}={self._tag}".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (place / "environ").read_bytes():
                    found.append(f"process {(place / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()}")
            except OSError:
                continue
        return found


class Chaos:
    """Strikes by a plan until it is done, and waits for the end of the campaign."""

    def __init__(self, machine: Machine, unit: Unit, told: Told, until_s: float):
        self._machine, self._unit, self._told, self._until_s = machine, unit, told, until_s
        self._finished: dict[Path, int] = {}
        self._begun = time.monotonic()

    def run(self, strikes: list[Strike]) -> None:
        """Carry the plan out as far as the campaign does not end before."""
        for strike in strikes:
            late = time.monotonic() - self._begun > self._until_s
            if late or not self._wait(strike.after_s) or not self._reached(strike):
                break
            self._strike(strike)
        self._wait(PATIENCE_S)
        if not self._unit.ended:
            self._unit.kill()
        self._count_repeated()
        self._told.state = str(self._facts().get("state"))
        self._told.wall_s = time.monotonic() - self._begun

    def _strike(self, strike: Strike) -> None:
        before, process, ended = self._facts(), self._unit.process, len(self._told.exits)
        assert process is not None
        lasts = "" if strike.kind in AT_ONCE else f" for {strike.lasts_s:.0f} s"
        self._say(f"{strike.kind} in {before.get('state')}{lasts}")
        self._told.struck[strike.kind] += 1
        is_felt = False
        with self._machine.fault(strike.kind, process.pid, random.Random(strike.seed)):
            if strike.kill and strike.kind not in AT_ONCE:
                self._wait(strike.lasts_s / 2)
                self._unit.kill()
                self._told.killed_meanwhile += 1
                self._say("killed meanwhile")
                self._wait(strike.lasts_s / 2)
            else:
                self._wait(AT_ONCE_S if strike.kind in AT_ONCE else strike.lasts_s)
            seen = lambda: self._is_seen(strike, process.pid, before, self._told.exits[ended:])  # noqa: E731
            until = time.monotonic() + strike.lasts_s
            while strike.kind == "clock jump" and not seen() and time.monotonic() < until:
                self._wait(LOOK_S)  # a heartbeat by the wrong clock is still to come
            is_felt = seen()
        recovered = self._recovered(strike, before)
        is_felt = is_felt or self._is_told(strike, before)
        self._told.felt[strike.kind] += is_felt
        self._count_repeated()
        self._say(f"{strike.kind}: {'felt' if is_felt else 'not felt'}, at work again after {recovered:.0f} s")

    def _is_seen(self, strike: Strike, pid: int, before: dict, exits: list[int]) -> bool:
        """Whether something shows, while a fault lasts, that it struck."""
        if strike.kind == "stop":
            return any(map(is_stopped, family(pid)))
        if strike.kind == "clock jump":
            return abs(self._facts().get("heartbeat", time.time()) - time.time()) > 1800
        if strike.kind == "held database" and not strike.kill:
            return strike.lasts_s > 6 and self._facts().get("heartbeat") == before.get("heartbeat")
        return any(code < 0 if strike.kind == "kill" else code > 0 for code in exits)

    def _is_told(self, strike: Strike, before: dict) -> bool:
        """Whether the journal, or what the daemon said last, tells of the fault."""
        words = "|".join(map(re.escape, BEFALLS[strike.kind]))
        with Store.open_readonly(self._machine.folder) as store:
            rows = [row for row in store.journal(after=before.get("journal", 0)) if row.event in JOURNALLED]
        for row in rows:
            self._say(f"  {row.event}: {row.why[:150]}")
        if strike.kind == "killed children":
            return any(row.event == "restart" for row in rows)
        return bool(words) and any(re.search(words, row.why) for row in rows)

    def _count_repeated(self) -> None:
        """Count finished replicas that were run again, or are gone."""
        now = outcomes(self._machine.folder)
        self._told.repeated += sum(now.get(path) != written for path, written in self._finished.items())
        self._finished = now

    def _recovered(self, strike: Strike, before: dict) -> float:
        """Wait until the campaign works again or has ended; how long that took (seconds)."""
        begun, last = time.monotonic(), self._facts()
        while time.monotonic() - begun < PATIENCE_S and not self._unit.ended:
            self._wait(LOOK_S)
            now = self._facts()
            beats = now.get("heartbeat") != last.get("heartbeat")
            if beats and self._unit.process and not now.get("trouble") and not now.get("short_of_room"):
                break
        return time.monotonic() - begun

    def _reached(self, strike: Strike) -> bool:
        """Wait until the campaign is in the state in which a fault is to come; False if it ends before."""
        while not self._unit.ended:
            state = self._facts().get("state")
            if state and state not in END_STATES and strike.state in ("", state) and self._unit.process:
                return True
            self._wait(LOOK_S)
        return False

    def _wait(self, seconds: float) -> bool:
        """Let time pass; False if the campaign ends meanwhile."""
        until = time.monotonic() + seconds
        while True:
            self._unit.look()
            if self._unit.ended or (left := until - time.monotonic()) <= 0:
                return not self._unit.ended
            time.sleep(min(LOOK_S, left))

    def _facts(self) -> dict:
        """The facts of the campaign, and the last entry of its journal; nothing if they cannot be read now."""
        try:
            with Store.open_readonly(self._machine.folder) as store:
                return store.facts() | {"journal": max([row.id for row in store.journal(1)], default=0)}
        except (AutodiscoError, OSError):
            return {}

    def _say(self, line: str) -> None:
        self._told.story.append(f"{time.monotonic() - self._begun:7.1f} s  {line}")
        print(self._told.story[-1], file=sys.stderr, flush=True)


def chaos(folder: Path, copy: Path, strikes: list[Strike], restart_s: float, until_s: float) -> Told:
    """Run the campaign of a folder through a plan; what became of it is copied to `copy`."""
    told = Told()
    with tempfile.TemporaryDirectory(prefix="autodisco-chaos-") as place:
        machine = Machine.made(Path(place), folder.name)
        try:
            shutil.copytree(folder, machine.folder)
            call("sync", "--file-system", machine.folder)  # the disk forgets what was not synced
            mounts = Path("/proc/self/mounts").read_text().count("\n")
            unit = Unit(machine, restart_s, copy.with_name(f"{copy.name}.log"), told)
            try:
                Chaos(machine, unit, told, until_s).run(strikes)
            finally:
                unit.kill()
            told.left += unit.leftovers()
            told.left += [str(path) for path in machine.folder.rglob(".*.tmp")]
            told.left += [str(path) for path in SHARED_MEMORY.iterdir()]
            told.left += ["a mount"] * (Path("/proc/self/mounts").read_text().count("\n") - mounts)
            shutil.copytree(machine.folder, copy)
        finally:
            machine.disk.unmount()
    return told


def main() -> int:
    """Run the command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("copy", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--kinds", nargs="+", choices=BEFALLS, default=list(BEFALLS))
    parser.add_argument("--strikes", type=int, default=len(BEFALLS))
    parser.add_argument("--pause-s", type=float, default=10.0)
    parser.add_argument("--lasts-s", type=float, nargs=2, default=(8.0, 12.0))
    parser.add_argument("--restart-s", type=float, default=0.0)
    parser.add_argument("--until", type=float, default=PATIENCE_S, help="no fault begins after so many seconds")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left behind
    strikes = plan(random.Random(given.seed), given.kinds, given.strikes, given.pause_s, tuple(given.lasts_s))
    told = chaos(given.folder, given.copy, strikes, given.restart_s, given.until)
    print(json.dumps(vars(told), indent=1))
    return 1 if told.left or told.repeated or EXIT_CODES.get(told.state) != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
