"""An association with short names: the same facade, the object list read once, the way of referencing learned."""

import asyncio
from contextlib import aclosing
import math

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, MethodDescriptor, Selection
from custom_components.cosem.dlms.apdu.initiate import Conformance, InitiateResponse
from custom_components.cosem.dlms.apdu.short_name import (
    InformationReportRequest,
    ParameterizedAccess,
    VariableName,
)
from custom_components.cosem.dlms.client.proof_forms import KnownForm
from custom_components.cosem.dlms.client.short_names import ShortNames
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    array,
    decode_data_octets,
    double_long_unsigned,
    octet_string,
    unsigned as one_octet,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    DataAccessError,
    ExceptionReceived,
    LocalProtocolError,
    OutcomeUnknown,
    ServiceError,
    ShortNameUnknown,
    TransportError,
)
from custom_components.cosem.dlms.interface_classes.association_ln import CURRENT_OBJECT_LIST, decode_object_list
from custom_components.cosem.dlms.interface_classes.short_names import ShortNameObject
from custom_components.cosem.dlms.protocol.association_kind import AssociationKind
from custom_components.cosem.dlms.protocol.proof_form import ProofForm
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.client.conftest import PATIENT, client_of
from tests.dlms.scripted import CLOCK, ENERGY, POWER, End, ScriptedMeter, aare

SN_CONTEXT = bytes.fromhex("60857405080102")
GRANTED = InitiateResponse(conformance=Conformance(0x1C1B20), server_max_receive_pdu_size=1024, vaa_name=0xFA00)
LIST = bytes.fromhex(
    "0102 0204 101000 120003 1100 09060100010800FF 0204 102000 120008 1100 09060000010000FF".replace(" ", "")
)
POWER_LISTED = bytes.fromhex("0204 103000 120003 1100 09060100010700FF")
DEVICE_NAME = AttributeDescriptor(1, LogicalName.parse("0.0.42.0.0.255"), 2)
SHORT = AssociationParameters(referencing=Referencing.SHORT_NAME)
AUTOMATIC = AssociationParameters(referencing=Referencing.AUTOMATIC)
NOT_SUPPORTED = {"initiate": None, "result": 1, "diagnostic": 2}


class ShortMeter(ScriptedMeter):
    """Knows short names; ``contexts``: the application contexts that it takes."""

    def __init__(self, contexts=(2,), values=None, refusal=NOT_SUPPORTED):
        super().__init__(self.answer, aarq=self.associate)
        self.contexts = contexts
        self.values = {0xFA08: LIST, 0x1008: bytes.fromhex("0600000007"), 0xFD08: b"\x09\x03SIM"} | (values or {})
        self.refusal = refusal
        self.refusals = []
        self.aarqs = []

    def associate(self, apdu):
        context = apdu[apdu.index(bytes.fromhex("608574050801")) + 6]
        self.aarqs.append(context)
        if context not in self.contexts:
            return [aare(**self.refusal)]
        if context == 2:
            return [aare(GRANTED, application_context_name=SN_CONTEXT)]
        return [aare()]

    def answer(self, apdu):
        if apdu[0] == 0xC0:
            return [bytes([0xC4, 1, apdu[2], 0]) + bytes.fromhex("0600000007")]
        if apdu[0] == 0x06:
            return [bytes([0x0D, apdu[1], *bytes(apdu[1])])]
        results, offset = b"", 2
        for _ in range(apdu[1]):
            assert apdu[offset] == 2
            name = int.from_bytes(apdu[offset + 1 : offset + 3])
            value = self.values.get(name, 4)
            results += b"\x00" + value if isinstance(value, bytes) else bytes([1, value])
            offset += 3
        return [bytes([0x0C, apdu[1]]) + results]

    @property
    def asked(self):
        """Without the marker of answers in doubt."""
        apdus = [wpdu.apdu.hex().upper() for link in self.links for wpdu in link.sent if wpdu.apdu[0] in {5, 6}]
        return [apdu for apdu in apdus if apdu != "050102FA00"]


async def test_short_names_are_found_in_the_list_which_is_read_once():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    for _ in range(2):
        async with client.associate(SHORT) as association:
            assert await association.get(ENERGY) == double_long_unsigned(7)
            assert association.negotiated.vaa_name == 0xFA00
    await client.close()
    assert meter.asked == ["050102FA08", "0501021008", "0501021008"]
    names = client.known_forms[SHORT.pair].short_names
    assert isinstance(names, ShortNames)
    assert await names.without([ENERGY, CLOCK], None) == {}
    assert meter.aarqs == [2, 2]


