"""Notifications protected, cut and spoilt; checked with keys and octets, and by the stack's own ears."""

from dataclasses import replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
import pytest

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.hearing import Heard, Hearing, Source
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.proposal import WportPair
from custom_components.cosem.dlms.protocol.wrapper import decode_wpdu
from custom_components.cosem.dlms.security.counters import ReceivingCounters
from custom_components.cosem.dlms.security.notification_keys import NotificationKeys
from tests.faults.secured import settings_for
from tests.simulated_meter.envelopes import KeyScheme, Kind
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.notification_profile import Cut, Way
from tests.simulated_meter.notifier import Notifier, doubled, in_blocks, reordered
from tests.simulated_meter.profile import ClientProfile, Level, MeterProfile
from tests.simulated_meter.security_profile import ClientSecurity

from .secure_client import secured_meter
from .tools import make_meter

EVENT = bytes.fromhex("C20000010000600B00FF021101")
PUSH = bytes.fromhex("0F00000001001107")
EK = bytes.fromhex("8F1C3A5570E2B4D6093E71A8C5D20F4B")
AK = bytes.fromhex("2B7D90E1F3465A8C17D9E0B2C4F86A35")
TITLE = bytes.fromhex("53494D1000000007")


class Ears:
    """What our client hears with the keys of one client of the meter."""

    def __init__(self, meter: SimulatedMeter, client_wport: int = 1) -> None:
        self.heard: list[Heard] = []
        settings = settings_for(meter, client_wport, server_system_title=TITLE)
        assert settings is not None
        keys = NotificationKeys(settings, ReceivingCounters())
        self.hearing = Hearing(self.heard.append, NotificationSenders([keys]), DEFAULT_LIMITS, lambda: 0.0)

    def take(self, wpdus: list[bytes]) -> list[Heard]:
        before = len(self.heard)
        for octets in wpdus:
            wpdu = decode_wpdu(octets)
            pair = WportPair(wpdu.destination_wport, wpdu.source_wport)
            self.hearing.take_message(Source(TransportProtocol.UDP, "192.0.2.7", 4059), pair, wpdu.apdu)
        return self.heard[before:]


@pytest.fixture
def meter() -> SimulatedMeter:
    return secured_meter()


@pytest.fixture
def notifier(meter: SimulatedMeter) -> Notifier:
    return meter.speaker.notifier


def test_a_plain_one_is_a_wpdu_from_the_management_device_to_the_management_client() -> None:
    notifier = make_meter().speaker.notifier
    assert notifier.wpdus(EVENT, Way()) == [bytes.fromhex("000100010001000D") + EVENT]
    way = Way(client_wport=103, server_wport=16)
    assert notifier.wpdus(EVENT, way) == [bytes.fromhex("000100100067000D") + EVENT]


def test_an_event_notification_under_the_global_key_is_sealed_as_the_standard_says(notifier: Notifier) -> None:
    (wpdu,) = notifier.wpdus(EVENT, Way(kind=Kind.GLOBAL))
    assert wpdu[:10] == bytes.fromhex("0001000100010020") + bytes.fromhex("CA1E")
    assert wpdu[10:15] == bytes.fromhex("3000000001")
    sealed = AESGCM(EK).encrypt(TITLE + wpdu[11:15], EVENT, b"\x30" + AK)
    assert wpdu[15:] == sealed[:-4]


def test_a_service_without_a_tag_for_the_global_key_goes_in_the_general_envelope(notifier: Notifier) -> None:
    (wpdu,) = notifier.wpdus(PUSH, Way(kind=Kind.GLOBAL))
    assert wpdu[8:18] == b"\xdb\x08" + TITLE


@pytest.mark.parametrize(
    ("client_wport", "way"),
    [
        (1, Way(kind=Kind.GLOBAL)),
        (1, Way(kind=Kind.GENERAL_GLOBAL)),
        (1, Way(kind=Kind.GENERAL)),
        (3, Way(client_wport=3, kind=Kind.GLOBAL)),
        (4, Way(client_wport=4, kind=Kind.GENERAL_GLOBAL)),
        (4, Way(client_wport=4, kind=Kind.GENERAL)),
        (1, Way(kind=Kind.GENERAL_GLOBAL, cut=Cut.STANDARD, block_size=20)),
        (1, Way(kind=Kind.GENERAL, cut=Cut.DEVIATING, block_size=20)),
    ],
    ids=str,
)
@pytest.mark.parametrize("apdu", [EVENT, PUSH], ids=["event", "data"])
def test_every_envelope_is_heard_once_and_verified(
    meter: SimulatedMeter, client_wport: int, way: Way, apdu: bytes
) -> None:
    ears = Ears(meter, client_wport)
    sent = meter.speaker.notifier.wpdus(apdu, way)
    (heard,) = ears.take(sent)
    assert heard.error is None
    assert (heard.apdu, heard.authenticated, heard.system_title) == (apdu, True, TITLE)
    assert heard.encrypted
    assert ears.take(sent) == []


def test_a_key_wrapped_into_the_notification_is_verified_and_may_be_old(
    meter: SimulatedMeter, notifier: Notifier
) -> None:
    (heard,) = Ears(meter).take(notifier.wpdus(EVENT, Way(kind=Kind.GENERAL, scheme=KeyScheme.WRAPPED)))
    assert (heard.apdu, heard.authenticated, heard.may_be_old) == (EVENT, True, True)


