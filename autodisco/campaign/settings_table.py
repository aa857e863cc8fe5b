"""The tables of settings for docs/campaigns.md and of options for docs/clusters.md, made from the schema.

``python -m autodisco.campaign.settings_table docs/campaigns.md docs/clusters.md`` writes them into the pages.
"""

import re
import sys
from pathlib import Path
from typing import Any, get_args

import tomli_w
from pydantic.fields import FieldInfo

from autodisco.campaign.settings import Settings
from autodisco.section import Section


def markdown_table() -> str:
    """One row per key: the key, its default as in TOML, its description."""
    rows = ["| key | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, Section):
            table = type(field.default).model_fields
            rows += [_row(f"{name}.{key}", table[key]) for key in _own_first(type(field.default))]
        elif item := _item(field):
            rows += [_row(name, field), *(_row(f"[[{name}]] {key}", entry) for key, entry in item.model_fields.items())]
        else:
            rows.append(_row(name, field))
    return "\n".join(rows)


def _item(field: FieldInfo) -> type[Section] | None:
    """The class of the tables in a list of tables."""
    found = next(iter(get_args(field.annotation)), None)
    return found if isinstance(found, type) and issubclass(found, Section) else None


def _own_first(table: type[Section]) -> list[str]:
    """Keys of a table in the order of its classes, those of the most general one last."""
    classes = [base for base in table.__mro__ if issubclass(base, Section)]
    first = [key for base in classes for key in base.__annotations__ if key in table.model_fields]
    return sorted(table.model_fields, key=lambda key: (key != "kind", first.index(key)))


def _row(key: str, field: FieldInfo) -> str:
    default = "" if field.is_required() or field.default is None else f"`{_as_toml(field.default)}`"
    text = " ".join((field.description or "").split()).replace("|", "\\|")
    linked = re.sub(r"docs/([a-z-]+[.]md)", r"[\1](\1)", text)
    return f"| `{key}` | {default} | {linked} |"


def _as_toml(value: Any) -> str:
    """A value on one line."""
    if value == {}:
        return "{}"
    if isinstance(value, list):
        value = [one.model_dump() if isinstance(one, Section) else one for one in value]
    text = tomli_w.dumps({"x": value}).strip().removeprefix("x = ")
    return re.sub(r"\s*\n\s*", " ", text).replace("[ ", "[").replace(", ]", "]")


def options_table() -> str:
    """The same for the options of the executor `psij`."""
    from autodisco.simulation.executors.cluster_settings import ClusterSettings

    rows = [_row(key, field) for key, field in ClusterSettings.model_fields.items()]
    return "\n".join(["| key | default | |", "|---|---|---|", *rows])


TABLES = {"campaigns.md": markdown_table, "clusters.md": options_table}
"""What makes the table of a page."""


def with_table(file: Path) -> str:
    """A page with its table of settings replaced by the present one."""
    table = TABLES[file.name]()
    return re.sub(r"^\| key \| default \|.*?(?=\n\n|\Z)", lambda _: table, file.read_text(), flags=re.M | re.S)


if __name__ == "__main__":
    for given in map(Path, sys.argv[1:]):
        given.write_text(with_table(given))