async def test_special_objects_need_no_list():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        assert await association.get(DEVICE_NAME) == octet_string(b"SIM")
        assert [str(item.logical_name) for item in decode_object_list(await association.get(CURRENT_OBJECT_LIST))] == [
            "1.0.1.8.0.255",
            "0.0.1.0.0.255",
        ]
        assert await association.get(ENERGY) == double_long_unsigned(7)  # the list is known now
    await client.close()
    assert meter.asked == ["050102FD08", "050102FA08", "0501021008"]


async def test_what_the_meter_does_not_list_costs_nothing():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    manufacturers_own = ENERGY._replace(attribute_index=-1)
    async with client.associate(SHORT) as association:
        results = await association.get_many([POWER, ENERGY, DEVICE_NAME, manufacturers_own, POWER, CLOCK])
        alone = await association.get_many([POWER])
        with pytest.raises(DataAccessError, match="object-undefined"):
            await association.get(POWER)
    await client.close()
    assert [each if isinstance(each, Data) else each.result for each in results] == [
        4,
        double_long_unsigned(7),
        octet_string(b"SIM"),
        4,
        4,
        4,
    ]
    assert [each.result for each in alone] == [4]
    assert meter.asked == ["050102FA08", "05030210080 2FD08022008".replace(" ", "")]


@pytest.mark.parametrize("refusal", [3, b"\x11\x07"])
async def test_a_list_that_is_refused_or_senseless_is_asked_for_once_in_an_association(refusal):
    meter = ShortMeter(values={0xFA08: refusal})
    client = client_of(meter, PATIENT)
    for _ in range(2):
        async with client.associate(SHORT) as association:
            results = await association.get_many([ENERGY, DEVICE_NAME])
            assert isinstance(results[0], DataAccessError)
            assert results[1] == octet_string(b"SIM")
            with pytest.raises(DataAccessError):
                await association.get(ENERGY)
    await client.close()
    assert meter.asked == ["050102FA08", "050102FD08"] * 2


TEMPORARY, UNAVAILABLE = 2, 11
BUSY_EXCEPTION, UNKNOWN_EXCEPTION = bytes.fromhex("D80203"), bytes.fromhex("D80202")


class BusyMeter(ShortMeter):
    """Answers the object list with ``busy``, a data-access-result or an APDU, until that is None."""

    def __init__(self, busy):
        super().__init__()
        self.busy = busy

    def answer(self, apdu):
        if self.busy is None or apdu != bytes.fromhex("050102FA08"):
            return super().answer(apdu)
        return [self.busy if isinstance(self.busy, bytes) else bytes([0x0C, 1, 1, self.busy])]


def results_of(answers):
    return [each if isinstance(each, Data) else each.result for each in answers]


@pytest.mark.parametrize("busy", [1, TEMPORARY, UNAVAILABLE, 250, 77, BUSY_EXCEPTION])
async def test_f31_a_list_that_is_refused_for_now_is_asked_for_again_at_the_next_question(busy):
    meter = BusyMeter(busy)
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        assert results_of(await association.get_many([ENERGY, DEVICE_NAME])) == [TEMPORARY, octet_string(b"SIM")]
        meter.busy = None
        assert results_of(await association.get_many([ENERGY, POWER])) == [double_long_unsigned(7), 4]
    assert meter.asked == ["050102FA08", "050102FD08", "050102FA08", "0501021008"]


@pytest.mark.parametrize("refusal", [3, 4, 9, 12, 13, UNKNOWN_EXCEPTION, bytes.fromhex("0C01001107")])
async def test_f32_a_list_that_is_refused_for_good_is_asked_for_again_when_the_association_is_lent_again(refusal):
    meter = BusyMeter(refusal)
    client = client_of(meter, PATIENT)
    for busy, expected in ((refusal, 250), (None, double_long_unsigned(7))):
        meter.busy = busy
        async with client.associate(SHORT, keep=math.inf) as association:
            for _ in range(2):
                assert results_of(await association.get_many([ENERGY, DEVICE_NAME]))[0] == expected
    await client.close()
    assert meter.aarqs == [2]
    assert meter.asked.count("050102FA08") == 2


