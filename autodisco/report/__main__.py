"""Writes the report of the campaign in a folder; a daemon, whose process number is given, runs this beside its work."""

import os
import sys
from pathlib import Path

from autodisco.process import die_with_parent
from autodisco.report.write import write_report
from autodisco.store import Store

NICE = 10

if __name__ == "__main__":
    die_with_parent(int(sys.argv[2]))
    os.nice(NICE)
    with Store.open_readonly(Path(sys.argv[1])) as store:
        write_report(store)
