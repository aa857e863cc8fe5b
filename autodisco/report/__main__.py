"""Writes the report of the campaign in a folder; a daemon runs this beside its work."""

import sys
from pathlib import Path

from autodisco.report.write import write_report
from autodisco.store import Store

if __name__ == "__main__":
    with Store.open_readonly(Path(sys.argv[1])) as store:
        write_report(store)
