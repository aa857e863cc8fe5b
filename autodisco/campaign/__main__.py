"""The detached daemon: `python -m autodisco.campaign FOLDER` runs the campaign in a folder; its output is the log."""

import sys
import time
from pathlib import Path

from autodisco.campaign.campaign import open_folder
from autodisco.campaign.daemon import run
from autodisco.errors import AutodiscoError
from autodisco.report import write_report
from autodisco.store import END_STATES, Store


def main() -> int:
    """Run the campaign in the folder that the first argument names and report; the exit code of `daemon.run`."""
    folder = Path(sys.argv[1])
    try:
        code = run(open_folder(folder), _log)
        with Store.open_readonly(folder) as store:
            if store.get("state") in END_STATES:
                _log(f"report: {write_report(store)}")
        return code
    except AutodiscoError as error:
        _log(f"error: {error}")
        return error.exit_code


def _log(line: str) -> None:
    print(time.strftime("%Y-%m-%d %H:%M:%S"), line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
