"""Protocols are data: shipped ones load, and a wrong one is refused in one line."""

import subprocess

import pytest

from autodisco.analysis import UNKNOWN_SCATTER
from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.simulation import builder, forcefield, protocols, steps
from autodisco.simulation.batch import replica_task
from autodisco.simulation.engines import lammps
from autodisco.simulation.engines.lammps_input import commands
from autodisco.simulation.engines.timeline import Plan, Timeline


def test_a_step_of_unknown_kind_is_refused_with_the_kinds_there_are(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('kind = "minimise"', 'kind = "minimize"')
    (tmp_path / "mine.toml").write_text(text.replace('name = "smoke"', 'name = "mine"'))
    with pytest.raises(InputError, match=r'mine.toml: steps.0.kind = "minimize": allowed is .minimise., .relax.'):
        protocols.load(str(tmp_path / "mine.toml"))


def test_the_quick_protocol_is_the_measured_recipe():
    quick = protocols.load("quick")
    assert (quick.temperature_k, quick.system.ion_pairs, quick.system.molality) == (500, 4, 1.5)
    assert quick.system.hydrogen_mass == 3.0
    assert quick.production.duration_ps <= 100


def test_a_glass_transition_is_read_from_ramps_of_temperature_only():
    ramp = {"kind": "npt", "duration_ps": 100, "pressure_damping_fs": 500, "glass_transition": True}
    steps.Npt(**ramp, temperature_k=(600, 150), pressure_atm=(1, 1))
    for temperature_k, pressure_atm in [((600, 600), (1, 1)), ((600, 150), (1, 1000))]:
        with pytest.raises(ValueError, match="ramps over 150 K or more in 50 ps or more at constant"):
            steps.Npt(**ramp, temperature_k=temperature_k, pressure_atm=pressure_atm)


def test_a_protocol_states_how_much_builds_scatter_and_one_that_does_not_has_a_wide_default(tmp_path):
    assert protocols.load("quick").scatter.decades == pytest.approx(0.36)
    unknown = (UNKNOWN_SCATTER.sd, UNKNOWN_SCATTER.degrees)
    assert (protocols.load("htp-md").scatter.decades, protocols.load("htp-md").scatter.degrees) == unknown
    # At another temperature builds scatter otherwise.
    assert protocols.load("quick@450").scatter.degrees == UNKNOWN_SCATTER.degrees
    assert "scatter" not in protocols.load("quick").content()
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text(text + "\n[scatter]\ndecades = 0\n")
    with pytest.raises(InputError, match=r"mine\.toml: scatter\.decades = .*: allowed is greater than 0"):
        protocols.load(str(tmp_path / "mine.toml"))


def test_what_is_as_by_default_does_not_count_for_the_identity_of_a_protocol():
    content = protocols.load("quick").content()
    assert "purpose" not in content
    assert not any("glass_transition" in step for step in content["steps"])
    assert content["system"]["ion_pairs"] == 4


def test_content_written_by_an_older_program_is_known_again():
    quick = protocols.load("quick")
    older = quick.model_dump(mode="json", exclude={"purpose"})
    for step in older["steps"]:
        step.pop("glass_transition", None)
    assert quick.is_same_as(older)
    assert not quick.is_same_as(older | {"temperature_k": 501})
    assert not quick.is_same_as({"name": "quick"})
    assert not quick.is_same_as({**older, "unheard_of": 1})


def test_overnight_has_the_boxes_of_quick_and_goes_on_after_a_stop():
    quick, overnight = protocols.load("quick"), protocols.load("overnight")
    assert (overnight.system, overnight.nonbonded) == (quick.system, quick.nonbonded)
    assert overnight.production.duration_ps == 2000
    assert overnight.checkpoint_every_ps


def test_a_protocol_that_is_no_longer_offered_can_still_be_run_and_keeps_its_name(tmp_path):
    assert "small" not in protocols.shipped()
    assert protocols.load("small").production.duration_ps == 100
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "small"')
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(InputError, match="name = 'small' is that of a shipped protocol"):
        protocols.load(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("lags", [(0.1, 15), (15, 4.5), (4.5, 1000)])
def test_lags_to_fit_must_lie_in_the_run(lags):
    quick = protocols.load("quick")
    production = quick.production.model_copy(update={"fit_ps": lags})
    with pytest.raises(ValueError, match="fit_ps must be two rising lags"):
        protocols.Protocol.model_validate(quick.model_dump() | {"steps": [*quick.steps[:-1], production]})


def test_a_shorter_time_step_means_more_steps_of_the_same_physical_length():
    quick = protocols.load("quick")
    assert "run 7500\n" in commands(Plan(Timeline(quick), None, {}, None), 1)
    assert "run 15000\n" in commands(Plan(Timeline(quick, 0.5), None, {}, None), 1)


def test_another_attempt_sets_the_grid_of_pppm_up_again_while_the_box_shrinks():
    quick = protocols.load("quick")
    assert " every " not in commands(Plan(Timeline(quick), None, {}, None), 1).replace("neigh_modify every", "")
    shrinking = commands(Plan(Timeline(quick, 0.5), None, {}, None), 1)
    assert [line for line in shrinking.splitlines() if line.endswith("NULL")] == [
        f"run {n} every 500 NULL" for n in (4000, 2500, 2500, 3000)
    ]


def test_another_attempt_does_so_in_the_legs_of_a_protocol_with_checkpoints():
    steps = commands(Plan(Timeline(protocols.load("htp-md"), 0.5), None, {}, None), 1).split("\n# step ")[1:]
    shrinking = [text.partition("variable volume")[0] for text in steps if ": npt" in text]
    legs = [line for text in shrinking for line in text.splitlines() if line.startswith("run ")]
    assert len(legs) > 10
    # 1 ps, in half of 2 and of 1 fs
    assert {line.partition(" every ")[2] for line in legs} == {"1000 NULL", "2000 NULL"}


@pytest.mark.parametrize(("name", "scale"), [*((name, 1.0) for name in protocols.shipped()), ("htp-md", 0.5)])
def test_lammps_understands_the_script_of_every_shipped_protocol(name, scale, tmp_path):
    protocol = protocols.load(name)
    small = protocol.system.model_copy(update={"ion_pairs": 2, "backbone_atoms": 12, "build_density_g_per_cm3": 0.2})
    protocol = protocol.model_copy(update={"system": small})
    system = builder.build(parse("*OCC*"), small, 1, forcefield.load("pcff+"))
    lammps.Lammps().write(tmp_path, system, protocol, 1, scale)
    # nothing is averaged where nothing runs
    script = (tmp_path / "in.lammps").read_text().replace("${edge}", "30")
    (tmp_path / "in.lammps").write_text(script)
    program, environment = lammps.command()
    command = [*program, *lammps.arguments("in.lammps", "log.lammps"), "-skiprun"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:] or (tmp_path / "log.lammps").read_text()[-500:]


def test_the_reference_protocol_lasts_as_long_as_the_published_one():
    steps = protocols.load("htp-md").steps
    durations = [(step.kind, step.duration_ps) for step in steps if step.kind in ("npt", "nvt", "production")]
    assert sum(duration for _, duration in durations[:-1]) == 6050
    assert durations[-1] == ("production", 5000)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("ion_pairs = 1", "ion_pairs = -1", "system.ion_pairs"),
        ("ion_pairs = 1", "ion_pairs = 0", "system: with ion_pairs = 0, polymer_mass_g_per_mol says"),
        ("hydrogen_mass = 3.0", "hydrogen_mass = 6.0", "system.hydrogen_mass"),
        ("charge_scale = 0.7", "charge_scale = 70", "system.charge_scale"),
        ("charge_scale = 0.7", "charge_scale = 0.0", "system.charge_scale"),
        ("duration_ps = 2\nframe", "duration_ps = inf\nframe", "duration_ps"),
        ("pressure_atm = [1000, 1000]", "pressure_atm = [1000, nan]", "pressure_atm"),
        ("molality", "molalty", "molalty"),
        ("molality = 1.5", "molality = 31.0", "system.molality = 31.0: allowed is less than or equal to 30"),
        ("temperature_k = 500", "temperature_k = 3500", "temperature_k = 3500"),
        ('kind = "production"', 'kind = "nvt"', "steps"),
        ("frame_interval_ps = 0.04", "frame_interval_ps = 0.05", "frame_interval_ps"),
        ("[system]", "[system", "TOML"),
    ],
)
def test_a_wrong_protocol_file_is_refused_with_its_key(tmp_path, old, new, named):
    text = (protocols.SHIPPED / "smoke.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError) as caught:
        protocols.load(str(path))
    assert named in str(caught.value)
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_protocol_names_those_that_exist():
    with pytest.raises(InputError, match="htp-md, overnight, quick, smoke"):
        protocols.load("quik")


def test_a_file_may_not_take_the_name_of_a_shipped_protocol(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert protocols.load(str(path)) == protocols.load("smoke")
    path.write_text(text.replace("cutoff = 5.0", "cutoff = 5.2"))
    with pytest.raises(InputError, match="name = 'smoke' is that of a shipped protocol"):
        protocols.load(str(path))


def test_a_protocol_at_another_temperature_moves_all_that_was_at_its_own():
    quick, hotter = protocols.load("quick"), protocols.load("quick@550")
    assert (hotter.name, hotter.temperature_k) == ("quick@550", 550)
    assert [step.temperature_k for step in hotter.steps[2:6]] == [(600, 600), (600, 600), (600, 550), (550, 550)]
    assert hotter.system == quick.system
    assert protocols.load(str(protocols.SHIPPED / "quick.toml") + "@550") == hotter
    task = replica_task(parse("*OCC*"), "quick@550.0", "pcff+", 0, 0, 1, protocols.SHIPPED, 1.0, "lammps")
    assert protocols.load(task.protocol) == hotter
    with pytest.raises(InputError, match="'quick@hot' does not exist"):
        protocols.load("quick@hot")
    with pytest.raises(InputError, match="protocol quick@4000: allowed are 1 to 3000 K"):
        protocols.load("quick@4000")
