"""The demonstration: a simulated meter, and a real Home Assistant that reads it; this machine only (`scripts/demo`)."""
