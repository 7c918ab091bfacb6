"""Actions against the simulated meter."""
