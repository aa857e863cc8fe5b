"""One formulation of every kind, for tests of builder, engines and analysis."""

from autodisco.simulation.formulation import Formulation

PEO, PPO, EC = "*OCC*", "*OCC(C)*", "O=C1OCCO1"

MIXTURES = {
    "blend": {"polymers": [{"smiles": PEO, "mass_fraction": 0.5}, {"smiles": PPO, "mass_fraction": 0.5}]},
    "random copolymer": {
        "polymers": [
            {
                "architecture": "random",
                "units": [{"smiles": PEO, "fraction": 0.7}, {"smiles": "*CC(*)c1ccccc1", "fraction": 0.3}],
            }
        ]
    },
    "plasticised": {"polymers": [{"smiles": PEO}], "solvents": [{"smiles": EC, "mass_fraction": 0.2}]},
    "two salts": {"polymers": [{"smiles": PEO}], "salts": [{"name": "LiTFSI"}, {"name": "NaPF6"}]},
    "magnesium": {"polymers": [{"smiles": PEO}], "salts": [{"name": "Mg(TFSI)2"}]},
    "no salt": {"polymers": [{"smiles": PEO}], "salts": []},
}


def mixture(name: str) -> Formulation:
    """One of MIXTURES."""
    return Formulation.model_validate(MIXTURES[name])
