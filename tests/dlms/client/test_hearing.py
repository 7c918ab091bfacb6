"""From what a listener received to whoever wants it. No sockets."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.client.hearing import Heard, HeardCounters, Hearing, Source
from custom_components.cosem.dlms.errors import AuthenticationTagInvalid, SystemTitleMismatch
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.proposal import WportPair
from custom_components.cosem.dlms.security.settings import Protection
from tests.dlms.lone_meter import TITLE
from tests.dlms.protocol.test_notification_senders import keys
from tests.dlms.protocol.test_notification_stages import GET, blocks
from tests.dlms.security.test_notification_keys import EVENT, OTHER_TITLE, general_glo

SOURCE = Source(TransportProtocol.UDP, "192.0.2.7", 4059)
PAIR = WportPair(1, 1)


class House:
    """A hearing with a clock, and what it handed over."""

    def __init__(self, limits=DEFAULT_LIMITS, senders=None):
        self.heard: list[Heard] = []
        self.now = 100.0
        self.hearing = Hearing(self.heard.append, senders or NotificationSenders([keys()]), limits, lambda: self.now)

    def take(self, *apdus, source=SOURCE, pair=PAIR):
        before = len(self.heard)
        for apdu in apdus:
            self.hearing.take_message(source, pair, apdu)
        return self.heard[before:]


@pytest.fixture
def house():
    return House()


def test_s23_a_plain_one_is_handed_over_as_not_authenticated(house):
    assert house.take(EVENT) == [Heard(source=SOURCE, pair=PAIR, apdu=EVENT)]
    assert not house.hearing.sources.is_trusted(SOURCE.host)


def test_a_verified_one_names_its_sender_and_its_source_is_trusted(house):
    (heard,) = house.take(general_glo(5))
    assert (heard.apdu, heard.authenticated, heard.encrypted, heard.system_title) == (EVENT, True, True, TITLE)
    assert house.hearing.sources.is_trusted(SOURCE.host)


def test_f21_s24_a_replay_and_a_repetition_are_not_handed_over(house):
    assert len(house.take(general_glo(5), general_glo(5), EVENT, EVENT)) == 2
    assert house.hearing.counters == HeardCounters(heard=2, replayed=1, repeated=1)
    house.now += 3
    assert len(house.take(EVENT)) == 1


def test_f22_the_older_of_two_protected_ones_is_dropped(house):
    assert len(house.take(general_glo(6), general_glo(5))) == 1
    assert house.hearing.counters.replayed == 1


def test_of_an_unknown_meter_the_told_title_and_no_data(house):
    apdu = general_glo(5, title=OTHER_TITLE)
    (heard,) = house.take(apdu)
    assert (heard.apdu, heard.authenticated, heard.encrypted, heard.system_title) == (apdu, False, True, OTHER_TITLE)
    assert isinstance(heard.error, SystemTitleMismatch)
    assert TITLE.hex() not in repr(heard)


def test_after_forged_tags_nothing_protected_of_that_source_is_looked_at(house):
    forged = general_glo(5)[:-1] + b"\0"
    heard = house.take(*[forged] * 5)
    assert {type(each.error) for each in heard} == {AuthenticationTagInvalid}
    assert not house.hearing.allows(SOURCE.host, forged)
    assert not house.hearing.allows(SOURCE.host, b"\xe0")
    assert house.hearing.allows(SOURCE.host, EVENT)
    assert house.hearing.allows(SOURCE.host, b"")
    house.now += 60
    assert house.hearing.allows(SOURCE.host, forged)


def test_who_forges_a_meters_address_does_not_make_it_unheard(house):
    house.take(general_glo(5))
    house.take(*[general_glo(6)[:-1] + b"\0"] * 5)
    assert house.hearing.allows(SOURCE.host, general_glo(6))
    assert house.hearing.allows(SOURCE.host, blocks(general_glo(6), 9)[0])
    assert not house.hearing.allows(SOURCE.host, general_glo(6, title=OTHER_TITLE))
    assert not house.hearing.allows(SOURCE.host, general_glo(6)[:5])  # no title can be read
    (heard,) = house.take(general_glo(6))
    assert heard.authenticated


@pytest.mark.parametrize("apdu", [GET, b"\xe0\x00", b"\x61\x00", b"\xff"], ids=bytes.hex)
def test_s25_what_is_no_notification_is_counted_only(house, apdu):
    assert house.take(apdu) == []
    assert house.hearing.counters == HeardCounters(broken=1)


def test_a_push_in_blocks_may_be_mixed_with_others(house):
    mine, theirs = blocks(general_glo(5), 9), blocks(EVENT, 5)
    other = replace(SOURCE, host="192.0.2.8")
    for number in range(max(len(mine), len(theirs))):
        house.take(*mine[number : number + 1])
        house.take(*theirs[number : number + 1], source=other)
        house.take(*theirs[number : number + 1], pair=WportPair(1, 16))
    assert [(each.source, each.pair.server_wport, each.authenticated) for each in house.heard] == [
        (other, 1, False),
        (SOURCE, 16, False),
        (SOURCE, 1, True),
    ]


def test_blocks_from_two_ports_of_one_address_are_two_senders(house):
    # Two meters behind one address could be mixed into values that none of them has sent.
    mine, theirs = blocks(EVENT, 5), blocks(EVENT[:-1] + b"\x08", 5)
    assert house.take(*mine[:1]) == house.take(*theirs[1:], source=replace(SOURCE, port=4060)) == []
    (heard,) = house.take(*mine[1:])
    assert heard.apdu == EVENT


def test_a_block_that_comes_much_later_belongs_to_another_push(house):
    first, second, last = blocks(EVENT, 5)
    house.take(first, second)
    house.now += 19.9
    (heard,) = house.take(last)
    assert heard.apdu == EVENT
    house.now += 60
    house.take(first, second)
    house.now += 20
    assert house.take(last) == []


def test_pushes_in_blocks_are_bounded_and_strangers_push_out_strangers(house):
    first, *rest = blocks(general_glo(5), 9)
    house.hearing.sources.trust([SOURCE.host])
    house.take(first)
    for number in range(100):
        house.take(first, source=replace(SOURCE, host=f"192.0.2.{100 + number}"))
        assert len(house.hearing._joining) <= 16
    assert len(house.take(*rest)) == 1
    house.hearing.sources.trust(f"192.0.2.{number}" for number in range(256))
    for number in range(20):
        house.take(first, source=replace(SOURCE, host=f"192.0.2.{number}"))
    assert len(house.hearing._joining) == 16


def test_s23_what_is_encrypted_only_proves_nothing_of_its_source():
    house = House(senders=NotificationSenders([keys(protection=Protection.ENCRYPTED)]))
    (heard,) = house.take(general_glo(5, control=0x20))
    assert (heard.apdu, heard.authenticated, heard.encrypted) == (EVENT, False, True)
    assert not house.hearing.sources.is_trusted(SOURCE.host)


@pytest.mark.parametrize(("host", "text"), [("192.0.2.7", "192.0.2.7:4059"), ("2001:db8::7", "[2001:db8::7]:4059")])
def test_a_source_is_written_as_an_address_with_a_port(host, text):
    assert replace(SOURCE, host=host).text == text


def test_what_was_heard_is_decoded_or_is_nothing(house):
    (plain,) = house.take(EVENT)
    assert plain.notification() == decode_apdu(EVENT)
    assert replace(plain, apdu=EVENT[:-1]).notification() is None
    assert replace(plain, error=SystemTitleMismatch("who?")).notification() is None
