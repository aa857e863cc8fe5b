"""Limits of values that files and the command line both hold. They catch slips of units."""

MOLALITY = (0.01, 30.0)
"""Mol of salt per kg of polymer and solvent; polymer electrolytes hold up to some 10 mol/kg."""

TEMPERATURE_K = (1.0, 3000.0)
"""Temperature of a simulation, in K."""

LEAST_TIMEOUT_MINUTES = 0.01
"""Shortest time limit of a replica, in minutes."""
