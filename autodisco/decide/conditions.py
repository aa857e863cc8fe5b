"""Conditions at which values are measured or simulated."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Conditions:
    """Conditions of the target: K, name of the salt (empty for none), mol per kg."""

    temperature_k: float
    salt: str
    molality: float | None

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Conditions":
        """Those of the content of a protocol."""
        system = content.get("system", {})
        salt = system.get("salt", "LiTFSI")
        name = salt if isinstance(salt, str) else " + ".join(salt)
        kelvin = content.get("temperature_k", 353.0)
        return cls(kelvin, name if system.get("molality") else "", system.get("molality"))
