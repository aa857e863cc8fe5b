"""The detached daemon: `python -m autodisco.campaign FOLDER [--service [--watch]]` runs the campaign in a folder.

Its messages go to ``daemon.log`` there, one JSON object a line, and unexpected errors to stderr. As a service it does
not continue a campaign that a person paused or stopped, or that has ended. With ``--watch`` it ends at once where a
process is at work, and takes the place of one that hangs.
"""

import contextlib
import json
import logging
import os
import sys
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path

from autodisco.campaign.campaign_folder import open_folder
from autodisco.campaign.control import LOG
from autodisco.campaign.daemon import run
from autodisco.campaign.recovery import disk_fault
from autodisco.campaign.service import NOT_AGAIN
from autodisco.campaign.watchdog import needs_start
from autodisco.errors import AutodiscoError, InputError, NoCampaign
from autodisco.report import write_report
from autodisco.store import END_STATES, Store

LOG_BYTES, LOG_FILES = 2_000_000, 3


class _Log(RotatingFileHandler):
    """A log on the disk of the campaign. While that fails or is away nothing is logged; then a new file handle is
    opened, because the old one would fail for ever."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name of the library)
        stream, self.stream = self.stream, None
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


class _AsJson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {"time": record.created, "level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps(said, ensure_ascii=False)


def main() -> int:
    """Run the campaign in the folder that the first argument names and report; the exit code of `daemon.run`, or of a
    service that needs a person."""
    folder, is_service = Path(sys.argv[1]).absolute(), "--service" in sys.argv[2:]
    os.chdir("/")  # the disk of a working directory could not be unmounted
    log = logging.getLogger("autodisco.daemon")
    log.setLevel(logging.INFO)
    try:
        if "--watch" in sys.argv[2:] and not needs_start(folder):
            return 0
        handler = _Log(folder / LOG, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True)
        handler.setFormatter(_AsJson())
        log.addHandler(handler)
        code = run(open_folder(folder), log.info, as_service=is_service)
        with Store.open_readonly(folder) as store:
            if store.get("state") in END_STATES:
                log.info("report: %s", write_report(store))
        return code
    except AutodiscoError as error:
        log.error("%s", error)
        print(f"error: {error}", file=sys.stderr)
        return NOT_AGAIN if is_service and _needs_a_person(folder, error) else error.exit_code
    except Exception as error:
        log.error("%s", traceback.format_exc())
        if is_service and _needs_a_person(folder, error):
            return NOT_AGAIN
        raise


def _needs_a_person(folder: Path, error: Exception) -> bool:
    """Whether another start would end the same: the input is wrong, or the campaign failed, on a disk that works."""
    if isinstance(error, NoCampaign) or disk_fault(folder):  # its disk may come back
        return False
    if isinstance(error, InputError):
        return True
    try:
        with Store.open_readonly(folder) as store:
            return bool(store.get("state") == "failed")
    except AutodiscoError:
        return False


if __name__ == "__main__":
    sys.exit(main())
