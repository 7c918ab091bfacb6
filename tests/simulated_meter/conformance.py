"""What this meter offers to whom: the conformance block, the application contexts. IEC 62056-5-3, InitiateResponse."""

from typing import Final

from .profile import ClientProfile, GeneralBlocks, Quirks, Referencing

LN_CONTEXT: Final = 1
_GET_BLOCKS: Final = 0x001000
_MULTIPLE_REFERENCES: Final = 0x000200
_SELECTIVE_ACCESS: Final = 0x000004
GET: Final = 0x000010
_ATTRIBUTE_0: Final = 0x002000
_PRIORITY: Final = 0x004000
_SET: Final = 0x000008
_SET_BLOCKS: Final = 0x000800
_ACTION_BLOCKS: Final = 0x000400
_ACCESS: Final = 0x000040
_ACTION: Final = 0x000001
_WRITE_BLOCKS: Final = 0x000800
READ: Final = 0x100000
_SHORT_NAME_SERVICES: Final = 0x1C0120
"""Read, Write, UnconfirmedWrite, InformationReport, parameterized access."""
SHORT_NAME_CONTEXTS: Final = {2, 4}
_GENERAL_PROTECTION: Final = 0x400000
GENERAL_BLOCK_TRANSFER: Final = 0x200000


def allowed_contexts(quirks: Quirks) -> frozenset[int]:
    """Return the application contexts, plain and ciphered, in which this meter associates."""
    logical, short = frozenset({LN_CONTEXT, 3}), frozenset({2, 4})
    return {Referencing.LOGICAL: logical, Referencing.SHORT: short, Referencing.BOTH: logical | short}[
        quirks.referencing
    ]


def own_conformance(quirks: Quirks, context: int = LN_CONTEXT) -> int:
    """Return the conformance block that this meter offers."""
    if context in SHORT_NAME_CONTEXTS:
        offered = _SHORT_NAME_SERVICES | (_GET_BLOCKS | _WRITE_BLOCKS if quirks.get_blocks else 0)
        return offered | (_MULTIPLE_REFERENCES if quirks.with_list else 0)
    block = GET | _SET | _ACTION | _ATTRIBUTE_0 | _PRIORITY
    if quirks.get_blocks:
        block |= _GET_BLOCKS
    if quirks.general_blocks is not GeneralBlocks.NEVER:
        block |= GENERAL_BLOCK_TRANSFER
    if quirks.writing_blocks:
        block |= _SET_BLOCKS | _ACTION_BLOCKS
    if quirks.access:
        block |= _ACCESS
    claimed = quirks.with_list if quirks.with_list_claimed is None else quirks.with_list_claimed
    if claimed:
        block |= _MULTIPLE_REFERENCES
    return block | _SELECTIVE_ACCESS


def secured_conformance(client: ClientProfile) -> int:
    """Return what a client with security is offered besides: pass 3 is an ACTION."""
    return 0 if client.security is None else _ACTION | _GENERAL_PROTECTION
