"""Octets and values: A-XDR, BER, logical names, times."""
