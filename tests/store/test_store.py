"""The store keeps what it is told, whole or not at all, and refuses what it cannot read."""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autodisco.errors import AutodiscoError, InputError, NoCampaign, OwnedError, StorageError
from autodisco.store import VERSION, Candidate, Label, Owner, Polymer, Store, TrainingEntry, verdicts
from autodisco.store.schema import TABLES
from tests.campaign.test_faults import small_disk


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "run") as opened:
        yield opened


def test_facts_survive_closing(tmp_path):
    with Store.create(tmp_path / "run") as store:
        store.set(state="prepare", budget={"hours": 1.5}, reason=None)
    with Store.open(tmp_path / "run") as store:
        assert store.get("state") == "prepare"
        assert store.get("budget") == {"hours": 1.5}
        assert store.get("reason", "x") is None
        assert store.get("nothing", 7) == 7


def test_creating_twice_keeps_what_is_there(tmp_path):
    with Store.create(tmp_path) as store:
        store.set(a=1)
    with Store.create(tmp_path) as store:
        assert store.get("a") == 1


def test_a_transaction_is_undone_as_a_whole(store):
    with pytest.raises(RuntimeError, match="on purpose"):
        _half_write(store)
    assert store.get("a") is None
    assert store.journal() == []
    assert not (store.folder / "events.jsonl").exists()


def _half_write(store):
    with store.transaction():
        store.set(a=1)
        store.note("something")
        raise RuntimeError("on purpose")


@pytest.mark.fault("full disk")
def test_a_full_disk_is_an_error_that_leaves_what_was(store):
    store.set(a="before")
    (pages,) = store.rows("PRAGMA page_count")
    store.rows(f"PRAGMA max_page_count = {pages['page_count']}")
    with pytest.raises(AutodiscoError, match=r"state.db: cannot be written .*full.* make room"), store.transaction():
        store.set(a="after", long="x" * 100_000)
    assert store.get("a") == "before"
    store.rows("PRAGMA max_page_count = 1000000")
    store.set(a="after")
    assert store.get("a") == "after"


def test_a_journal_copy_that_cannot_be_written_does_not_undo_the_journal(store):
    (store.folder / "events.jsonl").mkdir()
    store.note("something")
    assert [row.event for row in store.journal()] == ["something"]


def test_a_folder_without_a_campaign_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no campaign here \(state.db is missing\)"):
        Store.open(tmp_path)