@pytest.mark.parametrize("control", [0x10, 0x20])
def test_less_protection_than_agreed_on_proves_nothing(meter: SimulatedMeter, notifier: Notifier, control: int) -> None:
    (wpdu,) = notifier.wpdus(EVENT, Way(kind=Kind.GENERAL_GLOBAL, control=control))
    assert wpdu[19] == control
    heard = Ears(meter).take([wpdu])
    assert not any(each.authenticated for each in heard)


def test_counters_go_on_from_one_notification_to_the_next(meter: SimulatedMeter, notifier: Notifier) -> None:
    ears = Ears(meter)
    sent = [notifier.wpdus(EVENT, Way(kind=Kind.GLOBAL))[0] for _ in range(3)]
    assert [wpdu[14] for wpdu in sent] == [1, 2, 3]
    assert len(ears.take(doubled(sent))) == 3
    assert ears.take(sent[:1]) == []


def test_what_overtakes_another_is_heard_and_the_other_is_old(meter: SimulatedMeter, notifier: Notifier) -> None:
    first, second = notifier.wpdus(EVENT, Way(kind=Kind.GLOBAL)) + notifier.wpdus(EVENT, Way(kind=Kind.GLOBAL))
    assert reordered([first, second]) == [second, first]
    assert len(Ears(meter).take([second, first])) == 1


def test_blocks_have_the_controls_of_the_standard_or_of_one_maker() -> None:
    apdu = bytes(range(40))
    standard = in_blocks(apdu, 25, Cut.STANDARD)
    assert standard == [
        bytes.fromhex("E000 0001 0000 10") + apdu[:16],
        bytes.fromhex("E000 0002 0000 10") + apdu[16:32],
        bytes.fromhex("E080 0003 0000 08") + apdu[32:],
    ]
    assert [block[1] for block in in_blocks(apdu, 25, Cut.DEVIATING)] == [0x40, 0x40, 0xC0]
    assert in_blocks(b"\x0f", 1, Cut.STANDARD) == [bytes.fromhex("E0800001000001 0F")]


LONG_PUSH = bytes.fromhex(
    "0F000001020C07EA0301070C1E0F000000000204020309060100010800FF0600001CF402020F01161E020309060100200700FF1208FD02020FFF"
    "16230203090601001F0700FF10FFF402020FFE1621020209060000010000FF090C07EA0301070C1E0F00000000"
)
ALARM = bytes.fromhex("C20000010000616200FF020600000004")


@pytest.mark.parametrize(
    ("apdu", "kind", "counter", "octets"),
    [
        (ALARM, Kind.GLOBAL, 0x00000200, "CA213000000200086ED1B3CBA6760EDCE626C5B3DDF994109773DBD7BA90C1F42A547C"),
        (
            ALARM,
            Kind.GENERAL_GLOBAL,
            0x00000220,
            "DB084D4D4D0000BC614E2130000002201B159DEB7A2EB229EC28C1FC60D7E9903C17C4176885F2872BCA657A",
        ),
        (
            bytes.fromhex("180001021008010600000037"),
            Kind.GLOBAL,
            0x00000200,
            "381D3000000200D26ED0B0DBAE166ADC1924F41B7D4BF2A52C12AC60E546BF",
        ),
    ],
)
def test_another_implementation_makes_the_same_octets(apdu: bytes, kind: Kind, counter: int, octets: str) -> None:
    security = ClientSecurity(
        encryption_key=bytes(range(16)), authentication_key=bytes(range(0xD0, 0xE0)), sending_counter=counter
    )
    client = ClientProfile(wport=1, name="one", level=Level.READ, security=security)
    profile = replace(MeterProfile(), history_days=2, clients=(client,))
    meter = SimulatedMeter(profile.with_security(system_title=bytes.fromhex("4D4D4D0000BC614E")))
    (wpdu,) = meter.speaker.notifier.wpdus(apdu, Way(kind=kind))
    assert wpdu[8:] == bytes.fromhex(octets)


@pytest.mark.parametrize(("cut", "streaming"), [(Cut.STANDARD, 0), (Cut.DEVIATING, 0x40)])
def test_another_implementation_cuts_the_same_blocks(cut: Cut, streaming: int) -> None:
    first, *_, last = in_blocks(LONG_PUSH, 33, cut)
    assert first.hex() == f"e0{streaming:02x}0001000018" + "0f000001020c07ea0301070c1e0f00000000020402030906"
    assert last.hex() == f"e0{streaming | 0x80:02x}0005000007" + "070c1e0f00000000"[2:]


def test_what_there_are_no_keys_for_is_not_sent(notifier: Notifier) -> None:
    with pytest.raises(ValueError, match="no keys for client 2"):
        notifier.wpdus(EVENT, Way(client_wport=2, kind=Kind.GLOBAL))
    with pytest.raises(ValueError, match="belongs to an association"):
        notifier.wpdus(EVENT, Way(kind=Kind.DEDICATED))
    with pytest.raises(ValueError, match="no signatures"):
        notifier.wpdus(EVENT, Way(is_signed=True))


def test_what_was_sent_could_have_been_recorded(notifier: Notifier) -> None:
    sent = notifier.wpdus(PUSH, Way()) + notifier.wpdus(EVENT, Way(kind=Kind.GLOBAL))
    assert list(notifier.sent) == sent
