"""The table of quantities: name, unit, label, scale, combination of replicas and place of print, each stated once.

A name is the column, the JSON key and the attribute everywhere. Everything that prints, labels, plots or combines
values reads this table. A quantity of an observable from a file is added when the observable is loaded.
"""

from collections.abc import Mapping
from typing import Any

from autodisco.analysis.combination import (
    AT_LEAST,
    KNOWN,
    SEM,
    ByValues,
    Censored,
    Combination,
    NotCombined,
    Populations,
    RatioOfMeans,
    Text,
    Union,
)
from autodisco.analysis.quantity import (
    CONDUCTIVITY_SCALE,
    DIFFUSIVITY_SCALE,
    LINEAR,
    MEAN,
    NOWHERE,
    NUMBERS,
    RANKED,
    Place,
    Quantity,
)
from autodisco.errors import InputError

TEXT = Text()


def quantity(name: str) -> Quantity:
    """The quantity `name`. A name that is not in the table, of another version or of a file, stands for itself."""
    return _TABLE.get(name) or Quantity(name, name, combination=ByValues())


def known(name: str) -> bool:
    """Whether the table holds a quantity of this name."""
    return name in _TABLE


def quantities(group: str | None = None, printed: Place | None = None) -> list[Quantity]:
    """The quantities of a group and of a place of print, or all, in the order of the table."""
    return [
        entry
        for entry in _TABLE.values()
        if group in (None, entry.group) and (printed is None or printed in entry.printed)
    ]


def chosen(*names: str) -> tuple[Quantity, ...]:
    """Quantities of the table by name. Raises KeyError for a name that is not in it."""
    return tuple(_TABLE[name] for name in names)


def add(*new: Quantity) -> None:
    """Add quantities, which may be there already. Raises InputError if a name stands for another quantity."""
    for entry in new:
        if _TABLE.setdefault(entry.name, entry) != entry:
            raise InputError(
                f"quantity '{entry.name}' is already in the table as '{_TABLE[entry.name].label}'; choose another name"
            )


def base_name(key: str) -> str:
    """The name of the quantity of which a key holds the value, the error, the bound or the number of replicas."""
    for ending in (SEM, AT_LEAST, KNOWN):
        if key not in _TABLE and key.endswith(ending):
            return key.removesuffix(ending)
    return key


def unit_of(key: str) -> str:
    """The unit of the value that a key holds; empty for pure numbers."""
    return "" if key not in _TABLE and key.endswith(KNOWN) else quantity(base_name(key)).unit