@pytest.mark.parametrize("way", [Store.open, Store.open_readonly])
def test_an_empty_database_is_no_campaign(tmp_path, way):
    (tmp_path / "state.db").touch()
    with pytest.raises(NoCampaign, match=r"state\.db is empty"):
        way(tmp_path)


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    Store.create(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    for way in (Store.open, Store.open_readonly, Store.create):
        with pytest.raises(InputError, match=f"version {VERSION + 1} is from a newer autodisco"):
            way(tmp_path)


def older_database(folder, **facts):
    connection = sqlite3.connect(folder / "state.db")
    connection.executescript(TABLES)
    connection.executemany("INSERT INTO meta VALUES (?, ?)", [(name, json.dumps(x)) for name, x in facts.items()])
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()


def test_the_protocol_of_an_older_database_is_its_only_tier(tmp_path):
    scatter, content = {"decades": 0.36, "degrees": 97.0}, {"name": "quick", "temperature_k": 500}
    older_database(tmp_path, protocol="quick", protocol_content=content, build_scatter=scatter, agreement=None)
    with Store.open(tmp_path) as store:
        (tier,) = store.tiers()
        assert (tier.protocol, tier.content, tier.scatter, tier.agreement) == ("quick", content, scatter, None)
        assert store.get("protocol_content") is None


def test_replicas_of_further_tiers_have_a_folder_of_their_protocol(tmp_path):
    with Store.create(tmp_path) as store:
        store.set(tiers=[{"protocol": "quick"}, {"protocol": "long"}], protocol="quick")
        assert store.replica_folder("key", "quick", 1) == tmp_path / "simulations" / "key" / "1"
        assert store.replica_folder("key", "long", 1) == tmp_path / "simulations" / "key" / "long" / "1"


def version_of_the_file(folder):
    with contextlib.closing(sqlite3.connect(folder / "state.db")) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


@pytest.mark.parametrize("way", [Store.open, Store.open_readonly, Store.create])
def test_a_database_of_an_older_version_is_brought_up_to_date_with_what_it_holds(tmp_path, way):
    older_database(tmp_path, state="filter")
    with way(tmp_path) as store:
        assert store.get("state") == "filter"
        assert store.files() == []
        assert store.rows("PRAGMA user_version") == [{"user_version": VERSION}]
    assert version_of_the_file(tmp_path) == (1 if way == Store.open_readonly else VERSION)


def test_candidates_and_replicas_of_an_older_database_stay_as_they_are(tmp_path):
    older_database(tmp_path, state="filter")
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as older:
        older.execute(
            "INSERT INTO polymers (key, smiles, given, source, iteration) VALUES ('k', '*C*', '*C*', 'seed', 0)"
        )
        older.execute(
            "INSERT INTO candidates VALUES (1, 0, '*OO*', 'k1', 'rejected', 'peroxide', '[{\"name\": \"O-O\"}]')"
        )
        older.execute(
            "INSERT INTO replicas (key, protocol, replica, iteration, status, properties) "
            "VALUES ('k', 'p', 0, 1, 'done', '{\"a\": 1.5}')"
        )
        older.commit()
    with Store.open(tmp_path) as store:
        assert store.candidates() == [Candidate(1, 0, "*OO*", "k1", "rejected", "peroxide", [{"name": "O-O"}])]
        (replica,) = store.replicas()
        assert (replica.status, replica.executor, replica.handle) == ("done", None, None)
        assert replica.properties == {"a": 1.5}
        assert [stage["name"] for stage in store.get("loop")][:3] == ["prepare", "generate", "filter"]
        assert {row["name"] for row in store.rows("PRAGMA index_list(candidates)")} >= {"candidates_by_key"}


def test_labels_of_an_older_database_are_conductivities(tmp_path):
    older_database(tmp_path, state="filter")
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as older:
        for key in ("a", "b"):
            polymer = f"('{key}', '*C*', '*C*', 'seed', 0)"
            older.execute(f"INSERT INTO polymers (key, smiles, given, source, iteration) VALUES {polymer}")
        older.execute("INSERT INTO labels VALUES ('a', 1e-3, 2e-4, 3, 'quick', 'pcff+', NULL, 'seeds.csv')")
        older.execute("INSERT INTO labels VALUES ('b', NULL, NULL, NULL, 'dataset', '', 'high', 'data.csv')")
        older.commit()
    with Store.open(tmp_path) as store:
        assert store.labels("conductivity_s_per_cm") == [
            Label("a", "conductivity_s_per_cm", 1e-3, 2e-4, 3, "quick", "pcff+", None, "seeds.csv"),
            Label("b", "conductivity_s_per_cm", None, None, None, "dataset", "", "high", "data.csv"),
        ]
        assert store.set_label("a", "density_g_per_cm3", 1.1, protocol="quick", force_field="pcff+", origin="more.csv")
        assert not store.set_label(
            "a", "density_g_per_cm3", 1.2, protocol="quick", force_field="pcff+", origin="again.csv"
        )
        assert [label.value for label in store.labels("density_g_per_cm3")] == [1.1]


def test_a_stage_can_give_a_verdict_of_its_own_that_has_a_meaning(store):
    store.add_candidates([Candidate(1, 0, "*CC*", "k1", "drawn")])
    with pytest.raises(AutodiscoError, match="verdict 'too large' has no meaning"):
        store.set_verdict(1, 0, "too large", "20 heavy atoms")
    store.set(verdicts={"too large": "a new polymer with too many atoms"})
    store.set_verdict(1, 0, "too large", "20 heavy atoms")
    assert store.verdicts() == {1: {"too large": 1}}
    assert "too large" in store.new_string_verdicts() & store.discovering_verdicts()
    assert store.known_keys() == {"k1"}
    assert store.first_seen("k1") == "*CC* (too large in iteration 1)"


def test_a_polymer_that_a_stage_excludes_is_known_and_not_among_those_found(store):
    store.set(verdicts={"too large": "a new polymer with too many atoms"})
    store.add_candidates([Candidate(1, 0, "*CC*", "k1", "new")])
    store.add_polymer("k1", "*C*", "*CC*", "generated", 1)
    store.exclude(store.candidates(1)[0], "too large", "20 heavy atoms")
    assert store.polymers() == []
    assert store.known_keys() == {"k1"}
    assert store.known_strings() == {"*CC*": "k1"}
    assert store.first_seen("k1") == "*CC* (too large in iteration 1)"


def test_a_unit_of_the_grammar_that_is_not_chosen_stays_one_and_waits(store):
    store.add_polymer("k1", "*CCO*", "*OCC*", "grammar")
    store.write_training(0, [TrainingEntry("*OCC*", "k1", "unlabelled", 1.0, "enumerated, no value")])
    store.add_candidates([Candidate(1, 0, "*COC*", "k1", "new"), Candidate(1, 1, "*CSC*", "k2", "new")])
    for row in store.candidates(1):
        store.add_polymer(row.key, row.smiles, row.smiles, "generated", 1)
        store.exclude(row, verdicts.NOT_SELECTED, "not chosen")
    assert [(row.key, row.source, row.given) for row in store.polymers()] == [("k1", "grammar", "*OCC*")]
    assert store.known_keys() == {"k1", "k2"}
    assert [row.key for row in store.waiting()] == ["k1", "k2"]
    store.add_polymer("k1", "*CCO*", "*COC*", "generated", 2)
    assert [row.key for row in store.waiting()] == ["k2"]


def test_the_documentation_prints_the_verdicts():
    assert verdicts.table() in (Path(__file__).parents[2] / "docs" / "campaigns.md").read_text()


def test_a_database_of_an_older_version_that_its_daemon_holds_is_read_and_not_changed(tmp_path):
    older_database(tmp_path, state="filter", owner=dataclasses.asdict(Owner.this_process()), heartbeat=time.time())
    with Store.open_readonly(tmp_path) as store:
        assert store.get("state") == "filter"
        assert store.training(0) == []
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store._connection.execute("DELETE FROM meta")
    with pytest.raises(OwnedError, match="of an older autodisco; end that one first"):
        Store.open(tmp_path)
    assert version_of_the_file(tmp_path) == 1


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "state.db").write_text("not a database, but long enough to be read as the header of one" * 10)
    with pytest.raises(InputError, match="cannot be used as a campaign database"):
        Store.open(tmp_path)


