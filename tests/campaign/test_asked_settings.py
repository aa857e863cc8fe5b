"""Settings that a person changes in a campaign that has begun, while it runs and while it does not."""

import contextlib
import os
import signal
import sqlite3

import pytest

from autodisco.campaign import asked_settings as asking
from autodisco.campaign import live_owner, open_folder, run, start, stop
from autodisco.campaign.asked_settings import ASKED, AskedSettings, ask, changeable
from autodisco.campaign.control import resume
from autodisco.campaign.settings_changes import ADD_TIER
from autodisco.campaign.stages import STAGES
from autodisco.campaign.verify import verify
from autodisco.errors import AutodiscoError, InputError
from autodisco.files import argument
from autodisco.simulation.executors import load_executor
from autodisco.store import Store
from tests.campaign.conftest import work_first, write_campaign
from tests.campaign.test_campaign import begin
from tests.campaign.test_daemon import wait_until
from tests.campaign.test_keeping import done
from tests.campaign.test_tiers import LONG

TIERS = '[[tier]]\nprotocol = "smoke"\n[[tier]]\nprotocol = "long.toml"\n'


def settings_in(folder):
    return open_folder(folder).settings


def journalled(folder):
    with Store.open_readonly(folder) as store:
        return [row for row in store.journal() if row.event == "settings"]


def problems(folder):
    with Store.open_readonly(folder) as store:
        return verify(store)


@pytest.fixture
def at_simulate(copied):
    """The folder of a campaign with four replicas that wait in `simulate`, and one place for them."""
    with Store.open(copied) as store:
        row = store.replicas()[0]
        for number in range(1, 5):
            store.plan_replica(row.key, row.protocol, number, 1)
        store.set(state="simulate", ended=None)
    ask(copied, {"simulation.workers": 1})
    yield copied
    with Store.open_readonly(copied) as store:
        if owner := live_owner(store):  # of a test that failed
            os.kill(owner.pid, signal.SIGKILL)


def freeze(process, folder):
    """Stop a daemon outside of its transactions."""
    while True:
        os.kill(process, signal.SIGSTOP)
        with (
            contextlib.closing(sqlite3.connect(folder / "state.db", timeout=0.2, isolation_level=None)) as other,
            contextlib.suppress(sqlite3.OperationalError),
        ):
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
            return
        os.kill(process, signal.SIGCONT)


def statuses(store):
    return [row.status for row in store.replica_states()]


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_a_running_campaign_takes_more_places_and_keeps_what_runs_also_if_it_is_killed_before_it_takes_them(
    at_simulate, monkeypatch
):
    first = done(at_simulate)
    process = start(open_folder(at_simulate))
    with Store.open_readonly(at_simulate) as store:
        wait_until(lambda: "running" in statuses(store))
        begun = {row.claim for row in store.replica_states() if row.status == "running"}
        assert len(begun) == 1
        taken = ask(at_simulate, {"simulation.workers": 3, "simulation.keep": "none"})
        assert taken.taken
        assert taken.changed["simulation.workers"] == (1, 3)
        wait_until(lambda: statuses(store).count("running") >= 2)
        assert begun <= {row.claim for row in store.replica_states()} | {None}
        assert store.get("workers") == 3
        wait_until(lambda: not (first / "trajectory.dcd").exists())
        monkeypatch.setattr(asking, "PATIENCE_S", 0.0)
        freeze(process, at_simulate)
        assert not ask(at_simulate, {"budget.simulations": 77}).taken
        assert settings_in(at_simulate).budget.simulations == 0
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: live_owner(store) is None)
        assert problems(at_simulate) == []
        assert "process" in resume(open_folder(at_simulate))
        wait_until(lambda: not store.get(ASKED))
    stop(at_simulate)
    with Store.open_readonly(at_simulate) as store:
        wait_until(lambda: live_owner(store) is None)
        assert not any(row.event in ("restart", "retry") for row in store.journal())
    assert settings_in(at_simulate).budget.simulations == 77
    assert problems(at_simulate) == []
    assert len(journalled(at_simulate)) == 3


def test_what_changed_is_journalled_with_the_old_value_and_who_asked(copied, call):
    said = call("set", copied, "simulation.workers=2", 'notify.events=["failed"]')
    assert (said.code, said.out.splitlines()[0]) == (0, "simulation.workers = 2 (was 0)")
    (row,) = journalled(copied)
    assert row.seen["simulation.workers"] == {"before": 0, "now": 2}
    assert row.why.startswith("set by ")
    assert problems(copied) == []
    log = call("log", copied, "--event", "settings").out
    assert "simulation.workers 0 → 2" in log
    assert "nothing changes" in call("set", copied, "simulation.workers=2").err


