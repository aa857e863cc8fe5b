"""Constants. The gas constant has the digits that trajectories were made with: more would change each one."""

GAS_CONSTANT = 8.31446e-3  # kJ/mol/K
KJ_PER_KCAL = 4.184
G_PER_CM3 = 1.66053907e-3  # of 1 g/mol per nm³
MPA = 1000 * G_PER_CM3  # of 1 kJ/mol per nm³; both are divided by the Avogadro constant
