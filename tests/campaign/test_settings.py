"""A campaign file is read strictly, and what is wrong with it is said in one line."""

import tomllib

import pytest

from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_changes import differences
from autodisco.campaign.settings_file import read_settings, write_generator, write_settings
from autodisco.campaign.variables import OTHER_VARIABLES
from autodisco.errors import InputError
from autodisco.simulation import protocols


def read(tmp_path, text, environment=()):
    file = tmp_path / "campaign.toml"
    file.write_text(text)
    return read_settings(file, dict(environment))


def test_a_name_is_enough(tmp_path):
    settings = read(tmp_path, 'name = "first"')
    assert settings.simulation.protocol == "quick"
    assert settings.acquire.reference == "*OCC*"


def test_a_mark_of_the_encoding_is_no_part_of_a_file(tmp_path):
    """Editors of Windows write it before the text."""
    assert read(tmp_path, '\ufeffname = "first"\n').name == "first"
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text("\ufeff" + text)
    assert protocols.load(str(tmp_path / "mine.toml")).name == "mine"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seed = 1", "name is missing"),
        ('name = "a b"', 'name = "a b": allowed is letters'),
        ('name = "a"\nseed = "1"', 'seed = "1": allowed is integer'),
        ('name = "a"\nseed = -1', "seed = -1: allowed is greater than or equal to 0"),
        ('name = "a"\nsimulation = 3', "simulation = 3: allowed is a table"),
        ('name = "a"\n[simulation]\nreplcas = 2', "unknown key simulation.replcas; did you mean simulation.replicas?"),
        ('name = "a"\n[simulations]\nreplicas = 2', "unknown key simulations; did you mean simulation?"),
        ('name = "a"\nworkers = 2', "unknown key workers; did you mean simulation.workers?"),
        ('name = "a"\n[zzz]\n', "unknown key zzz; allowed are name, seed, objective"),
        ('name = "a"\n[simulation]\nreplicas = 2.5', "simulation.replicas = 2.5: allowed is integer"),
        ('name = "a"\n[acquire]\ntop_fraction = 1.5', "acquire.top_fraction = 1.5: allowed is less than 1"),
        ('name = "a"\n[generator]\nmax_tokens = 60', "generator.max_tokens = 60: allowed is less than or equal to 59"),
        ('name = "a"\n[filter]\nunstable = "keep"', "filter.unstable = \"keep\": allowed is 'flag' or 'reject'"),
        ('name = "a"\n[seeds]\nfile = "gone.csv"', "seeds.file = 'gone.csv': no such file"),
        ("name =", "not valid TOML"),
        ('name = "a"\n[budget]\ndays = 30', "unknown key budget.days; write budget.hours = 720"),
        (
            'name = "a"\n[budget]\nhours = "30 days"',
            'budget.hours = "30 days": allowed is number of hours, such as 720',
        ),
        (
            'name = "a"\n[simulation]\nleast_free_disk_gb = "20 GB"',
            'simulation.least_free_disk_gb = "20 GB": allowed is number of GB, without the unit',
        ),
    ],
)
def test_mistakes_are_named_with_file_key_value_and_what_is_allowed(tmp_path, text, complaint):
    with pytest.raises(InputError) as raised:
        read(tmp_path, text)
    line = str(raised.value)
    assert complaint in line
    assert line.startswith(str(tmp_path / "campaign.toml"))
    assert "\n" not in line
    assert raised.value.exit_code == 2


def test_all_mistakes_of_a_file_are_told_at_once_and_each_once(tmp_path):
    text = 'name = "a"\nseed = -1\n[notify]\nping = "x"\nevents = ["none"]\n[budget]\ndays = 2\n'
    with pytest.raises(InputError) as raised:
        read(tmp_path, text)
    told = str(raised.value).split("; also: ")
    keys = ("seed = -1", "notify.ping: an address", 'notify.events.0 = "none"', "unknown key budget.days")
    file = tmp_path / "campaign.toml"
    assert len(told) == len(keys)
    assert all(any(line.startswith(f"{file}: {key}") for line in told) for key in keys)
    with pytest.raises(InputError) as raised:
        read(tmp_path, text, {"AUTODISCO_SEED": "-2"}.items())
    assert "AUTODISCO_SEED: seed = -2: allowed is" in str(raised.value)


def test_a_missing_campaign_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no such campaign file"):
        read_settings(tmp_path / "none.toml")


