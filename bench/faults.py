"""How often each fault of the table in docs/reliability.md is injected, and how often what follows is what it says.

    python bench/faults.py [--rounds 1] [--slow]

Runs the tests that are marked with a fault, `--rounds` times, each round in a process of its own; `--slow` takes those
that need minutes as well. A test counts as one injection, or as many as it records; where it fails, none of them went
as documented. Prints the rows of the table with their counts; exit code 1 where anything failed or was never injected.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.faults import faults

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Run the rounds and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--slow", action="store_true")
    given = parser.parse_args()
    injected: Counter[str] = Counter()
    documented: Counter[str] = Counter()
    skipped, failed = set(), []
    for number in range(1, given.rounds + 1):
        print(f"round {number} of {given.rounds}", file=sys.stderr, flush=True)
        for test in one_round("fault" if given.slow else "fault and not slow"):
            name = f"{test.get('classname')}.{test.get('name')}"
            if test.find("skipped") is not None:
                skipped.add(name)
                continue
            ok = test.find("failure") is None and test.find("error") is None
            recorded = [(entry.get("name"), entry.get("value", "")) for entry in test.iter("property")]
            n = int(dict(recorded).get("injections", 1))
            for fault in [value for key, value in recorded if key == "fault"]:
                injected[fault] += n
                documented[fault] += n * ok
            failed += [] if ok else [name]
    print("| fault | injected | as documented |\n|---|---|---|")
    for fault in faults():
        print(f"| {fault} | {injected[fault]:,} | {documented[fault]:,} |")
    for what, names in (("skipped", sorted(skipped)), ("failed", failed)):
        print("".join(f"{what}: {name}\n" for name in names), end="", file=sys.stderr)
    return 1 if failed or not all(injected[fault] for fault in faults()) else 0


def one_round(marked: str) -> list[ElementTree.Element]:
    """The tests that were run, as pytest reports them."""
    with tempfile.TemporaryDirectory(prefix="autodisco-faults-") as folder:
        report = Path(folder) / "report.xml"
        words = ["-q", "-m", marked, f"--junitxml={report}", "-o", "junit_family=xunit1", "tests"]
        subprocess.run([sys.executable, "-m", "pytest", *words], cwd=ROOT, stdout=sys.stderr)
        return list(ElementTree.parse(report).iter("testcase"))


if __name__ == "__main__":
    sys.exit(main())
