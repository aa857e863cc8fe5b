"""Tiers: protocols at which a campaign simulates polymers, from its file to its folder."""

import pytest

from autodisco.campaign import load, open_folder
from autodisco.campaign.campaign_file import check_names
from autodisco.campaign.settings import Settings
from autodisco.campaign.settings_file import read_settings
from autodisco.campaign.setup import set_up, write_copies
from autodisco.campaign.tiers import OF_REFERENCE, check_engine, check_given, tiers_of, timeout_s
from autodisco.errors import InputError
from autodisco.simulation import protocols
from autodisco.store import Store, tier_progress

SMOKE = (protocols.SHIPPED / "smoke.toml").read_text()
LONG = SMOKE.replace('name = "smoke"', 'name = "long"').replace("duration_ps = 2\n", "duration_ps = 8\n")
TWO = '[[tier]]\nprotocol = "smoke"\n[[tier]]\nprotocol = "long.toml"\n'


@pytest.fixture
def write(tmp_path):
    """Writes a campaign file, and the protocol `long` beside it; returns its path."""

    def written(text):
        (tmp_path / "long.toml").write_text(LONG)
        file = tmp_path / "c.toml"
        file.write_text(f'name = "c"\n{text}')
        return file

    return written


def read(file):
    settings = read_settings(file, {})
    check_names(file, settings)
    return settings


def test_without_tiers_there_is_one_that_of_the_simulation(write):
    settings = read(write('[simulation]\nprotocol = "smoke"\nreplicas = 3\nreference_replicas = 5\n'))
    (tier,) = tiers_of(settings)
    assert (tier.protocol, tier.replicas, tier.reference_replicas) == ("smoke", 3, 5)
    assert timeout_s(settings, 0) == 60.0 * settings.simulation.timeout_minutes


def test_the_first_tier_is_the_protocol_of_the_campaign(write):
    settings = read(write(TWO + "replicas = 1\n"))
    assert (settings.simulation.protocol, settings.simulation.replicas) == ("smoke", 2)
    first, second = tiers_of(settings)
    assert first.reference_replicas == OF_REFERENCE * first.replicas
    assert second.reference_replicas == second.replicas == 1
    assert second.work > 1
    assert timeout_s(settings, 1) == pytest.approx(second.work * timeout_s(settings, 0))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[tier]]\nprotocol = "gone"', "tier.0.protocol: protocol 'gone' does not exist"),
        ("[[tier]]\nreplicas = 1", "tier.0.protocol is missing"),
        ('[[tier]]\nprotocol = "smoke"\nreplica = 1', "unknown key tier.0.replica; did you mean tier.0.replicas?"),
        ('[[tier]]\nprotocol = "smoke"\nbuilds_below = 0', "tier.0.builds_below = 0: allowed is"),
        ('[tier]\nprotocol = "smoke"', "tier: allowed is a list of tables, [[tier]]"),
        ('[[tier]]\nprotocol = "smoke"\n' * 2, "tier: protocol 'smoke' is given twice"),
        (TWO + '[[tier]]\nprotocol = "./long.toml"\n', "tier: protocol long is given twice"),
        (TWO + '[surrogate]\nkind = "none"\n', "tier: several tiers need surrogate.kind = 'posterior'"),
        (TWO + '[simulation]\nprotocol = "quick"\n', "simulation.protocol: the tables [[tier]] decide this"),
        (TWO + "[simulation]\nreplicas = 3\n", "simulation.replicas: the tables [[tier]] decide this"),
        ('[[tier]]\nprotocol = "quick"\n[[tier]]\nprotocol = "smoke"\n', "tier: protocol smoke is cheaper than quick"),
    ],
)
def test_mistakes_are_named_in_one_line(write, text, complaint):
    file = write(text)
    with pytest.raises(InputError) as raised:
        read(file)
    assert complaint in str(raised.value)
    assert str(raised.value).startswith(str(file))
    assert "\n" not in str(raised.value)


def test_tiers_of_two_salts_are_refused(write, tmp_path):
    (tmp_path / "other.toml").write_text(
        LONG.replace('"long"', '"other"').replace("[system]", '[system]\nsalt = "LiPF6"')
    )
    with pytest.raises(InputError, match="protocol other has the salt LiPF6, and smoke has LiTFSI"):
        read(write('[[tier]]\nprotocol = "smoke"\n[[tier]]\nprotocol = "other.toml"\n'))


