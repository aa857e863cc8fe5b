"""What `run` and `report` print at the end of a campaign."""

from pathlib import Path

from autodisco.cli.output import message, print_json
from autodisco.files import argument


def print_end(folder: Path, as_json: bool) -> None:
    """Print the result of a campaign that has ended, otherwise its state."""
    from autodisco.decide import status as status_of
    from autodisco.report import write_report
    from autodisco.store import END_STATES, Store

    with Store.open_readonly(folder) as store:
        state = store.get("state")
        if state in END_STATES:
            page = write_report(store)
        elif as_json:
            print_json(status_of(store, whole=True))
    if state in END_STATES:
        print_result(folder, page, as_json)
    else:
        message(f"left in state {state}; go on with: autodisco resume {argument(folder)}")


def print_result(folder: Path, page: Path, as_json: bool) -> None:
    """Print the summary of a campaign and the place of its report."""
    from autodisco.decide import status as status_of
    from autodisco.report import summary
    from autodisco.store import Store

    with Store.open_readonly(folder) as store:
        if as_json:
            print_json({**status_of(store, whole=True).to_dict(), "report": str(page)})
            return
        for line in summary(store):
            print(line)
    print(f"report: {page}")
