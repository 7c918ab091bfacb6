"""Forged, replayed, reordered and downgraded APDUs, offered to the client in the middle of honest associations."""
