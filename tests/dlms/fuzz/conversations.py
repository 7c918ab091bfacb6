"""Connection under fuzzing: from every state that can be reached, a damaged conversation, whole and octet by octet."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from hashlib import md5
from random import Random

from custom_components.cosem.dlms.apdu.acse import (
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    mechanism_name,
)
from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer import Transfer
from custom_components.cosem.dlms.protocol.transfer.access import Access, to_execute, to_get
from custom_components.cosem.dlms.protocol.transfer.action import ActionList, ActionOne
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from custom_components.cosem.dlms.protocol.transfer.set import SetList, SetOne
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.fuzz import short_names
from tests.dlms.fuzz.corpus import damaged, framed, octets_of
from tests.dlms.scripted import (
    BUSY,
    CLOCK,
    ENERGY,
    NO_ASSOCIATION,
    PAIR,
    PARAMETERS,
    POWER,
    PUSH,
    RLRE,
    aare,
    answer,
    associated,
    block,
    block_error,
    events_of,
    initiate,
    unsigned,
    value,
    values,
)

CHALLENGE = bytes(range(16))
SECRET = b"fuzz only"
PROVEN = AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=Secret(SECRET))
STOC = AuthenticationValue(AuthenticationForm.CHARSTRING, bytes(range(100, 116)))
CHALLENGED = aare(diagnostic=14, mechanism_name=mechanism_name(Mechanism.HLS_MD5), responding_authentication_value=STOC)
# Pass 4 as the specification has it: MD5(challenge of the client, secret), in the answer to the first invoke-id.
PROOF = bytes.fromhex("C701C100010009 10") + md5(CHALLENGE + SECRET, usedforsecurity=False).digest()

LIMITS = Limits(assembled_value=4096, blocks_per_transfer=16)


def _asking() -> Connection:
    connection = associated(limits=LIMITS)
    connection.request(PAIR, GetOne(CLOCK))
    return connection


def _asking_list() -> Connection:
    connection = associated(limits=LIMITS)
    connection.request(PAIR, GetList([(ENERGY, None), (POWER, None)]))
    return connection


def _in_blocks() -> Connection:
    connection = _asking()
    connection.receive_data(answer(block(1, b"\x09\x04ab")))
    return connection


def _in_blocks_of_a_list() -> Connection:
    connection = _asking_list()
    connection.receive_data(answer(block(1, b"\x02\x00\x06\x00")))
    return connection


def _associating() -> Connection:
    connection = Connection(limits=LIMITS)
    connection.propose(PARAMETERS)
    return connection


def _releasing() -> Connection:
    connection = associated(limits=LIMITS)
    connection.release(PAIR)
    return connection


def _released() -> Connection:
    connection = _releasing()
    connection.receive_data(answer(RLRE))
    return connection


def _ended() -> Connection:
    connection = associated(limits=LIMITS)
    connection.receive_eof()
    return connection


def _proving() -> Connection:
    connection = Connection(limits=LIMITS)
    connection.propose(PROVEN, Opening(PROVEN, OpeningMaterial(challenge=CHALLENGE), LIMITS))
    connection.receive_data(answer(CHALLENGED))
    return connection


EVERYTHING = Conformance(0x5E_5F)
"""Of services that write, with lists and blocks."""
SMALL = 64
"""Octets that the meter takes: what is longer goes in blocks."""
RESET = MethodDescriptor(3, ENERGY.logical_name, 1)
LONG = octet_string(bytes(150))


def _writing(transfer: Callable[[], Transfer], *demands: str) -> Callable[[], Connection]:
    """Return an association in which a request that writes waits, after some of its blocks were asked for."""

    def start() -> Connection:
        parameters = AssociationParameters(conformance=EVERYTHING)
        granted = initiate(conformance=EVERYTHING, server_max_receive_pdu_size=SMALL)
        connection = associated(granted, parameters, limits=LIMITS)
        connection.request(PAIR, transfer())
        for demand in demands:
            connection.receive_data(answer(bytes.fromhex(demand)))
        return connection

    return start


WRITING: dict[str, tuple[Callable[[], Connection], State]] = {
    "setting": (_writing(lambda: SetOne(CLOCK, octet_string(b"1"))), State.AWAITING_ANSWER),
    "setting a list": (
        _writing(lambda: SetList([(CLOCK, octet_string(b"1")), (ENERGY, octet_string(b"2"))])),
        State.AWAITING_ANSWER,
    ),
    "setting in blocks": (_writing(lambda: SetOne(CLOCK, LONG), "C502C100000001"), State.AWAITING_BLOCK),
    "setting a list in blocks": (
        _writing(lambda: SetList([(CLOCK, LONG), (ENERGY, LONG)]), "C502C100000001"),
        State.AWAITING_BLOCK,
    ),
    "the last block is set": (
        _writing(lambda: SetOne(CLOCK, LONG), *(f"C502C10000000{number}" for number in (1, 2, 3))),
        State.AWAITING_BLOCK,
    ),
    "acting": (_writing(lambda: ActionOne(RESET)), State.AWAITING_ANSWER),
    "acting by list": (_writing(lambda: ActionList([(RESET, None), (RESET, LONG)])), State.AWAITING_ANSWER),
    "acting in blocks": (_writing(lambda: ActionOne(RESET, LONG), "C704C100000001"), State.AWAITING_BLOCK),
    "accessing": (_writing(lambda: Access([to_get(CLOCK), to_execute(RESET)])), State.AWAITING_ANSWER),
    "answered in blocks": (_writing(lambda: ActionOne(RESET), "C702C100000000010300010009"), State.AWAITING_BLOCK),
}


def _in_general_blocks(*blocks: str) -> Callable[[], Connection]:
    """Return an association in which a request in general blocks waits, after these blocks of the meter."""

    def start() -> Connection:
        agreed = Conformance.GENERAL_BLOCK_TRANSFER | Conformance.GET | Conformance.MULTIPLE_REFERENCES
        parameters = AssociationParameters(conformance=agreed)
        granted = initiate(conformance=agreed, server_max_receive_pdu_size=SMALL)
        connection = associated(granted, parameters, limits=LIMITS)
        connection.request(PAIR, GetList([(ENERGY, None)] * 12))
        for octets in blocks:
            connection.receive_data(answer(bytes.fromhex(octets)))
        return connection

    return start


GENERAL_BLOCKS: dict[str, tuple[Callable[[], Connection], State]] = {
    "asking in general blocks": (_in_general_blocks(), State.AWAITING_ANSWER),
    "asked in general blocks": (_in_general_blocks("E0830001000100", "E08300020003" + "00"), State.AWAITING_BLOCK),
    "answered in general blocks": (
        _in_general_blocks("E0830001000100", "E003000200030AC403C1000C0006000000"),
        State.AWAITING_BLOCK,
    ),
    "a general block is missing": (
        _in_general_blocks("E0830001000100", "E0430002000304C403C100", "E04300040003020001"),
        State.AWAITING_BLOCK,
    ),
}

GENERAL_BLOCKS_HONEST = tuple(
    bytes.fromhex(text)
    for text in (
        *("E0830001000100", "E0830002000300", "E0830001000000", "E08300000000" + "00", "E0410003000104C403C100"),
        *("E003000200030AC403C1000C0006000000", "E0430003000304" + "00060000", "E083000400030201" + "02"),
        *(
            "E0010001000004C401C100",
            "E041000200010209" + "01",
            "E0810003000101" + "07",
            "E0810001000006C401C100" + "1107",
        ),
        *("E000000100000A0F000000010012", "E0C000020000021105"),
    )
)

WRITING_HONEST = tuple(
    bytes.fromhex(text)
    for text in (
        *("C501C100", "C501C103", "C505C1020003", "C502C100000001", "C502C100000002", "C502C100000003"),
        *("C503C10000000004", "C504C102000000000004", "C503C11300000002"),
        *("C701C10000", "C701C1000100", "C701C103", "C701C10001001107", "C703C10200000001001107"),
        *("C704C100000001", "C704C100000002", "C702C1000000000103000100", "C702C101000000020109"),
        "C702C10100000001020000",
        *("DA4000000100000200 00020100 0300", "DA400000010000020011070002010003 03"),
    )
)

STARTS: dict[str, tuple[Callable[[], Connection], State]] = {
    "nothing proposed": (lambda: Connection(limits=LIMITS), State.IDLE),
    "associating": (_associating, State.ASSOCIATING),
    "proving": (_proving, State.PROVING),
    "associated": (lambda: associated(limits=LIMITS), State.ASSOCIATED),
    "asking": (_asking, State.AWAITING_ANSWER),
    "asking for a list": (_asking_list, State.AWAITING_ANSWER),
    "in blocks": (_in_blocks, State.AWAITING_BLOCK),
    "in blocks of a list": (_in_blocks_of_a_list, State.AWAITING_BLOCK),
    "releasing": (_releasing, State.RELEASING),
    "released": (_released, State.IDLE),
    "ended": (_ended, State.CLOSED),
    **WRITING,
    **GENERAL_BLOCKS,
    **short_names.starts(LIMITS),
}

HONEST: tuple[Callable[[], bytes], ...] = (
    aare,
    lambda: CHALLENGED,
    lambda: PROOF,
    lambda: RLRE,
    lambda: BUSY,
    lambda: NO_ASSOCIATION,
    lambda: PUSH,
    lambda: value(unsigned(7)),
    lambda: values(unsigned(1), unsigned(2)),
    lambda: values(unsigned(1), 3),
    lambda: block(1, b"\x09\x06abcdef", last=True),
    lambda: block(1, b"\x09\x06abc"),
    lambda: block(2, b"def", last=True),
    lambda: block(2, b"def"),
    lambda: block_error(2, 3),
    *(lambda octets=octets: octets for octets in (*WRITING_HONEST, *GENERAL_BLOCKS_HONEST, *short_names.HONEST)),
)


def conversation(random: Random) -> bytes:
    """Return what a meter sends: honest messages, some of them damaged, and whatever else there is."""
    messages = []
    for _ in range(random.randint(1, 5)):
        lot = random.random()
        if lot < 0.5:
            apdu = random.choice(HONEST)()
        elif lot < 0.8:
            apdu = damaged(random.choice(HONEST)(), random)
        else:
            apdu = octets_of(random)[:3000]
        messages.append(framed(apdu, random, random.choice([16, 16, 16, 16, 2]), random.choice([1, 1, 1, 1, 1, 17])))
    return b"".join(messages)


def outcome(start: Callable[[], Connection], segments: list[bytes]) -> list[object]:
    """Feed the segments; return events, output, state and counters in a form that can be compared."""
    connection = start()
    events_of(connection)
    connection.data_to_send()
    for segment in segments:
        connection.receive_data(segment)
    connection.receive_eof()
    counters = connection.counters
    seen: list[object] = [_comparable(event) for event in events_of(connection)]
    return [*seen, connection.data_to_send(), connection.state(PAIR), repr(counters), type(connection.error)]


def _comparable(item: object) -> object:
    """Errors are the same when their kind is: a text may quote as many octets as had come."""
    if isinstance(item, DlmsError):
        return type(item)
    if is_dataclass(item):
        return (type(item), *[_comparable(getattr(item, field.name)) for field in fields(item)])
    return item


def connection(_: bytes, random: Random) -> None:
    """One conversation from one start, in three ways of cutting."""
    start, state = random.choice(list(STARTS.values()))
    assert start().state(PAIR) is state
    octets = conversation(random)
    cuts = sorted(random.randrange(len(octets) + 1) for _ in range(3))
    pieces = [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    whole = outcome(start, [octets])
    assert outcome(start, pieces) == whole
    if len(octets) < 400:
        assert outcome(start, [octets[index : index + 1] for index in range(len(octets))]) == whole
