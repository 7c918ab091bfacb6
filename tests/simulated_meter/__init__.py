"""A simulated electricity meter that speaks DLMS/COSEM over the TCP wrapper, for tests and the demonstration.

It uses the stack's octet codecs, but its association, dispatch and faults are its own code in the server role, so that
client and meter do not share one mistake.
"""