def numbers(properties: Mapping[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """The numbers of a record of properties: name, value, standard error, and lower bounds (``_at_least``) if any."""
    return [
        (name, value, properties.get(f"{name}{SEM}"))
        for name, value in properties.items()
        if not name.endswith(SEM) and not isinstance(value, (dict, list, tuple, str))
        if value is not None or not name.endswith(AT_LEAST)
        if "csv" in quantity(base_name(name)).printed
    ]


def _conductivity(name: str, label: str, symbol: str, method: str, printed: frozenset[Place] = NUMBERS) -> Quantity:
    return Quantity(
        name, label, symbol, "S/cm", "conductivity", CONDUCTIVITY_SCALE, MEAN, printed, True, "mS/cm", 1e3, method
    )


def _onsager(pair: str, label: str, symbol: str) -> Quantity:
    return Quantity(
        f"onsager_{pair}_s_per_cm", label, symbol, "S/cm", "conductivity", shown_unit="mS/cm", factor=1e3,
        method="element `z_i z_j e² L_ij` of the Onsager matrix (Fong et al., *Macromolecules* 2020, **53**, 9503); "
        "the Einstein conductivity is `++` plus twice `+-` plus `--`",
    )  # fmt: skip


def _transference(
    ending: str, label: str, symbol: str, of: RatioOfMeans, printed: frozenset[Place] = NUMBERS
) -> Quantity:
    return Quantity(
        f"transference_number{ending}", f"transference number ({label})", symbol, "", "conductivity",
        LINEAR, of, printed, method="part of the cations in the conductivity by the same formula",
    )  # fmt: skip


def _diffusivity(kind: str, symbol: str, method: str, printed: frozenset[Place] = NUMBERS) -> Quantity:
    return Quantity(
        f"{kind}_diffusivity_cm2_per_s", f"self-diffusivity of {kind}s" if kind != "polymer" else "diffusivity of the "
        "polymer", symbol, "cm²/s", "diffusion", DIFFUSIVITY_SCALE, MEAN, printed, True, "10⁻⁶ cm²/s", 1e6, method,
    )  # fmt: skip


def _coordination(kind: str, what: str, symbol: str) -> Quantity:
    return Quantity(
        f"li_{kind}_coordination", f"{what} around a cation", symbol, "", "surroundings",
        method="coordinating atoms within 2.8 Å (`--coordination-cutoff`) of a cation; the name says Li for any cation",
    )  # fmt: skip


def _time(name: str, label: str, symbol: str, method: str) -> Quantity:
    return Quantity(name, label, symbol, "ps", "lifetimes", combination=Censored(), method=method)


def _text(name: str, label: str, group: str = "run", combination: Combination = TEXT) -> Quantity:
    return Quantity(name, label, group=group, combination=combination, printed=NOWHERE, has_error=False)


NE, EINSTEIN = "conductivity_ne_s_per_cm", "conductivity_einstein_s_per_cm"

_TABLE = {
    entry.name: entry
    for entry in (
        _text("mode", "conventions of the analysis"),
        _text("monomer_smiles", "repeat unit"),
        Quantity("temperature_k", "temperature", "T", "K", "run", has_error=False, method="of the trajectory"),
        Quantity("frames", "frames", "", "", "run", LINEAR, NotCombined(), has_error=False),
        Quantity("length_ns", "length of the trajectory", "", "ns", "run", has_error=False),
        _conductivity(
            "conductivity_s_per_cm", "conductivity (cluster Nernst–Einstein)", "σ",
            "a cluster within 3.4 Å (`--cluster-cutoff`; Na⁺ and K⁺ of replicas: [all-atom.md](all-atom.md)) moves as "
            "one charge (France-Lanord & Grossman, *PRL* 2019, **122**, 136001); no limit to its size; contacts of "
            "cations with anions join ions, others where `--cluster-join` says so (below)",
            RANKED,
        ),
        _conductivity(NE, "conductivity (Nernst–Einstein)", "σ NE", "independent ions", RANKED),
        _conductivity(EINSTEIN, "conductivity (Einstein)", "σ E", "from the collective displacement of charge"),
        _onsager("cation_cation", "Onsager coefficient, cation–cation", "L₊₊"),
        _onsager("cation_anion", "Onsager coefficient, cation–anion", "L₊₋"),
        _onsager("anion_anion", "Onsager coefficient, anion–anion", "L₋₋"),
        Quantity(
            "haven_ratio", "Haven ratio", "H", "", "conductivity", LINEAR, RatioOfMeans(EINSTEIN, (NE,)),
            method="Nernst–Einstein over Einstein conductivity; only where the latter exceeds its error",
        ),
        Quantity(
            "ionicity", "ionicity", "1/H", "", "conductivity", LINEAR, RatioOfMeans(NE, (EINSTEIN,)),
            method="Einstein over Nernst–Einstein conductivity",
        ),
        _transference("", "clusters", "t₊", RatioOfMeans("conductivity_s_per_cm"), RANKED),
        _transference("_ne", "independent", "t₊ NE", RatioOfMeans(NE)),
        _transference(
            "_einstein", "collective", "t₊ E",
            RatioOfMeans(EINSTEIN, ("onsager_cation_cation_s_per_cm", "onsager_cation_anion_s_per_cm")),
        ),
        _diffusivity(
            "cation", "D cation",
            "slope of the mean-squared displacement over all time origins, over 6; window and fit below", RANKED,
        ),
        _diffusivity("anion", "D anion", "the same", RANKED),
        _diffusivity("polymer", "D polymer", "of the coordinating atoms of the chains, else of all heavy atoms"),
        Quantity(
            "diffusive_exponent_cation", "diffusive exponent of cations", "β cation", "", "diffusion",
            method="log–log slope of the displacement over the fitted lags",
        ),
        Quantity(
            "diffusive_exponent_anion", "diffusive exponent of anions", "β anion", "", "diffusion", method="the same"
        ),
        Quantity(
            "free_cation_fraction", "share of free cations", "free cations", "", "clusters", LINEAR, MEAN, RANKED,
            method="cations without a coordinating anion atom within the cluster cutoff",
        ),
        _coordination("polymer", "polymer atoms", "n polymer"),
        _coordination("polymer_oxygen", "polymer oxygen", "n O"),
        _coordination("polymer_nitrogen", "polymer nitrogen", "n N"),
        _coordination("polymer_sulfur", "polymer sulfur", "n S"),
        _coordination("anion", "anion atoms", "n anion"),
        _time(
            "cation_polymer_residence_ps", "cation residence at the polymer", "τ polymer",
            "time after which 1/e of the contacts within the coordination cutoff are there, or there again, beyond "
            "what chance gives",
        ),
        _time(
            "ion_pair_residence_ps", "residence of ion pairs", "τ pair",
            "the same of cation–anion pairs, within the cluster cutoff",
        ),
        _time(
            "ion_pair_lifetime_ps", "lifetime of ion pairs", "τ pair, unbroken",
            "time after which 1/e of the pairs are unbroken",
        ),
        _time(
            "cluster_lifetime_ps", "lifetime of clusters", "τ cluster",
            "time after which 1/e of the clusters of two ions and more are unchanged",
        ),
        Quantity(
            "radius_of_gyration_angstrom", "radius of gyration", "R_g", "Å", "box",
            method="root of the mean square over chains and frames; of replicas, which know their chains",
        ),
        Quantity(
            "density_g_per_cm3", "density", "", "g/cm³", "box", LINEAR, MEAN, RANKED, method="mean over the frames"
        ),
        Quantity(
            "concentration_actual_molal", "concentration of the salt", "", "mol/kg", "box", has_error=False,
            method="formula units of all salts per mass of polymer and solvent",
        ),
        Quantity(
            "cluster_population", "clusters per frame", "α_ij", "", "clusters", LINEAR, Populations(), NOWHERE,
            method='`"i,j"` to the mean number per frame of clusters of i cations and j anions; one index per species',
        ),
        Quantity(
            "species_count", "number of each species", "", "", "species", LINEAR, Populations(), NOWHERE,
            has_error=False, method="molecules of each cation, anion, polymer and solvent, by its name",
        ),
        Quantity(
            "species_charge", "charge of each species", "", "e", "species", LINEAR, Populations(), NOWHERE,
            has_error=False, method="formal charge that the conductivities count with, by the name of the species",
        ),
        Quantity(
            "species_diffusivity_cm2_per_s", "diffusivity of each species", "D", "cm²/s", "species", LINEAR,
            Populations(), NOWHERE,
            method="by the name of the species; of polymers as `polymer_diffusivity_cm2_per_s`, of solvents from their "
            "centres of mass",
        ),
        Quantity(
            "fit_from_ps", "first fitted lag", "", "ps", "species", LINEAR, NotCombined(), NOWHERE, has_error=False,
            method="of the displacement of each species, by its name, and of the `charge of all ions` (Einstein)",
        ),
        Quantity(
            "fit_to_ps", "last fitted lag", "", "ps", "species", LINEAR, NotCombined(), NOWHERE, has_error=False,
            method="the same",
        ),
        Quantity(
            "fit_window", "choice of the fitted lags", "", "", "species", LINEAR, NotCombined(), NOWHERE,
            has_error=False, method="by the name of the species: `diffusive lags`, `15 to 50 % of the run` or "
            "`asked for` (`--fit`, or `fit_ps` of the protocol)",
        ),
        _text("warnings", "warnings", "run", NotCombined()),
        Quantity(
            "cohesive_energy_density_mpa", "cohesive energy density", "", "MPa", "cohesion",
            method="energy between molecules, with the sign reversed, per volume; each ion is a molecule",
        ),
        Quantity(
            "solubility_parameter_mpa_sqrt", "solubility parameter", "δ", "MPa^½", "cohesion",
            method="root of the cohesive energy density (Hildebrand)",
        ),
        Quantity(
            "dispersion_parameter_mpa_sqrt", "dispersion part of the solubility parameter", "δ_D", "MPa^½", "cohesion",
            method="root of its van der Waals part alone (Hansen), which salt hardly touches",
        ),
        Quantity(
            "glass_transition_k", "glass transition temperature", "T_g", "K", "glass transition",
            method="bend of the specific volume in a slow ramp of the temperature",
        ),
        _text("glass_transition_reason", "why no glass transition temperature is given", "glass transition"),
        Quantity(
            "bulk_modulus_gpa", "isothermal bulk modulus", "K", "GPa", "mechanics",
            method="`k T <V> / var(V)` of the volume while the box is averaged before production",
        ),
        _text("bulk_modulus_reason", "why no bulk modulus is given", "mechanics"),
        Quantity(
            "youngs_modulus_gpa", "Young's modulus", "E", "GPa", "mechanics",
            method="slope of the stress in a deformation of the box along an axis, at the strain rate below",
        ),
        _text("youngs_modulus_reason", "why no Young's modulus is given", "mechanics"),
        Quantity(
            "strain_rate_per_s", "strain rate of the deformation", "", "1/s", "mechanics", has_error=False,
            method="of `youngs_modulus_gpa`; a melt is soft at a low rate and stiff at a high one",
        ),
        Quantity(
            "charge_used", "charge of a cation", "", "e", "simulation", has_error=False,
            method="in the conductivities; the whole charge, also where forces were computed with scaled ones",
        ),
        _text("protocol", "protocol", "simulation"),
        _text("force_field", "force field", "simulation"),
        _text("program_version", "version of the program", "simulation"),
        _text("estimated_terms", "estimated terms of the force field", "simulation", Union()),
        _text("force_field_flags", "weak groups of the force field", "simulation", Union()),
        _text("stopped_early", "why the replica stopped early", "simulation"),
        Quantity(
            "production_saved_ps", "production saved by an early stop", "", "ps", "simulation", has_error=False,
            method="only of replicas that stopped early",
        ),
        Quantity(
            "production_share", "share of the production that was run", "", "", "simulation", has_error=False,
            method="only of replicas that stopped early",
        ),
        _text("censored", "side of the benchmark on which the replica stopped", "simulation"),
        Quantity(
            "n_replicas", "replicas", "", "", "simulation", LINEAR, NotCombined(), has_error=False,
            method="that have a value",
        ),
    )
}  # fmt: skip