def test_files_are_found_beside_the_campaign_file(tmp_path):
    (tmp_path / "seeds.csv").write_text("name,monomer_smiles\n")
    settings = read(tmp_path, 'name = "a"\n[seeds]\nfile = "seeds.csv"')
    assert settings.seeds.file == str(tmp_path / "seeds.csv")


def test_the_environment_wins_over_the_file(tmp_path):
    text = 'name = "a"\n[simulation]\nworkers = 3'
    environment = {"AUTODISCO_SIMULATION_WORKERS": "5", "AUTODISCO_FILTER_UNSTABLE": "reject", "AUTODISCO_RUNS": "x"}
    settings = read(tmp_path, text, environment)
    assert settings.simulation.workers == 5
    assert settings.filter.unstable == "reject"
    with pytest.raises(InputError, match=r'^AUTODISCO_SIMULATION_WORKERS: simulation.workers = "many"'):
        read(tmp_path, text, {"AUTODISCO_SIMULATION_WORKERS": "many"})


def test_resolved_settings_read_back_the_same(tmp_path):
    settings = read(tmp_path, 'name = "a"\n[acquire]\nreference = "*C\\\\C=C/C*"\n[filter]\nmax_sa_score = 4')
    text = write_settings(settings.model_dump())
    assert Settings.model_validate(tomllib.loads(text)) == settings


def test_text_with_line_breaks_and_control_characters_is_written_as_toml(tmp_path):
    odd = 'one\n\ttwo \\ "three" \x01 four\r\n'
    rule = {"name": "n-o", "smarts": "NO", "reason": odd, "exceptions": ["[N+]O"]}
    settings = Settings.model_validate({"name": "a", "filter": {"rules": [rule]}, "notify": {"command": odd}})
    text = write_settings(settings.model_dump())
    assert Settings.model_validate(tomllib.loads(text)) == settings
    (tmp_path / "a.toml").write_text(text)
    assert read_settings(tmp_path / "a.toml", {}) == settings
    assert tomllib.loads(write_generator({"kind": "gpt", "ema": 0.5}))["generator"] == {"kind": "gpt", "ema": 0.5}


def test_a_misspelt_variable_of_the_environment_is_an_error(tmp_path):
    with pytest.raises(
        InputError, match=r"^AUTODISCO_SIMULATION_WORKRES: .*did you mean AUTODISCO_SIMULATION_WORKERS\?"
    ):
        read(tmp_path, 'name = "a"', {"AUTODISCO_SIMULATION_WORKRES": "5"})
    with pytest.raises(InputError, match="settings are AUTODISCO_<TABLE>_<KEY>"):
        read(tmp_path, 'name = "a"', {"AUTODISCO_XYZ": "5"})
    read(tmp_path, 'name = "a"', dict.fromkeys(OTHER_VARIABLES, "1"))


def test_budget_and_workers_may_change_and_the_protocol_may_not():
    old = Settings.model_validate({"name": "a"})
    new = Settings.model_validate(
        {"name": "a", "budget": {"iterations": 9}, "simulation": {"workers": 7, "protocol": "htp-md"}}
    )
    assert differences(old, new) == {"simulation.protocol": ("quick", "htp-md")}


@pytest.mark.parametrize("kind", ["genetic", "random"])
def test_files_of_earlier_versions_name_the_settings_of_a_network_for_every_kind(tmp_path, kind):
    settings = read(tmp_path, f'name = "a"\n[generator]\nkind = "{kind}"\nsize = "gpt-nano"\nema = 0.5\nmax_tokens = 8')
    assert settings.generator.max_tokens == 8
    assert "generator.ema" not in settings.flat()
    with pytest.raises(InputError, match=r"unknown key generator\.tokens"):
        read(tmp_path, f'name = "a"\n[generator]\nkind = "{kind}"\ntokens = 8')


def test_a_generator_that_learns_nothing_can_only_escape_with_longer_units(tmp_path):
    text = 'name = "a"\n[generator]\nkind = "random"\n[saturation]\nescape = '
    assert read(tmp_path, text + '["tokens"]').saturation.escape == ["tokens"]
    with pytest.raises(InputError, match="a generator of kind random learns nothing; it allows tokens only"):
        read(tmp_path, text + '["seeds"]')


def test_strings_are_no_longer_than_the_block_of_the_network(tmp_path):
    text = 'name = "a"\n[generator]\nblock_size = {}\nmax_tokens = 30'
    assert read(tmp_path, text.format(35)).generator.longest == 30
    with pytest.raises(InputError, match=r"generator\.max_tokens = 30: allowed is less than or equal to 29"):
        read(tmp_path, text.format(34))
