"""The same meter always gives the same unique id, whatever else it says."""

import re
from types import MappingProxyType
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import (
    AccessRights,
    AssociationParameters,
    AttributeDescriptor,
    Data,
    DataAccessError,
    ExceptionReceived,
    LogicalName,
    ObjectListElement,
)
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    array,
    double_long_unsigned,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.meter import store
from custom_components.cosem.meter.identity import (
    FIRMWARE_ATTRIBUTES,
    NAME_ATTRIBUTE,
    SERIAL_ATTRIBUTES,
    MeterIdentity,
    SelfDescription,
    async_read_identity,
    identify,
    identity_attributes,
    logical_device_title,
    pinned_id_of,
    unique_id_of,
)

NAME = octet_string(b"ISK1030775213859")
SERIAL, ELECTRICITY_ID = SERIAL_ATTRIBUTES[:2]
DENIED = DataAccessError(3)

type Answers = dict[AttributeDescriptor, Data | DataAccessError]


def listed(*objects: tuple[int, str]) -> list[ObjectListElement]:
    return [ObjectListElement(class_id, 0, LogicalName.parse(name)) for class_id, name in objects]


def identified(answers: Answers, server_wport: int = 1, **settings: str) -> MeterIdentity:
    identity = identify(answers, server_wport, **settings)  # type: ignore[arg-type]
    assert identity is not None
    return identity


def test_logical_device_name_identifies():
    identity = identified({NAME_ATTRIBUTE: NAME, SERIAL: visible_string("75213859")})
    assert identity.unique_id == "ISK1030775213859"
    assert identity.pinned == NAME_ATTRIBUTE
    assert identity.manufacturer == "Iskraemeco"
    assert identity.serial_number == "75213859"
    assert identity.serial_attribute == SERIAL
    assert identity.title == "Iskraemeco 75213859"


def test_without_a_serial_number_the_name_gives_it():
    identity = identified({NAME_ATTRIBUTE: NAME, SERIAL: DENIED})
    assert identity.serial_number == "1030775213859"
    assert identity.serial_attribute is None


def test_without_a_name_number_and_wport_identify():
    identity = identified({NAME_ATTRIBUTE: DENIED, SERIAL: NULL, ELECTRICITY_ID: double_long_unsigned(4711)}, 16)
    assert identity.unique_id == "4711_16"
    assert identity.pinned == ELECTRICITY_ID
    assert identity.manufacturer is None
    assert identity.title == "4711"


def test_name_that_is_nothing_but_padding_does_not_identify():
    assert identify({NAME_ATTRIBUTE: octet_string(bytes(16))}, 1) is None
    assert identify({NAME_ATTRIBUTE: visible_string("")}, 1) is None
    assert identify({NAME_ATTRIBUTE: octet_string(b"<>")}, 1) is None  # nothing of it may be shown


def test_the_name_is_asked_for_where_every_logical_device_has_it():
    assert AttributeDescriptor(1, LogicalName.parse("0.0.42.0.0.255"), 2) == NAME_ATTRIBUTE


def test_a_name_of_three_letters_is_no_number_of_a_meter():
    assert identified({NAME_ATTRIBUTE: octet_string(b"ABB")}).serial_number is None


def test_meter_that_says_nothing_has_no_identity():
    assert identify({}, 1) is None
    assert identify({NAME_ATTRIBUTE: DENIED, SERIAL: DENIED}, 1) is None
    assert identify({SERIAL: visible_string("")}, 1) is None


def test_first_number_counts_when_there_are_several():
    answers: Answers = {SERIAL: visible_string("1"), ELECTRICITY_ID: visible_string("2")}
    assert identified(answers).unique_id == "1_1"
    answers[SERIAL_ATTRIBUTES[2]] = visible_string("1")
    assert identified(answers).unique_id == "1_1"
    assert identified(answers).pinned == SERIAL


def test_known_meter_is_recognised_in_anything_that_it_says():
    """What could not be read when the entry was made may be readable now."""
    answers: Answers = {NAME_ATTRIBUTE: NAME, SERIAL: visible_string("1"), ELECTRICITY_ID: visible_string("2")}
    recognised = identified(answers, expected="2_1")
    assert recognised.unique_id == "2_1"
    assert recognised.pinned == ELECTRICITY_ID
    assert identified(answers, expected="3_1").unique_id == "ISK1030775213859"


def test_pinned_attribute_alone_gives_the_same_unique_id():
    answers: Answers = {NAME_ATTRIBUTE: NAME, SERIAL: visible_string("1")}
    for expected in ("ISK1030775213859", "1_1"):
        identity = identified(answers, expected=expected)
        assert unique_id_of(identity.pinned, answers[identity.pinned], 1) == expected
    assert unique_id_of(NAME_ATTRIBUTE, DENIED, 1) is None
    assert unique_id_of(SERIAL, None, 1) is None
    assert unique_id_of(SERIAL, visible_string("\x00"), 1) is None


