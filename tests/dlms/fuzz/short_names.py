"""Where a conversation by short names may be when it is damaged, and what a meter honestly says in it."""

from collections.abc import Callable
from hashlib import md5

from custom_components.cosem.dlms.apdu.acse import (
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    mechanism_name,
)
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.apdu.short_name import ParameterizedAccess, VariableName
from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer import Transfer
from custom_components.cosem.dlms.protocol.transfer.read import ReadList, ReadMethod, ReadOne
from custom_components.cosem.dlms.protocol.transfer.write import WriteList, WriteMethod, WriteMethods, WriteOne
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.scripted import PAIR, aare, answer, events_of, initiate

SMALL = 64
LONG = octet_string(bytes(150))
VALUE, OTHER = VariableName(0x1008), VariableName(0x1010)
GRANTED = initiate(conformance=Conformance(0x1C1B20), server_max_receive_pdu_size=SMALL, vaa_name=0xFA00)
SN_CONTEXT = bytes.fromhex("60857405080102")
ACCEPTED = aare(GRANTED, application_context_name=SN_CONTEXT)
CHALLENGE, SECRET = bytes(range(16)), b"fuzz only"
PROOF = md5(CHALLENGE + SECRET, usedforsecurity=False).digest()

HONEST = tuple(
    bytes.fromhex(text)
    for text in (
        *("0C01001107", "0C010103", "0C0200110101 04", "0C01030001", "0C01030002", "0C01030003"),
        *("0C010200000103010009", "0C0102000002020201", "0C01020100020411010203", "0C01020100010209 00"),
        *("0D0100", "0D010103", "0D02000103", "0D01020001", "0D01020002", "0D01020003"),
        *("180001021008010600000037", "0E050401", "0E060403"),
        *(f"0C01000910{PROOF.hex()}", f"0D01000910{PROOF.hex()}"),
    )
)


def start(transfer: Callable[[], Transfer], *answers: str, limits: Limits) -> Callable[[], Connection]:
    """Return an association in which a request waits, after some answers."""

    def begin() -> Connection:
        connection = Connection(limits=limits)
        connection.propose(AssociationParameters(referencing=Referencing.SHORT_NAME))
        connection.receive_data(answer(ACCEPTED))
        assert connection.is_open(PAIR)
        connection.request(PAIR, transfer())
        for octets in answers:
            connection.receive_data(answer(bytes.fromhex(octets)))
        events_of(connection)
        return connection

    return begin


def proving(limits: Limits) -> Connection:
    """Return an association after its challenge was answered by short name."""
    parameters = AssociationParameters(
        mechanism=Mechanism.HLS_MD5, hls_secret=Secret(SECRET), referencing=Referencing.SHORT_NAME
    )
    connection = Connection(limits=limits)
    connection.propose(parameters, Opening(parameters, OpeningMaterial(challenge=CHALLENGE), limits))
    challenged = aare(
        GRANTED,
        application_context_name=SN_CONTEXT,
        diagnostic=14,
        mechanism_name=mechanism_name(Mechanism.HLS_MD5),
        responding_authentication_value=AuthenticationValue(AuthenticationForm.CHARSTRING, bytes(range(100, 116))),
    )
    connection.receive_data(answer(challenged))
    return connection


def starts(limits: Limits) -> dict[str, tuple[Callable[[], Connection], State]]:
    """Return how each state is reached, by name."""
    part = ParameterizedAccess(0x1008, 2, LONG)
    waiting, in_blocks = State.AWAITING_ANSWER, State.AWAITING_BLOCK
    return {
        "reading": (start(lambda: ReadOne(VALUE), limits=limits), waiting),
        "reading variables": (start(lambda: ReadList([VALUE, OTHER]), limits=limits), waiting),
        "reading in blocks": (start(lambda: ReadOne(VALUE), "0C010200000103010009", limits=limits), in_blocks),
        "reading variables in blocks": (
            start(lambda: ReadList([VALUE, OTHER]), "0C010200000103020009", limits=limits),
            in_blocks,
        ),
        "asking by blocks": (start(lambda: ReadOne(part), "0C01030001", limits=limits), in_blocks),
        "executing": (start(lambda: ReadMethod(VALUE), limits=limits), waiting),
        "writing": (start(lambda: WriteOne(VALUE, octet_string(b"1")), limits=limits), waiting),
        "writing variables": (
            start(lambda: WriteList([(VALUE, octet_string(b"1")), (OTHER, octet_string(b"2"))]), limits=limits),
            waiting,
        ),
        "writing in blocks": (start(lambda: WriteOne(VALUE, LONG), "0D01020001", limits=limits), in_blocks),
        "writing to a method": (start(lambda: WriteMethod(VALUE, octet_string(b"1")), limits=limits), waiting),
        "writing to methods": (
            start(lambda: WriteMethods([(VALUE, LONG), (OTHER, LONG)]), "0D01020001", limits=limits),
            in_blocks,
        ),
        "proving by short names": (lambda: proving(limits), State.PROVING),
    }
