"""Constants of energy. The gas constant has the digits that trajectories were made with: more would change each one."""

GAS_CONSTANT = 8.31446e-3  # kJ/mol/K
KJ_PER_KCAL = 4.184
