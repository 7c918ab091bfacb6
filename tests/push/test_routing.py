"""S23: whose a notification is, and who may not send one."""

from ipaddress import ip_network
from typing import Any

import pytest

from custom_components.cosem.dlms import (
    AuthenticationTagInvalid,
    Heard,
    LogicalName,
    PushObject,
    Source,
    SystemTitleMismatch,
    TransportProtocol,
    WportPair,
)
from custom_components.cosem.push.routing import MOST_DECODED, Knowledge, ReadNotification, Receiver, Router
from tests.dlms.lone_meter import TITLE
from tests.dlms.protocol.test_notification_senders import keys
from tests.dlms.security.test_notification_keys import OTHER_TITLE, general_glo
from tests.push.senders import data_notification, event_code

HOST = "192.0.2.7"
HERE = (ip_network(HOST),)


def heard(apdu: bytes = event_code(1), host: str = HOST, server: int = 1, client: int = 1, **more: Any) -> Heard:
    return Heard(source=Source(TransportProtocol.UDP, host, 4059), pair=WportPair(client, server), apdu=apdu, **more)


def named(name: str) -> bytes:
    """Data that say whose they are."""
    return data_notification(f"010102020906 00002A0000FF 09{len(name):02X}{name.encode().hex()}")


def numbered(number: str) -> bytes:
    """Data that say the number of their device."""
    return data_notification(f"010102020906 0000600100FF 09{len(number):02X}{number.encode().hex()}")


class House:
    """A router and its entries by name."""

    def __init__(self, *, is_own: bool = False, **receivers: dict[str, Any]) -> None:
        self.router = Router(is_own=is_own)
        self.taken: list[tuple[str, ReadNotification]] = []
        for name, facts in receivers.items():
            self.router.add(self._receiver(name, {"server_wport": 1, "sources": HERE, **facts}))

    def _receiver(self, name: str, facts: dict[str, Any]) -> Receiver:
        return Receiver(take=lambda read: self.taken.append((name, read)), **facts)

    def takes(self, notification: Heard) -> str | None:
        """Return who was given it."""
        before = len(self.taken)
        self.router.receive(notification)
        return self.taken[-1][0] if len(self.taken) > before else None


PROVEN = {"keys": keys(), "has_keys": True}


def test_the_verified_title_tells_wherever_it_comes_from():
    house = House(plain={}, secured=PROVEN)
    assert house.takes(heard(host="198.51.100.1", authenticated=True, system_title=TITLE)) == "secured"
    assert house.takes(heard(authenticated=True, system_title=OTHER_TITLE)) is None
    assert house.router.counters == {"nobody's": 1}


def test_of_two_logical_devices_with_one_title_the_wport_tells():
    house = House(first=PROVEN, second={**PROVEN, "server_wport": 2})
    proof = {"authenticated": True, "system_title": TITLE}
    assert [house.takes(heard(server=server, **proof)) for server in (1, 2, 3)] == ["first", "second", "first"]


def test_s23_without_proof_address_and_wport_have_to_be_right():
    house = House(plain={})
    assert house.takes(heard()) == "plain"
    assert house.takes(heard(host="192.0.2.8")) is None
    assert house.takes(heard(host="meter")) is None
    assert house.takes(heard(server=2)) is None
    assert house.takes(heard(host=f"::ffff:{HOST}")) is None


def test_an_address_of_this_network_may_name_its_adapter():
    house = House(plain={"sources": (ip_network("fe80::7"),)})
    assert house.takes(heard(host="fe80::7%eth0")) == "plain"


def test_what_names_its_meter_finds_it_behind_a_common_address():
    house = House(
        first={"identifiers": lambda: ("ABC1", "1")}, second={"identifiers": lambda: ("ABC2",), "server_wport": 9}
    )
    assert house.takes(heard(named("ABC2"))) == "second"
    assert house.takes(heard(named("ABC1"), server=9)) == "first"
    assert house.takes(heard(named("XYZ3"))) is None
    assert house.takes(heard(named("ABC1"), host="192.0.2.8")) is None


def test_what_two_meters_behind_one_address_may_have_sent_is_given_to_neither():
    house = House(
        first={"identifiers": lambda: ("ABC1", "7")},
        second={"identifiers": lambda: ("ABC2", "7")},
        third={"server_wport": 9},
    )
    assert house.takes(heard()) is None
    assert house.takes(heard(numbered("7"))) is None
    assert house.router.counters == {"ambiguous": 2}
    assert [house.takes(heard(named(name))) for name in ("ABC1", "ABC2")] == ["first", "second"]
    assert house.takes(heard(server=9)) == "third"