@pytest.mark.parametrize(
    "refusal", [TEMPORARY, 3, BUSY_EXCEPTION, UNKNOWN_EXCEPTION, bytes.fromhex("0E050101"), bytes.fromhex("0C01001107")]
)
async def test_no_object_is_undefined_only_because_the_list_could_not_be_read(refusal):
    meter = BusyMeter(refusal)
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        name, energy, nothing = await association.get_many([DEVICE_NAME, ENERGY, ENERGY._replace(attribute_index=0)])
        assert name == octet_string(b"SIM")
        assert isinstance(energy, ShortNameUnknown)
        assert "the object list could not be read" in str(energy)
        assert energy.result in {TEMPORARY, 250}
        assert nothing.result == 4
        with pytest.raises(ServiceError) as caught:
            await association.get(ENERGY)
        assert getattr(caught.value, "result", None) != 4


@pytest.mark.parametrize("refusal", [BUSY_EXCEPTION, UNKNOWN_EXCEPTION])
async def test_a_meter_that_says_only_that_it_cannot_is_no_list_of_errors(refusal):
    """As where the values are asked for: nothing else was answered."""
    meter = BusyMeter(refusal)
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        with pytest.raises(ExceptionReceived):
            await association.get_many([ENERGY, POWER])
        with pytest.raises(ExceptionReceived):
            await association.get(ENERGY)
        with pytest.raises(ExceptionReceived):
            await association.set(ENERGY, NULL)
        assert association.is_open
    # An exception that is that of the request before could be a copy: the marker shows that it is not.
    assert {apdu[:10] for apdu in meter.asked} <= {"050102FA08", "050102FA00"}


async def test_a_list_without_objects_is_none():
    meter = BusyMeter(bytes.fromhex("0C01000100"))
    client = client_of(meter, PATIENT)
    for expected in (250, double_long_unsigned(7)):
        async with client.associate(SHORT) as association:
            assert results_of(await association.get_many([ENERGY])) == [expected]
        meter.busy = None
    await client.close()


ENERGY_ALONE = bytes.fromhex("0101 0204 101000 120003 1100 09060100010800FF")


async def test_an_object_that_one_list_lacks_is_looked_for_in_the_next_one():
    """The first list was cut short."""
    meter = ShortMeter(values={0xFA08: ENERGY_ALONE, 0x2008: b"\x11\x05"})
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        for _ in range(2):
            assert results_of(await association.get_many([ENERGY, CLOCK])) == [double_long_unsigned(7), 4]
    meter.values[0xFA08] = LIST
    async with client.associate(SHORT) as association:
        assert results_of(await association.get_many([ENERGY, CLOCK])) == [
            double_long_unsigned(7),
            one_octet(5),
        ]
    await client.close()
    assert meter.asked.count("050102FA08") == 2


async def test_what_two_lists_lack_is_believed_and_costs_no_third():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    for _ in range(5):
        async with client.associate(SHORT) as association:
            for _ in range(2):
                assert results_of(await association.get_many([ENERGY, POWER])) == [double_long_unsigned(7), 4]
    assert meter.asked.count("050102FA08") == 2
    meter.values |= {0xFA08: LIST.replace(b"\x01\x02", b"\x01\x03", 1) + POWER_LISTED, 0x3008: b"\x11\x06"}
    async with client.associate(SHORT) as association:
        await association.get(CURRENT_OBJECT_LIST)
        assert await association.get(POWER) == one_octet(6)
    await client.close()


async def test_a_list_that_fails_after_another_one_costs_nothing_that_was_known():
    meter = BusyMeter(None)
    client = client_of(meter, PATIENT)
    for busy in (None, 2, 3, bytes.fromhex("0C01000100"), bytes.fromhex("0C01001107")):
        meter.busy = busy
        async with client.associate(SHORT) as association:
            assert results_of(await association.get_many([POWER, ENERGY])) == [4, double_long_unsigned(7)]
            if busy not in {2, 3}:
                await association.get(CURRENT_OBJECT_LIST)
            assert await association.get(ENERGY) == double_long_unsigned(7)
    await client.close()


# -- unconfirmed services


