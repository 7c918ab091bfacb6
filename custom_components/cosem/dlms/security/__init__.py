"""Protection and authentication. Only this package imports ``cryptography``."""
