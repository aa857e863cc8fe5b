"""Settings of a campaign: every table and key of the campaign file with its type, range and default.

A settings object is validated where the file is read (`settings_file`) and trusted everywhere else.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic
from pydantic import Field, SerializeAsAny

from autodisco.analysis.belief import BETTER_PROBABILITY
from autodisco.campaign.generate_settings import Generate
from autodisco.campaign.objective_settings import ObjectiveSettings, checked_objectives, with_objectives
from autodisco.campaign.simulation_settings import FROM_FIRST_TIER, Simulation, Tier
from autodisco.campaign.stages import LOOP
from autodisco.campaign.upkeep_settings import Backup, Notify
from autodisco.decide.wanted import Wanted, wanted
from autodisco.generator.base import generator_settings, settings_class
from autodisco.generator.settings import GeneratorSettings
from autodisco.section import Amount, Count, Positive, Section, Share, key_error

if TYPE_CHECKING:
    from autodisco.polymer import Rule

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""What a campaign can be named: its name is that of a folder."""


class Seeds(Section):
    """What is known before the first simulation."""

    file: str = ""
    """CSV of known polymers, relative to the campaign file; empty for none."""
    simulate_missing: bool = False
    """Simulate seeds that have no label of the campaign's protocol and force field; otherwise they train unlabelled."""
    grammar: Count = 3000
    """Number of unlabelled repeat units enumerated by the program."""
    dataset: str = ""
    """Data set of repeat units with conductivity or class, relative to the campaign file; empty for none."""
    measured: list[str] = []
    """Tables of [measured values](measurements.md), relative to the campaign file; `literature` is that of the
    program."""


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
    """`flag` or `reject` repeat units with unstable bonds."""
    rules: list[StabilityRule] = []
    """Further stability rules, as tables `[[filter.rules]]` with `name`, `smarts`, `reason`, `reference` and
    `exceptions` (SMARTS of groups in which the motif is stable)."""
    rules_on: list[str] = []
    """Shipped rules to use that are off by default (docs/polymers.md)."""
    rules_off: list[str] = []
    """Shipped rules not to use."""
    max_sa_score: Amount = 0.0
    """Highest synthetic accessibility score (1 easy, 10 hard); 0 for no limit."""
    weak_groups: Literal["flag", "reject"] = "flag"
    """`flag` or `reject` polymers with groups for which pcff+ is known to be weak (docs/all-atom.md); those without
    parameters are rejected as well. Without an effect on other force fields."""
    selection: str = "batch-ucb"
    """Which of the survivors are simulated: a name of docs/selection.md, or `path/to/file.py:object`
    (docs/extending.md). `paper` by default without a posterior."""
    most_selected: Count = 0
    """Survivors of an iteration that are simulated at most; 0 for no limit."""

    @pydantic.field_validator("selection", mode="before")
    @classmethod
    def _present_name(cls, given: Any) -> Any:
        return "paper" if given == "all" else given  # as earlier versions called it

    def stability_rules(self) -> "tuple[Rule, ...]":
        """The rules in force. Raises InputError for a name that no rule has, and for text that is not SMARTS."""
        from autodisco.polymer import Exemption, Rule, choose_rules

        added = [
            Rule(
                rule.name,
                rule.smarts,
                rule.reason,
                rule.reference,
                tuple(Exemption("", text) for text in rule.exceptions),
            )
            for rule in self.rules
        ]
        return choose_rules(added, self.rules_on, self.rules_off)


class Acquire(Section):
    """What the model learns from."""

    reference: str = "*OCC*"
    """Repeat unit with which the candidates are compared."""
    better_probability: Annotated[float, Field(gt=0.5, lt=1)] = BETTER_PROBABILITY
    """Probability from which a polymer is called better than the reference, or worse."""
    labelling: str = "posterior"
    """Which class a polymer trains as: `top-fraction` (the paper's; the default without a posterior), `posterior` (the
    chance to be in the top share), or `path/to/file.py:object` (docs/extending.md)."""
    top_fraction: Share = 0.2
    """Share of the labelled polymers that is the high class."""
    reference_weight: Annotated[float, Field(ge=1)] = 5.0
    """Weight of the reference, and of each polymer that is better, within the high class; the generator gives every
    class the same share of its batches at `balance` 1 (the paper: 4,000 copies where another high row has about 19)."""


