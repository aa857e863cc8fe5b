"""The recipe of the container: what it copies and installs is there."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECIPE = (ROOT / "Dockerfile").read_text()


def test_everything_that_the_container_copies_is_there_and_not_ignored():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for line in re.findall(r"^COPY (.*) /src/\S*$", RECIPE, re.MULTILINE) for name in line.split()}
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)


def test_what_the_build_of_the_package_reads_is_copied():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {Path(name).parts[0] for name in [*wheel["packages"], *wheel["force-include"]]}
    assert needed <= set(re.findall(r"^COPY (\w+) ", RECIPE, re.MULTILINE))


def test_the_optional_parts_of_the_container_are_those_of_the_package():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (named,) = re.findall(r"'/src\[([a-z,]+)\]'", RECIPE)
    assert set(named.split(",")) <= set(extras)
