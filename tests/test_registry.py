"""Parts found by name: built in, of an installed package, and in a file."""

from collections.abc import Sized
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from autodisco.errors import InputError
from autodisco.registry import Registry, absolute

PLANETS: Registry[type] = Registry("planets", "planet", {"path": "pathlib:Path", "order": "collections:OrderedDict"})


def test_a_built_in_part_is_its_object():
    from pathlib import Path

    assert PLANETS.get("path") is Path
    assert list(PLANETS) == ["path", "order"]
    assert "order" in PLANETS
    assert "mars" not in PLANETS


def test_an_unknown_name_gets_one_line_with_what_exists():
    with pytest.raises(InputError, match=r"'ordr' does not exist \(did you mean 'order'\?\); known: path, order"):
        PLANETS.get("ordr")


def test_a_part_of_an_installed_package_is_found(monkeypatch):
    points = EntryPoints([EntryPoint("mars", "fractions:Fraction", "autodisco.planets")])
    monkeypatch.setattr("importlib.metadata.entry_points", points.select)
    from fractions import Fraction

    assert PLANETS.get("mars") is Fraction
    assert list(PLANETS) == ["path", "order", "mars"]
    numbers: Registry[type] = Registry("planets", "planet", {}, base=dict)
    with pytest.raises(InputError, match=r"planet 'mars' is not a subclass of dict \(builtins\)"):
        numbers.get("mars")


def test_a_part_in_a_file_is_found_and_its_module_is_imported_once(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from dataclasses import dataclass\n\n@dataclass\nclass Venus(dict):\n    mass: float = 4.9\n")
    name = absolute("mine.py:Venus", tmp_path)
    assert PLANETS.get(name) is PLANETS.get(f"{file}:Venus")
    assert name in PLANETS
    assert absolute("order", tmp_path) == "order"


@pytest.mark.parametrize(
    ("text", "attribute", "message"),
    [
        (None, "Venus", "cannot be read: no such file"),
        ("import a_module_that_is_not_there", "Venus", "cannot be imported: ModuleNotFoundError: No module named"),
        ("Venus = 1 +", "Venus", "cannot be imported: SyntaxError"),
        ("Venus = 1", "Mars", "has no object 'Mars'"),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_line(tmp_path, text, attribute, message):
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        PLANETS.get(f"{file}:{attribute}")
    assert "\n" not in str(caught.value)


MOONS = """
from numbers import Number
from collections.abc import Sized

class Half(Sized):
    pass

class Whole(Sized):
    def __len__(self):
        return 1

ONE = Whole()
"""


@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        ("class", "Whole", None),
        ("class", "ONE", "is an instance, and not a subclass of Sized (collections.abc)"),
        ("class", "Half", "lacks methods of Sized: __len__"),
        ("class", "Number", "is not a subclass of Sized (collections.abc)"),
        ("instance", "ONE", None),
        ("instance", "Whole", "is a class, and not an instance of Sized (collections.abc)"),
        ("either", "ONE", None),
        ("either", "Whole", None),
        ("either", "Half", "lacks methods of Sized: __len__"),
        ("either", "MOON", "is not a subclass or an instance of Sized (collections.abc)"),
    ],
)
def test_a_class_and_an_instance_are_told_apart(tmp_path, form, name, message):
    file = tmp_path / "moons.py"
    file.write_text(MOONS + "MOON = 3\n")
    moons: Registry[Sized] = Registry("moons", "moon", {}, Sized, form)
    if message is None:
        assert moons.get(f"{file}:{name}")
        return
    with pytest.raises(InputError) as raised:
        moons.get(f"{file}:{name}")
    assert str(raised.value) == f"moon '{file}:{name}' {message}"
