"""A simulation protocol is data: the make-up of the box and a list of steps, read from TOML.

Protocols that come with autodisco are in `shipped_protocols/`; any other is given by the path of its file. Those in
`retired_protocols/` are no longer offered, and are kept for campaigns that began with them. Those in
`measured_protocols/` state the conditions of values that are told and not simulated.
"""

import difflib
import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from autodisco.analysis.scatter import UNKNOWN_SCATTER
from autodisco.errors import InputError
from autodisco.limits import TEMPERATURE_K
from autodisco.registry import absolute
from autodisco.section import AboveZero, Kelvin, Molality, Table
from autodisco.simulation.forcefield import ions as ion_data
from autodisco.simulation.steps import Deform, Production, Step
from autodisco.simulation.toml_model import read_toml, validated

SHIPPED, RETIRED, MEASURED = (
    Path(__file__).parent / f"{kind}_protocols" for kind in ("shipped", "retired", "measured")
)


class ScatterSettings(Table):
    """How much independent builds of one polymer scatter: standard deviation of log10 conductivity, and the degrees of
    freedom with which it was measured. Campaigns begin with it and add what their own builds show."""

    decades: Annotated[float, Field(gt=0, le=3)] = UNKNOWN_SCATTER.sd
    degrees: Annotated[float, Field(ge=1)] = UNKNOWN_SCATTER.degrees


class AgreementSettings(Table):
    """How values relate to those of the reference protocol, `htp-md`, in decades of the conductivity: ``-3 + offset +
    slope (reference + 3)`` and an error of `systematic` that more builds do not remove. The standard deviations `_sd`
    say how well offset and slope are known; the posterior of a campaign begins with all five."""

    offset: Annotated[float, Field(ge=-3, le=3)]
    offset_sd: Annotated[float, Field(ge=0, le=3)]
    slope: Annotated[float, Field(ge=0.05, le=2)]
    slope_sd: Annotated[float, Field(gt=0, le=2)]
    systematic: Annotated[float, Field(gt=0, le=3)]


class SystemSettings(Table):
    """The least content of the box; a dense polymer gets more where the cutoff needs it.

    Chains have about `backbone_atoms` heavy atoms in their backbones. With `chain_lengths` ``unequal`` they may differ
    by one repeat unit from each other, so that the mass of polymer is closer to the one asked for.
    `salt` is the name of one salt, or of several with equal amounts. `ion_pairs` is the number of formula units of all
    salts, `molality` their mol per kg of polymer. With 0 `ion_pairs` there is no salt and `polymer_mass_g_per_mol` is
    the mass of polymer. `ions` are those that the program does not have; in a file, the paths of their files. Charges
    of ions are multiplied by `charge_scale`. Hydrogens of `hydrogen_mass` (g/mol) take the difference from the atom
    they are bound to.
    """

    backbone_atoms: Annotated[int, Field(gt=0)]
    chain_lengths: Literal["equal", "unequal"] = "equal"
    ion_pairs: Annotated[int, Field(ge=0)]
    molality: Molality | None = None
    polymer_mass_g_per_mol: AboveZero | None = None
    ions: tuple[ion_data.Ion, ...] = ()
    salt: str | Annotated[tuple[str, ...], Field(min_length=1)] = "LiTFSI"
    charge_scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    build_density_g_per_cm3: AboveZero
    hydrogen_mass: Annotated[float, Field(ge=1, le=4)] | None = None

    @field_validator("salt")
    @classmethod
    def _can_be_made(cls, salt: str | tuple[str, ...], others: ValidationInfo) -> str | tuple[str, ...]:
        names = (salt,) if isinstance(salt, str) else salt
        if len(set(names)) < len(names):
            raise ValueError("a salt is named twice; name each of them once")
        try:
            for name in names:
                ion_data.salt(name, others.data.get("ions", ()))
        except InputError as error:
            raise ValueError(str(error)) from error
        return salt

    @model_validator(mode="after")
    def _has_enough_of_each_salt(self) -> "SystemSettings":
        if 0 < self.ion_pairs < len(self.salts):
            raise ValueError(f"{len(self.salts)} salts need at least as many ion_pairs")
        return self

    @model_validator(mode="after")
    def _has_an_amount(self) -> "SystemSettings":
        if self.ion_pairs and (self.molality is None or self.polymer_mass_g_per_mol is not None):
            raise ValueError("with ion_pairs above 0, molality says how much polymer there is: give it alone")
        if not self.ion_pairs and (self.polymer_mass_g_per_mol is None or self.molality is not None):
            raise ValueError(
                "with ion_pairs = 0, polymer_mass_g_per_mol says how much polymer there is: give it, and no molality"
            )
        return self

    @property
    def salts(self) -> tuple[ion_data.Salt, ...]:
        """The salts that are named; the box holds none of them with 0 `ion_pairs`."""
        names = (self.salt,) if isinstance(self.salt, str) else self.salt
        return tuple(ion_data.salt(name, self.ions) for name in names)

    @property
    def polymer_mass(self) -> float:
        """Wanted mass of polymer in g/mol."""
        if self.molality is None:
            assert self.polymer_mass_g_per_mol is not None
            return self.polymer_mass_g_per_mol
        return self.ion_pairs / self.molality * 1000.0

    def times(self, factor: float) -> "SystemSettings":
        """The same with at least `factor` times as much in the box, at the same molality."""
        if self.ion_pairs:
            more = math.ceil(self.ion_pairs * factor - 1e-9)
            return self.model_copy(update={"ion_pairs": max(more, self.ion_pairs + (factor > 1))})
        return self.model_copy(update={"polymer_mass_g_per_mol": self.polymer_mass * factor})


