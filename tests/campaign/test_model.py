"""The state machine against the real store: random events, processes that die inside transactions, restarts.

A plain Python model of the table says what the store has to hold after each of them. Deaths are real: a child process
writes half a transaction, or a whole one, and leaves without another word.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from autodisco.campaign.lock import acquire, owner_of, release
from autodisco.campaign.stages import LOOP
from autodisco.campaign.states import IllegalTransition, advance, load_stages, transitions
from autodisco.store import END_STATES, Store

STAGES = load_stages(list(LOOP))
TRANSITIONS = transitions(list(STAGES.values()))
EVENT = st.sampled_from(sorted({event for _, event in TRANSITIONS} | {"resume"}))


class Campaign(RuleBasedStateMachine):
    """The store of one campaign, and what it should say; counts what befalls any of them."""

    injected = 0

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp(prefix="autodisco-model-"))
        self.store = Store.create(self.folder)
        self.store.set(state="prepare", iteration=0, reason="", ended=None)
        self.state, self.resume_at, self.iteration, self.journalled = "prepare", None, 0, 0

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    def following(self, event):
        """Where the table leads, or None."""
        if event == "resume":
            return None if self.state in STAGES else self.resume_at
        return TRANSITIONS.get((self.state, event))

    def take(self, store, event):
        """What a stage does: work, a line of the journal and the step, in one transaction."""
        with store.transaction():
            store.note(event, "iteration", {"n": self.iteration})
            advance(store, event, f"because of {event}", iteration=self.iteration + (event == "go-on"))

    def took(self, event, following):
        if following in (*END_STATES, "paused") and self.state in STAGES:
            self.resume_at = self.state
        self.state = following
        self.iteration += event == "go-on"
        self.journalled += 1

    @rule(event=EVENT)
    def step(self, event):
        following = self.following(event)
        if following is None:
            try:
                self.take(self.store, event)
            except IllegalTransition:
                return
            raise AssertionError(f"{event} in {self.state} was written")
        self.take(self.store, event)
        self.took(event, following)

    @rule(event=EVENT, before_the_commit=st.booleans())
    def die(self, event, before_the_commit):
        """A process that owns the campaign takes a step and dies, at once or just before it is durable."""
        Campaign.injected += 1
        following = self.following(event)
        child = os.fork()
        if not child:
            try:
                with Store.open(self.folder) as store:
                    acquire(store)
                    if before_the_commit:
                        with store.transaction():
                            self.take(store, event)
                            os._exit(0)
                    self.take(store, event)
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        if following is not None and not before_the_commit:
            self.took(event, following)
        # the owner is dead now; whoever comes next takes over, and says so
        if self.store.get("owner"):
            mine = acquire(self.store)
            self.journalled += 1
            release(self.store, mine)

    @rule()
    def restart(self):
        self.store.close()
        self.store = Store.open(self.folder)

    @rule(left=st.sampled_from([b"", b"\0" * 40, b"\n", b"{\n"]))
    def lose_the_end_of_the_copy(self, left):
        """Power fails while the copy of the journal is written, and something else stands at its end."""
        copy = self.folder / "events.jsonl"
        if copy.exists():
            Campaign.injected += 1
            copy.write_bytes(copy.read_bytes()[:-30] + left)

    @invariant()
    def the_store_says_what_happened(self):
        if not hasattr(self, "store"):
            return
        assert self.store.get("state") == self.state
        assert self.store.get("iteration") == self.iteration
        assert self.store.get("resume_at") == self.resume_at
        assert (self.store.get("ended") is not None) == (self.state in END_STATES)
        assert owner_of(self.store) is None
        rows = [row.to_dict() for row in self.store.journal()]
        assert len(rows) == self.journalled
        self.store.copy_events()
        copy = self.folder / "events.jsonl"
        assert [json.loads(line) for line in copy.read_text().splitlines()] == rows


@pytest.mark.fault("power loss")
@pytest.mark.parametrize("campaigns", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_the_store_goes_by_the_table_whatever_befalls_it(record_property, campaigns):
    Campaign.injected = 0
    course = settings(max_examples=campaigns, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(Campaign, settings=course)
    record_property("injections", Campaign.injected)