@pytest.fixture
def begun(write, tmp_path):
    """A campaign of two tiers that was set up, and its file."""
    file = write(TWO)
    campaign = load(file, tmp_path / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        write_copies(campaign, store)
    return campaign, file


def test_a_campaign_runs_the_copies_of_the_protocols_of_its_tiers(begun, tmp_path):
    campaign, _ = begun
    (tmp_path / "long.toml").unlink()
    found = open_folder(campaign.folder)
    assert [tier.protocol for tier in found.settings.tiers] == ["smoke", str(campaign.folder / "protocol-2.toml")]
    assert [tier.protocol for tier in found.tiers] == ["smoke", "long"]
    (campaign.folder / "protocol-2.toml").write_text(LONG.replace("cutoff = 5.0", "cutoff = 5.2"))
    with pytest.raises(InputError, match="is not what it was"):
        open_folder(campaign.folder)


def test_tiers_do_not_change_in_a_campaign_that_has_begun(begun, tmp_path):
    campaign, file = begun
    assert load(file, tmp_path / "runs").settings == campaign.settings
    file.write_text(f'name = "c"\n{TWO}builds_below = 5\n')
    assert load(file, tmp_path / "runs").tiers[1].builds_below == 5  # how many builds it gets does not mix anything
    (tmp_path / "longer.toml").write_text(LONG)
    file.write_text(f'name = "c"\n{TWO.replace("long", "longer")}')
    with pytest.raises(InputError, match=r"c\.toml: tier = .* was started with"):
        load(file, tmp_path / "runs")


def test_the_cost_of_a_tier_is_estimated_until_it_is_measured(begun):
    campaign, _ = begun
    with Store.open(campaign.folder) as store:
        assert [tier.cost_s for tier in tier_progress(store)] == [None, None]
        store.add_polymer("key", "*OCC*", "*OCC*", "seed")
        for number, seconds in enumerate((10.0, 14.0)):
            store.plan_replica("key", "smoke", number, 0)
            store.update_replica("key", "smoke", number, status="done", properties={}, cpu_s=seconds)
        first, second = tier_progress(store)
        assert (first.cost_s, first.cpu_s, first.done) == (12.0, 24.0, 2)
        assert second.cost_s == pytest.approx(12.0 * campaign.tiers[1].work)
        store.plan_replica("key", "long", 0, 0)
        store.update_replica("key", "long", 0, status="done", properties={}, cpu_s=90.0)
        assert tier_progress(store)[1].cost_s == 90.0


def wanting(protocol, *names, **seeds):
    """Settings of a campaign with one protocol and these objectives."""
    aims = [{"name": name} for name in names]
    return Settings(name="x", simulation={"protocol": protocol}, objective=aims, seeds=seeds)


def test_a_campaign_whose_engine_lacks_a_step_of_its_protocol_is_refused():
    def deforming(engine):
        return Settings(name="x", simulation={"protocol": "bench/youngs.toml", "engine": engine})

    check_engine(deforming("lammps"))
    with pytest.raises(InputError, match="engine openmm cannot run steps of kind deform"):
        check_engine(deforming("openmm"))


def test_an_objective_that_no_tier_gives_a_value_of_is_refused(tmp_path):
    needs = "glass transition needs a protocol with a ramp of the temperature for it .*, which quick lacks"
    with pytest.raises(InputError, match=needs):
        check_given(wanting("quick", "glass_transition"))
    with pytest.raises(InputError, match=r"or a table of measured values with it in seeds\.measured"):
        check_given(wanting("quick", "conductivity", "glass_transition"))
    with pytest.raises(InputError, match="bulk_modulus_gpa needs a protocol that averages the box"):
        check_given(wanting("smoke", "bulk_modulus_gpa"))
    with pytest.raises(InputError, match=r"youngs_modulus_gpa needs a protocol with steps that deform the box"):
        check_given(wanting("glass", "youngs_modulus_gpa"))
    check_given(wanting("glass", "glass_transition"))
    check_given(wanting("experiment@333", "glass_transition"))  # whatever is asked for is told
    table = tmp_path / "lab.csv"
    table.write_text("monomer_smiles,quantity,value,unit\n*OCC*,glass_transition,-60,C\n")
    check_given(wanting("quick", "conductivity", "glass_transition", measured=[str(table)]))
