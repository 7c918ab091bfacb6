"""Octets and values: A-XDR data, BER, logical names, date-times. Layer 1."""
