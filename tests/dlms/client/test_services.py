"""SET and ACTION as their user sees them: what is refused, and what nobody knows."""

import asyncio

import pytest

from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.services import Services
from custom_components.cosem.dlms.encoding.data import double_long_unsigned, octet_string
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import (
    ActionError,
    ConnectionLost,
    DataAccessError,
    DecodeError,
    ExceptionReceived,
    LocalProtocolError,
    OutcomeUnknown,
    ResponseTimeout,
    ServiceError,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from tests.dlms.client.conftest import SEVEN, answers, client_of, started
from tests.dlms.scripted import BUSY, CLOCK, ENERGY, NO_ASSOCIATION, PARAMETERS, End, ScriptedMeter, aare, initiate

WRITING = Conformance.GET | Conformance.SET | Conformance.ACTION | Conformance.MULTIPLE_REFERENCES
BLOCKS = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE | Conformance.BLOCK_TRANSFER_WITH_ACTION
RESET = MethodDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 1)
DONE = bytes.fromhex("C501C100")
EXECUTED = bytes.fromhex("C701C10000")


def writable(get=None, conformance: Conformance = WRITING | BLOCKS, size: int = 1024) -> ScriptedMeter:
    accepted = aare(initiate(conformance=conformance, server_max_receive_pdu_size=size))
    return ScriptedMeter(get, aarq=lambda apdu: [accepted])


async def request_of(association: Services, service: str) -> object:
    """One of each."""
    match service:
        case "set":
            return await association.set(CLOCK, SEVEN)
        case "set_many":
            return await association.set_many([(CLOCK, SEVEN)])
        case "action":
            return await association.action(RESET)
    return await association.action_many([(RESET, None)])


async def test_set_and_action():
    meter = writable(answers([DONE], [bytes.fromhex("C701C20001000600000007")], [bytes.fromhex("C701C30000")]))
    async with client_of(meter).associate(PARAMETERS) as association:
        await association.set(CLOCK, SEVEN)
        assert await association.action(RESET, SEVEN) == SEVEN
        assert await association.action(RESET) is None
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0xC1, 0xC3, 0xC3, 0x62]


async def test_trial_08_one_octet_too_many_behind_what_a_method_said_is_left_out():
    said = ["C701C10001000600000007", "C701C20000", "C701C30200", "C703C40200000200"]
    meter = writable(answers(*([bytes.fromhex(each) + b"\x00"] for each in said)))
    async with client_of(meter).associate(PARAMETERS) as association:
        assert await association.action(RESET) == SEVEN
        assert association.leniencies == {Leniency.SURPLUS_OCTET}
        assert await association.action(RESET) is None
        with pytest.raises(ActionError):
            await association.action(RESET)
        done, refused = await association.action_many([(RESET, None)] * 2)
        assert (done, refused.result) == (None, 2)


@pytest.mark.parametrize(
    "said",
    [
        "C701C10001",
        "C701C100010006000000",
        "C701C1000000FF",
        "C702C10100000001050001000600",
        "C702C1010000000103000000",
    ],
    ids=["value missing", "value cut", "two octets", "cut in a block", "octet too many in a block"],
)
async def test_trial_08_what_is_cut_is_never_taken_for_a_surplus_octet(said: str):
    meter = writable(answers([bytes.fromhex(said)]))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(OutcomeUnknown):
            await association.action(RESET)


async def test_a_method_that_is_carried_out_and_cannot_return_its_value_is_no_refusal():
    meter = writable(answers([bytes.fromhex("C701C100010103")], [bytes.fromhex("C702C20100000001020103")]))
    async with client_of(meter).associate(PARAMETERS) as association:
        error = await association.action(RESET)
        assert isinstance(error, DataAccessError)
        assert error.result == 3
        with pytest.raises(OutcomeUnknown):
            await association.action(RESET)


async def test_lists():
    meter = writable(answers([bytes.fromhex("C505C1020003")], [bytes.fromhex("C703C203000003000001010B")]))
    async with client_of(meter).associate(PARAMETERS) as association:
        written, refused = await association.set_many([(CLOCK, SEVEN), (ENERGY, SEVEN)])
        assert written is None
        assert isinstance(refused, DataAccessError)
        assert refused.result == 3
        done, error, unreadable = await association.action_many([(RESET, None)] * 3)
    assert done is None
    assert isinstance(error, ActionError)
    assert isinstance(unreadable, DataAccessError)


async def test_a_refusal_is_an_error_and_the_association_goes_on():
    meter = writable(
        answers([bytes.fromhex("C501C103")], [bytes.fromhex("C701C20400")], [BUSY], [bytes.fromhex("C501C400")])
    )
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(DataAccessError, match="3"):
            await association.set(CLOCK, SEVEN)
        with pytest.raises(ActionError, match="4"):
            await association.action(RESET)
        with pytest.raises(ExceptionReceived):
            await association.set(CLOCK, SEVEN)
        await association.set(CLOCK, SEVEN)
        assert association.is_reusable


