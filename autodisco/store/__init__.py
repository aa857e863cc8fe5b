"""The campaign's memory: a folder with a SQLite database, a journal for machines, and files beside it.

The only package that speaks SQL. `Store` reads and writes rows (`records`); `progress` and `list_campaigns` summarise.
"""

from autodisco.store.database import leaving_nothing
from autodisco.store.folders import (
    PARTS,
    RUNS,
    SIMULATIONS,
    available_part,
    campaign_databases,
    copied_part,
    older_part_copy,
    part_copy,
    run_folder,
)
from autodisco.store.listing import CampaignEntry, list_campaigns
from autodisco.store.loop import LoopStage, following
from autodisco.store.moment import at_one_moment
from autodisco.store.owner import STALE_S, Owner, live_owner
from autodisco.store.progress import (
    IterationProgress,
    Progress,
    TierProgress,
    escapes,
    last_escape,
    progress,
    progress_fields,
    progress_of_replicas,
    tier_progress,
)
from autodisco.store.rates import Rate, rates, training_s
from autodisco.store.records import (
    DATASET,
    EXPERIMENT,
    Believed,
    Candidate,
    Chance,
    Escape,
    Estimate,
    Event,
    Experiment,
    Flag,
    Forecast,
    Iteration,
    Label,
    Measurements,
    Model,
    Polymer,
    Properties,
    Record,
    RecordedFile,
    Replica,
    ReplicaState,
    TrainingEntry,
    TrainingSpan,
)
from autodisco.store.replicas import NOT_SUBMITTED, WAITING
from autodisco.store.scans import FINALISTS, SCAN_FILE, scans_of
from autodisco.store.schema import VERSION
from autodisco.store.simulations import RunningReplica, Simulations
from autodisco.store.store import END_STATES, Store
from autodisco.store.tiers import CampaignTier
from autodisco.store.verdicts import FAULT, NOT_SELECTED, VERDICTS, Verdict

__all__ = [
    "DATASET",
    "END_STATES",
    "EXPERIMENT",
    "FAULT",
    "FINALISTS",
    "NOT_SELECTED",
    "NOT_SUBMITTED",
    "PARTS",
    "RUNS",
    "SCAN_FILE",
    "SIMULATIONS",
    "STALE_S",
    "VERDICTS",
    "VERSION",
    "WAITING",
    "Believed",
    "CampaignEntry",
    "CampaignTier",
    "Candidate",
    "Chance",
    "Escape",
    "Estimate",
    "Event",
    "Experiment",
    "Flag",
    "Forecast",
    "Iteration",
    "IterationProgress",
    "Label",
    "LoopStage",
    "Measurements",
    "Model",
    "Owner",
    "Polymer",
    "Progress",
    "Properties",
    "Rate",
    "Record",
    "RecordedFile",
    "Replica",
    "ReplicaState",
    "RunningReplica",
    "Simulations",
    "Store",
    "TierProgress",
    "TrainingEntry",
    "TrainingSpan",
    "Verdict",
    "at_one_moment",
    "available_part",
    "campaign_databases",
    "copied_part",
    "escapes",
    "following",
    "last_escape",
    "leaving_nothing",
    "list_campaigns",
    "live_owner",
    "older_part_copy",
    "part_copy",
    "progress",
    "progress_fields",
    "progress_of_replicas",
    "rates",
    "run_folder",
    "scans_of",
    "tier_progress",
    "training_s",
]