async def test_nothing_confirmed_is_sent_instead_of_an_unconfirmed_service():
    """A method that returns something is read, and a Read is confirmed."""
    meter = ShortMeter()
    setup = LogicalName.parse("0.0.25.1.0.255")
    names = ShortNames([ShortNameObject(0x5000, 42, 0, setup), ShortNameObject(0x1000, 3, 0, ENERGY.logical_name)])
    for kind in (AssociationKind.CONFIRMED, AssociationKind.UNCONFIRMED):
        client = client_of(meter, PATIENT)
        parameters = AssociationParameters(referencing=Referencing.SHORT_NAME, kind=kind)
        client.known_forms[parameters.pair] = KnownForm(short_names=names)
        async with client.associate(parameters) as association:
            with pytest.raises(LocalProtocolError, match="a read is always answered"):
                await association.action_unconfirmed(MethodDescriptor(42, setup, 3))
            assert association.is_open
        await client.close()
    assert meter.asked == []


async def test_base_names_can_be_given_where_no_list_can_be_read():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    parameters = AssociationParameters(
        referencing=Referencing.SHORT_NAME,
        kind=AssociationKind.UNCONFIRMED,
        conformance=Conformance.UNCONFIRMED_WRITE | Conformance.WRITE,
    )
    names = ShortNames([ShortNameObject(0x1000, 3, 0, ENERGY.logical_name)])
    client.known_forms[parameters.pair] = KnownForm(short_names=names)
    async with client.associate(parameters) as association:
        await association.set_unconfirmed(ENERGY, NULL)
        with pytest.raises(LocalProtocolError, match="a short name is not known"):
            await association.set_unconfirmed(CLOCK, NULL)
        assert association.is_open
    await client.close()
    assert [wpdu.apdu.hex().upper() for wpdu in meter.link.sent][1:-1] == ["1601021008" + "0100"]


async def test_what_the_meter_lists_counts_more_than_what_was_given():
    names = ShortNames([ShortNameObject(0x7000, 3, 0, ENERGY.logical_name)])
    names.take(decode_data_octets(LIST))
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    client.known_forms[SHORT.pair] = KnownForm(short_names=names)
    async with client.associate(SHORT) as association:
        assert await association.get(ENERGY) == double_long_unsigned(7)
    await client.close()
    assert meter.asked == ["0501021008"]


async def test_senseless_list_that_somebody_asked_for_changes_nothing():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        await association.get(ENERGY)
        meter.values[0xFA08] = b"\x11\x07"
        await association.get(CURRENT_OBJECT_LIST)
        assert await association.get(ENERGY) == double_long_unsigned(7)
    await client.close()


async def test_moved_objects_are_found_when_the_list_is_read_again():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        await association.get(ENERGY)
        meter.values |= {0xFA08: LIST.replace(b"\x10\x10\x00", b"\x10\x11\x00"), 0x1108: bytes.fromhex("0600000009")}
        await association.get(CURRENT_OBJECT_LIST)
        assert await association.get(ENERGY) == double_long_unsigned(9)
    await client.close()


async def test_writing_and_methods():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        await association.set(CLOCK, NULL)
        assert await association.set_many([(CLOCK, NULL), (ENERGY, array())]) == [None, None]
        assert await association.action(MethodDescriptor(3, ENERGY.logical_name, 1)) is None
        with pytest.raises(LocalProtocolError):
            await association.action(MethodDescriptor(3, ENERGY.logical_name, 0))
        meter.get = lambda apdu: [b"\x0d\x00"]
        with pytest.raises(OutcomeUnknown):
            await association.set(CLOCK, NULL)
    await client.close()
    written = [apdu for apdu in meter.asked if apdu[:2] == "06"]
    assert written == ["06010220080100", "06020220080210080200" + "0100", "06010210280100", "06010220080100"]


# -- the marker of answers in doubt


def markers(meter):
    return [wpdu.apdu.hex() for link in meter.links for wpdu in link.sent].count("050102fa00")


async def read_often(client):
    async with client.associate(SHORT) as association:
        for _ in range(3):
            assert await association.get(ENERGY) == double_long_unsigned(7)
        assert await association.set(CLOCK, NULL) is None


async def test_the_marker_is_read_before_the_second_request_and_in_doubt():
    meter = ShortMeter(values={0xFA00: bytes.fromhex("09060000280000FF")})
    client = client_of(meter, PATIENT)
    await read_often(client)
    assert [wpdu.apdu.hex() for wpdu in meter.links[0].sent][1:4] == ["050102fa08", "050102fa00", "0501021008"]
    assert markers(meter) == 3
    await client.close()