def test_an_entry_that_is_set_up_again_is_not_two_meters():
    house = House(before={"entry_id": "1"}, after={"entry_id": "1"})
    assert house.takes(heard()) == "before"
    house.router.remove(house.router.receivers[0])
    assert house.takes(heard()) == "after"
    house = House(before={"entry_id": "1"}, after={"entry_id": "1"}, other={"entry_id": "2"})
    assert house.takes(heard()) is None


def test_what_names_another_meter_is_not_believed_unless_it_is_proven():
    house = House(
        plain={"identifiers": lambda: ("ABC1",), "is_of_another": lambda values: bool(values.serial_numbers)},
        secured={**PROVEN, "is_of_another": lambda _: True},
    )
    assert [house.takes(heard(apdu)) for apdu in (event_code(1), numbered("8"))] == ["plain", None]
    assert house.takes(heard(numbered("8"), authenticated=True, system_title=TITLE)) == "secured"


def test_what_is_proven_has_no_values_of_another_logical_device():
    """It happened to the same physical device, and is told; but another object has this name, too."""
    proof = {"authenticated": True, "system_title": TITLE}
    named_so = {**PROVEN, "identifiers": lambda: ("ABC1", "7")}
    other = {**PROVEN, "server_wport": 9, "identifiers": lambda: ("ABC2",)}

    def is_elsewhere(house: House, apdu: bytes = event_code(1), server: int = 1) -> bool:
        assert house.takes(heard(apdu, server=server, **proof)) is not None
        return house.taken[-1][1].is_elsewhere

    alone = House(mine={**named_so, "server_wport": 16}, neighbour={"keys": keys(OTHER_TITLE)})
    # The management logical device pushes for all; some senders leave it out.
    assert [is_elsewhere(alone, server=server) for server in (16, 1, 0, 17)] == [False, False, False, True]
    assert not is_elsewhere(alone, numbered("7"), server=17)
    assert [is_elsewhere(alone, named(name), server=16) for name in ("ABC1", "ABC2")] == [False, True]
    assert not is_elsewhere(alone, b"\xc2\x00", server=17)  # nothing of it is understood anyway
    two = House(mine={**named_so, "server_wport": 16}, other=other)
    assert [is_elsewhere(two, server=server) for server in (16, 9, 1)] == [False, False, True]
    twice = House(before={**named_so, "entry_id": "1"}, after={**named_so, "entry_id": "1"})
    assert not is_elsewhere(twice, server=0)
    numbered_otherwise = House(mine={**named_so, "is_of_another": lambda values: bool(values.serial_numbers)})
    assert is_elsewhere(numbered_otherwise, numbered("8"))


def test_of_two_logical_devices_with_one_number_the_wport_tells():
    house = House(
        first={"identifiers": lambda: ("A_1", "7")}, second={"identifiers": lambda: ("A_2", "7"), "server_wport": 2}
    )
    assert [house.takes(heard(numbered("7"), server=server)) for server in (1, 2, 3)] == ["first", "second", None]


@pytest.mark.parametrize("is_own", [False, True])
def test_s23_nothing_unproven_is_taken_for_a_meter_with_keys(is_own: bool):
    house = House(is_own=is_own, secured={**PROVEN, "identifiers": lambda: ("ABC1",)})
    assert house.takes(heard()) is None
    assert house.takes(heard(named("ABC1"))) is None
    assert house.takes(heard(encrypted=True, system_title=TITLE)) is None


def test_s17_what_is_only_encrypted_is_taken_by_the_users_word():
    house = House(secured={**PROVEN, "accepts_unverified": True}, plain={"server_wport": 1})
    assert house.takes(heard(encrypted=True, system_title=TITLE)) == "secured"
    assert house.takes(heard(encrypted=True, system_title=OTHER_TITLE)) is None
    assert house.takes(heard()) == "plain"


def test_on_our_own_connection_the_address_is_no_question():
    house = House(is_own=True, plain={"sources": ()}, other={"server_wport": 2, "sources": ()})
    assert house.takes(heard(host="meter.home.arpa")) == "plain"
    assert house.takes(heard(host="meter.home.arpa", server=2)) == "other"
    assert house.takes(heard(host="meter.home.arpa", server=3)) is None


def test_of_two_meters_behind_one_address_the_client_may_tell():
    """Both send from the same server wPort; somebody configured to which client each of them sends."""
    house = House(first={"client_wport": 102}, second={"client_wport": 103})
    heard_by = [house.takes(heard(client=client)) for client in (102, 103, 1)]
    assert heard_by == ["first", "second", None]
    either = House(first={"client_wport": 102}, second={})
    assert [either.takes(heard(client=client)) for client in (102, 103)] == [None, "second"]
    own = House(is_own=True, first={"client_wport": 102})
    assert [own.takes(heard(client=client)) for client in (102, 103)] == ["first", None]


