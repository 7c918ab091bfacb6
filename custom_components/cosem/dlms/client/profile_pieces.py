"""Rows of a profile out of the pieces of an answer, some at a time, however long the pieces are."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from ..errors import TransportError
from ..interface_classes.profile_columns import ProfileRow
from ..interface_classes.profile_layout import Row
from ..interface_classes.profile_stream import RowStream
from .profile_filter import WantedRows

_WORTHWHILE: Final = 256
"""Rows that are decoded together, as long as the connection lasts: block by block takes a third more."""

_SLICE: Final = 4096
"""Octets that are decoded at once: with general blocks, or by ACCESS, a year comes as one piece."""

type Batches = AsyncGenerator[list[ProfileRow]]


async def wanted_rows(pieces: AsyncGenerator[bytes], wanted: WantedRows) -> Batches:
    """Yield what is wanted of the rows; an empty batch where rows came and none is. Raises DecodeError, LimitExceeded.

    What came before a TransportError is yielded before it is raised.
    """
    stream = RowStream()
    rows: list[Row] = []
    try:
        async for octets in pieces:
            for start in range(0, len(octets), _SLICE):
                if start:
                    await asyncio.sleep(0)  # others have their turn
                rows += stream.feed(octets[start : start + _SLICE])
                if len(rows) >= _WORTHWHILE:
                    yield wanted.of(rows)
                    rows = []
    except TransportError:
        if rows:
            yield wanted.of(rows)
        raise
    rows += stream.finish()
    if rows:
        yield wanted.of(rows)
    if wanted.has_rows and (rest := wanted.finish()):
        yield rest
