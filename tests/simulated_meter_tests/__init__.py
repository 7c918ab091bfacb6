"""The simulated meter's own behaviour, so that what other tests take for the truth is true."""
