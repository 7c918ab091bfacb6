"""A small mutation tester: what is changed in the source (operators), and whether a test notices (forks, fresh)."""