class Surrogate(Section):
    """By what polymers are judged."""

    kind: Literal["posterior", "none"] = "posterior"
    """`posterior`: a Gaussian process over structure, imported data and simulations ranks polymers and chooses among
    them. `none`: they are ranked by the builds of the campaign's protocol alone."""
    prior_mean: bool = True
    """Begin with what the HTP-MD table says of structures (docs/surrogate.md)."""
    best: Positive = 10
    """Number of polymers that count as the best, for the chance to be among them."""


WITHOUT_POSTERIOR = {"filter": {"selection": "paper"}, "acquire": {"labelling": "top-fraction"}}
"""Defaults where no posterior says what to choose."""

STRINGS_DEFAULTS = {"threshold": 0.3, "patience": 1}
"""Defaults of `saturation` where strings are counted: those with which the published campaign ends as it did."""


class Saturation(Section):
    """When the generator has nothing new to say."""

    count: Literal["polymers", "strings"] = "polymers"
    """`polymers`: the rate is the share of the valid draws whose polymer is known, one minus the Good-Turing chance
    that the next polymer is new. `strings`, the paper's: the share of the new strings that are a known polymer, which
    depends on the number of ways in which a polymer can be written."""
    threshold: Share = 0.9
    """Duplicate rate above which the generator is saturated; 0.3 by default for `strings`."""
    confidence: Share = 0.9
    """Posterior probability that the rate is above the threshold, and that it has risen since the first iteration."""
    patience: Positive = 2
    """Consecutive iterations for which this has to hold; 1 by default for `strings`."""
    settled: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability from which a campaign ends because its best polymers are settled: that no other polymer it knows,
    simulated or waiting in the pool, is better than the worst of the best `surrogate.best`. 0: it does not end so."""
    margin: Amount = 0.1
    """Difference that does not count for `settled`, on the scale of the objective (decades of a conductivity)."""
    escape: list[Literal["temperature", "tokens", "seeds"]] = []
    """Actions to try, each once and in this order, before the campaign ends saturated: `temperature` (sample at a
    temperature 1.2 times as high), `tokens` (units one token longer), `seeds` (learn from as many enumerated units
    again)."""

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
            raise ValueError("an action is named twice; name each of them once")
        return given


class Budget(Section):
    """Limits; 0 for none."""

    iterations: Count = 0
    """Number of iterations; 0 for no limit, here and below."""
    simulations: Count = 0
    """Replicas of the whole campaign that have ended."""
    hours: Amount = 0.0
    """Time that the campaign was at work; waiting for disk space or memory does not count."""


def _of_its_kind(given: Any) -> GeneratorSettings:
    """The table [generator] as the settings of the kind that it names."""
    return settings_class(given).model_validate(given)


class Executor(Section):
    """Where replicas run."""

    kind: str = "local"
    """`local` (this machine), `psij` (docs/clusters.md), `ask` (docs/ask.md), or `path/to/file.py:object`, relative to
    the campaign file."""
    options: dict[str, Any] = {}
    """Further options of this kind of executor, beside `simulation.workers` and `simulation.threads`; those of `local`
    are `gpus` and `replicas_per_gpu`, those of `psij` are in docs/clusters.md."""
    share: bool = True
    """Share the cores and GPUs of this machine with other campaigns ([sharing](#several-campaigns-on-one-machine));
    without a meaning where replicas run on other machines."""
    machine_cores: Count = 0
    """Cores that all campaigns on this machine have together; 0 for all. With another number, a campaign does not use
    more where it runs alone, either."""
    site: str = ""
    """File with tables of settings for a machine, relative to the campaign file; its values hold where the campaign
    file has none (docs/clusters.md)."""


class Loop(Section):
    """Which stages the loop has, and how many errors of the program it survives."""

    stages: list[str] = list(LOOP)
    """Names of stages in their order, or `path/to/file.py:object`, relative to the campaign file; the last one is
    `retrain`."""
    overlap: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of a batch, the last polymers of it, that may still run when the next batch is chosen and started; 0: each
    batch is waited for ([overlap](#two-batches-at-a-time))."""
    keep_models: Count = 0
    """Number of last models that are kept, beside those that drew one of the best `surrogate.best` polymers; 0 for all
    ([disk](reliability.md#disk))."""
    most_faults: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the new strings of an iteration, and of the iterations, that errors of the program may cost. The
    campaign fails above it if there are three or more, and after three lost iterations in a row. 0: the first one ends
    it."""


class Settings(Section):
    """A campaign file."""

    name: Annotated[str, Field(pattern=f"^{NAME}$")]
    """Name of the campaign and of its folder: letters, digits, `.`, `_`, `-`."""
    seed: Count = 1
    """Seed of every random number."""
    objective: list[ObjectiveSettings] = [ObjectiveSettings()]
    """Tables `[[objective]]`: what the campaign wants ([objectives](#objectives))."""
    seeds: Seeds = Seeds()
    generator: Annotated[SerializeAsAny[GeneratorSettings], pydantic.PlainValidator(_of_its_kind)] = (
        generator_settings()
    )
    generate: Generate = Generate()
    filter: Filter = Filter()
    simulation: Simulation = Simulation()
    tier: list[Tier] = []
    """Tables `[[tier]]`: protocols at which polymers are simulated, the cheapest first ([tiers](#tiers)). Without them
    there is one, that of `[simulation]`."""
    surrogate: Surrogate = Surrogate()
    acquire: Acquire = Acquire()
    saturation: Saturation = Saturation()
    budget: Budget = Budget()
    notify: Notify = Notify()
    backup: Backup = Backup()
    loop: Loop = Loop()
    executor: Executor = Executor()

    @pydantic.model_validator(mode="before")
    @classmethod
    def _with_objectives(cls, given: Any) -> Any:
        return with_objectives(given)

    @pydantic.field_validator("objective")
    @classmethod
    def _one_ranks(cls, given: list[ObjectiveSettings]) -> list[ObjectiveSettings]:
        return checked_objectives(given)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _with_first_tier(cls, given: Any) -> Any:
        """The keys of `simulation` that the first tier decides."""
        tiers, simulation = (given.get("tier"), given.get("simulation", {})) if isinstance(given, dict) else (None, {})
        if not isinstance(tiers, list) or not tiers or not isinstance(simulation, dict):
            return given
        try:
            first = Tier.model_validate(tiers[0])
        except pydantic.ValidationError:  # reported with its place
            return given
        taken = {key: getattr(first, key) for key in FROM_FIRST_TIER}
        if other := next((key for key in taken if simulation.get(key, taken[key]) != taken[key]), None):
            raise key_error(
                f"simulation.{other}", simulation[other], "unusable", "the tables [[tier]] decide this; leave it out"
            )
        return {**given, "simulation": {**simulation, **taken}}

    @pydantic.model_validator(mode="after")
    def _tiers_fit(self) -> "Settings":
        names = [tier.protocol for tier in self.tier]
        if twice := next((name for n, name in enumerate(names) if name in names[:n]), None):
            raise key_error("tier", twice, "unusable", f"protocol {twice!r} is given twice; leave one of them out")
        if len(names) > 1 and self.surrogate.kind == "none":
            why = "several tiers need surrogate.kind = 'posterior', which says what a build is worth"
            raise key_error("tier", names, "unusable", why)
        return self

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Protocols at which polymers are simulated, the cheapest first; one without tables `[[tier]]`."""
        of_simulation = {key: getattr(self.simulation, key) for key in FROM_FIRST_TIER}
        return tuple(self.tier) or (Tier(**of_simulation),)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, given: Any) -> Any:
        """Without a posterior, the rules of the paper choose and label by default."""
        if not isinstance(given, dict) or not isinstance(given.get("surrogate"), dict):
            return given
        if given["surrogate"].get("kind") != "none":
            return given
        found = dict(given)
        for table, defaults in WITHOUT_POSTERIOR.items():
            if isinstance(found.setdefault(table, {}), dict):
                found[table] = {**defaults, **found[table]}
        return found

    def wanted(self) -> Wanted:
        """What the campaign wants. Raises InputError for an objective that does not exist."""
        return wanted([one.model_dump() for one in self.objective])

    def flat(self) -> dict[str, Any]:
        """All settings by dotted key, such as ``simulation.workers``."""
        return _flat(self)


def _flat(section: Section, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in section.model_dump().items():
        table = getattr(section, key)
        flat |= _flat(table, f"{prefix}{key}.") if isinstance(table, Section) else {prefix + key: value}
    return flat
