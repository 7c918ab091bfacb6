"""General block transfer (tag E0, IEC 62056-5-3, GBT), joined before anything is unprotected.

A protected APDU is cut as a whole, so its blocks are plain. We do not propose the service: blocks are left out.
"""

from ..apdu.block import GENERAL_BLOCK_TRANSFER


class Reassembly:
    """Block transfers of one association, or of unknown wPorts."""

    def receive(self, apdu: bytes) -> bytes | None:
        """Return a whole APDU, or None for a block."""
        return None if apdu[0] == GENERAL_BLOCK_TRANSFER else apdu
