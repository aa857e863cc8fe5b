"""The folder of an export as an RO-Crate 1.1: one JSON-LD file that says what every file is (w3id.org/ro/crate/1.1).

Entities: the files with their hashes, the columns with their units, the campaign as an action of this program with its
settings, the paper of the method, authors and licence as far as they are given, and replicas that go along.
"""

import mimetypes
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import autodisco
from autodisco.campaign.columns import Column
from autodisco.campaign.settings_file import write_settings
from autodisco.errors import InputError
from autodisco.files import PACKED, sha256, write_atomic, write_json
from autodisco.store import Store

METADATA, SETTINGS, REPLICAS = "ro-crate-metadata.json", "campaign.toml", "replicas"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
PAPER = "https://doi.org/10.1039/D4DD00293H"
TYPES = {
    ".parquet": "application/vnd.apache.parquet", ".toml": "application/toml", ".dcd": "application/octet-stream",
    ".pdb": "chemical/x-pdb", ".csv": "text/csv", ".json": "application/json",
}  # fmt: skip
ORCID = re.compile(r"(?P<name>[^<>]+?)\s*(<(?P<id>https?://[^<>\s]+)>)?$")
LICENCE = re.compile(r"[A-Za-z0-9.+-]+|https?://\S+")
UNITS_OF_SETTINGS = {"_k": "K", "_ps": "ps", "_s": "s", "_minutes": "min", "_hours": "h", "_gb": "GB", "_mb": "MB"}

Entity = dict[str, Any]


@dataclass(frozen=True)
class Crate:
    """What a person states about an export: authors (``Name <https://orcid.org/…>``), the licence as a name of SPDX or
    an address, and polymers (key or repeat unit) whose replicas go along."""

    authors: tuple[str, ...] = ()
    licence: str | None = None
    replicas: tuple[str, ...] = ()

    def check(self, store: Store) -> None:
        """Raises InputError for an author, a licence or a polymer that cannot be used."""
        for author in self.authors:
            if not ORCID.fullmatch(author.strip()):
                raise InputError(f"--author {author}: Name or 'Name <https://orcid.org/…>' expected")
        if self.licence is not None and not LICENCE.fullmatch(self.licence):
            raise InputError(f"--license {self.licence}: a name of SPDX, such as CC-BY-4.0, or an address expected")
        for text in self.replicas:
            if not self._folders(store, text):
                raise InputError(
                    f"--replica {text}: the campaign has no finished replica of it with its files; "
                    "choose another, or leave it out"
                )

    def _folders(self, store: Store, text: str) -> dict[str, Path]:
        """Folders of the finished replicas of a polymer, by their place in the crate."""
        from autodisco.polymer import ORGANIC_ELEMENTS, read_material

        is_key = bool(store.polymers_by_key([text]))
        key = text if is_key else store.key_called(text) or read_material(text, ORGANIC_ELEMENTS).key
        rows = [row for row in store.replica_states() if row.key == key and row.status == "done"]
        places = {
            f"{REPLICAS}/{key}/{row.protocol}/{row.replica}/": store.replica_folder(row.key, row.protocol, row.replica)
            for row in rows
        }
        return {place: path for place, path in places.items() if path.is_dir()}

    def write(
        self, store: Store, folder: Path, tables: Mapping[Path, str], columns: Mapping[str, list[Column]]
    ) -> list[Path]:
        """Write the metadata, the settings of the campaign and its replicas into `folder`; returns these files.

        `tables` names the table of each file that is there already, `columns` describes them.
        """
        written = [folder / SETTINGS]
        write_atomic(folder / SETTINGS, write_settings(store.get("settings") or {}))
        files = {path: f"table {name} of the campaign" for path, name in tables.items()}
        entities = [_file(path, folder, told, columns[tables[path]]) for path, told in files.items()]
        entities.append(_file(folder / SETTINGS, folder, "settings of the campaign"))
        tops = [one["@id"] for one in entities]
        for text in self.replicas:
            for place, source in self._folders(store, text).items():
                copies = _copied(source, folder / place)
                parts = [_file(path, folder, f"file of a replica of {text}") for path in copies]
                entities += [_dataset(place, f"replica of {text}", parts), *parts]
                tops.append(place)
                written += copies
        measured = {f"#column-{one.name}": one for table in columns.values() for one in table}
        settings = list(_settings(store.get("settings") or {}))
        graph = [
            {"@id": METADATA, "@type": "CreativeWork", "conformsTo": _to(SPECIFICATION), "about": _to("./")},
            self._root(store, tops, measured),
            *entities,
            *(_variable(id_, one) for id_, one in measured.items()),
            *settings,
            _action(store, [one["@id"] for one in settings], list(tables), folder),
            *_contexts(),
            *(entity for author in self.authors for entity in _person(author)),
            *([_licence(self.licence)] if self.licence else []),
        ]
        write_json(folder / METADATA, {"@context": f"{SPECIFICATION}/context", "@graph": graph})
        return [*written, folder / METADATA]

    def _root(self, store: Store, parts: list[str], measured: Mapping[str, Column]) -> Entity:
        name = store.get("name", store.folder.name)
        polymers = len(store.known_keys())
        root: Entity = {
            "@id": "./",
            "@type": "Dataset",
            "name": f"Campaign {name}",
            "description": f"Tables of the campaign {name} of autodisco, which searched for polymer electrolytes by "
            f"molecular dynamics: {polymers} polymers, candidates, replicas and decisions.",
            "datePublished": datetime.now(UTC).isoformat(timespec="seconds"),
            "hasPart": [_to(part) for part in parts],
            "variableMeasured": [_to(id_) for id_ in measured],
            "mentions": _to("#campaign"),
            "citation": _to(PAPER),
        }
        if self.authors:
            root["author"] = [_to(next(_person(author))["@id"]) for author in self.authors]
        if self.licence:
            root["license"] = _to(_licence(self.licence)["@id"])
        return root


