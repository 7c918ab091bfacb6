"""A meter on a standing clock, and a bare client that speaks octets to one of its sessions."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile
from tests.simulated_meter.session import Session
from tests.simulated_meter.steps import Send, Step, wpdu

NOW = datetime(2026, 7, 15, 11, 7, 23, tzinfo=UTC)
FULL_CONFORMANCE = 0x007E1F


def make_meter(*, max_pdu_size: int = 1024, **quirks: Any) -> SimulatedMeter:
    """Return a meter with a short history."""
    profile = replace(MeterProfile(), max_pdu_size=max_pdu_size, history_days=2)
    return SimulatedMeter(profile.with_quirks(**quirks), lambda: NOW)


def make_aarq(
    *,
    password: str | None = None,
    mechanism: int = 1,
    context: int = 1,
    conformance: int = FULL_CONFORMANCE,
    pdu_size: int = 0xFFFF,
    version: int = 6,
) -> bytes:
    """Return an AARQ, put together by hand."""
    initiate = (
        b"\x01\x00\x00\x00" + bytes([version]) + b"\x5f\x1f\x04\x00" + conformance.to_bytes(3) + pdu_size.to_bytes(2)
    )
    body = bytes.fromhex("A1090607608574050801") + bytes([context])
    if password is not None:
        value = password.encode()
        body += bytes.fromhex("8A0207808B07608574050802") + bytes([mechanism])
        body += bytes([0xAC, len(value) + 2, 0x80, len(value)]) + value
    body += bytes([0xBE, len(initiate) + 2, 0x04, len(initiate)]) + initiate
    return bytes([0x60, len(body)]) + body


def get_request(class_id: int, name: str, index: int, selection: bytes = b"\x00", invoke: int = 0xC1) -> bytes:
    """Return a Get-Request-Normal."""
    return b"\xc0\x01" + bytes([invoke]) + reference(class_id, name, index) + selection


def reference(class_id: int, name: str, index: int) -> bytes:
    """Return an attribute descriptor."""
    return class_id.to_bytes(2) + bytes(map(int, name.split("."))) + index.to_bytes(1, signed=True)


class BareClient:
    """Speaks to a session as one client to one logical device."""

    def __init__(self, meter: SimulatedMeter, client: int = 2, server: int = 1, session: Session | None = None) -> None:
        opened = session or meter.open_session()
        assert opened is not None
        self.session = opened
        self.client, self.server = client, server

    def steps(self, apdu: bytes) -> list[Step]:
        """Send an APDU; return what the meter does."""
        return self.session.receive(wpdu(self.client, self.server, apdu))

    def ask(self, apdu: bytes) -> bytes:
        """Send an APDU; return the answer's APDU after checking its header."""
        (step,) = self.steps(apdu)
        assert isinstance(step, Send)
        assert step.octets[:6] == b"\x00\x01" + self.server.to_bytes(2) + self.client.to_bytes(2)
        assert int.from_bytes(step.octets[6:8]) == len(step.octets) - 8
        return step.octets[8:]

    def associate(self, **aarq: Any) -> bytes:
        """Associate with the usual password unless told otherwise; return the AARE."""
        return self.ask(make_aarq(**{"password": DEFAULT_PASSWORD, **aarq}))

    def blocks(self, apdu: bytes) -> list[bytes]:
        """Send a GET whose answer comes in blocks; return their APDUs."""
        answers = [self.ask(apdu)]
        while answers[-1][1] == 2 and answers[-1][3] == 0:
            answers.append(self.ask(b"\xc0\x02" + apdu[2:3] + answers[-1][4:8]))
        return answers


def raw_data(block: bytes) -> bytes:
    """Return the raw-data of a Get-Response-With-Datablock."""
    length, offset = block[9], 10
    if length & 0x80:
        offset = 10 + (length & 0x7F)
        length = int.from_bytes(block[10:offset])
    assert len(block) == offset + length
    return block[offset:]
