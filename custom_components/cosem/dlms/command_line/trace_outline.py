"""What a trace tells of APDUs that do not say what their values are of: everything but the values.

General blocks are put together besides, each way by itself, so that what they carried can be told like any other APDU.
"""

from typing import Final

from ..apdu import decode_apdu
from ..apdu.block import GENERAL_BLOCK_TRANSFER, GeneralBlockTransfer
from ..apdu.short_name import (
    INFORMATION_REPORT_REQUEST,
    READ_REQUEST,
    READ_RESPONSE,
    UNCONFIRMED_WRITE_REQUEST,
    WRITE_REQUEST,
    WRITE_RESPONSE,
)
from ..describe import HIDDEN, describe
from ..describe.elements import Json
from ..describe.tree import tree
from ..errors import DlmsError
from ..limits import DEFAULT_LIMITS
from ..protocol.general_blocks import GeneralBlocks

OUTLINED_TAGS: Final = frozenset(
    {
        GENERAL_BLOCK_TRANSFER,
        *(READ_REQUEST, READ_RESPONSE, WRITE_REQUEST, WRITE_RESPONSE),
        *(UNCONFIRMED_WRITE_REQUEST, INFORMATION_REPORT_REQUEST),
    }
)

_OCTETS: Final = frozenset({"raw_data", "block_data"})


def outline(apdu: bytes) -> list[str]:
    """Return an APDU as indented lines; of values only their types are there. Raises DecodeError, UnexpectedApdu."""
    described = _without_values(describe(decode_apdu(apdu)))
    assert isinstance(described, dict)  # as it was
    return tree(described)


def _without_values(described: Json) -> Json:
    if isinstance(described, list):
        return [_without_values(each) for each in described]
    if not isinstance(described, dict):
        return described
    if {"type", "value"} <= described.keys():
        return {"type": described["type"], "value": HIDDEN}
    return {
        key: f"{len(value) // 2} octets" if key in _OCTETS and isinstance(value, str) else _without_values(value)
        for key, value in described.items()
    }


class BlocksOfOneWay:
    """The general blocks that one side sends to the other."""

    def __init__(self) -> None:
        self._blocks: Final = GeneralBlocks(DEFAULT_LIMITS, most=DEFAULT_LIMITS.assembled_value, answers=False)

    def join(self, apdu: bytes) -> bytes | None:
        """Return what a block makes whole, if it does."""
        try:
            block = decode_apdu(apdu)
            return self._blocks.receive(block).whole if isinstance(block, GeneralBlockTransfer) else None
        except DlmsError:  # the connection says it
            return None
