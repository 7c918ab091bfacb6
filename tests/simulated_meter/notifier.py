"""Notifications on their way out: protected, cut into general blocks, put into WPDUs; and what can go wrong with them.

Counters are those of the associations under the same keys: the meter has one for each key.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from .envelopes import Envelope, Header, Kind
from .general_blocks import LAST, STREAMING, write_block
from .notification_profile import Cut, Way
from .profile import MeterProfile
from .protection import Opened
from .secured import Security
from .steps import wpdu

_BLOCK_OVERHEAD: Final = 9
_REMEMBERED: Final = 1000
_DEDICATED: Final = {Kind.DEDICATED, Kind.GENERAL_DEDICATED}


class Notifier:
    """Makes WPDUs of plain notifications, and remembers them: somebody could have recorded them."""

    def __init__(self, profile: MeterProfile, security: Security) -> None:
        self._profile = profile
        self._security = security
        self._transactions = 0
        self._invoke_id = 0
        self.sent: deque[bytes] = deque(maxlen=_REMEMBERED)

    def next_invoke_id(self) -> int:
        """Return the long-invoke-id of the next DataNotification."""
        self._invoke_id += 1
        return self._invoke_id

    def wpdus(self, apdu: bytes, way: Way) -> list[bytes]:
        """Return what goes out. Not for dedicated keys, which belong to an association."""
        layers = self.layers(way)
        return self.written(self._protect(apdu, layers, way.client_wport) if layers else apdu, way)

    def written(self, apdu: bytes, way: Way) -> list[bytes]:
        """Return the WPDUs of an APDU that is protected already: first protect, then cut."""
        apdus = [apdu] if way.cut is Cut.WHOLE else in_blocks(apdu, way.block_size, way.cut)
        made = [wpdu(way.server_wport, way.client_wport, each) for each in apdus]
        self.sent += made
        return made

    def layers(self, way: Way) -> tuple[Envelope, ...]:
        """Return the envelopes, outermost first."""
        layers: list[Envelope] = []
        self._transactions += 1
        header = Header(transaction_id=self._transactions.to_bytes(8))
        if way.is_signed:
            layers.append(Envelope(kind=Kind.SIGNED, header=header))
        if way.kind is not None:
            layers.append(Envelope(kind=way.kind, control=way.control, header=header, scheme=way.scheme))
        return tuple(layers)

    def _protect(self, apdu: bytes, layers: tuple[Envelope, ...], client_wport: int) -> bytes:
        if any(layer.kind in _DEDICATED for layer in layers):
            raise ValueError("a dedicated key belongs to an association")
        client = self._profile.client(client_wport)
        if client is None or client.security is None:
            raise ValueError(f"the meter has no keys for client {client_wport}")
        if not client.security.suite and any(layer.kind is Kind.SIGNED for layer in layers):
            raise ValueError("security suite 0 has no signatures")
        as_said = replace(client, security=replace(client.security, policy=0))  # which adds nothing
        return self._security.channel_to(as_said).protect(apdu, Opened(b"", layers))


def in_blocks(apdu: bytes, size: int, cut: Cut) -> list[bytes]:
    """Return general blocks of at most ``size`` octets, acknowledged by nobody: window 0, block numbers from 1."""
    room = max(size - _BLOCK_OVERHEAD, 1)
    parts = [apdu[at : at + room] for at in range(0, len(apdu), room)]
    streaming = STREAMING if cut is Cut.DEVIATING else 0
    return [
        write_block(streaming | (LAST if number == len(parts) else 0), number, 0, part)
        for number, part in enumerate(parts, 1)
    ]


def doubled(wpdus: Sequence[bytes]) -> list[bytes]:
    """Return each twice."""
    return [each for one in wpdus for each in (one, one)]


def reordered(wpdus: Sequence[bytes], seed: int = 1) -> list[bytes]:
    """Return them in another order."""
    shuffled = list(wpdus)
    Random(seed).shuffle(shuffled)
    return shuffled if shuffled != list(wpdus) else shuffled[::-1]