class NonbondedSettings(Table):
    """Cutoff in Å, relative accuracy of the long-range electrostatics, neighbour skin in Å.

    `every` time steps between evaluations of torsional and non-bonded forces (r-RESPA; 1 is plain velocity Verlet).
    """

    cutoff: AboveZero
    kspace_accuracy: AboveZero
    skin: AboveZero = 1.5
    every: Annotated[int, Field(ge=1, le=4)] = 1


class Protocol(Table):
    """A named protocol. Temperature damping and time step hold for all dynamics but `relax`.

    With `checkpoint_every_ps` a run that was cut off goes on instead of starting again. `temperatures` (K) are those at
    which one polymer is simulated for an activation energy; a campaign ranks at `temperature_k`. A protocol without
    `scatter` is taken to have 0.3 decades, hardly known, one without `agreement` to agree with the reference protocol
    as short protocols do. A replica is analysed with
    `observables` beside the usual ones; in a file, their paths are relative to it. A `measured` protocol states the
    temperature and the salt of values that a person or another program tells; nothing is simulated.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    purpose: str
    measured: bool = False
    temperature_k: Kelvin
    timestep_fs: AboveZero
    temperature_damping_fs: AboveZero
    checkpoint_every_ps: AboveZero | None = None
    temperatures: tuple[Kelvin, ...] = ()
    scatter: ScatterSettings = ScatterSettings()
    agreement: AgreementSettings | None = None
    observables: tuple[str, ...] = ()
    system: SystemSettings
    nonbonded: NonbondedSettings
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _ends_with_production(self) -> "Protocol":
        if [step.kind for step in self.steps].count("production") != 1 or self.steps[-1].kind != "production":
            raise ValueError("steps must hold exactly one production step, and it must be the last")
        if any(getattr(step, "extend_up_to", 0) for step in self.steps) and not self.checkpoint_every_ps:
            raise ValueError("extend_up_to needs checkpoint_every_ps")
        if self.production.may_stop and not self.system.ion_pairs:
            raise ValueError("a production that may stop early needs ions, whose conductivity it looks at")
        if self.production.may_stop and not self.checkpoint_every_ps:
            raise ValueError("a production that may stop early needs checkpoint_every_ps")
        outer = self.timestep_fs * self.nonbonded.every
        frame = self.production.frame_interval_ps * 1000 / outer
        if abs(frame - round(frame)) > 1e-6:
            raise ValueError(f"frame_interval_ps must be a multiple of timestep_fs x nonbonded.every ({outer} fs)")
        lags, production = self.production.fit_ps, self.production
        interval = production.frame_interval_ps
        if lags and not 1 <= round(lags[0] / interval) < round(lags[1] / interval) <= production.duration_ps / interval:
            raise ValueError("fit_ps must be two rising lags between frame_interval_ps and duration_ps, at frames")
        return self

    @model_validator(mode="after")
    def _deforms_once_along_each_axis(self) -> "Protocol":
        steps = [step for _, step in self.deformations]
        if len({step.axis for step in steps}) < len(steps):
            raise ValueError("steps deform the box twice along the same axis; allowed is once along each")
        if any(step.conditions() != steps[0].conditions() for step in steps):
            raise ValueError("steps of kind deform may differ in their axis only: they give one modulus")
        return self

    def content(self) -> dict[str, Any]:
        """Everything that decides values, as plain JSON, without what is as by default."""
        return self.model_dump(
            mode="json",
            exclude={"purpose", "temperatures", "scatter", "agreement", "observables"},
            exclude_defaults=True,
        )

    def is_same_as(self, content: dict[str, Any]) -> bool:
        """Whether `content` of an earlier time, perhaps of an older program, decides the same values."""
        if content == self.content():
            return True
        try:
            # the name may hold a temperature, which that of a file may not
            older = type(self).model_validate({**content, "purpose": "", "name": "older"})
        except ValidationError:
            return False
        return {**older.content(), "name": content.get("name")} == self.content()

    @property
    def work(self) -> float:
        """How much a build computes: mass of the polymer times the evaluations of its non-bonded forces. It is an
        estimate, for comparing protocols."""
        evaluations = sum(
            duration / (getattr(step, "timestep_fs", None) or self.timestep_fs)
            for step in self.steps
            if (duration := getattr(step, "duration_ps", 0.0))
        )
        return self.system.polymer_mass * evaluations / self.nonbonded.every

    @property
    def deformations(self) -> list[tuple[int, Deform]]:
        """Numbers of the steps that deform the box, and the steps."""
        return [(number, step) for number, step in enumerate(self.steps) if isinstance(step, Deform)]

    @property
    def production(self) -> Production:
        """The last step."""
        step = self.steps[-1]
        assert isinstance(step, Production)
        return step


def shipped() -> list[str]:
    """Names of the protocols that come with autodisco."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load(name: str) -> Protocol:
    """The shipped protocol `name`, or the one in the TOML file of that path; `quick@450` is `quick` at 450 K.

    Raises InputError with file, key and what is allowed; a file must not bear the name of a shipped protocol unless it
    is the same, since values are compared by protocol name.
    """
    base, _, temperature = name.rpartition("@")
    if base and temperature.replace(".", "", 1).isdigit():
        return _at(load(base), float(temperature))
    path = _ours(name)
    if not path.is_file():
        path = Path(name)
        if path.suffix != ".toml" or not path.is_file():
            close = difflib.get_close_matches(name, shipped(), n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            raise InputError(
                f"protocol '{name}' does not exist{hint}; known: {', '.join(shipped())}, or the path of a .toml file"
            )
    protocol = _read(path)
    double = _ours(protocol.name)
    if path != double and double.is_file() and protocol.content() != _read(double).content():
        raise InputError(f"{path}: name = {protocol.name!r} is that of a shipped protocol; take another")
    return protocol


def _ours(name: str) -> Path:
    """Where a protocol of this name is or would be among those of autodisco."""
    places = [folder / f"{name}.toml" for folder in (RETIRED, MEASURED)]
    return next((place for place in places if place.is_file()), SHIPPED / f"{name}.toml")


def _at(protocol: Protocol, temperature_k: float) -> Protocol:
    """The protocol at another temperature: in production and wherever a step is at that of production.

    Its builds scatter otherwise, so that the scatter known at its own temperature counts for little, and how it agrees
    with the reference protocol is not known. Raises InputError for a temperature beyond the limits.
    """
    least, most = TEMPERATURE_K
    if not least <= temperature_k <= most:
        raise InputError(f"protocol {protocol.name}@{temperature_k:g}: allowed are {least:g} to {most:g} K")

    def moved(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(moved, value))
        return temperature_k if value == protocol.temperature_k else value

    steps = tuple(
        step.model_copy(update={"temperature_k": moved(step.temperature_k)}) if hasattr(step, "temperature_k") else step
        for step in protocol.steps
    )
    name = f"{protocol.name}@{temperature_k:g}"
    scatter = protocol.scatter.model_copy(update={"degrees": min(protocol.scatter.degrees, UNKNOWN_SCATTER.degrees)})
    changed = {"name": name, "temperature_k": temperature_k, "steps": steps, "scatter": scatter, "agreement": None}
    return protocol.model_copy(update=changed)


_KNOWN: dict[Path, tuple[tuple[int, int, int], Protocol]] = {}


def _read(path: Path) -> Protocol:
    """The protocol in a file. One that names no other files is read again only after a change of its file."""
    stat, place = path.stat(), path.absolute()
    written = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    if place in _KNOWN and _KNOWN[place][0] == written:
        return _KNOWN[place][1]
    protocol = _parsed(path)
    if not protocol.system.ions and not protocol.observables:
        _KNOWN[place] = written, protocol
    return protocol


def _parsed(path: Path) -> Protocol:
    content = read_toml(path, "protocol")
    if isinstance(system := content.get("system"), dict):
        content["system"] = ion_data.with_ions(system, path, "system.ions")
    protocol = validated(content, Protocol, path)
    if not protocol.observables:
        return protocol
    # Loaded here because the kernels behind observables take a second to load.
    from autodisco.analysis.observables import OBSERVABLES
    from autodisco.analysis.quantities import add

    names = tuple(absolute(name, path.parent) for name in protocol.observables)
    for name in names:
        try:
            add(*OBSERVABLES.get(name).quantities)
        except InputError as error:
            raise InputError(f"{path}: observables: {error}") from None
    return protocol.model_copy(update={"observables": names})
