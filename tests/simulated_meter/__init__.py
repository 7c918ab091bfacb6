"""A simulated electricity meter (DLMS/COSEM over the TCP wrapper), for tests and the demonstration.

Its association, dispatch and faults are its own code, so that client and meter do not share a mistake.
"""