@pytest.mark.fault("read-only disk, or no right to write")
def test_a_reader_sees_a_campaign_and_cannot_write(store):
    store.set(state="generate")
    with Store.open_readonly(store.folder) as reader:
        assert reader.get("state") == "generate"
        with pytest.raises(AutodiscoError, match=r"state\.db: cannot be written .*needs the right to write there"):
            reader.set(state="filter")


@pytest.mark.fault("a program that holds the database")
def test_a_database_that_another_process_holds_is_named(store, monkeypatch):
    monkeypatch.setattr("autodisco.store.connection.BUSY_S", 0.0)
    with Store.open(store.folder) as other:
        with store.transaction(), pytest.raises(AutodiscoError, match=r"state\.db: .*another process has held it"):
            other.set(state="filter")
        other.set(state="filter")
    assert store.get("state") == "filter"


def test_readers_and_the_writer_never_wait_for_one_another(store, monkeypatch):
    monkeypatch.setattr("autodisco.store.connection.BUSY_S", 0.0)  # whoever would have to wait fails at once
    store.set(state="generate")
    with Store.open(store.folder) as writer, Store.open_readonly(store.folder) as reader:
        with reader.snapshot():
            assert reader.get("state") == "generate"
            for number in range(100):
                writer.note("retry", f"*CC* replica {number}")
            writer.set(state="filter")
            assert reader.get("state") == "generate"  # as it was when the reader began
            assert reader.journal() == []
        assert reader.get("state") == "filter"
        with writer.transaction():
            writer.set(state="simulate")
            assert reader.get("state") == "filter"
            assert len(reader.journal()) == 100
        assert reader.get("state") == "simulate"


def test_the_journal_is_copied_line_by_line(store):
    store.set(iteration=2, state="simulate")
    store.note("retry", "*CC* replica 0", {"code": "nan"}, "again", "it may work")
    store.note("give up")
    lines = [json.loads(line) for line in (store.folder / "events.jsonl").read_text().splitlines()]
    assert lines == [row.to_dict() for row in store.journal()]
    assert (lines[0]["iteration"], lines[0]["state"], lines[0]["seen"]) == (2, "simulate", {"code": "nan"})
    assert [row.event for row in store.journal(limit=1)] == ["give up"]
    assert [row.event for row in store.journal(after=1)] == ["give up"]


@pytest.mark.fault("power loss")
def test_a_torn_or_lost_journal_copy_is_made_good(store, record_property):
    for number in range(2):
        store.note(f"event {number}")
    copy = store.folder / "events.jsonl"
    whole = copy.read_bytes()
    torn = [whole[:n] + left for n in range(len(whole)) for left in (b"", b"\0" * (len(whole) - n))]
    torn += [whole + b"\n", whole + b"\0\n", b"[1]\n", b"{}\n"]
    record_property("injections", len(torn))
    for damaged in torn:
        copy.write_bytes(damaged)
        store.copy_events()
        assert copy.read_bytes() == whole


