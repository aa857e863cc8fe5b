"""The command figures."""

from pathlib import Path

import pytest


def test_the_command_writes_what_is_asked_for(ended, call):
    said = call("figures", "found", "--format", "svg", "--only", "ranking,front")
    assert said.code == 0
    folder = ended / "figures"
    assert [Path(line).name for line in said.out.split()] == ["ranking.svg", "ranking.csv", "captions.md"]
    assert {path.name for path in folder.iterdir()} == {"ranking.svg", "ranking.csv", "captions.md"}
    assert said.err == "front: left out: the campaign has one objective\n"


@pytest.mark.parametrize(("flag", "value"), [("--only", "rankings"), ("--format", "gif")])
def test_an_unknown_figure_or_format_is_refused_in_one_line(ended, call, flag, value):
    said = call("figures", "found", flag, value)
    assert said.code == 2
    assert said.err.startswith(f"error: {flag} {value}: allowed is ")
    assert not (ended / "figures").exists()
