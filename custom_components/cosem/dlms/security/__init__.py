"""Protection of APDUs and authentication. Only modules of this package import ``cryptography``."""
