"""What a campaign file says of a cluster, and what is refused."""

import pytest

from autodisco.campaign.campaign_file import check_names
from autodisco.campaign.running import executor_of
from autodisco.campaign.settings_file import read_settings
from autodisco.errors import InputError


def settings_of(folder, executor: str, simulation: str = 'engine = "lammps"'):
    file = folder / "mine.toml"
    file.write_text(f'name = "mine"\n[simulation]\n{simulation}\n[executor]\nkind = "psij"\n{executor}\n')
    return read_settings(file, environment={})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("slots = 0", r"^executor.options.slots = 0: allowed is greater than or equal to 1"),
        ("slot = 4", r"^unknown key executor.options.slot; did you mean executor.options.slots"),
        (
            'scheduler = "sge"',
            r"^executor.options.scheduler = .*sge.*: allowed is 'slurm', 'pbs', 'pbs_",
        ),
        (
            "walltime_minutes = 5\nwarning_seconds = 150",
            r"^executor.options.warning_seconds = 150: allowed is at",
        ),
    ],
)
def test_an_option_that_does_not_exist_or_fit_is_refused_in_one_line(tmp_path, options, message):
    settings = settings_of(tmp_path, f"[executor.options]\n{options}")
    with pytest.raises(InputError, match=message):
        executor_of(settings)


def test_the_message_names_the_file_that_has_the_value(tmp_path):
    (tmp_path / "site.toml").write_text("[executor.options]\nslots = 0\n[simulation]\nthreads = -1\n")
    with pytest.raises(InputError, match=r"site.toml: simulation.threads = -1: allowed"):
        settings_of(tmp_path, 'site = "site.toml"')
    settings = settings_of(tmp_path, 'site = "site.toml"', 'engine = "lammps"\nthreads = 1')
    with pytest.raises(InputError, match=r"/site.toml: executor.options.slots = 0: allowed"):
        check_names(tmp_path / "mine.toml", settings)
    settings = settings_of(tmp_path, "options = {slots = 0}")
    with pytest.raises(InputError, match=r"/mine.toml: executor.options.slots = 0: allowed"):
        check_names(tmp_path / "mine.toml", settings)


def test_replicas_for_all_slots_twice_are_submitted_unless_the_file_says_how_many(tmp_path):
    options = "[executor.options]\npilots = 3\nslots = 4"
    assert executor_of(settings_of(tmp_path, options)).workers == 24
    assert executor_of(settings_of(tmp_path, options, 'engine = "lammps"\nworkers = 7')).workers == 7


def test_values_of_a_campaign_file_win_over_those_of_its_site(tmp_path):
    (tmp_path / "site.toml").write_text("[executor.options]\nslots = 4\npilots = 3\n[simulation]\nthreads = 8\n")
    settings = settings_of(tmp_path, 'site = "site.toml"\n[executor.options]\nslots = 2')
    assert settings.executor.options == {"slots": 2, "pilots": 3}
    assert settings.simulation.threads == 8


def test_a_site_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(InputError, match=r"mine.toml: executor.site = 'none.toml': no such file"):
        settings_of(tmp_path, 'site = "none.toml"')
