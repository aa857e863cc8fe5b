"""Settings of a campaign: every table and key of the campaign file with its type, range and default.

A settings object is validated where the file is read (`settings_file`) and trusted everywhere else.
"""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic
from pydantic import Field

from autodisco.analysis.shrinkage import BETTER_PROBABILITY
from autodisco.campaign.stages import LOOP
from autodisco.generator import settings as network
from autodisco.generator.tokens import CLASS_REPEATS
from autodisco.section import Amount, Count, Positive, Section, Share

if TYPE_CHECKING:
    from autodisco.polymer import Rule

LONGEST = network.GeneratorSettings.block_size - CLASS_REPEATS
"""Tokens that the generator has room for behind its class tokens."""


class ObjectiveSettings(Section):
    """What the campaign looks for."""

    name: str = "conductivity"
    """Objective by which polymers are ranked and labelled: a name, or `path/to/file.py:object` (docs/extending.md)."""
    constraints: list[str] = []
    """Objectives with bounds; a polymer outside of them ranks last and is never better than the reference."""


class Seeds(Section):
    """What is known before the first simulation."""

    file: str = ""
    """CSV of known polymers, relative to the campaign file; empty for none."""
    simulate_missing: bool = False
    """Simulate seeds without a label of the campaign's protocol and force field; else they train unlabelled."""
    grammar: Count = 3000
    """Number of unlabelled repeat units enumerated by the program."""
    dataset: str = ""
    """Data set of repeat units with conductivity or class, relative to the campaign file; empty for none."""


