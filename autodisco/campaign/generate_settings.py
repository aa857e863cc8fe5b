"""The table [generate] of a campaign file."""

from typing import Literal

import pydantic

from autodisco.section import Count, Positive, Section, Share, key_error


class Generate(Section):
    """When an iteration has drawn enough."""

    batch_size: Positive = 50
    """Number of strings or candidates of an iteration; see `generate.until`."""
    until: Literal["strings", "survivors"] = "strings"
    """Draw until `batch_size` strings are new as strings (`strings`), or until `batch_size` of them survive the filter
    (`survivors`)."""
    pool: Count = 0
    """New strings or candidates, see `generate.until`, from which the selection takes `batch_size`, beside those that
    earlier iterations left. 0: 300 for a selection that judges by the posterior; for the others no pool, every new
    polymer of a batch being simulated."""
    max_draws: Positive = 20000
    """Draws after which an iteration ends; at least `generate.batch_size` and the pool."""

    architecture: Literal["homopolymer", "alternating", "random", "blend", "plasticised", "side-chain", "molecule"] = (
        "homopolymer"
    )
    """What a candidate is made of drawn repeat units ([formulations](formulations.md#in-campaigns))."""
    partners: list[str] = []
    """Second parts of the candidates, one of which each candidate gets: molecules for `plasticised`, groups with one
    `*` for `side-chain`, otherwise repeat units. Empty: the second part is drawn as well."""
    fractions: list[Share] = []
    """Shares of the second part, one of which each candidate gets: mole fractions for `random`, mass fractions for
    `blend` and `plasticised`."""

    @pydantic.model_validator(mode="after")
    def _fit_together(self) -> "Generate":
        kind, with_share = self.architecture, self.architecture in ("random", "blend", "plasticised")
        if self.partners and kind in ("homopolymer", "molecule"):
            raise key_error("partners", self.partners, "unusable", f"a {kind} has no second part; leave it out")
        needed = {"plasticised": 'molecules, such as ["O=C1OCCO1"]', "side-chain": 'groups, such as ["*COCCOC"]'}
        if kind in needed and not self.partners:
            raise key_error("partners", [], "unusable", f"{kind} needs {needed[kind]}")
        if with_share != bool(self.fractions):
            why = "needs fractions of the second part" if with_share else "has no fractions; leave it out"
            raise key_error("fractions", self.fractions, "unusable", f"{kind} {why}")
        return self
