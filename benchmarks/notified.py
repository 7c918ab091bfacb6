"""Authenticated EventNotifications, from the octets of the APDU to a verified event: our listener and gurux-dlms."""

from collections.abc import Callable
from contextlib import redirect_stdout
import gc
import io
import time
from typing import Final

from gurux_dlms import GXByteBuffer, GXReplyData

from benchmarks.ciphered import CLIENT_TITLE, METER_TITLE
from custom_components.cosem.dlms import Secret, SecuritySettings
from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.notification import EventNotificationRequest
from custom_components.cosem.dlms.client.hearing import Heard, Hearing, Source
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.proposal import WportPair
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, decode_wpdu, encode_wpdu
from custom_components.cosem.dlms.security.counters import ReceivingCounters, SendingCounter
from custom_components.cosem.dlms.security.notification_keys import NotificationKeys
from custom_components.cosem.dlms.security.protection import CipheredProtection, KeyCounters
from custom_components.cosem.dlms.security.settings import Envelope
from tests.interop.gurux_client import GuruxClient, GuruxSecurity

LEAST_PER_SECOND: Final = 5_000
EVENT: Final = bytes.fromhex("C2010C07EA0301070C1E0F0000000000010000616200FF020600000004")
"""An alarm register, with the time."""
_KEY: Final = bytes(range(0x30, 0x40))
_MESSAGES: Final = 200
_SOURCE: Final = Source(TransportProtocol.UDP, "192.0.2.7", 4059)

type Reader = Callable[[bytes], object]


def messages(count: int, first: int) -> list[bytes]:
    """Return WPDUs with a general-glo EventNotification, as the meter would protect it."""
    settings = _settings(METER_TITLE, CLIENT_TITLE)
    meter = CipheredProtection(settings, KeyCounters(sending=SendingCounter(first, ceiling=2**31)))
    return [encode_wpdu(Wpdu(1, 1, meter.protect(EVENT))) for _ in range(count)]


def _settings(own: bytes, other: bytes) -> SecuritySettings:
    return SecuritySettings(
        client_system_title=own,
        server_system_title=other,
        global_unicast_encryption_key=Secret(_KEY),
        authentication_key=Secret(_KEY),
        envelope=Envelope.GENERAL,
    )


def our_reader() -> Reader:
    """Return what a listener does with a datagram."""
    heard: list[Heard] = []
    keys = NotificationKeys(_settings(CLIENT_TITLE, METER_TITLE), ReceivingCounters())
    # Its source is not limited here: the limits are far below this speed, which is their purpose.
    hearing = Hearing(heard.append, NotificationSenders([keys]), DEFAULT_LIMITS, time.monotonic)

    def read(octets: bytes) -> object:
        wpdu = decode_wpdu(octets)
        hearing.take_message(_SOURCE, WportPair(wpdu.destination_wport, wpdu.source_wport), wpdu.apdu)
        event = heard.pop()
        assert event.authenticated
        apdu = decode_apdu(event.apdu)
        assert isinstance(apdu, EventNotificationRequest)
        return apdu.value.value

    return read


def gurux_reader() -> Reader:
    """Return what a gurux-dlms client does with it."""
    security = GuruxSecurity(
        mechanism=5, suite=0, protection="AE", encryption_key=_KEY, authentication_key=_KEY, system_title=CLIENT_TITLE
    )
    codec = GuruxClient(0, client=1, security=security).codec

    def read(octets: bytes) -> object:
        reply, notification = GXReplyData(), GXReplyData()
        codec.getData(GXByteBuffer(octets), reply, notification)
        # It deciphers, and leaves the event as it is; our value is decoded besides.
        assert notification.data.size == len(EVENT) - 1
        return notification

    return read


def table(rounds: int) -> bool:
    """Measure and print; return whether the target is met."""
    with redirect_stdout(io.StringIO()):  # gurux-dlms prints about every message: a terminal would cost it time
        ours, gurux = measure(rounds)
    good = LEAST_PER_SECOND * ours <= 1000
    print("\n| notification | ours | gurux-dlms | times gurux-dlms | target |")
    print("|---|---|---|---|---|")
    print(
        f"| EventNotification of {len(EVENT)} octets, general-glo: verified and decoded | {1000 / ours:,.0f} a second "
        f"| {1000 / gurux:,.0f} | {gurux / ours:.1f} | >= {LEAST_PER_SECOND:,}: {'met' if good else 'MISSED'} |"
    )
    return good


def measure(rounds: int) -> tuple[float, float]:
    """Return the shortest milliseconds of processor time of a message, ours and gurux-dlms's, in turns."""
    readers = (our_reader(), gurux_reader())
    shortest = [float("inf")] * 2
    for number in range(rounds):
        turn = messages(_MESSAGES, 1 + number * _MESSAGES)
        for index, read in enumerate(readers):
            gc.collect()
            start = time.thread_time()
            for octets in turn:
                read(octets)
            shortest[index] = min(shortest[index], (time.thread_time() - start) / _MESSAGES)
    return 1000 * shortest[0], 1000 * shortest[1]
