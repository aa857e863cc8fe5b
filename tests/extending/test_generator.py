"""The generator of docs/examples, used as a user would: its path in a campaign file and on the command line."""

import shutil
from pathlib import Path

import pytest

from autodisco.campaign import load, run
from autodisco.campaign.settings_file import read_settings
from autodisco.cli import run as command
from autodisco.errors import InputError
from autodisco.generator import Generator
from autodisco.polymer import parse
from autodisco.store import Store
from tests.campaign.conftest import SEEDS

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "generator.py"
CAMPAIGN = """\
name = "halves"
[seeds]
file = "seeds.csv"
grammar = 30
[generator]
kind = "my_generator.py:Halves"
tries = 20
max_tokens = 5
[generate]
batch_size = 1
until = "survivors"
max_draws = 100
[filter]
selection = "paper"
[simulation]
protocol = "smoke"
reference_replicas = 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copy(EXAMPLE, tmp_path / "my_generator.py")
    (tmp_path / "seeds.csv").write_text(SEEDS)
    (tmp_path / "halves.toml").write_text(CAMPAIGN)
    monkeypatch.chdir("/")  # the path of the generator is relative to the campaign file
    return tmp_path


def test_a_campaign_draws_from_a_generator_in_a_file_of_the_user(folder):
    """Halves of at most five tokens are all known, so that the campaign ends without a simulation."""
    campaign = load(folder / "halves.toml", folder / "runs")
    assert campaign.settings.generator.tries == 20
    assert run(campaign) == 0
    with Store.open_readonly(campaign.folder) as store:
        assert store.get("state") == "saturated"
        drawn = {row.smiles: row.verdict for row in store.candidates(1)}
    assert set(drawn.values()) == {"duplicate-string"}
    model = Generator.load(campaign.model_path(0))
    assert type(model).__name__ == "Halves"
    assert model.sample(5, seed=1) == model.sample(5, seed=1)
    # The settings in the campaign folder name the file by an absolute path, so that they are found from anywhere.
    assert read_settings(campaign.folder / "campaign.toml", {}).generator == campaign.settings.generator
    moved = folder / "moved"
    shutil.move(campaign.folder, moved)
    (folder / "my_generator.py").unlink()
    assert Generator.load(moved / "models" / "0.safetensors").sample(5, seed=1) == model.sample(5, seed=1)


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("kind = 'my_generator.py:Quarters'", "has no object 'Quarters'"),
        ("kind = 'your_generator.py:Halves'", "your_generator.py cannot be read"),
        ("kind = 'gbt'", "did you mean 'gpt'?"),
        ("kind = 'my_generator.py:Halves'\ntrys = 3", "unknown key generator.trys; did you mean generator.tries?"),
        ("kind = 'my_generator.py:Halves'\ntries = 0", "generator.tries = 0: allowed is greater than or equal to 1"),
        ("kind = 'my_generator.py:HalvesSettings'", "is not a subclass of Generator"),
        ("kind = 'my_generator.py:Bare'", "its Settings is not a subclass of GeneratorSettings"),
    ],
)
def test_mistakes_are_one_line(folder, key, complaint):
    with (folder / "my_generator.py").open("a") as handle:
        handle.write("\n\nclass Bare(Halves):\n    Settings = dict\n")
    (folder / "halves.toml").write_text(f'name = "halves"\n[generator]\n{key}\n')
    with pytest.raises(InputError) as raised:
        read_settings(folder / "halves.toml", {})
    assert str(raised.value).startswith(f"{folder / 'halves.toml'}: ")
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_environment_sets_a_key_of_the_generator(folder):
    settings = read_settings(folder / "halves.toml", {"AUTODISCO_GENERATOR_TRIES": "7"})
    assert settings.generator.tries == 7


def test_the_command_line_trains_it_and_draws_from_it(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    Path("set.csv").write_text("smiles,conductivity\n*OCCO*,1e-4\n*OCCCCO*,2e-4\n*CCC*,1e-6\n*CCCC*,1e-7\n")
    assert command(["train", "set.csv", "--out", "m", "--kind", "my_generator.py:Halves", "--top-fraction", "0.5"]) == 0
    assert command(["generate", "--model", "m", "-n", "3"]) == 0
    printed = capsys.readouterr().out.split()
    assert len(printed) > 3
    assert all(parse(text) for text in printed[-3:])


def test_a_file_without_values_is_trained_on_and_scored(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    Path("set.csv").write_text("monomer_smiles\n*OCCO*\n*OCCCCO*\n*CCC*\n")
    assert command(["train", "set.csv", "--out", "m", "--kind", "my_generator.py:Halves"]) == 0
    assert "draws of class unlabelled" in capsys.readouterr().err
