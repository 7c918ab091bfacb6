"""The fault matrix: each row a test with the truth check, here between the stack's client and the simulated meter."""