class GeneratorSettings(Section):
    """The language model."""

    kind: Literal["gpt", "lstm", "diffusion", "genetic", "random"] = "gpt"
    """`gpt` is the paper's; the others are for comparison (docs/generator.md)."""
    size: Literal["gpt-nano", "gpt-mini", "gpt-2"] = "gpt-nano"
    iterations: Positive = 6000
    batch_size: Positive = 64
    learning_rate: Annotated[float, Field(gt=0)] = 5e-4
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.95
    weight_decay: Amount = 0.1
    grad_clip: Annotated[float, Field(gt=0)] = 1.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    balance: Annotated[float, Field(ge=0, le=1)] = 1.0
    """1 gives every class the same share of a batch, 0 each the share of its rows; between, small classes are lifted in
    part, which keeps a few labelled rows from being learnt by heart beside thousands without a label."""
    augment: Literal["none", "symmetry", "smiles"] = "symmetry"
    """`symmetry` cuts each polymer elsewhere and reads it from either end, at random, each time the model sees it;
    `smiles` also writes its branches and rings in random order."""
    weighting: Literal["copies", "loss"] = "copies"
    """Rows of a small or heavy class are drawn more often, or as often as others but with more weight in the loss."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of an exponential moving average of the weights, which is what then draws; 0 for the last weights."""
    held_out: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the rows put aside; training ends when the model no longer gets better at these. 0 for none."""
    warm_start: bool = False
    """Continue from the previous model instead of training afresh."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where it trains and draws; only on a CPU is a campaign reproducible to the last bit."""
    threads: Positive = 1
    """Cores of training and drawing; another number changes the last digits of the weights."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    grammar: bool = True
    """Draw only tokens that can follow in a repeat unit and let it end in time; the paper drew any."""
    top_k: Count = 40
    """Sample among the k likeliest tokens; 0 for all."""
    guidance: Amount = 0.0
    """How far draws are driven away from what the low class would write; 0 not at all."""
    max_tokens: Annotated[int, Field(ge=3, le=LONGEST)] = 10
    """Longest repeat unit in tokens, both ends included."""

    def fitting(self) -> network.GeneratorSettings:
        """What decides how a model is built and trained."""
        return network.GeneratorSettings(**self._shared(network.GeneratorSettings))

    def drawing(self) -> dict[str, Any]:
        """What decides how strings are drawn, by the names of `Generator.sample`."""
        return self._shared(network.Sampling)

    def _shared(self, of: type) -> dict[str, Any]:
        names = {field.name for field in dataclasses.fields(of)}
        return {name: value for name, value in self.model_dump().items() if name in names}


class Generate(Section):
    """When an iteration has drawn enough."""

    batch_size: Positive = 50
    until: Literal["strings", "survivors"] = "strings"
    """Draw until `batch_size` strings are new as strings, or until `batch_size` of them survive the filter."""
    max_draws: Positive = 20000


class StabilityRule(Section):
    """A weak motif that the program does not know."""

    name: str
    smarts: str
    reason: str
    reference: str = ""
    exceptions: list[str] = []
    """SMARTS of groups in which the motif is sound."""


class Filter(Section):
    """Which candidates are simulated."""

    unstable: Literal["flag", "reject"] = "flag"
    rules: list[StabilityRule] = []
    """Further stability rules: `name`, `smarts`, `reason`, `reference`, `exceptions` (SMARTS)."""
    rules_on: list[str] = []
    """Names of shipped rules to use that are off without it (docs/polymers.md)."""
    rules_off: list[str] = []
    """Names of shipped rules not to use."""
    max_sa_score: Amount = 0.0
    """Highest synthetic accessibility score (1 easy, 10 hard); 0 for no limit."""
    selection: str = "all"
    """Which of the survivors are simulated: a name, or `path/to/file.py:object` (docs/extending.md)."""
    most_selected: Count = 0
    """Survivors of an iteration that are simulated at most; 0 for no limit."""

    def stability_rules(self) -> "tuple[Rule, ...]":
        """The rules in force. Raises InputError for a name that no rule has, and for text that is not SMARTS."""
        from autodisco.polymer import Rule, Sound, choose_rules

        added = [
            Rule(
                rule.name, rule.smarts, rule.reason, rule.reference, tuple(Sound("", text) for text in rule.exceptions)
            )
            for rule in self.rules
        ]
        return choose_rules(added, self.rules_on, self.rules_off)


class Simulation(Section):
    """How a candidate is judged."""

    protocol: str = "quick"
    engine: Literal["auto", "lammps", "openmm"] = "auto"
    """`auto` is OpenMM where it finds a GPU, and LAMMPS elsewhere."""
    force_field: str = "pcff+"
    replicas: Positive = 2
    reference_replicas: Count = 0
    """Builds of the reference, with which everything is compared; 0 for four times `replicas`."""
    workers: Count = 0
    """Replicas at a time; 0 for as many as there are cores for."""
    threads: Positive = 1
    """Cores of one replica; more pay for boxes of thousands of atoms."""
    timeout_minutes: Annotated[float, Field(gt=0)] = 15.0
    stalled_minutes: Amount = 10.0
    """A replica that does not get any further for so long is ended and started anew; 0 for never."""
    least_free_disk_gb: Amount = 1.0
    """No replica starts with less room than this where the campaign lies."""
    least_free_memory_gb: Amount = 0.5
    """No replica starts with less free memory."""
    retries: Count = 1
    """New starts for a replica that failed."""
    most_failed: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the polymers of an iteration that may have no value; above it, and with three or more of them, the
    campaign stops and says what they have in common. 1 lets it go on in any case."""


class Acquire(Section):
    """What the model learns from."""

    reference: str = "*OCC*"
    """Repeat unit that the candidates are compared with."""
    better_probability: Annotated[float, Field(gt=0.5, lt=1)] = BETTER_PROBABILITY
    """Probability from which on a polymer is called better than the reference, or worse."""
    labelling: str = "top-fraction"
    """Which class a polymer trains as: a name, or `path/to/file.py:object` (docs/extending.md)."""
    top_fraction: Share = 0.2
    """Share of the labelled polymers that counts as the high class."""
    reference_weight: Annotated[float, Field(ge=1)] = 5.0
    """How often the reference and each polymer that is better count within the high class; the generator gives
    every class the same share of its batches at `balance` 1 (the paper: 4,000 copies where another high row has 19)."""


STRINGS_DEFAULTS = {"threshold": 0.3, "patience": 1}
"""Defaults of `saturation` where strings are counted: those with which the published campaign ends as it did."""