def test_texts_are_cleaned_and_short():
    identity = identified({NAME_ATTRIBUTE: NAME, SERIAL: visible_string("<b>1</b>\n" + "9" * 100)})
    assert identity.serial_number is not None
    assert not set("<>\n") & set(identity.serial_number)
    assert len(identity.serial_number) <= 64


@pytest.mark.parametrize(
    "said",
    [b"<script>alert(1)</script>", b"ISK<img src=x>", b"../../../etc/passwd", b"a\nb\x00\x1b[31m", b"\xff\xfe" * 40],
)
def test_s30_nothing_that_a_meter_says_becomes_a_name_uncleaned(said: bytes):
    answers: Answers = {
        NAME_ATTRIBUTE: octet_string(said),
        SERIAL: octet_string(said),
        FIRMWARE_ATTRIBUTES[0]: octet_string(said),
    }
    identity = identified(answers)
    names = (identity.unique_id, identity.title, identity.manufacturer, identity.serial_number, identity.firmware)
    for name in names:
        assert name is None or (name.isprintable() and not set("<>&\"'`") & set(name) and len(name) <= 255), name


async def test_s30_no_file_is_named_by_a_meter(hass: HomeAssistant, hass_storage: dict[str, Any]):
    unique_id = "../../<ISK>\n"
    await store.async_save_meter(hass, unique_id, store.StoredMeter(firmware="7"))
    (name,) = hass_storage
    assert re.fullmatch(r"cosem\.[0-9a-f]{32}", name)
    assert (await store.async_load_meter(hass, unique_id)).firmware == "7"


def test_title_of_a_meter_without_words_is_its_unique_id():
    identity = MeterIdentity(
        unique_id="X", pinned=NAME_ATTRIBUTE, manufacturer=None, serial_number=None, firmware=None, model=None
    )
    assert identity.title == "X"


def test_firmware_is_the_first_that_says_something():
    answers: Answers = {NAME_ATTRIBUTE: NAME, FIRMWARE_ATTRIBUTES[0]: DENIED, FIRMWARE_ATTRIBUTES[1]: unsigned(7)}
    assert identified(answers).firmware == "7"
    assert identified({**answers, FIRMWARE_ATTRIBUTES[0]: visible_string("")}).firmware == "7"


@pytest.mark.parametrize(
    ("objects", "model"),
    [
        (listed((3, "1.0.1.8.0.255"), (3, "1.0.2.8.0.255"), (3, "7.0.3.0.0.255")), "Electricity meter"),
        (listed((3, "7.0.3.0.0.255"), (8, "0.0.1.0.0.255"), (1, "0.0.42.0.0.255")), "Gas meter"),
        (listed((3, "6.0.1.0.0.255")), "Heat meter"),
        (listed((3, "8.0.1.0.0.255")), "Water meter"),
        (listed((3, "9.0.1.0.0.255")), "Hot water meter"),
        (listed((8, "0.0.1.0.0.255")), None),
        ([], None),
    ],
)
def test_model_is_what_most_objects_measure(objects: list[ObjectListElement], model: str | None):
    identity = identify({NAME_ATTRIBUTE: NAME}, 1, objects)
    assert identity is not None
    assert identity.model == model


def test_without_an_object_list_everything_usual_is_asked_for():
    numbers = ("0-0:96.1.0", "1-0:0.0.0", "0-0:96.1.1", "1-0:0.0.1", "7-0:0.0.0", "8-0:0.0.0", "6-0:0.0.0")
    firmware = ("1-0:0.2.0", "0-0:0.2.0", "7-0:0.2.0", "0-0:0.2.1")
    assert identity_attributes([]) == tuple(
        AttributeDescriptor(1, LogicalName.parse(f"{name}*255"), 2) for name in ("0-0:42.0.0", *numbers, *firmware)
    )


def test_with_an_object_list_only_what_it_has_is_asked_for_and_the_name_always():
    hidden = ObjectListElement(
        1, 0, LogicalName.parse("1.0.0.0.0.255"), MappingProxyType({2: AccessRights(0, 1, ())}), MappingProxyType({})
    )
    objects = [*listed((1, "0.0.96.1.0.255"), (1, "1.0.0.2.0.255"), (3, "1.0.1.8.0.255")), hidden]
    assert identity_attributes(objects) == (NAME_ATTRIBUTE, SERIAL, FIRMWARE_ATTRIBUTES[0])


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("ISK1030775213859", "Iskraemeco 1030775213859"),
        ("SIM7030045342455", "SIM 7030045342455"),
        ("ABB", "ABB"),
        ("12345678", "12345678"),
        ("Zähler 7", "Zähler 7"),
        ("  ", "  "),
    ],
)
def test_logical_device_of_which_only_the_name_is_known_is_called_as_a_person_would(name: str, title: str):
    assert logical_device_title(name) == title


