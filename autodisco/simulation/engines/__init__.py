"""Programs that run the dynamics; each takes a System and a Protocol."""