async def test_one_request_costs_no_marker():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        await association.get(DEVICE_NAME)
    await client.close()
    assert markers(meter) == 0


@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("replies", [[], [End()]])
async def test_a_meter_that_does_not_bear_the_marker_is_asked_for_it_once(replies, pieces):
    meter = ShortMeter()
    usual = meter.get
    meter.get = lambda apdu: replies if apdu.hex() == "050102fa00" else usual(apdu)
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        await association.get(DEVICE_NAME)
        if pieces:
            async with aclosing(association.get_pieces(CURRENT_OBJECT_LIST)) as octets:
                assert [each async for each in octets] == [LIST]
    for _ in range(2):
        await read_often(client)
    assert markers(meter) == 1
    await client.close()


async def test_a_refused_marker_is_asked_for_twice():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    for expected in (1, 2, 2):
        await read_often(client)
        assert markers(meter) == expected
    meter.values[0xFA00] = b"\x00"
    known = client.known_forms[SHORT.pair]
    known.marker_failures = 1
    for _ in range(2):
        await read_often(client)
        assert known.marker_failures == 0, "an answer ends the row"
    await client.close()


async def test_two_who_ask_at_once_need_one_marker():
    meter = ShortMeter(values={0xFA00: bytes.fromhex("09060000280000FF")})
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        await association.get(DEVICE_NAME)
        async with association._link.turn:
            both = [asyncio.create_task(association.get(name)) for name in (DEVICE_NAME, ENERGY)]
            await asyncio.sleep(0)
        assert [each.value for each in await asyncio.gather(*both)] == [b"SIM", 7]
    await client.close()
    assert [wpdu.apdu.hex() for wpdu in meter.links[0].sent][2:5] == ["050102fa00", "050102fd08", "050102fa00"]
    assert markers(meter) == 2, "one to learn it, one in doubt"


async def test_where_others_use_the_connection_a_silent_marker_ends_the_association():
    meter = ShortMeter()
    usual = meter.get
    meter.get = lambda apdu: [] if apdu.hex() == "050102fa00" else usual(apdu)
    client = client_of(meter, PATIENT)
    other = AssociationParameters(client_wport=17, referencing=Referencing.SHORT_NAME)
    async with client.associate(other), client.associate(SHORT) as association:
        await association.get(DEVICE_NAME)
        with pytest.raises(TransportError):
            await association.get(DEVICE_NAME)
    assert markers(meter) == 1
    await client.close()


async def test_selective_access():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        await association.get(ENERGY)
        meter.get = lambda apdu: [b"\x0c\x01\x00\x01\x00"]
        assert await association.get(ENERGY, Selection(2, NULL)) == array()
    await client.close()
    assert meter.asked[-1] == "0501041008" + "0200"


# -- which way of referencing


async def test_automatic_falls_back_once_and_remembers():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    for _ in range(2):
        async with client.associate(AUTOMATIC) as association:
            assert await association.get(ENERGY) == double_long_unsigned(7)
            assert association.proof_form.short_names
    await client.close()
    assert meter.aarqs == [1, 2, 2]


async def test_automatic_means_logical_names_where_the_meter_has_them():
    meter = ShortMeter(contexts=(1, 2))
    client = client_of(meter, PATIENT)
    async with client.associate(AUTOMATIC) as association:
        assert await association.get(ENERGY) == double_long_unsigned(7)
    await client.close()
    assert meter.aarqs == [1]


async def test_other_pairs_of_a_meter_begin_with_what_is_known():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    for wport in (16, 2):
        async with client.associate(AssociationParameters(client_wport=wport, referencing=Referencing.AUTOMATIC)):
            pass
    await client.close()
    assert meter.aarqs == [1, 2, 2]


async def test_a_meter_that_was_exchanged_is_asked_by_logical_names_again():
    meter = ShortMeter(contexts=(1,))
    client = client_of(meter, PATIENT)
    client.known_forms[AUTOMATIC.pair] = KnownForm(ProofForm(short_names=True), is_proven=True)
    async with client.associate(AUTOMATIC) as association:
        assert not association.proof_form.short_names
    await client.close()
    assert meter.aarqs == [2, 1]