def test_what_is_proven_is_taken_whatever_client_it_is_for():
    house = House(secured={**PROVEN, "client_wport": 102})
    assert house.takes(heard(client=7, authenticated=True, system_title=TITLE)) == "secured"


VALUES = data_notification("0202 090441424331 1107")
NAME_AND_ALARM = (
    PushObject(1, LogicalName.parse("0.0.42.0.0.255"), 2),
    PushObject(1, LogicalName.parse("0.0.97.98.0.255"), 2),
)


def knowing(*objects: PushObject, **more: Any) -> Any:
    return lambda: Knowledge(push_lists={LogicalName.parse("0.0.25.9.0.255"): objects}, **more)


def test_values_without_names_are_those_that_the_meters_push_setup_sends():
    house = House(plain={"knows": knowing(*NAME_AND_ALARM), "identifiers": lambda: ("ABC1",)})
    assert house.takes(heard(VALUES)) == "plain"
    values = house.taken[0][1].values
    assert values is not None
    assert [str(each.logical_name) for each in values.values] == ["0.0.42.0.0.255", "0.0.97.98.0.255"]


def test_s23_a_list_may_tell_that_it_is_another_meter():
    """Its name is one of the values, which is only seen with the list."""
    other = {"knows": knowing(*NAME_AND_ALARM), "identifiers": lambda: ("ABC2",)}
    assert House(plain=other).takes(heard(VALUES)) is None
    assert House(plain=other, right={"identifiers": lambda: ("ABC1",)}).takes(heard(VALUES)) == "right"
    assert House(secured={**PROVEN, **other}).takes(heard(VALUES, authenticated=True, system_title=TITLE)) == "secured"


def test_a_number_without_a_name_is_known_of_its_maker_only():
    house = House(known={"knows": knowing(maker="KFM")}, other={"server_wport": 2, "knows": knowing(maker="XYZ")})
    for server in (1, 2):
        house.takes(heard(data_notification("0201 0600000007"), server=server))
    read = {name: each.values for name, each in house.taken}
    assert {name: values is not None and values.is_complete for name, values in read.items()} == {
        "known": True,
        "other": False,
    }


def test_what_may_be_old_or_was_not_opened_is_counted_only():
    house = House(secured=PROVEN)
    assert house.takes(heard(authenticated=True, system_title=TITLE, may_be_old=True)) is None
    assert house.takes(heard(general_glo(1), encrypted=True, error=SystemTitleMismatch("who?"))) is None
    assert house.router.counters == {"may be old": 1, "not opened": 1}


def test_what_cannot_be_decoded_is_taken_as_it_came():
    house = House(plain={})
    assert house.takes(heard(b"\xc2\x00\x00")) == "plain"
    assert (house.taken[0][1].notification, house.taken[0][1].values) == (None, None)


def test_m13_what_is_too_long_is_not_decoded():
    house = House(plain={})
    octets = (MOST_DECODED - 20).to_bytes(3, "big").hex()
    fits = data_notification(f"0983{octets}" + "00" * (MOST_DECODED - 20))
    assert house.takes(heard(fits)) == "plain"
    assert house.takes(heard(fits + bytes(30))) == "plain"
    assert [read.notification is None for _, read in house.taken] == [False, True]


def test_who_has_left_is_given_nothing():
    house = House(secured=PROVEN, plain={})
    for receiver in list(house.router.receivers):
        house.router.remove(receiver)
    assert house.takes(heard()) is None
    with pytest.raises(SystemTitleMismatch):
        house.router.senders.unprotect(general_glo(9))


def test_a_stranger_is_whom_no_entry_expects_and_nobody_knows():
    strangers: list[ReadNotification] = []
    router = Router(note_stranger=strangers.append)
    for facts in ({"server_wport": 1, "sources": HERE}, {"server_wport": 1, **PROVEN}):
        router.add(Receiver(take=lambda _: None, **facts))
    unknown = {"encrypted": True, "error": SystemTitleMismatch("unknown", found=OTHER_TITLE)}
    forged = {"encrypted": True, "error": AuthenticationTagInvalid("forged")}
    far = "198.51.100.1"
    router.receive(heard(host=far))
    router.receive(heard(server=2))  # another meter at the same address
    router.receive(heard(b"\xdb", far, system_title=OTHER_TITLE, **unknown))
    assert [read.heard.source.host for read in strangers] == [far, HOST, far]
    router.receive(heard(b"\xdb", HOST, system_title=OTHER_TITLE, **unknown))  # of an entry without its keys
    router.receive(heard(b"\xdb", far, **forged))
    router.receive(heard(host=far, encrypted=True, system_title=TITLE))  # named like one of ours, and not proven
    assert len(strangers) == 3
