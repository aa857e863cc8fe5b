"""A stage in a file of its own takes part in a campaign."""

import shutil
from pathlib import Path

from autodisco.campaign import load, open_folder, run
from autodisco.campaign.states import load_stages
from autodisco.campaign.verify import verify
from autodisco.report.situation import situation
from autodisco.store import Store, progress

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "stage.py"
CAMPAIGN = """
name = "screened"
seed = 2
[seeds]
file = "seeds.csv"
grammar = 30
[generator]
kind = "random"
max_tokens = 8
[generate]
batch_size = 2
[filter]
selection = "paper"
[simulation]
protocol = "smoke"
replicas = 1
reference_replicas = 1
[budget]
iterations = 1
[loop]
stages = ["generate", "filter", "parts/stage.py:SCREEN", "simulate", "acquire", "retrain"]
"""
SEEDS = """\
name,monomer_smiles,conductivity_s_per_cm,conductivity_s_per_cm_sem,protocol,force_field,n_replicas,reference
poly(ethylene oxide),*OCC*,1e-2,1e-3,smoke,pcff+,2,made up for a test
"""


def test_a_screen_between_filter_and_simulate_rejects_large_repeat_units(tmp_path):
    (tmp_path / "screened.toml").write_text(CAMPAIGN)
    (tmp_path / "seeds.csv").write_text(SEEDS)
    (tmp_path / "parts").mkdir()
    shutil.copy(EXAMPLE, tmp_path / "parts")
    lines = []
    campaign = load(tmp_path / "screened.toml", tmp_path / "runs")
    assert run(campaign, lines.append) == 0
    assert [line for line in lines if line.startswith("iteration 1: ")] == [
        f"iteration 1: {stage}" for stage in ("generate", "filter", "screen", "simulate", "acquire", "retrain")
    ]
    with Store.open(campaign.folder) as store:
        verdicts = {row.key: row.verdict for row in store.candidates(1) if row.verdict in ("new", "too large")}
        assert set(verdicts.values()) == {"new", "too large"}
        assert {row.key for row in store.replicas(1)} == {key for key, name in verdicts.items() if name == "new"}
        assert {row.status for row in store.replicas(1)} <= {"done", "failed"}
        assert verdicts.keys() <= store.known_keys()
        assert {row.key for row in store.polymers("generated")} == {row.key for row in store.replicas(1)}
        assert verify(store) == []
        (screened,) = [row for row in store.journal() if row.event == "screened"]
        assert (screened.state, screened.why) == ("screen", "at most 4 atoms")
        (iteration,) = progress(store).iterations
        assert iteration.new_strings == sum(
            iteration.verdicts.get(name, 0) for name in ("new", "too large", "duplicate-symmetry")
        )
        store.set(state="filter")
        assert situation(store)["next"] == "screen: rejects large repeat units"
    (tmp_path / "parts" / "stage.py").unlink()
    stages = load_stages(open_folder(campaign.folder).settings.loop.stages)  # from the copy in the campaign folder
    assert [stage.name for stage in stages.values()][3] == "screen"