@pytest.mark.fault("power loss")
def test_an_end_of_the_journal_copy_longer_than_what_is_looked_at_is_made_good(store, monkeypatch):
    monkeypatch.setattr("autodisco.store.events.TAIL_BYTES", 64)
    store.note("event 0", why="x" * 200)
    copy = store.folder / "events.jsonl"
    whole = copy.read_bytes()
    copy.write_bytes(whole + b"\0" * 100)
    store.copy_events()
    assert copy.read_bytes() == whole


@pytest.mark.fault("power loss")
def test_a_journal_copy_that_is_damaged_inside_is_written_again_once_a_daemon_looks(store, record_property):
    for number in range(4):
        store.note(f"event {number}")
    copy = store.folder / "events.jsonl"
    whole = copy.read_bytes()
    lines = whole.splitlines(keepends=True)
    inside = (lines[0] + b"\0" * len(lines[1]) + b"".join(lines[2:]), lines[0] + lines[2] + lines[3], whole + lines[3])
    torn = (*inside, whole[:-5], b"".join(lines[:2]), b"")
    record_property("injections", len(torn))
    for damaged in (*torn, whole):
        copy.write_bytes(damaged)
        store.mend_events()
        assert copy.read_bytes() == whole


def test_the_last_request_counts(store):
    assert store.requested() is None
    store.request("pause")
    store.request("stop")
    assert store.requested() == "stop"
    store.clear_requests()
    assert store.requested() is None


def test_a_known_polymer_is_not_added_again(store):
    assert store.add_polymer("k1", "*CCO*", "*OCC*", "seed", name="PEO")
    assert not store.add_polymer("k1", "*CCO*", "*COC*", "generated", 3)
    assert store.polymer("k1").name == "PEO"
    assert store.polymer("other") is None


def test_an_enumerated_unit_is_not_known_until_it_is_drawn(store):
    assert store.add_polymer("k1", "*CCO*", "*OCC*", "grammar")
    assert store.known_keys() == set()
    assert store.known_strings() == {}
    assert store.add_polymer("k1", "*CCO*", "*COC*", "generated", 2)
    assert not store.add_polymer("k1", "*CCO*", "*OCC*", "grammar")
    assert (store.polymer("k1").source, store.polymer("k1").given) == ("generated", "*COC*")
    assert store.known_keys() == {"k1"}


def test_going_back_to_before_a_unit_of_the_grammar_was_drawn_keeps_it_as_one(store):
    learnt = TrainingEntry("*OCC*", "k1", "unlabelled", 1.0, "enumerated, no value")
    for iteration in (0, 1):
        store.write_training(iteration, [learnt])
    store.add_polymer("k1", "*CCO*", "*COC*", "generated", 2, flags=[{"name": "N-O"}], scores={"sa_score": 3.0})
    store.add_polymer("k2", "*CCS*", "*CSC*", "generated", 2)
    store.rewind(1)
    (polymer,) = store.polymers()
    assert polymer == Polymer("k1", "*CCO*", "*OCC*", name="", source="grammar", iteration=0, flags=[], scores={})


def test_a_rejected_unit_of_the_grammar_says_when_it_was_rejected(store):
    store.add_polymer("k1", "*OO*", "*OO*", "grammar")
    store.add_candidates([Candidate(1, 0, "*OO*", "k1", "drawn")])
    store.set_verdict(1, 0, "rejected", "peroxide")
    assert store.known_keys() == {"k1"}
    assert store.first_seen("k1") == "*OO* (rejected in iteration 1)"


def test_strings_and_keys_of_draws_are_known(store):
    store.add_polymer("k1", "*CCO*", "*OCC*", "seed", name="PEO")
    draws = [
        Candidate(1, 0, "*COC*", "k1", "drawn"),
        Candidate(1, 1, "*OO*", "k2", "drawn"),
        Candidate(1, 2, "*(", None, "invalid"),
    ]
    store.add_candidates(draws)
    store.set_verdict(1, 1, "rejected", "peroxide", [{"name": "O-O", "reason": "weak"}])
    assert store.known_strings() == {"*CCO*": "k1", "*OCC*": "k1", "*COC*": "k1", "*OO*": "k2"}
    assert store.known_keys() == {"k1", "k2"}
    assert store.first_seen("k1") == "*OCC* (PEO)"
    assert store.first_seen("k2") == "*OO* (rejected in iteration 1)"
    assert store.candidates(1, "rejected")[0].flags == [{"name": "O-O", "reason": "weak"}]
    assert store.verdicts() == {1: {"drawn": 1, "invalid": 1, "rejected": 1}}


