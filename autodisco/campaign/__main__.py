"""The detached daemon: `python -m autodisco.campaign FOLDER` runs the campaign in a folder; its output is the log."""

import sys
import time
from pathlib import Path

from autodisco.campaign.campaign import open_folder
from autodisco.campaign.daemon import run
from autodisco.errors import AutodiscoError


def main() -> int:
    """Run the campaign in the folder that the first argument names; the exit code of `daemon.run`."""
    try:
        return run(open_folder(Path(sys.argv[1])), _log)
    except AutodiscoError as error:
        _log(f"error: {error}")
        return error.exit_code


def _log(line: str) -> None:
    print(time.strftime("%Y-%m-%d %H:%M:%S"), line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
