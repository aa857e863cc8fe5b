"""Mermaid pictures for docs/architecture.md: the loop from the table of states, the packages from their layers.

``python -m autodisco.campaign.diagram docs/architecture.md pyproject.toml`` writes them into the page.
"""

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from autodisco.campaign.stages import LOOP, Stage
from autodisco.campaign.states import load_stages, transitions
from autodisco.store import END_STATES

PASSED = {
    "ready": "labels, model 0",
    "drawn": "strings",
    "filled": "candidates",
    "settled": "values with errors",
    "chosen": "training set",
    "go-on": "next model",
}
"""The data that an event hands to the next stage."""


def loop_diagram(loop: Sequence[Stage]) -> str:
    """The stages and the events between them, each with the data that it passes on.

    Events that every stage has, such as `pause`, are left out.
    """
    stages, table = [stage.name for stage in loop], transitions(loop)
    everywhere = {event for _, event in table if all((stage, event) in table for stage in stages)}
    steps = {key: target for key, target in table.items() if key[1] not in everywhere}
    lines = ["flowchart LR", '  seeds[("seed file, data set")] --> ' + stages[0]]
    lines += [f"  {stage}[{stage}]" for stage in stages]
    for (stage, event), target in steps.items():
        label = f"{event}: {PASSED[event]}" if event in PASSED else event
        lines.append(f'  {stage} -- "{label}" --> {target}{"([" + target + "])" if target in END_STATES else ""}')
    return "\n".join(lines)


def layers_diagram(pyproject: str) -> str:
    """The packages from the top downwards; each may import only from those below it."""
    contracts = tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    lines = ["flowchart TD"]
    for number, layer in enumerate(layers):
        names = [name.removeprefix("autodisco.") for name in re.split(r" [|:] ", layer)]
        lines.append(f'  layer{number}["{" · ".join(names)}"]')
        if number:
            lines.append(f"  layer{number - 1} --> layer{number}")
    return "\n".join(lines)


def with_diagrams(page: str, pyproject: str) -> str:
    """A page whose Mermaid blocks are replaced by the present pictures: the loop, then the layers."""
    pictures = iter([loop_diagram(list(load_stages(list(LOOP)).values())), layers_diagram(pyproject)])
    return re.sub(r"```mermaid\n.*?```", lambda _: f"```mermaid\n{next(pictures)}\n```", page, flags=re.DOTALL)


if __name__ == "__main__":
    file, project = map(Path, sys.argv[1:])
    file.write_text(with_diagrams(file.read_text(), project.read_text()))
