"""`--dry-run` of `run` and `start`: what will be wrong, and what an iteration costs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from autodisco.cli.output import message, print_json, print_table, stderr_console
from autodisco.errors import AutodiscoError
from autodisco.text import counted, duration, significant, size

if TYPE_CHECKING:
    from autodisco.campaign import Campaign
    from autodisco.campaign.cost import Cost


def dry_run(file: Path, as_json: bool) -> int:
    """Print what can be found before a campaign works and what an iteration costs; nothing is written. Returns the exit
    code: 1 if something keeps the campaign from starting."""
    from autodisco.api.campaign import loaded
    from autodisco.campaign import preflight
    from autodisco.campaign.cost import cost
    from autodisco.store import leaving_nothing

    with leaving_nothing(), _without_bytecode(), stderr_console().status("looking at the campaign and this machine"):
        campaign = loaded(file, checked=False)
        findings = preflight.examine(campaign, file)
        try:
            costs, unknown = cost(campaign), ""
        except AutodiscoError as error:
            told = any(str(error) in row.found for row in findings)
            costs, unknown = None, "the mistake above comes first" if told else str(error)
        late, large = (costs.over_time(campaign), costs.over_disk(campaign)) if costs else ([], [])
        findings += [preflight.Finding("time limit", "warning", sentence) for sentence in late]
        findings += [preflight.Finding("disk", "warning", sentence) for sentence in large]
    if as_json:
        print_json({"name": campaign.settings.name, "folder": campaign.folder, "findings": findings, "cost": costs})
    else:
        print_table(["", "what", "found"], [(_LEVELS[row.level], row.what, row.found) for row in findings])
        if costs:
            _print_cost(campaign, costs)
        message(f"its cost is not known: {unknown}" if unknown else "nothing was started and nothing was written")
    return int(any(row.level == "error" for row in findings))


@contextmanager
def _without_bytecode() -> Iterator[None]:
    """Python makes no folder `__pycache__` beside files of parts."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


_LEVELS = {"ok": "ok", "warning": "warn", "error": "FAIL"}


def _print_cost(campaign: "Campaign", costs: "Cost") -> None:
    print_table(
        ["a build of", ">CPU", ">wall", ">disk", "from"],
        [
            (row.protocol, duration(row.cpu_s), duration(row.wall_s), _bytes(row.n_bytes), row.source)
            for row in costs.builds
        ],
    )
    protocols = [row.protocol for row in costs.builds]
    print_table(
        ["", *(f">builds of {name}" for name in protocols), ">CPU hours", ">GPU hours", ">wall hours", ">disk"],
        [
            (
                row.name,
                *(f"{row.builds[name]:.4g}" for name in protocols),
                *(significant(hours) for hours in (row.cpu_h, row.gpu_h, row.wall_h)),
                _bytes(None if row.disk_gb is None else 1e9 * row.disk_gb),
            )
            for row in costs.phases
        ],
    )
    limit = f", limited by the {costs.limit}," if costs.limit else ""
    told = f"wall hours are those with {counted(costs.workers, 'replica')} at a time{limit}"
    if costs.training_s:
        print(f"{told} and {duration(costs.training_s)} for a training")
    else:
        print(f"{told.rstrip(',')}, without the training of the model, which was not measured here yet")


def _bytes(value: float | None) -> str:
    return "–" if value is None else size(value)