def test_planning_a_replica_again_keeps_its_result(store):
    store.add_polymer("k1", "*CCO*", "*OCC*", "seed")
    store.plan_replica("k1", "quick", 0, 1)
    store.update_replica("k1", "quick", 0, status="done", properties={"conductivity_s_per_cm": 1e-3})
    store.plan_replica("k1", "quick", 0, 2)
    (row,) = store.replicas()
    assert (row.iteration, row.status, row.properties["conductivity_s_per_cm"]) == (1, "done", 1e-3)


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_a_process_killed_while_writing_leaves_whole_transactions(tmp_path, record_property):
    """Pairs written together are found together, and the journal copy is the journal."""
    code = (
        "import sys, itertools; from pathlib import Path; from autodisco.store import Store\n"
        "store = Store.create(Path(sys.argv[1]))\n"
        "for n in itertools.count(store.get('a', 0) + 1):\n"
        "    with store.transaction():\n"
        "        store.set(a=n); store.note('step', seen={'n': n}); store.set(b=n)\n"
        "    print(n, flush=True)\n"
    )
    record_property("injections", 3)
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        for _ in range(20):
            writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        with Store.create(tmp_path) as store:
            store.copy_events()
            assert store.get("a") == store.get("b") == len(store.journal())
            lines = (tmp_path / "events.jsonl").read_text().splitlines()
            assert [json.loads(line) for line in lines] == [row.to_dict() for row in store.journal()]


@pytest.mark.fault("power loss")
@pytest.mark.parametrize("way", [Store.create, Store.open])
def test_a_commit_waits_until_it_is_on_the_disk(tmp_path, way):
    """2 is FULL: the write-ahead log is synced with each commit, not only when it is moved into the database."""
    Store.create(tmp_path).close()
    with way(tmp_path) as store:
        assert store.rows("PRAGMA synchronous") == [{"synchronous": 2}]
        assert store.rows("PRAGMA journal_mode") == [{"journal_mode": "wal"}]


@pytest.mark.parametrize("content", [b"", b"no database " * 500], ids=["empty", "garbage"])
def test_a_database_that_cannot_be_opened_is_not_held_open(tmp_path, content):
    (tmp_path / "state.db").write_bytes(content)

    def held():
        links = (os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))
        return sum(link.startswith(str(tmp_path)) for link in links)

    caught = []
    for way in (Store.open, Store.open_readonly):
        with pytest.raises(InputError) as error:
            way(tmp_path)
        caught.append(error)  # what holds the frames of the error holds their variables
    assert held() == 0


def test_a_folder_that_cannot_be_written_is_not_read_without_its_last_changes(tmp_path):
    """The write-ahead log without its index, as a copy or a backup may leave it, where nobody may write."""
    folder, kept = tmp_path / "disk" / "campaign", tmp_path / "kept"
    with small_disk(tmp_path / "disk", "10m") as remount:
        with Store.create(tmp_path / "source") as store:
            store.set(state="generate")
            store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            store.set(state="simulate")
            kept.mkdir()
            for name in ("state.db", "state.db-wal"):
                shutil.copy(tmp_path / "source" / name, kept)
        shutil.copytree(kept, folder)
        remount("ro")
        with pytest.raises(InputError, match=r"its last changes are in state\.db-wal"):
            Store.open_readonly(folder)
        remount("rw")
        (folder / "state.db-wal").unlink()
        remount("ro")
        with Store.open_readonly(folder) as store:
            assert store.get("state") == "generate"
        with Store.open_readonly(kept) as store:
            assert store.get("state") == "simulate"


def test_a_database_whose_disk_was_away_is_opened_again_when_it_is_back(store):
    store.set(before=1)
    store.let_go()
    away = store.folder.rename(store.folder.with_name("away"))
    with pytest.raises(StorageError, match=r"state.db is missing"):
        store.get("before")
    with pytest.raises(StorageError, match=r"state.db is missing"):
        store.set(before=2)
    away.rename(store.folder)
    store.set(after=store.get("before"))
    with Store.open_readonly(store.folder) as reader:
        assert reader.get("after") == 1
