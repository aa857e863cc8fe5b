"""A campaign folder filled through the Store as a daemon would fill it, for tests of what reads campaigns.

The values are made up for the tests: a handful of repeat units, two iterations, one failure, ties and duplicates.
"""

import time
from dataclasses import replace
from pathlib import Path

from autodisco.decide import Ranked
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.files import write_atomic, write_json
from autodisco.store import Candidate, IterationProgress, Owner, Store

PEO = "*OCC*"
SETTINGS = {"saturation": {"threshold": 0.3, "confidence": 0.9, "patience": 1}}
SEEDS = {PEO: ("poly(ethylene oxide)", (0.0102, 0.0098)), "*CCCO*": ("poly(oxetane)", ())}
SIMULATED = {
    1: {"*OCOCCOC*": (0.048, 0.038), "*OCCCO*": (0.0095, 0.011), "*CNC*": (0.0047, 0.0052), "*SCC*": (2e-4, 3e-4)},
    2: {"*OCCOCCN*": (0.022, 0.009), "*OCC(C)<b>*": (), "*CC(=O)O*": (0.0, 0.0012), "*COCOC*": (0.051, 0.043)},
}


def _properties(value: float) -> dict[str, object]:
    return {
        "conductivity_s_per_cm": value,
        "conductivity_ne_s_per_cm": 2.5 * value,
        "transference_number": 0.31 if value else None,
        "cation_diffusivity_cm2_per_s": 4.1e-6,
        "density_g_per_cm3": 1.12,
        "temperature_k": 500.0,
    }


WEAK = {"*OCCOCCN*": ["estimated charges", "hydrazine"]}  # what the force field is weak for


def iteration_row(n: int, **changes: object) -> IterationProgress:
    """An iteration of `status` with 20 known polymers among 50 new strings, which the rule has not judged."""
    row = IterationProgress(n, {}, None, 0.0, 1.0, 60, {"duplicate-symmetry": 20}, 50, 0.4)
    return replace(row, **changes)


def ranked_row(value: float, sem: float, **changes: object) -> Ranked:
    """A generated polymer of the ranking with two replicas."""
    row = Ranked(
        objective=CONDUCTIVITY,
        key="key", name="", monomer_smiles="*COC*", source="generated", iteration=1, flags=[], scores={},
        force_field_flags=[], protocol="quick", tiers=(),
        n_replicas=2, n_failed=0, origin="simulated", values=[value - sem, value + sem],
        properties={}, value=value, sem=sem, violated=[], rank=1, expected=value, expected_low=value - sem,
        expected_high=value + sem, p_better=0.5, verdict="tie", expected_from="builds", p_best=None, moved={},
        against_reference=None, against_reference_low=None, against_reference_high=None,
    )  # fmt: skip
    return replace(row, **changes)


def fill(folder: Path, state: str = "simulate", alive: bool = True) -> Store:
    """Write a campaign of two iterations into `folder` and return its open store."""
    store = Store.create(folder)
    begin = time.time() - 700
    owner = Owner.this_process()
    store.set(
        name=folder.name,
        state=state,
        iteration=2,
        started=begin,
        seed=1,
        protocol="quick",
        force_field="pcff+",
        engine="lammps",
        replicas=2,
        workers=2,
        batch_size=4,
        budget={"iterations": 3, "simulations": 0, "hours": 0.0},
        reference_key="key-0",
        settings=SETTINGS,
        heartbeat=time.time() if alive else 0.0,
        activity="",
        owner={"host": owner.host, "boot": owner.boot, "pid": owner.pid, "start": owner.start if alive else -1},
    )
    if state in ("exhausted", "saturated", "failed", "stopped"):
        store.set(ended=begin + 690, reason="3 iterations done, as many as the budget allows")
    write_atomic(folder / "campaign.toml", 'name = "a & b"\nseed = 1\n')
    number = 0
    for smiles, (name, values) in SEEDS.items():
        _simulate(store, f"key-{number}", smiles, values, 0, begin, name=name, source="seed")
        number += 1
    for iteration, polymers in SIMULATED.items():
        store.begin_iteration(iteration)
        draws = [
            Candidate(iteration, 0, "*C(", None, "invalid", "unparsable"),
            Candidate(iteration, 1, "*COC*", "key-0", "duplicate-symmetry", "*OCC*"),
        ]
        for smiles, values in polymers.items():
            key = f"key-{number}"
            flags = [{"name": "n-o", "reason": "N–O bond at the junction"}] if "N" in smiles else []
            _simulate(store, key, smiles, values, iteration, begin + 60, flags=flags)
            draws.append(Candidate(iteration, len(draws), smiles, key, "new"))
            number += 1
        store.add_candidates(draws)
        store.add_model(
            iteration - 1, f"models/{iteration - 1}.safetensors", {"validity": 0.9, "uniqueness": 0.8}, 12.5
        )
        if iteration == 1:
            store.end_iteration(1, {"draws": 6}, None)
    store.note("retry", "*CNC* #1", {"code": "nan"}, "start again with a shorter step", "energy was not a number")
    store.set_label(
        "key-1", CONDUCTIVITY.column, 0.008, 0.001, 3, protocol="quick", force_field="pcff+", origin="known.csv"
    )
    if state == "simulate":
        _running(store, "*OCCSC*", "key-running")
    return store


def _simulate(
    store: Store,
    key: str,
    smiles: str,
    values: tuple[float, ...],
    iteration: int,
    begin: float,
    name: str = "",
    source: str = "generated",
    flags: list[dict[str, str]] | None = None,
) -> None:
    scores = {"sa_score": 3.2, "heavy_atoms": 6, "oxygen_carbon_ratio": 0.75}
    store.add_polymer(key, smiles, smiles, source, iteration, name, flags or [], scores)
    for replica in range(2 if values or source == "generated" else 0):
        store.plan_replica(key, "quick", replica, iteration)
        done = replica < len(values)
        store.update_replica(
            key,
            "quick",
            replica,
            status="done" if done else "failed",
            attempt=1 if done else 4,
            properties=_properties(values[replica]) | {"force_field_flags": WEAK.get(smiles, [])} if done else None,
            failure_code=None if done else "build-overlap",
            detail="" if done else "no room <for> the chain",
            wall_s=60.0,
            cpu_s=58.0,
            atoms=524,
            estimated_terms=0,
            started=begin,
            ended=begin + 60,
        )


def _running(store: Store, smiles: str, key: str) -> None:
    store.add_polymer(key, smiles, smiles, "generated", 2)
    for replica in range(2):
        store.plan_replica(key, "quick", replica, 2)
    store.update_replica(key, "quick", 0, status="running", attempt=1, started=time.time() - 31)
    write_json(
        store.replica_folder(key, "quick", 0) / "progress.json",
        {"step_name": "production", "fraction": 0.43, "updated": time.time()},
    )
