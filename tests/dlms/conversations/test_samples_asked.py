"""Every request of the samples asked by our client, octet by octet; the sequences played; exceptions as answers.

The recorded conversations hold more of the same; here each sample is met by a client and not by a decoder alone.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.association import Association
from custom_components.cosem.dlms.encoding.data import decode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    DlmsError,
    ExceptionReceived,
    LocalProtocolError,
)
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.events import AnswerReceived
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.protocol.transfer import Transfer
from custom_components.cosem.dlms.protocol.transfer.write import WriteList, WriteOne
from tests.dlms.client.conftest import PATIENT, SEVEN, client_of
from tests.dlms.client.test_short_names import SN_CONTEXT
from tests.dlms.scripted import (
    CLOCK,
    ENERGY,
    POWER,
    Raw,
    ScriptedMeter,
    aare,
    answer,
    associated,
    events_of,
    initiate,
    sent_by,
    unsigned,
    value,
)
from tests.vector_tools import Vector, by_name, vectors

from .client_role import AsRecorded
from .exchange import data_of
from .operations import attribute_of, operation_of, selection_of, variable_of

EVERYTHING = Conformance(0x7E_FF_FF)
WIDE = AssociationParameters(conformance=EVERYTHING)
SHORT = replace(WIDE, referencing=Referencing.SHORT_NAME)
GRANTED = initiate(conformance=EVERYTHING & ~(Conformance.READ | Conformance.WRITE | Conformance.UNCONFIRMED_WRITE))

SERVICES = {
    "get-request-normal": "get",
    "get-request-with-list": "get-list",
    "set-request-normal": "set",
    "set-request-with-list": "set-list",
    "action-request-normal": "action",
    "action-request-with-list": "action-list",
    "access-request": "access",
    "read-request": "read",
}
BLOCKS = {
    "get-request-next",
    "set-request-with-first-datablock",
    "set-request-with-datablock",
    "set-request-with-list-and-first-datablock",
    "action-request-next-pblock",
    "action-request-with-first-pblock",
    "action-request-with-list-and-first-pblock",
    "action-request-with-pblock",
}
"""Parts of something longer: played in the sequences and conversations."""
REQUESTS = [
    vector
    for theme in ("get", "set", "action", "access", "selective-access", "short-name")
    for vector in vectors(theme)
    if "request" in vector.expect["apdu"] and vector.expect["apdu"] not in BLOCKS
]


def transfer_of(vector: Vector) -> Transfer:
    """What our client would do to send it."""
    expect = vector.expect
    if "write-request" in expect["apdu"]:
        pairs = list(zip(map(variable_of, expect["variables"]), map(data_of, expect["data"]), strict=True))
        return WriteOne(*pairs[0]) if len(pairs) == 1 else WriteList(pairs)
    described = expect | {"service": SERVICES[expect["apdu"]], "result": {}}
    if expect["apdu"] == "access-request":
        described["long_invoke_id"] = expect["long_invoke_id"]["raw"]
    operation = operation_of(described)
    return AsRecorded(operation.transfer, operation.invoke)


def associated_by_short_names() -> Connection:
    connection = Connection()
    connection.propose(SHORT)
    granted = initiate(conformance=EVERYTHING, vaa_name=0xFA00)
    connection.receive_data(answer(aare(granted, application_context_name=SN_CONTEXT), SHORT.pair))
    events_of(connection)
    connection.data_to_send()
    return connection


def test_what_is_not_asked_here_is_a_part_of_something_longer():
    kinds = {vector.expect["apdu"] for vector in REQUESTS}
    assert kinds == {*SERVICES, "write-request", "unconfirmed-write-request"}
    assert len(REQUESTS) >= 29


UNCONFIRMED_GET = "get-request-normal, invoke-id 15, unconfirmed, high priority"


def test_a_get_that_asks_for_no_answer_is_read_in_samples_and_never_sent():
    connection = associated(GRANTED, WIDE)
    with pytest.raises(LocalProtocolError, match="always answered"):
        connection.request(SHORT.pair, transfer_of(by_name("get", UNCONFIRMED_GET)))
    assert sent_by(connection) == []


@pytest.mark.parametrize(
    "vector", [each for each in REQUESTS if each.name != UNCONFIRMED_GET], ids=lambda vector: vector.name
)
def test_a_request_of_ours_has_the_octets_of_the_sample(vector: Vector):
    is_short = "read" in vector.expect["apdu"] or "write" in vector.expect["apdu"]
    connection = associated_by_short_names() if is_short else associated(GRANTED, WIDE)
    transfer = transfer_of(vector)
    unanswered = "unconfirmed" in vector.name
    (connection.tell if unanswered else connection.request)(SHORT.pair, transfer)
    assert sent_by(connection) == [vector.octets]


@pytest.mark.parametrize("vector", vectors("selective-access"), ids=lambda vector: vector.name)
async def test_a_selection_goes_out_as_in_the_sample_and_its_answer_comes_in(vector: Vector):
    rows = bytes.fromhex("0101020206000000011100")
    meter = ScriptedMeter(lambda _: [value(rows)])
    async with client_of(meter, PATIENT).associate(AssociationParameters()) as association:
        found = await association.get(attribute_of(vector.expect), selection_of(vector.expect))
    assert meter.requests == [vector.octets]
    assert found == decode_data_octets(rows)


RESET = MethodDescriptor(3, ENERGY.logical_name, 1)
ASKING: dict[str, Callable[[Association], Coroutine[Any, Any, object]]] = {
    "get": lambda association: association.get(CLOCK),
    "set": lambda association: association.set(CLOCK, SEVEN),
    "set list": lambda association: association.set_many([(CLOCK, SEVEN), (POWER, SEVEN)]),
    "action": lambda association: association.action(RESET, SEVEN),
    "action list": lambda association: association.action_many([(RESET, SEVEN), (RESET, None)]),
}


def said_by(error: DlmsError) -> dict[str, Any]:
    """The error as a sample describes it."""
    if isinstance(error, ExceptionReceived):
        said = {"apdu": "exception-response", "state_error": error.state_error, "service_error": error.service_error}
        counter = error.invocation_counter
        return said if counter is None else said | {"invocation_counter": counter}
    assert isinstance(error, ConfirmedServiceErrorReceived)
    return {
        "apdu": "confirmed-service-error",
        "service": error.service,
        "error_class": {6: "initiate", 5: "access"}[error.error_class],
        "error": error.error,
    }


@pytest.mark.parametrize("asked", ASKING)
@pytest.mark.parametrize("vector", vectors("exception"), ids=lambda vector: vector.name)
async def test_an_exception_ends_the_request_with_what_it_says_and_nothing_else(vector: Vector, asked: str):
    def reply(apdu: bytes) -> list[bytes]:
        is_energy = apdu[0] == 0xC0 and ENERGY.logical_name.octets in apdu
        return [value(unsigned(7)) if is_energy else vector.octets]

    meter = ScriptedMeter(reply, aarq=lambda _: [aare(GRANTED)])
    async with client_of(meter, PATIENT).associate(WIDE) as association:
        with pytest.raises(DlmsError) as error:
            await ASKING[asked](association)
        assert said_by(error.value) == vector.expect
        assert await association.get(ENERGY) == SEVEN  # nothing else was lost
    telling = [wpdu.apdu[0] for link in meter.links for wpdu in link.sent if wpdu.apdu[0] in {0xC1, 0xC3}]
    assert len(telling) == (asked != "get")  # nothing is told twice


@pytest.mark.parametrize("vector", vectors("exception"), ids=lambda vector: vector.name)
async def test_an_exception_instead_of_an_aare_is_a_refusal_that_says_why(vector: Vector):
    meter = ScriptedMeter(aarq=lambda _: [vector.octets])
    with pytest.raises(DlmsError) as error:
        async with client_of(meter, PATIENT).associate(AssociationParameters()):
            pass
    assert meter.requests == []
    if vector.octets[0] == 0xD8:
        assert said_by(error.value) == vector.expect
    else:
        assert isinstance(error.value, AssociationRejected)
        assert error.value.initiate_error == vector.expect["error"]


SEQUENCES = {
    "GET response over general-block-transfer, streaming, window 2": 2,
    "GET response over general-block-transfer, streaming, window 3": 3,
    "general-block-transfer, block 2 of the first window lost: receiver acknowledges 1, sender repeats from 2": 3,
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_blocks_of_a_sequence_are_acknowledged_and_put_together(name: str):
    vector = by_name("sequences", name)
    connection = associated(GRANTED, WIDE)
    request, *steps = vector.fields["steps"]
    transfer = transfer_of(by_name("get", "get-request-normal, clock time"))
    octets = bytes.fromhex(request["hex"])
    connection.request(WIDE.pair, transfer)
    assert sent_by(connection)[0][:3] == octets[:3]
    for step in steps:
        octets = bytes.fromhex(step["hex"])
        if step["from"] == "server":
            connection.receive_data(answer(octets, WIDE.pair))
        else:
            (acknowledged,) = sent_by(connection)
            assert acknowledged[2:] == octets[2:]  # the window is our own
            assert acknowledged[1] & 0xC0 == octets[1] & 0xC0
    (event,) = [each for each in events_of(connection) if isinstance(each, AnswerReceived)]
    assert b"\xc4\x01\xc1\x00" + event.octets == bytes.fromhex(vector.expect["reassembled_apdu"])


async def played(name: str, asks: Callable[[Association, Vector], Coroutine[Any, Any, object]], size: int) -> object:
    """Play a sequence: our client sends what the recorded one sent."""
    vector = by_name("sequences", name)
    steps = vector.fields["steps"]
    sent = [bytes.fromhex(step["hex"]) for step in steps if step["from"] == "client"]
    replies = [bytes.fromhex(step["hex"]) for step in steps if step["from"] == "server"]
    granted = replace(GRANTED, server_max_receive_pdu_size=size)
    meter = ScriptedMeter(lambda _: [Raw(answer(replies.pop(0), WIDE.pair))], aarq=lambda _: [aare(granted)])
    try:
        async with client_of(meter, PATIENT).associate(WIDE) as association:
            return await asks(association, vector)
    finally:
        assert [wpdu.apdu for wpdu in meter.link.sent][1 : 1 + len(sent)] == sent
        assert replies == []


async def test_an_action_with_parameters_in_blocks_is_sent_as_in_the_sequence():
    def execute(association: Association, vector: Vector) -> Coroutine[Any, Any, object]:
        method = MethodDescriptor(18, LogicalName.parse("0.0.44.0.0.255"), 2)
        return association.action(method, decode_data_octets(bytes.fromhex(vector.expect["reassembled"])))

    assert await played("ACTION with parameter blocks (image_block_transfer)", execute, 38) is None


async def test_an_action_whose_answer_comes_in_blocks_is_put_together_as_in_the_sequence():
    def execute(association: Association, _: Vector) -> Coroutine[Any, Any, object]:
        method = MethodDescriptor(15, LogicalName.parse("0.0.40.0.0.255"), 1)
        return association.action(method)

    name = "ACTION response in two pblocks; the raw data is result, optional flag, choice, data"
    found = await played(name, execute, 1024)
    assert found == decode_data_octets(bytes.fromhex("0910000102030405060708090a0b0c0d0e0f"))


async def test_a_get_without_an_association_ends_as_in_the_sequence():
    sequence = by_name("sequences", "GET answered by exception-response service-not-allowed (no association)")
    asked, said = (bytes.fromhex(step["hex"]) for step in sequence.fields["steps"])
    meter = ScriptedMeter(lambda _: [said])
    async with client_of(meter, PATIENT).associate(AssociationParameters()) as association:
        with pytest.raises(ExceptionReceived) as error:
            await association.get(CLOCK)
    assert {"state": error.value.state_error, "service": error.value.service_error} == sequence.expect["error"]
    assert meter.requests[0] == asked