class Saturation(Section):
    """When the generator has nothing new to say."""

    count: Literal["polymers", "strings"] = "polymers"
    """`polymers`: the rate is the share of the valid draws whose polymer is known, one minus the Good-Turing chance
    that the next is new. `strings`, the paper's: the share of the new strings that are a known polymer all the same,
    which depends on the number of ways in which a polymer can be written."""
    threshold: Share = 0.9
    """Duplicate rate above which it is saturated."""
    confidence: Share = 0.9
    """Posterior probability that the rate is above the threshold, and that it has risen since the first iteration."""
    patience: Positive = 2
    """Consecutive iterations for which this has to hold."""
    escape: list[Literal["temperature", "tokens", "seeds"]] = []
    """What may be tried, each once and in this order, before the campaign ends saturated: sampling at a temperature
    1.2 times as high, units one token longer, as many enumerated units again to learn from."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("count") == "strings":
            return {**STRINGS_DEFAULTS, **given}
        return given

    @pydantic.field_validator("escape")
    @classmethod
    def _each_once(cls, given: list[str]) -> list[str]:
        if len(set(given)) < len(given):
            raise ValueError("each action once")
        return given


class Budget(Section):
    """Limits; 0 for none."""

    iterations: Count = 0
    simulations: Count = 0
    """Replicas over the whole campaign."""
    hours: Amount = 0.0
    """Time that the campaign was at work; waiting for room on the disk or in memory does not count."""


class Notify(Section):
    """Notifications of events."""

    command: str = ""
    """Program, with arguments, that gets each event as a JSON object on its standard input; empty for none."""
    apprise: str = ""
    """Configuration file of Apprise (mail, chat, push services), relative to the campaign file; empty for none."""
    events: list[Literal["saturated", "exhausted", "stopped", "failed", "new best", "short of room"]] = [
        "saturated",
        "exhausted",
        "failed",
        "new best",
        "short of room",
    ]
    """Events that trigger a notification."""


class Executor(Section):
    """Where replicas run."""

    kind: str = "local"
    """Name of an executor, or path of a file with one (``file.py:object``), relative to the campaign file."""
    options: dict[str, Any] = {}
    """What this kind of executor asks for beside `simulation.workers` and `simulation.threads`."""


class Loop(Section):
    """Which stages the loop has."""

    stages: list[str] = list(LOOP)
    """Names of stages in their order, or paths of files with one (``file.py:object``), relative to the campaign
    file."""


class Settings(Section):
    """A campaign file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Count = 1
    objective: ObjectiveSettings = ObjectiveSettings()
    seeds: Seeds = Seeds()
    generator: GeneratorSettings = GeneratorSettings()
    generate: Generate = Generate()
    filter: Filter = Filter()
    simulation: Simulation = Simulation()
    acquire: Acquire = Acquire()
    saturation: Saturation = Saturation()
    budget: Budget = Budget()
    notify: Notify = Notify()
    loop: Loop = Loop()
    executor: Executor = Executor()

    def flat(self) -> dict[str, Any]:
        """All settings by dotted key, such as ``simulation.workers``."""
        return _flat(self)


FREE_KEYS = (
    "budget.",
    "saturation.",
    "notify.",
    "executor.",
    "simulation.workers",
    "simulation.threads",
    "simulation.timeout_minutes",
    "simulation.stalled_minutes",
    "simulation.least_free_disk_gb",
    "simulation.least_free_memory_gb",
    "simulation.most_failed",
)
"""What may change while a campaign is under way: when it ends, how fast it goes, who is told. Values stay comparable,
though not the same to the last digit with other threads."""

FILE_KEYS = ("seeds.file", "seeds.dataset")


def differences(old: Settings, new: Settings) -> dict[str, tuple[Any, Any]]:
    """Keys whose change would mix two campaigns, with the old and the new value; files are compared elsewhere."""
    before, after = old.flat(), new.flat()
    return {
        key: (before[key], after[key])
        for key in after
        if before[key] != after[key] and not key.startswith(FREE_KEYS) and key not in FILE_KEYS
    }


def _flat(section: Section, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in section.model_dump().items():
        table = getattr(section, key)
        flat |= _flat(table, f"{prefix}{key}.") if isinstance(table, Section) else {prefix + key: value}
    return flat
