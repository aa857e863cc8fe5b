"""Progress of a campaign and the list of campaigns say what the tables hold."""

import time

import pytest

from autodisco.decide import status
from autodisco.files import write_json
from autodisco.store import Owner, list_campaigns, progress, run_folder
from tests.filled_store import fill

SIGMA = "conductivity_s_per_cm"


def test_status_shows_duplicates_per_iteration(store):
    first = status(store).iterations[0]
    assert first.draws == 6
    assert first.new_strings == 5
    assert first.duplicate_rate == pytest.approx(0.2)


def test_progress_is_that_of_the_run_whose_claim_is_valid(store):
    home = store.replica_folder("key-running", "quick", 0)
    for claim, fraction in (("old", 0.9), ("new", 0.6)):
        write_json(run_folder(home, claim) / "progress.json", {"step_name": "npt", "fraction": fraction})
    assert [row.fraction for row in status(store).simulations.running_replicas] == [
        0.43
    ]  # of an older version, in the folder itself
    store.update_replica("key-running", "quick", 0, claim="new")
    assert [(row.step_name, row.fraction) for row in status(store).simulations.running_replicas] == [("npt", 0.6)]


def test_a_dead_owner_is_shown_as_dead(tmp_path):
    with fill(tmp_path / "campaign", alive=False) as store:
        assert not status(store).alive


def test_half_a_copy_of_a_campaign_is_no_campaign(tmp_path):
    """A fork or an archive that was killed leaves a folder whose name begins with a dot."""
    fill(tmp_path / "one").close()
    fill(tmp_path / ".two.part").close()
    assert [row.name for row in list_campaigns(tmp_path)] == ["one"]


def test_campaigns_are_listed_also_when_unreadable(tmp_path):
    fill(tmp_path / "one").close()
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "state.db").write_text("garbage " * 200)
    rows = {row.name: row for row in list_campaigns(tmp_path)}
    assert rows["one"].alive
    assert rows["two"].state == "unreadable"
    assert Owner.this_process().is_alive(0.0)


def test_the_rate_is_that_of_what_was_done_and_not_of_what_all_cores_could_do(tmp_path):
    """Ten replicas in half an hour, whatever the number of workers; what the machine did the day before counts not."""
    with fill(tmp_path / "campaign") as store:
        store.write("DELETE FROM replicas")
        now = time.time()
        for n in range(20):
            store.plan_replica("key-1", "quick", n, 2)
            begun = now - 1800 + 180 * n if n < 10 else now - 86_400
            store.update_replica(
                "key-1",
                "quick",
                n,
                status="done",
                started=begun,
                ended=begun + 60,
                wall_s=60.0,
                properties={SIGMA: 1e-3},
            )
        store.set(workers=64)
        assert status(store).simulations.rate_per_hour == pytest.approx(20.0, rel=0.01)
        store.write("UPDATE replicas SET ended = ended - 86400, started = started - 86400")
        assert status(store).simulations.rate_per_hour is None


def statements(store, look):
    """The SQL that `look` makes a store run."""
    seen = []
    store._connection.set_trace_callback(seen.append)
    look()
    store._connection.set_trace_callback(None)
    return [text for text in seen if text.startswith("SELECT")]


def test_a_status_asks_as_often_with_many_polymers(store):
    before = statements(store, lambda: status(store, iterations=2))
    for n in range(100):
        store.add_polymer(f"more-{n}", f"*{n}*", f"*{n}*", "generated", 1)
        store.plan_replica(f"more-{n}", "quick", 0, 1)
        store.update_replica(f"more-{n}", "quick", 0, status="done", properties={SIGMA: 1e-3}, ended=time.time())
    assert len(statements(store, lambda: status(store, iterations=2))) == len(before)


def test_the_progress_of_a_campaign_costs_the_same_with_many_polymers(store):
    """It shares its interpreter with the work that it watches, so it looks at no polymer and decodes no property."""
    before = statements(store, lambda: progress(store, 1))
    for n in range(100):
        store.add_polymer(f"more-{n}", f"*{n}*", f"*{n}*", "generated", 1)
        store.plan_replica(f"more-{n}", "quick", 0, 1)
        store.update_replica(f"more-{n}", "quick", 0, status="done", properties={SIGMA: 1e-3}, ended=time.time())
    assert len(statements(store, lambda: progress(store, 1))) == len(before)
    assert not any("properties" in text or "* FROM replicas" in text for text in before)