def test_a_campaign_that_has_ended_goes_on_with_a_larger_budget(copied, call, monkeypatch):
    assert "autodisco set small budget.iterations" in resume(open_folder(copied))
    said = call("set", copied, "budget.iterations=2")
    assert f"small has ended; go on with: autodisco resume {argument(copied)}" in said.err
    with Store.open(copied) as store:
        store.set(resume_at="prepare")

    def work(campaign, store):
        raise AutodiscoError(f"budget {campaign.settings.budget.iterations}")

    work_first(monkeypatch, work)
    with pytest.raises(AutodiscoError, match="budget 2"):
        run(open_folder(copied))
    with Store.open(copied) as store:  # another workers number alone does not wake it
        store.set(state="exhausted")
    ask(copied, {"simulation.workers": 3})
    assert start(open_folder(copied)) is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("budget.iteration=3", "unknown key budget.iteration; did you mean budget.iterations?"),
        ("budget.iterations=-1", "budget.iterations = -1: allowed is greater than or equal to 0"),
        ("budget.iterations=many", 'budget.iterations = "many": allowed is integer'),
        ("budget=3", "budget = 3: allowed is a table"),
        ("generate.batch_size=5", "generate.batch_size = 5: fixed since the campaign began (what may change: autodisco "
                                  "set small); another campaign can have it: autodisco fork small --as OTHER --set "
                                  "generate.batch_size=5"),
        ("executor.site=here.toml", "executor.site = 'here.toml': is read with the campaign file only"),
        ("seed=2", "seed = 2: fixed since the campaign began"),
        ("acquire.reference=*CC*", "acquire.reference = '*CC*': fixed since the campaign began (what may change: "
                                   "autodisco set small); begin another campaign with it"),
        ("tier.quick.replicas=3", "tier.quick.replicas: unknown key; tiers are named nowhere in this campaign"),
        ("executor.kind=gone", "small: executor.kind: executor 'gone' does not exist"),
        ("notify.command=nobody-has-this", "notify.command = 'nobody-has-this': there is no program"),
        ("simulation.workers", "simulation.workers: KEY=VALUE expected, such as budget.iterations=10"),
    ],
)  # fmt: skip
def test_a_change_that_is_not_possible_is_refused_in_one_line(copied, call, given, sentence):
    before = settings_in(copied)
    said = call("set", copied, "simulation.workers=2", given)
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert settings_in(copied) == before
    assert journalled(copied) == []


@pytest.fixture
def owned_elsewhere(copied, monkeypatch):
    """A campaign that a live process owns, which does not look."""
    monkeypatch.setattr(asking, "PATIENCE_S", 0.0)
    monkeypatch.setattr(asking, "live_owner", lambda *_: "process 7 on this machine")
    return copied


def test_what_a_running_process_cannot_take_is_refused_while_it_runs(owned_elsewhere):
    with pytest.raises(InputError, match=r"simulation\.threads = 2: cannot change while a process runs small, because"):
        ask(owned_elsewhere, {"simulation.threads": 2})
    asked = ask(owned_elsewhere, {"simulation.workers": 2})
    assert (asked.taken, asked.owner) == (False, "process 7 on this machine")


def test_several_requests_are_taken_in_order_and_the_last_one_counts(owned_elsewhere):
    for number in (2, 997):
        ask(owned_elsewhere, {"simulation.workers": number, "budget.hours": float(number)})
    campaign = open_folder(owned_elsewhere)
    assert campaign.pool.executor.workers != 997
    with Store.open(owned_elsewhere) as store:
        took = AskedSettings(campaign, store)
        assert took()
        assert not took()
    assert (campaign.settings.simulation.workers, campaign.settings.budget.hours) == (997, 997.0)
    assert campaign.pool.executor.workers == 997
    assert settings_in(owned_elsewhere) == campaign.settings
    assert problems(owned_elsewhere) == []


def test_a_campaign_file_that_cannot_be_written_now_is_written_later(owned_elsewhere, monkeypatch):
    ask(owned_elsewhere, {"simulation.workers": 2})

    def full(_):
        raise OSError(28, "No space left on device")

    with Store.open(owned_elsewhere) as store:
        took = AskedSettings(open_folder(owned_elsewhere), store)
        with monkeypatch.context() as patch:
            patch.setattr(asking, "write_campaign_file", full)
            assert took()
        assert "campaign.toml: not the settings" in "".join(verify(store))
        assert not took()
        assert verify(store) == []


def test_the_budget_of_a_further_tier_changes_and_nothing_of_the_first(tmp_path):
    (tmp_path / "long.toml").write_text(LONG)
    file = write_campaign(tmp_path)
    text = file.read_text().replace('protocol = "smoke"\nreplicas = 1\nreference_replicas = 1\n', "")
    file.write_text(text + TIERS)
    folder = begin(file, tmp_path / "runs").folder
    keys = {row.key for row in changeable(folder)}
    assert {"tier.long.builds_below", "tier.long.replicas", "tier.smoke.timeout_minutes"} <= keys
    assert "tier.smoke.replicas" not in keys
    (tmp_path / "long.toml").unlink()  # the campaign has its copy
    ask(folder, {"tier.long.builds_below": 3})
    assert [tier.builds_below for tier in open_folder(folder).tiers] == [10, 3]
    (row,) = journalled(folder)
    assert row.seen == {"tier.long.builds_below": {"before": 10, "now": 3}}
    with Store.open_readonly(folder) as store:
        assert [tier.builds_below for tier in store.tiers()] == [10, 3]
    with pytest.raises(InputError, match=r"tier\.long\.builds_below = 0: allowed is greater than or equal to 1"):
        ask(folder, {"tier.long.builds_below": 0})
    with pytest.raises(InputError, match=r"tier\.smoke\.replicas = 3: fixed since the campaign began"):
        ask(folder, {"tier.smoke.replicas": 3})


