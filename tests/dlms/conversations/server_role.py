"""The recorded client against the simulated meter: what the client would make of its answers.

The meter has the recorded server's keys, challenge, objects and values. Its answers are read by our client, which has
the recorded client's keys; what ours would send is left out, the recorded octets are sent instead.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from custom_components.cosem.dlms.apdu.block import GENERAL_BLOCK_TRANSFER
from tests.simulated_meter.steps import Finish, Reset, Send

from .client_role import ClientRole, NothingLeftToAsk
from .exchange import Exchange, Sent
from .recorded_meter import Described, RecordedMeter

_PDU_SIZES = (*range(64, 200), 256, 512)
"""Tried where the recorded server cuts its blocks otherwise than the simulated meter."""


class ServerRole:
    """Plays one conversation with one size of the meter's APDUs."""

    def __init__(self, exchange: Exchange, rows: Sequence[Described], max_pdu_size: int) -> None:
        self._exchange = exchange
        self.meter = RecordedMeter(exchange, rows, max_pdu_size)
        self.client = ClientRole(exchange)
        self.ended = False

    def play(self) -> None:
        """Send what the recorded client sent, and read the answers."""
        self.client.begin()
        lost = self._lost_blocks()
        for sent in self._exchange.of("client"):
            self.client.act(sent)
            if sent.lost:
                continue
            for answer in self._answers(sent):
                if lost and answer[8] == GENERAL_BLOCK_TRANSFER and int.from_bytes(answer[10:12]) == lost[0]:
                    lost.pop(0)
                    continue
                self.client.expect_transaction(sent.transaction_id)
                self.client.take(answer)

    def _answers(self, sent: Sent) -> Iterator[bytes]:
        for step in self.meter.session.receive(sent.wpdu):
            if isinstance(step, Send):
                yield step.octets
            elif isinstance(step, Finish | Reset):
                self.ended = True

    def _lost_blocks(self) -> list[int]:
        """The numbers of the server's blocks that never arrived."""
        return [int.from_bytes(sent.decoded.apdu[2:4]) for sent in self._exchange.of("server") if sent.lost]


def play_as_server(exchange: Exchange, rows: Sequence[Described], left_over: int = 0) -> ServerRole:
    """Return the meter's part, with a size of its APDUs that cuts an answer into as many blocks as recorded.

    ``left_over``: answers that our client does not need.
    """
    assert exchange.association is not None
    recorded = max(exchange.association["max_pdu_server"], 64)
    played = None
    for size in (recorded, *_PDU_SIZES):
        role = ServerRole(exchange, rows, size)
        with suppress(NothingLeftToAsk):
            role.play()
        played = played or role
        if len(role.client.results) == len(exchange.operations) and (
            role.client.connection.counters.stray_apdus == left_over
        ):
            return role
    assert played is not None
    return played