async def test_long_values_go_in_blocks():
    meter = writable(answers([bytes.fromhex("C502C100000001")], [bytes.fromhex("C503C10000000002")]), size=40)
    async with client_of(meter).associate(PARAMETERS) as association:
        await association.set(CLOCK, octet_string(bytes(40)))
    assert [wpdu.apdu[:2].hex() for wpdu in meter.link.sent] == ["601d", "c102", "c103", "6203"]
    assert all(len(wpdu.apdu) <= 40 for wpdu in meter.link.sent[1:])


@pytest.mark.parametrize(
    ("conformance", "length", "missing"),
    [(Conformance.GET, 3, "set"), (Conformance.GET | Conformance.SET, 30, "block-transfer-with-set-or-write")],
)
async def test_what_was_not_negotiated_is_not_sent(conformance: Conformance, length: int, missing: str):
    meter = writable(conformance=conformance, size=40)
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(LocalProtocolError, match=f"^{missing} was not negotiated"):
            await association.set(CLOCK, octet_string(bytes(length)))
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0x62]


@pytest.mark.parametrize(
    ("part", "cause"),
    [
        ([End(reset=True)], ConnectionLost),
        ([End()], ConnectionLost),
        ([], ResponseTimeout),
        ([b"\xc5\x09"], DecodeError),
    ],
)
@pytest.mark.parametrize("service", ["set", "set_many", "action", "action_many"])
async def test_a_lost_answer_is_an_unknown_outcome_and_nothing_is_sent_again(part: list, cause: type, service: str):
    meter = writable(answers(part))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(OutcomeUnknown) as unknown:
            await request_of(association, service)
        assert isinstance(unknown.value.__cause__, cause)
    assert [wpdu.apdu[0] for wpdu in meter.link.sent].count(0xC1 if service.startswith("set") else 0xC3) == 1


@pytest.mark.parametrize("answer", ["C701C100000000", "C701C1000100", "C701C10001000F"])
async def test_what_a_method_said_without_sense_is_an_unknown_outcome(answer: str):
    meter = writable(answers([bytes.fromhex(answer)], [bytes.fromhex("C703C2030000")]))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(OutcomeUnknown):
            await association.action(RESET)
        with pytest.raises(OutcomeUnknown):
            await association.action_many([(RESET, None), (RESET, None)])
        assert association.is_reusable


async def test_a_meter_that_knows_no_association_has_refused():
    meter = writable(answers([NO_ASSOCIATION]))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(ExceptionReceived):
            await association.set(CLOCK, SEVEN)


async def test_what_was_never_sent_has_a_plain_error():
    meter = writable()
    async with client_of(meter).associate(PARAMETERS) as association:
        await association.release()
        with pytest.raises(Exception, match="released"):
            await association.set(CLOCK, SEVEN)


async def test_giving_up_is_no_answer():
    meter = writable(lambda apdu: [])
    async with client_of(meter).associate(PARAMETERS) as association:
        task = await started(association.set(CLOCK, double_long_unsigned(1)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not association.is_open


EXCEPTION = bytes.fromhex("D80102")
SERVICE_ERROR = bytes.fromhex("0E070003")
FIRST_BLOCK = bytes.fromhex("C702C1 00 00000001 05 0001000905")
SOMETHING_ELSE = bytes.fromhex("C702C1 00 00000001 05 0100000905")
REFUSAL = bytes.fromhex("C701C10300")
BREAKS_OFF: list[list[bytes | End]] = [[EXCEPTION], [SERVICE_ERROR], [REFUSAL], [b"\xc7\x09"], [End(reset=True)], []]


@pytest.mark.parametrize("rest", BREAKS_OFF)
async def test_a_method_whose_first_block_says_success_was_carried_out_whatever_comes_of_the_rest(rest: list):
    meter = writable(answers([FIRST_BLOCK], rest))
    async with client_of(meter).associate(PARAMETERS) as association:
        missing = await association.action(RESET)
        assert isinstance(missing, DataAccessError)
        assert missing.result == 250
    assert [wpdu.apdu[:2].hex() for wpdu in meter.link.sent if wpdu.apdu[0] == 0xC3] == ["c301", "c302"]


@pytest.mark.parametrize("rest", BREAKS_OFF)
async def test_a_response_that_breaks_off_is_no_refusal(rest: list):
    meter = writable(answers([SOMETHING_ELSE], rest))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(OutcomeUnknown):
            await association.action(RESET)
    meter = writable(answers([SOMETHING_ELSE], rest))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(OutcomeUnknown):
            await association.action_many([(RESET, None)])


async def test_a_refusal_between_blocks_is_told_at_once_and_the_association_goes_on():
    meter = writable(answers([FIRST_BLOCK], [REFUSAL], [bytes.fromhex("C701C20000")]))
    async with client_of(meter).associate(PARAMETERS) as association:
        assert isinstance(await association.action(RESET), DataAccessError)
        assert await association.action(RESET) is None


@pytest.mark.parametrize("error", [EXCEPTION, SERVICE_ERROR])
async def test_an_error_instead_of_an_answer_is_a_refusal_of_what_was_sent_in_blocks(error: bytes):
    meter = writable(answers([bytes.fromhex("C502C100000001")], [error]), size=40)
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(ServiceError) as refused:
            await association.set(CLOCK, octet_string(bytes(40)))
        assert not isinstance(refused.value, OutcomeUnknown)