@pytest.mark.parametrize("referencing", [Referencing.LOGICAL_NAME, Referencing.SHORT_NAME])
async def test_what_the_user_chose_is_not_changed(referencing):
    meter = ShortMeter(contexts=())
    client = client_of(meter, PATIENT)
    with pytest.raises(AssociationRejected):
        async with client.associate(AssociationParameters(referencing=referencing)):
            pass
    await client.close()
    assert len(meter.aarqs) == 1


async def test_where_both_contexts_are_refused_nothing_is_learned():
    meter = ShortMeter(contexts=())
    client = client_of(meter, PATIENT)
    with pytest.raises(AssociationRejected):
        async with client.associate(AUTOMATIC):
            pass
    await client.close()
    assert meter.aarqs == [1, 2]
    assert client.known_forms[AUTOMATIC.pair] == KnownForm()


INCOMPATIBLE = {"initiate": bytes.fromhex("0E010602"), "result": 1, "diagnostic": 1}
PASSWORD = AssociationParameters(
    client_wport=16, mechanism=Mechanism.LLS, password=Secret(b"12345678"), referencing=Referencing.AUTOMATIC
)


@pytest.mark.parametrize(
    ("parameters", "refusal", "aarqs"),
    [
        (AUTOMATIC, INCOMPATIBLE, [1, 1, 2]),  # by fewer services first
        (PASSWORD, INCOMPATIBLE, [1]),
        (PASSWORD, NOT_SUPPORTED, [1, 2]),
        (AUTOMATIC, {"initiate": None, "result": 1, "diagnostic": 1}, [1, 1]),
        (AUTOMATIC, {"initiate": None, "result": 1, "diagnostic": 2, "result_source": 2}, [1]),
        (PASSWORD, {"initiate": None, "result": 1, "diagnostic": 13}, [1]),
    ],
)
async def test_a_password_is_sent_again_only_after_a_refusal_of_the_context(parameters, refusal, aarqs):
    meter = ShortMeter(refusal=refusal)
    client = client_of(meter, PATIENT)
    try:
        async with client.associate(parameters):
            pass
    except AssociationRejected:
        assert 2 not in aarqs
    await client.close()
    assert meter.aarqs == aarqs


async def test_the_refusal_of_credentials_is_told_and_not_that_of_the_context():
    meter = ShortMeter()
    client = client_of(meter, PATIENT)
    honest = meter.aarq
    meter.aarq = lambda apdu: honest(apdu) if not meter.aarqs else [aare(None, result=1, diagnostic=13)]
    with pytest.raises(AssociationRejected) as caught:
        async with client.associate(AUTOMATIC):
            pass
    await client.close()
    assert caught.value.concerns_authentication
    assert client.known_forms[AUTOMATIC.pair].form.short_names


async def test_a_value_in_blocks_comes_block_by_block():
    meter = ShortMeter()
    plain, blocks = meter.get, [b"\x01\x00\x09", b"\x06ab", b"cdef"]

    def answer(apdu):
        if apdu.hex() == "0501021008":
            number = 1
        elif apdu[:3] == bytes.fromhex("050105"):
            number = apdu[4] + 1
        else:
            return plain(apdu)
        octets = blocks[number - 1]
        return [bytes([0x0C, 1, 2, number == len(blocks), 0, number, len(octets)]) + octets]

    meter.get = answer
    client = client_of(meter)
    async with client.associate(SHORT) as association, aclosing(association.get_pieces(ENERGY)) as pieces:
        assert [octets async for octets in pieces] == [b"\x09\x06ab", b"cdef"]
    await client.close()


async def test_an_answer_without_blocks_comes_as_one_piece():
    meter = ShortMeter()
    async with client_of(meter).associate(SHORT) as association, aclosing(association.get_pieces(ENERGY)) as pieces:
        assert [octets async for octets in pieces] == [bytes.fromhex("0600000007")]


def test_a_report_tells_attributes_of_the_objects_that_are_known():
    names = ShortNames()
    names.take(decode_data_octets(LIST))
    variables = (VariableName(0x1008), VariableName(0x1029), VariableName(0x0100), ParameterizedAccess(0x1008, 1, NULL))
    report = InformationReportRequest(None, variables, (NULL,) * 4)
    assert names.attributes_of(report) == {0x1008: AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)}
    assert ShortNames().attributes_of(report) == {}
