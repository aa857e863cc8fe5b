"""A batch in which too much fails stops the campaign, which says what the failed share."""

import pytest

from autodisco.campaign.failures import check_failures
from autodisco.campaign.stages import STAGES
from autodisco.errors import AutodiscoError
from autodisco.polymer import in_common, motifs
from tests.campaign.test_escape import with_escapes

PEROXIDES = ["*OOC*", "*OOCC*", "*CCOOC*", "*OOCCC*", "*OOCN*", "*OOCS*"]
ETHERS = ["*OCC*", "*OCCC*", "*OCCCC*", "*COC*", "*NCC*", "*SCC*", "*OCN*", "*CCC*"]


def test_bonds_of_the_chain_count_with_those_at_the_junction():
    assert motifs("*OCN*") == {"element C", "element N", "element O", "bond C–O", "bond C–N", "bond N–O"}
    assert "bond C=O" in motifs("*CC(=O)*")


def test_what_the_failed_share_is_named():
    told = in_common(PEROXIDES, ETHERS)
    assert "bond O–O in 6 of them and 0 of 8 others" in told
    assert "element C" not in told


def test_nothing_is_made_up():
    assert "no bond or element" in in_common(ETHERS[:4], ETHERS[4:])
    assert "no bond or element" in in_common(ETHERS, [])


def failing(folder, n_failed, n_done, iteration=1, code="nan"):
    """A campaign whose simulations are done, so many without a value."""
    campaign, store = with_escapes(folder)
    for number, smiles in enumerate(PEROXIDES[:n_failed] + ETHERS[:n_done]):
        store.add_polymer(f"{number:016x}", smiles, smiles, "generated", iteration)
        store.plan_replica(f"{number:016x}", "smoke", 0, iteration)
        failed = number < n_failed
        store.update_replica(
            f"{number:016x}", "smoke", 0, status="failed" if failed else "done", failure_code=code if failed else None
        )
    return campaign, store


@pytest.mark.parametrize(("n_failed", "n_done"), [(2, 0), (3, 3), (4, 8)])
def test_some_failures_are_no_reason_to_stop(tmp_path, n_failed, n_done):
    campaign, store = failing(tmp_path, n_failed, n_done)
    check_failures(campaign, store)
    assert all(row.status != "waiting" for row in store.replicas())


@pytest.mark.parametrize("code", ["nan", "timeout"])
def test_too_many_stop_the_campaign_and_start_anew_with_the_next_run(tmp_path, code):
    campaign, store = failing(tmp_path, 6, 5, code=code)
    with pytest.raises(AutodiscoError, match=rf"6 of 11 polymers of iteration 1 have no value \({code} 6\).*O–O in 6"):
        check_failures(campaign, store)
    again = [row for row in store.replicas() if row.status == "waiting"]
    assert len(again) == 6
    assert all(row.attempt == 1 for row in again)  # hence from another seed
    assert store.journal()[-1].event == "too many failures"


def test_the_stage_asks(tmp_path):
    campaign, store = failing(tmp_path, 6, 5)
    store.set(state="simulate")
    with pytest.raises(AutodiscoError, match=r"most_failed = 0\.5"):
        STAGES.get("simulate").run(campaign, store)


def test_seeds_that_fail_stop_it_before_a_model_is_trained(tmp_path):
    campaign, store = failing(tmp_path, 6, 5, iteration=0)
    store.set(state="prepare", iteration=0, loaded=True)
    where = {"protocol": "smoke", "force_field": "pcff+", "origin": "seeds.csv"}
    store.set_label(store.get("reference_key"), "conductivity_s_per_cm", 1e-2, **where)
    with pytest.raises(AutodiscoError, match=r"6 of 11 polymers of iteration 0 have no value"):
        STAGES.get("prepare").run(campaign, store)
    assert store.training(0) == []
    assert [row.status for row in store.replicas()].count("waiting") == 6
