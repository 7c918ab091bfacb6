"""One ciphered answer of 1 kB, from the octets of the WPDU to values, by our stack and by gurux-dlms.

Each WPDU has an invocation counter of its own, because ours refuses one that was there before.
"""

from collections.abc import Callable
from dataclasses import dataclass
import gc
from itertools import islice
from statistics import median
import time
from typing import Final

from gurux_dlms import GXByteBuffer, GXReplyData

from benchmarks import samples
from custom_components.cosem.dlms import (
    Data,
    Secret,
    SecuritySettings,
    SecuritySuite,
)
from custom_components.cosem.dlms.apdu.get import decode_get_response_head
from custom_components.cosem.dlms.client.reading import decode_get_list
from custom_components.cosem.dlms.encoding.data import decode_data_octets, plain
from custom_components.cosem.dlms.interface_classes.profile_generic import decode_rows
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, WrapperStream, encode_wpdu
from custom_components.cosem.dlms.security.counters import SendingCounter
from custom_components.cosem.dlms.security.protection import CipheredProtection, KeyCounters
from tests.interop.gurux_client import GuruxClient, GuruxSecurity

CLIENT_TITLE: Final = b"GRX\x00\x00\x00\x00\x01"
METER_TITLE: Final = b"SIM\x10\x00\x00\x00\x07"
WPORTS: Final = (1, 1)
_MESSAGES: Final = 20
_HEAD: Final = bytes((0xC4, 0x01, 0xC1, 0x00))
"""Get-Response-Normal with data."""

_HEAD_OF_LIST: Final = bytes((0xC4, 0x03, 0xC1))

type Decode = Callable[[bytes], object]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A GET response, and how our client decodes what is behind its head."""

    name: str
    suite: SecuritySuite
    apdu: bytes
    ours: Decode
    counts: bool = True
    """Whether there is a target for it."""

    @property
    def key(self) -> bytes:
        """Both keys: made up."""
        return bytes(range(0x30, 0x30 + self.suite.key_length))


def answers() -> list[Answer]:
    """Return what is measured, 1.0 kB each: 21 rows of a load profile, 70 registers of a list."""
    rows, values = samples.load_profile(21), samples.value_list(70)
    return [
        Answer(name=name, suite=SecuritySuite(suite), apdu=apdu, ours=ours, counts=counts)
        for suite in (0, 2)
        for name, apdu, ours, counts in (
            ("21 rows x 8 columns", _HEAD + rows, lambda payload: decode_rows(payload[1:]), True),
            ("the same, typed", _HEAD + rows, lambda payload: decode_data_octets(payload[1:]), False),
            ("list of 70 registers with scaler_unit", _HEAD_OF_LIST + values, decode_get_list, False),
        )
    ]


def protection(answer: Answer, own: bytes, other: bytes) -> CipheredProtection:
    """Return one side of an association."""
    settings = SecuritySettings(
        client_system_title=own,
        server_system_title=other,
        suite=answer.suite,
        global_unicast_encryption_key=Secret(answer.key),
        authentication_key=Secret(answer.key),
    )
    return CipheredProtection(settings, KeyCounters(sending=SendingCounter(1, ceiling=2**31)))


def messages(answer: Answer, count: int) -> list[bytes]:
    """Return WPDUs with the answer, as the meter would protect it."""
    meter = protection(answer, METER_TITLE, CLIENT_TITLE)
    return [encode_wpdu(Wpdu(*WPORTS, meter.protect(answer.apdu))) for _ in range(count)]


def our_reader(answer: Answer) -> Decode:
    """Return what our client does with a WPDU that arrives."""
    stream, client, decode = WrapperStream(), protection(answer, CLIENT_TITLE, METER_TITLE), answer.ours

    def read(octets: bytes) -> object:
        stream.receive_data(octets)
        wpdu = stream.next_wpdu()
        assert wpdu is not None
        return decode(decode_get_response_head(client.unprotect(wpdu.apdu).apdu).payload)

    return read


def gurux_reader(answer: Answer) -> Decode:
    """Return what a gurux-dlms client does with it."""
    security = GuruxSecurity(
        mechanism=5,
        suite=answer.suite,
        protection="AE",
        encryption_key=answer.key,
        authentication_key=answer.key,
        system_title=CLIENT_TITLE,
    )
    codec = GuruxClient(0, client=1, security=security).codec
    codec.settings.sourceSystemTitle = bytearray(METER_TITLE)

    def read(octets: bytes) -> object:
        reply = GXReplyData()
        assert codec.getData(GXByteBuffer(octets), reply)
        return reply.value

    return read


def same(ours: object, gurux: object) -> bool:
    """Return whether both have read as many values."""
    return _leaves(ours) == _leaves(gurux) > 0


def _leaves(value: object) -> int:
    if isinstance(value, Data):
        return _leaves(plain(value))
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Data):
        return _leaves(value[1])  # an element of a list, behind its size
    return sum(map(_leaves, value)) if isinstance(value, (list, tuple)) else 1


def measure(answer: Answer, rounds: int) -> tuple[float, float]:
    """Return the median milliseconds of processor time of a message, ours and gurux-dlms's.

    They take turns of equally many messages, each after one that is not counted: both run warm.
    """
    wpdus = iter(messages(answer, rounds * (_MESSAGES + 1)))
    readers = (our_reader(answer), gurux_reader(answer))
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        turn = list(islice(wpdus, _MESSAGES + 1))
        for reader, seconds in zip(readers, times, strict=True):
            gc.collect()
            reader(turn[0])
            for octets in turn[1:]:
                start = time.thread_time()
                reader(octets)
                seconds.append(time.thread_time() - start)
    ours, gurux = times
    return 1000 * median(ours), 1000 * median(gurux)