def test_a_tier_is_added_above_the_others(copied, tmp_path, call):
    (long := tmp_path / "long.toml").write_text(LONG)
    said = call("set", copied, f"tier+={long}", "tier.long.builds_below=1")
    assert said.code == 0
    assert f'tier = ["smoke", "{long}"] (was [])' in said.out
    long.unlink()  # the campaign has its copy
    assert [(tier.replicas, tier.builds_below) for tier in open_folder(copied).settings.tiers] == [(1, 10), (2, 1)]
    with Store.open_readonly(copied) as store:
        assert [tier.protocol for tier in store.tiers()] == ["smoke", "long"]
    assert journalled(copied)[-1].seen == {"tier": {"before": [], "now": ["smoke", str(long)]}}
    assert problems(copied) == []


def test_a_tier_is_added_in_the_campaign_file(tmp_path):
    (tmp_path / "long.toml").write_text(LONG)
    file = write_campaign(tmp_path)
    folder = begin(file, tmp_path / "runs").folder
    text = file.read_text().replace('protocol = "smoke"\nreplicas = 1\nreference_replicas = 1\n', "")
    file.write_text(text + TIERS.replace('"smoke"\n', '"smoke"\nreplicas = 2\n'))
    with pytest.raises(InputError, match=r"simulation\.replicas|tier\.smoke\.replicas"):
        begin(file, tmp_path / "runs")
    file.write_text(text + TIERS.replace('"smoke"\n', '"smoke"\nreplicas = 1\nreference_replicas = 1\n'))
    begin(file, tmp_path / "runs")
    with Store.open_readonly(folder) as store:
        assert [tier.protocol for tier in store.tiers()] == ["smoke", "long"]


@pytest.mark.parametrize(
    ("protocol", "sentence"),
    [
        ("smoke", "tier: protocol 'smoke' is given twice"),
        ("nothing", "protocol 'nothing'"),
        ("short.toml", "protocol short is cheaper than smoke; give the cheapest first"),
    ],
)
def test_a_tier_that_does_not_fit_is_not_added(copied, tmp_path, call, monkeypatch, protocol, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.toml").write_text(
        LONG.replace('"long"', '"short"').replace("duration_ps = 8", "duration_ps = 1")
    )
    before = settings_in(copied)
    said = call("set", copied, f"tier+={protocol}")
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert settings_in(copied) == before


def test_a_running_campaign_builds_at_a_tier_that_is_added(at_simulate, tmp_path):
    (long := tmp_path / "long.toml").write_text(LONG)
    ask(at_simulate, {"simulation.workers": 2})
    start(open_folder(at_simulate))
    with Store.open_readonly(at_simulate) as store:
        wait_until(lambda: "running" in statuses(store))
        assert ask(at_simulate, {ADD_TIER: str(long), "tier.long.builds_below": 1}).taken
        wait_until(lambda: any(row.protocol == "long" for row in store.replica_states()))
    stop(at_simulate)


def test_what_can_change_is_listed_with_its_present_value(copied, call):
    rows = {row["key"]: row for row in call("set", copied, "--json").json}
    assert rows["budget.iterations"]["value"] == 1
    assert rows["executor.kind"]["needs_start"]
    assert not rows["simulation.workers"]["needs_start"]
    assert "generate.batch_size" not in rows
    assert all(row["about"] for row in rows.values())
    shown = call("set", copied).out
    assert "simulation.workers" in shown
    assert "Replicas at a time" in shown


def test_replicas_that_start_after_the_places_were_shared_share_their_gpus():
    executor = load_executor("local", 1, options={"gpus": [0]})
    assert not executor._cards.shared
    executor.resize(3)
    assert executor._cards.shared


@pytest.mark.slow
def test_a_budget_that_is_raised_while_its_last_replica_runs_lets_the_batch_go_on(at_simulate):
    ask(at_simulate, {"budget.simulations": 2})
    campaign = open_folder(at_simulate)

    def interrupted():
        with Store.open(at_simulate) as other:
            if "running" in statuses(other) and not journalled_budget(other):
                other.set(**{ASKED: [{"values": {"budget.simulations": 3}, "by": "the test"}]})
        took()
        return ""

    def journalled_budget(store):
        return any(row.why == "set by the test" for row in store.journal())

    campaign.interrupted = interrupted
    with Store.open(at_simulate) as store:
        took = AskedSettings(campaign, store)
        STAGES.get("simulate").run(campaign, store)
        assert journalled_budget(store)
        assert statuses(store).count("done") + statuses(store).count("failed") == 3
        assert (store.get("state"), statuses(store).count("waiting")) == ("exhausted", 2)
