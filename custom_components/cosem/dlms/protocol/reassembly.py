"""The second stage of the way in: general block transfer, put together *before* anything is unprotected.

A protected APDU is cut as a whole, so its blocks (tag E0) come in plain whatever the association protects. We do not
propose the service yet, so a block belongs to nothing and is left out here; it is no downgrade. IEC 62056-5-3, GBT.
"""

from ..apdu.block import GENERAL_BLOCK_TRANSFER


class Reassembly:
    """The block transfers of one association, or of everybody who has none."""

    def receive(self, apdu: bytes) -> bytes | None:
        """Return a whole APDU, None for a block of one that nobody agreed to receive in blocks."""
        return None if apdu[0] == GENERAL_BLOCK_TRANSFER else apdu