def _to(id_: str) -> dict[str, str]:
    return {"@id": id_}


def _file(path: Path, folder: Path, told: str, columns: list[Column] | None = None) -> Entity:
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    entity: Entity = {
        "@id": path.relative_to(folder).as_posix(),
        "@type": "File",
        "name": path.name,
        "description": told,
        "encodingFormat": kind,
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
    }
    if columns and not path.name.endswith("-metadata.json"):
        entity["variableMeasured"] = [_to(f"#column-{one.name}") for one in columns]
    return entity


def _dataset(place: str, name: str, parts: list[Entity]) -> Entity:
    told = "topology, trajectory, description and outcome of one build"
    return {
        "@id": place, "@type": "Dataset", "name": name, "description": told,
        "hasPart": [_to(part["@id"]) for part in parts],
    }  # fmt: skip


def _copied(source: Path, target: Path) -> list[Path]:
    """The files of a replica in another folder, packed or loose."""
    target.mkdir(parents=True, exist_ok=True)
    packed = source / PACKED
    if packed.is_file():
        shutil.unpack_archive(packed, target, "zip")
    for path in source.iterdir():
        if path.is_file() and path.name != PACKED and not path.name.startswith("."):
            shutil.copyfile(path, target / path.name)
    return sorted(path for path in target.iterdir() if path.is_file())


def _variable(id_: str, column: Column) -> Entity:
    units = {"unitText": column.unit or None, "unitCode": column.qudt}
    entity = {"@id": id_, "@type": "PropertyValue", "name": column.name, "description": column.description}
    return entity | {key: value for key, value in units.items() if value}


def _settings(values: Mapping[str, Any], before: str = "") -> Iterator[Entity]:
    """Each setting as a value; lists of tables and empty values are left out, because campaign.toml holds them."""
    for key, value in values.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping):
            yield from _settings(value, f"{name}.")
        elif isinstance(value, bool | int | float | str) and value != "":
            unit = next((unit for ending, unit in UNITS_OF_SETTINGS.items() if name.endswith(ending)), None)
            entity = {"@id": f"#setting-{name}", "@type": "PropertyValue", "name": name, "value": value}
            yield entity | ({"unitText": unit} if unit else {})


def _action(store: Store, settings: list[str], tables: list[Path], folder: Path) -> Entity:
    """The campaign: this program made the tables with the settings."""
    times = {"startTime": store.get("started"), "endTime": store.get("ended")}
    entity: Entity = {
        "@id": "#campaign",
        "@type": "CreateAction",
        "name": f"campaign {store.get('name', store.folder.name)}",
        "instrument": _to("#autodisco"),
        "object": [_to(SETTINGS), *map(_to, settings)],
        "result": [_to(path.relative_to(folder).as_posix()) for path in tables],
    }
    return entity | {
        key: datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds") for key, value in times.items() if value
    }


def _contexts() -> list[Entity]:
    """The program and the paper of its method."""
    return [
        {
            "@id": "#autodisco", "@type": "SoftwareApplication", "name": "autodisco",
            "version": autodisco.__version__, "softwareVersion": autodisco.__version__,
            "description": "Discovers polymer electrolytes: a language model proposes repeat units, molecular dynamics "
            "judges them.",
        },
        {
            "@id": PAPER, "@type": "ScholarlyArticle",
            "name": "A materials discovery framework based on conditional generative models applied to the design of "
            "polymer electrolytes",
            "author": "Khajeh, A.; Lei, X.; Ye, W.; Yang, Z.; Schweigert, D.; Kwon, H.-K.",
            "datePublished": "2025",
        },
    ]  # fmt: skip


def _person(author: str) -> Iterator[Entity]:
    found = ORCID.fullmatch(author.strip())
    assert found is not None  # checked before
    id_ = found["id"] or f"#author-{re.sub(r'[^A-Za-z0-9]+', '-', found['name'])}"
    yield {"@id": id_, "@type": "Person", "name": found["name"]}


def _licence(text: str) -> Entity:
    is_address = text.startswith("http")
    id_ = text if is_address else f"https://spdx.org/licenses/{text}"
    return {"@id": id_, "@type": "CreativeWork", "name": text, "description": f"licence of the data: {text}"}