class Answering:
    """An association whose meter gives these answers, and denies everything else."""

    def __init__(self, answers: Answers, server_wport: int = 1) -> None:
        self.parameters = AssociationParameters(client_wport=16, server_wport=server_wport)
        self.answers = answers
        self.asked: list[AttributeDescriptor] = []

    async def get_many(self, attributes: list[AttributeDescriptor]) -> list[Data | DataAccessError]:
        self.asked += attributes
        return [self.answers.get(attribute, DENIED) for attribute in attributes]


SAP_LIST = AttributeDescriptor(17, LogicalName.parse("0.0.41.0.0.255"), 2)
MBUS_TYPE = AttributeDescriptor(72, LogicalName.parse("0.1.24.1.0.255"), 9)


async def said_by(answers: Answers, *objects: tuple[int, str]) -> tuple[SelfDescription, Answering]:
    association = Answering({NAME_ATTRIBUTE: NAME, **answers})
    said = await async_read_identity(association, listed(*objects), expected=None)  # type: ignore[arg-type]
    return said, association


async def test_meter_is_asked_only_for_what_its_object_list_has():
    said, association = await said_by({}, (3, "1.0.1.8.0.255"))
    assert association.asked == [NAME_ATTRIBUTE]
    assert said.identity is not None
    assert said.identity.unique_id == "ISK1030775213859"
    assert said.logical_devices == ()
    assert said.mbus_device_types == {}


async def test_other_logical_devices_are_those_of_the_sap_assignment_list():
    sap_list = array(structure(long_unsigned(1), octet_string(b"A")), structure(long_unsigned(16), octet_string(b"B")))
    said, association = await said_by({SAP_LIST: sap_list}, (17, "0.0.41.0.0.255"))
    assert SAP_LIST in association.asked
    assert said.logical_devices == ((1, b"A"), (16, b"B"))
    _, association = await said_by({SAP_LIST: sap_list}, (17, "0.0.41.0.0.255"), (3, "1.0.1.8.0.255"))
    assert SAP_LIST in association.asked
    for odd in (DENIED, unsigned(1)):
        said, _ = await said_by({SAP_LIST: odd}, (17, "0.0.41.0.0.255"))
        assert said.logical_devices == ()


async def test_mbus_devices_say_what_they_measure_by_channel():
    said, _ = await said_by({MBUS_TYPE: unsigned(7)}, (72, "0.1.24.1.0.255"), (72, "0.2.24.1.0.255"))
    assert said.mbus_device_types == {1: 7}
    said, _ = await said_by({MBUS_TYPE: NULL}, (72, "0.1.24.1.0.255"))
    assert said.mbus_device_types == {}


async def test_mbus_devices_that_may_not_be_read_are_not_asked():
    hidden = ObjectListElement(
        72, 0, MBUS_TYPE.logical_name, MappingProxyType({9: AccessRights(0, 1, ())}), MappingProxyType({})
    )
    association = Answering({NAME_ATTRIBUTE: NAME})
    said = await async_read_identity(association, [hidden], expected=None)  # type: ignore[arg-type]
    assert MBUS_TYPE not in association.asked
    assert said.mbus_device_types == {}


def busy(state_error: int = 1, service_error: int = 3) -> DataAccessError:
    """What stands for the exception-response to one attribute."""
    error = DataAccessError(2)
    error.__cause__ = ExceptionReceived(state_error, service_error)
    return error


async def test_trial_10_a_meter_that_is_busy_says_so_and_is_not_unknown():
    answers = {NAME_ATTRIBUTE: busy()}
    with pytest.raises(ExceptionReceived):
        await async_read_identity(Answering(answers), (), expected=None)  # type: ignore[arg-type]
    said = await async_read_identity(Answering(answers | {SERIAL: octet_string(b"77")}), (), expected=None)  # type: ignore[arg-type]
    assert said.identity is not None


@pytest.mark.parametrize("answer", [DataAccessError(2), DENIED, busy(1, 1), busy(1, 2), NULL])
async def test_what_does_not_mean_busy_is_no_identity(answer: Data | DataAccessError):
    said = await async_read_identity(Answering({NAME_ATTRIBUTE: answer}), (), expected=None)  # type: ignore[arg-type]
    assert said.identity is None
    assert pinned_id_of(NAME_ATTRIBUTE, answer, 1) is None


def test_trial_10_the_pinned_name_of_a_busy_meter_is_not_another_name():
    assert pinned_id_of(NAME_ATTRIBUTE, NAME, 1) == unique_id_of(NAME_ATTRIBUTE, NAME, 1)
    with pytest.raises(ExceptionReceived):
        pinned_id_of(NAME_ATTRIBUTE, busy(), 1)
