"""What a campaign makes of drawn repeat units: the text of a material, by `generate.architecture`.

Candidates are materials from here on; the generator draws repeat units and learns from repeat units.
"""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.polymer import parse
from autodisco.polymer.material import Material, composed, read_material, texts_of_parts, units_of
from autodisco.polymer.molecule import sites

if TYPE_CHECKING:
    from autodisco.campaign.generate_settings import Generate
    from autodisco.campaign.settings import Settings
    from autodisco.generator import Generator

MIXTURES = frozenset({"blend", "plasticised"})
"""Architectures in which a lone repeat unit lacks something."""


def draw_materials(model: "Generator", n: int, settings: "Generate", seed: int, **how: Any) -> list[str]:
    """Texts of `n` materials, the same for the same seed. They need not be valid, and may repeat each other.

    Without `partners`, two units that the model draws one after the other are the parts of a material.
    """
    if settings.architecture == "homopolymer":
        return model.sample(n, seed=seed, **how)
    if settings.architecture == "molecule":
        return [composed([unit], "molecule") for unit in model.sample(n, seed=seed, **how)]
    rng = np.random.default_rng([seed, 1])
    if settings.partners:
        pairs = [(unit, settings.partners[rng.integers(len(settings.partners))])
                 for unit in model.sample(n, seed=seed, **how)]  # fmt: skip
    else:
        units = model.sample(2 * n, seed=seed, **how)
        pairs = list(zip(units[::2], units[1::2], strict=True))
    if settings.architecture == "side-chain":
        return [composed(pair, "side-chain", 1 + int(rng.integers(_sites(pair[0])))) for pair in pairs]
    shares: Sequence[float | None] = settings.fractions or [None]
    return [composed(pair, settings.architecture, shares[int(rng.integers(len(shares)))]) for pair in pairs]


def drawn_units(text: str, settings: "Generate") -> list[str]:
    """The repeat units of a material that a generator can learn from: not the partners, which it need not write."""
    units = units_of(text)
    return [unit for unit in units if unit not in settings.partners] or units


def _sites(text: str) -> int:
    """Places for a side chain; 1 for a unit without any, which becomes an invalid candidate."""
    try:
        return max(1, sites(parse(text)))
    except InvalidRepeatUnit:
        return 1


def reference_of(settings: "Settings") -> Material:
    """The reference. A repeat unit stands for the polymer with the first of the partners and of the fractions, where
    candidates are mixtures. Raises InvalidRepeatUnit."""
    text, generate = settings.acquire.reference, settings.generate
    if "|" in text or generate.architecture not in MIXTURES or not generate.partners:
        return read_material(text)
    return read_material(composed([text, generate.partners[0]], generate.architecture, generate.fractions[0]))


def check_partners(settings: "Settings") -> None:
    """Raise InputError for a partner that does not fit the architecture, and for a mixture that has no place in the box
    of a protocol."""
    from autodisco.simulation import protocols
    from autodisco.simulation.contents import composition
    from autodisco.simulation.formulation import of

    generate = settings.generate
    if generate.architecture == "homopolymer":
        return
    systems = [protocols.load(tier.protocol).system for tier in settings.tiers]
    unit = texts_of_parts(settings.acquire.reference)[0]
    side_chain = generate.architecture == "side-chain"
    unit = "*CC*" if side_chain or "*" not in unit else unit
    shares: Sequence[float | None] = [1] if side_chain else generate.fractions or [None]
    for partner, share in itertools.product(generate.partners, shares):
        try:
            material = read_material(composed([unit, partner], generate.architecture, share))
        except InvalidRepeatUnit as error:
            raise InputError(str(error)) from None
        for system in systems:
            composition(of(material), system)
