"""The tiers of a campaign as its store knows them, for readers that do not load protocols."""

from dataclasses import dataclass
from typing import Any

from autodisco.analysis import UNKNOWN_SCATTER, Scatter
from autodisco.store.records import Record


@dataclass(frozen=True)
class CampaignTier(Record):
    """A protocol at which a campaign simulates polymers.

    Attributes
    ----------
    protocol : its name
    replicas, reference_replicas : builds that a polymer, and the reference, get here at most
    builds_below : builds of the tier below for each build here
    work : how much longer a build takes than one of the first tier, as estimated from the protocols
    content : what decides values (`Protocol.content`)
    scatter : what is known of the scatter of builds beforehand (``decades``, ``degrees``), or None
    agreement : how values relate to those of the reference protocol, or None
    """

    protocol: str
    replicas: int = 2
    reference_replicas: int = 8
    builds_below: int = 10
    work: float = 1.0
    content: dict[str, Any] | None = None
    scatter: dict[str, float] | None = None
    agreement: dict[str, float] | None = None

    @property
    def is_measured(self) -> bool:
        """Whether its values are told by others, and not simulated."""
        return bool((self.content or {}).get("measured"))

    @property
    def known_scatter(self) -> Scatter:
        """Scatter of builds before the campaign has any."""
        return Scatter(self.scatter["decades"], self.scatter["degrees"]) if self.scatter else UNKNOWN_SCATTER
