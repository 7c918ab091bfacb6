"""Push setups of each version: what may be written, and what then goes where."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.notification import DataNotification
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    array,
    encode_data_octets,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.notification_profile import NotificationProfile
from tests.simulated_meter.profile import MeterProfile, default_clients
from tests.simulated_meter.push_setup import push_object
from tests.simulated_meter.steps import Send

from .tools import NOW, BareClient, make_aarq, reference

SETUP = "0.0.25.9.0.255"
IMPORT = octet_string(LogicalName.parse("1.0.1.8.0.255").octets)
EXECUTE = b"\xc3\x01\xc1" + reference(40, SETUP, 1) + b"\x01\x0f\x00"
GOOD, BAD, DENIED = (bytes.fromhex(f"C501C1{code}") for code in ("00", "0C", "03"))


def meter_of(version: int) -> SimulatedMeter:
    """A meter whose management client needs no password."""
    clients = tuple(replace(client, password=None) for client in default_clients(""))
    notifications = NotificationProfile(push_setup_version=version)
    profile = replace(MeterProfile(), history_days=2, clients=clients, notifications=notifications)
    return SimulatedMeter(profile, lambda: NOW)


def client_of(version: int) -> BareClient:
    """Its management client, with an association."""
    client = BareClient(meter_of(version), client=1)
    client.ask(make_aarq())
    return client


def written(client: BareClient, attribute: int, value: Data) -> bytes:
    return client.ask(b"\xc1\x01\xc1" + reference(40, SETUP, attribute) + b"\x00" + encode_data_octets(value))


@pytest.mark.parametrize("version", [0, 1, 2])
def test_each_version_takes_its_own_entries_only(version: int) -> None:
    client = client_of(version)
    for other in (0, 1, 2):
        listed = array(push_object(3, "1.0.1.8.0", version=other))
        assert written(client, 2, listed) == (GOOD if other == version else BAD)
    assert written(client, 2, array()) == GOOD


@pytest.mark.parametrize(
    "value",
    [
        unsigned(1),
        array(unsigned(1)),
        array(structure(unsigned(1))),
        array(structure(long_unsigned(3), octet_string(b"short"), integer(2), long_unsigned(0))),
        array(structure(long_unsigned(3), IMPORT, unsigned(2), long_unsigned(0))),
        structure(long_unsigned(3), IMPORT, integer(2), long_unsigned(0)),
    ],
)
def test_a_list_in_other_types_is_refused(value: Data) -> None:
    assert written(client_of(0), 2, value) == BAD


@pytest.mark.parametrize(
    "value",
    [
        unsigned(1),
        array(enum(0), octet_string(b""), enum(0)),
        structure(enum(0), visible_string("192.0.2.1:4059"), enum(0)),
        structure(unsigned(0), octet_string(b""), enum(0)),
        structure(enum(0), octet_string(b"")),
    ],
)
def test_a_destination_in_other_types_is_refused(value: Data) -> None:
    assert written(client_of(0), 3, value) == BAD


@pytest.mark.parametrize("version", [0, 1, 2])
def test_what_a_version_has_not_cannot_be_written(version: int) -> None:
    client = client_of(version)
    assert (written(client, 9, integer(102)) == GOOD) is (version > 0)
    assert (written(client, 11, enum(2)) == GOOD) is (version > 1)


@pytest.mark.parametrize(("version", "told", "to"), [(0, None, 1), (1, None, 1), (1, 16, 16), (2, 16, 16)])
def test_a_push_goes_to_the_client_that_stands_there(version: int, told: int | None, to: int) -> None:
    client = client_of(version)
    if told is not None:
        assert written(client, 9, integer(told)) == GOOD
    pushed, _ = client.steps(EXECUTE)
    assert isinstance(pushed, Send)
    assert pushed.octets[:6] == bytes.fromhex(f"0001 0001 {to:04X}")
    push = decode_apdu(pushed.octets[8:])
    assert isinstance(push, DataNotification)
    assert push.body == structure(meter_of(0).truth("1.0.1.8.0"))


def test_part_of_an_attribute_is_pushed() -> None:
    client = client_of(0)
    scaler_unit = structure(long_unsigned(3), IMPORT, integer(3), long_unsigned(2))
    beyond = structure(long_unsigned(3), IMPORT, integer(3), long_unsigned(9))
    assert written(client, 2, array(scaler_unit, beyond)) == GOOD
    pushed, _ = client.steps(EXECUTE)
    assert isinstance(pushed, Send)
    push = decode_apdu(pushed.octets[8:])
    assert isinstance(push, DataNotification)
    assert push.body == structure(enum(30), meter_of(0).truth("1.0.1.8.0", 3))


def test_the_parameter_of_the_method_is_an_integer() -> None:
    request = b"\xc3\x01\xc1" + reference(40, SETUP, 1) + b"\x01" + encode_data_octets(NULL)
    assert client_of(0).ask(request)[3] == 12
