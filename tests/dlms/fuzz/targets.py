"""Decoders under fuzzing: each takes octets and may raise nothing but DlmsError; what it accepts must be consistent."""

from collections.abc import Callable, Iterator
from random import Random
from zoneinfo import ZoneInfo

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.get import decode_get_data_results, decode_get_response_head
from custom_components.cosem.dlms.command_line.wire import describe_octets
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.describe.tree import tree
from custom_components.cosem.dlms.encoding.ber import read_element
from custom_components.cosem.dlms.encoding.cosem_time import TimePolicy, decode_date_time, fast_datetime, to_datetime
from custom_components.cosem.dlms.encoding.data import decode_data_octets, encode_data_octets, plain
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.interface_classes.association_ln import decode_object_list
from custom_components.cosem.dlms.interface_classes.clock import instant
from custom_components.cosem.dlms.interface_classes.logical_device_name import display_text, logical_device_name_of
from custom_components.cosem.dlms.interface_classes.profile_generic import (
    decode_capture_objects,
    decode_rows,
    decode_rows_generic,
    expand_rows,
    rows_with_datetimes,
)
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit, decode_scaler_unit, scale
from custom_components.cosem.dlms.interface_classes.sap_assignment import decode_sap_assignment_list
from custom_components.cosem.dlms.protocol.wrapper import WrapperStream, decode_wpdu, encode_wpdu

BERLIN = ZoneInfo("Europe/Berlin")

type Target = Callable[[bytes, Random], None]


def data(octets: bytes, _: Random) -> None:
    """The generic decoder; encode(decode(x)) is stable."""
    value = decode_data_octets(octets)
    encoded = encode_data_octets(value)
    assert encode_data_octets(decode_data_octets(encoded)) == encoded
    assert len(encoded) <= len(octets)


def rows(octets: bytes, _: Random) -> None:
    """Profile rows: fast and slow give the same, or both refuse."""
    try:
        expected = decode_rows_generic(octets)
    except DlmsError:
        try:
            decode_rows(octets)
        except DlmsError:
            return
        raise AssertionError("only the fast way accepts") from None
    found = decode_rows(octets)
    assert repr(found) == repr(expected)
    for policy in (TimePolicy.STANDARD, TimePolicy.UNSPECIFIED_LOCAL_TIME):
        expand_rows(rows_with_datetimes(found, (0, 1), policy, BERLIN), 900, 0)


def buffer(octets: bytes, random: Random) -> None:
    """The same on octets that are more likely a buffer: a damaged row among rows of one shape."""
    row = octets[:64]
    count = random.randint(1, 40)
    rows(bytes([1, count]) + row * count, random)
    place = random.randrange(count)
    rows(bytes([1, count]) + row * place + octets[64:128] + row * (count - place - 1), random)


def date_time(octets: bytes, random: Random) -> None:
    """Date-times: the fast way gives the same."""
    octets = octets[:12] if random.random() < 0.8 else bytes([7, 0xE9, *octets[:10]])
    policy = random.choice(list(TimePolicy))
    found = fast_datetime(octets, policy, BERLIN)
    value = decode_date_time(octets)
    assert found == to_datetime(value, policy, BERLIN)
    value.isoformat()


def wrapper(octets: bytes, random: Random) -> None:
    """The stream: whole, octet by octet and cut at random see the same."""
    cuts = sorted(random.randrange(len(octets) + 1) for _ in range(3))
    pieces = [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    single = [octets[index : index + 1] for index in range(len(octets))]
    seen = [list(_stream(segments)) for segments in ([octets], pieces, single)]
    assert seen[0] == seen[1] == seen[2]


def _stream(segments: list[bytes]) -> Iterator[object]:
    stream = WrapperStream()
    stream.expect_apdu_limit(2048)
    try:
        for segment in segments:
            try:
                stream.receive_data(segment)
            finally:
                yield from iter(stream.next_wpdu, None)
        stream.receive_eof()
    except DlmsError as error:
        yield type(error)


def datagram(octets: bytes, _: Random) -> None:
    """One WPDU and nothing else."""
    assert encode_wpdu(decode_wpdu(octets)) == octets


def ber(octets: bytes, _: Random) -> None:
    """Elements one after the other."""
    reader = Reader(octets)
    while reader.remaining:
        read_element(reader)


def acse(octets: bytes, random: Random) -> None:
    """AARQ, AARE, RLRQ, RLRE of whatever the contents are."""
    if random.random() < 0.3:
        octets = bytes([random.choice([0x60, 0x61, 0x62, 0x63]), min(len(octets), 127)]) + octets[:127]
    apdu(octets, random)


def apdu(octets: bytes, _: Random) -> None:
    """Any APDU: decode, encode, describe."""
    value = decode_apdu(octets)
    encoded = encode_apdu(value)
    assert encode_apdu(decode_apdu(encoded)) == encoded
    describe(value)
    describe(value, show_secrets=True)
    repr(value)


def typed(octets: bytes, _: Random) -> None:
    """What a person gives to the command line: an APDU or WPDUs, as text for people."""
    for described in describe_octets(octets):
        tree(described)


def get_response(octets: bytes, _: Random) -> None:
    """The head of an answer, and what is behind it as a list."""
    head = decode_get_response_head(octets)
    decode_get_data_results(head.payload)


def meaning(octets: bytes, _: Random) -> None:
    """What interface classes make of any Data."""
    value = decode_data_octets(octets)
    plain(value)
    describe(value)
    instant(value)
    display_text(value)
    logical_device_name_of(value)
    scale(value, ScalerUnit(-3, 30))
    for decode in (decode_object_list, decode_scaler_unit, decode_sap_assignment_list, decode_capture_objects):
        try:
            decode(value)
        except DlmsError:
            continue


# What kind of samples each is given first.
TARGETS: dict[str, tuple[Target, str]] = {
    "data": (data, "data"),
    "rows": (rows, "data"),
    "buffer": (buffer, "data"),
    "meaning": (meaning, "data"),
    "date_time": (date_time, "time"),
    "wrapper": (wrapper, "wpdu"),
    "datagram": (datagram, "wpdu"),
    "ber": (ber, "acse"),
    "acse": (acse, "acse"),
    "apdu": (apdu, "apdu"),
    "get_response": (get_response, "get"),
    "typed": (typed, "wpdu"),
}
