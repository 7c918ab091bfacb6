"""An APDU as it was on the wire, for logs and reports: its name in words, its octets without what is secret (rule S29).

Octets are shown only where they are known to be harmless: passwords, challenges, proofs, dedicated keys, protected
contents, most of a system title, and texts (serial numbers) are hidden. Any octets will do, also cut off or no APDU.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ..apdu import APDU_NAMES, decode_apdu
from ..apdu.acse import AARE, AARQ, RLRE, RLRQ, Aare, AareField, Aarq, AarqField, mechanism_from_name
from ..apdu.action import ACTION_REQUEST, ACTION_RESPONSE
from ..apdu.block import GENERAL_BLOCK_TRANSFER
from ..apdu.ciphered import DEDICATED_TAGS, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING, GLOBAL_TAGS
from ..apdu.faults import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE, ConfirmedServiceError, ExceptionResponse
from ..apdu.get import GET_REQUEST, GET_RESPONSE
from ..apdu.initiate import INITIATE_REQUEST, INITIATE_RESPONSE
from ..apdu.notification import DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST
from ..encoding.data_types import FIXED_STRUCTS, DataType
from ..errors import (
    AssociationResult,
    ConfirmedServiceErrorReceived,
    DiagnosticSource,
    DlmsError,
    ExceptionReceived,
    acse_diagnostic_name,
)

_HEAD: Final = 4
"""Octets that say which APDU it is."""

_KINDS: Final = {
    GET_REQUEST: {1: "normal", 2: "next", 3: "with-list"},
    GET_RESPONSE: {1: "normal", 2: "with-datablock", 3: "with-list"},
}
_IN_WORDS: Final = frozenset({AARQ, AARE, EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR})


def apdu_in_words(apdu: bytes) -> str:
    """Return an APDU's name and, for what opens or refuses, what it says: ``aare: rejected-permanent, ...``."""
    if not apdu:
        return "empty APDU"
    name = APDU_NAMES.get(apdu[0], f"unknown APDU {apdu[0]:02X}")
    if kind := _KINDS.get(apdu[0], {}).get(apdu[1] if len(apdu) > 1 else 0):
        name = f"{name}-{kind}"
    if apdu[0] not in _IN_WORDS:
        return name
    try:
        return _said(decode_apdu(apdu))
    except DlmsError:
        return f"{name}, not decodable"


def _said(apdu: object) -> str:
    match apdu:
        case Aarq(mechanism_name=None):
            return "aarq: no authentication"
        case Aarq(mechanism_name=bytes(name)):
            mechanism = mechanism_from_name(name)
            if mechanism is None:
                return "aarq: unknown mechanism"
            return f"aarq: mechanism {mechanism.name.lower().replace('_', '-')}"
        case Aare(result=result, result_source=source, diagnostic=diagnostic):
            told = AssociationResult.name_of(result) or f"result {result}"
            reason = acse_diagnostic_name(source, diagnostic)
            return f"aare: {told}, {DiagnosticSource(source).standard_name} {diagnostic} ({reason})"
        case ExceptionResponse(state_error, service_error):
            return str(ExceptionReceived(state_error, service_error))
        case _:
            assert isinstance(apdu, ConfirmedServiceError)
            return str(ConfirmedServiceErrorReceived(apdu.service, apdu.error_class, apdu.error))


def redacted(apdu: bytes, private: Iterable[bytes] = ()) -> str:
    """Return the octets in hex, with the number of those hidden: ``6036A109...AC12<18>``.

    ``private``: octets that are hidden wherever they stand, such as a serial number.
    """
    hidden = bytearray(b"\1" * len(apdu))
    for shown in _SHOWN.get(apdu[0], _head)(apdu) if apdu else ():
        hidden[shown.start : min(shown.stop, len(apdu))] = bytes(len(apdu[shown.start : shown.stop]))
    for octets in private:
        start = apdu.find(octets) if octets else -1
        while start >= 0:
            hidden[start : start + len(octets)] = b"\1" * len(octets)
            start = apdu.find(octets, start + 1)
    return "".join(_runs(apdu, hidden))


def redacted_but_head(apdu: bytes) -> str:
    """Return of an APDU that may hold a secret in any place only what says which it is: ``C401C100<18>``."""
    hidden = bytearray(len(apdu[:_HEAD])) + b"\1" * len(apdu[_HEAD:])
    return "".join(_runs(apdu, hidden))


def _runs(apdu: bytes, hidden: bytearray) -> Iterator[str]:
    start = 0
    while start < len(apdu):
        other = hidden.find(not hidden[start], start)
        stop = len(apdu) if other < 0 else other
        yield f"<{stop - start}>" if hidden[start] else apdu[start:stop].hex().upper()
        start = stop


# --- Which octets are shown: ranges, in order -------------------------------------------------------------------------

type _Ranges = Iterator[slice]


def _first(number: int) -> Callable[[bytes], _Ranges]:
    return lambda apdu: iter((slice(0, number),))


_head: Final = _first(_HEAD)
_FURTHER_BLOCK: Final = b"\xc3\x06"
"""An action-request that continues another one: it names no method."""
_TITLE_LETTERS: Final = 3
_CONTROL_AND_COUNTER: Final = 5
_LONGEST_FIELD: Final = 24
"""Octets; a field of an AARQ or AARE that is shown has no more."""


def _length(octets: bytes, offset: int) -> tuple[int, int]:
    """Return a length and where its contents begin, as far as there are octets."""
    first = octets[offset] if offset < len(octets) else 0
    size = first & 0x7F if first & 0x80 else 0
    length = int.from_bytes(octets[offset + 1 : offset + 1 + size]) if size else first
    return length, offset + 1 + size


def _protected(octets: bytes, start: int = 0) -> _Ranges:
    """Tag, length, security control and counter; the maker's letters of a system title."""
    offset = start + 1
    if octets[start] in {GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING}:
        length, title = _length(octets, offset)
        yield slice(start, title + min(length, _TITLE_LETTERS))
        start = offset = title + length
    _, contents = _length(octets, offset)
    yield slice(start, contents + _CONTROL_AND_COUNTER)


_PLAIN_FIELDS: Final[dict[int, set[int]]] = {
    AARQ: {AarqField.APPLICATION_CONTEXT_NAME, AarqField.MECHANISM_NAME, AarqField.SENDER_ACSE_REQUIREMENTS},
    AARE: {
        AareField.APPLICATION_CONTEXT_NAME,
        AareField.RESULT,
        AareField.RESULT_SOURCE_DIAGNOSTIC,
        AareField.MECHANISM_NAME,
        AareField.RESPONDER_ACSE_REQUIREMENTS,
    },
    RLRQ: {0x80},
    RLRE: {0x80},
}
_TITLE_FIELD: Final = {AARQ: AarqField.CALLING_AP_TITLE, AARE: AareField.RESPONDING_AP_TITLE}


def _fields(apdu: bytes) -> _Ranges:
    """The fields of AARQ, AARE, RLRQ and RLRE; of a system title three letters, of user-information what is plain."""
    length, offset = _length(apdu, 1)
    yield slice(0, offset)
    while offset < len(apdu):
        tag = apdu[offset]
        length, contents = _length(apdu, offset + 1)
        yield slice(offset, contents)
        offset = contents + length
        for shown in _field(apdu, tag, contents):
            yield slice(shown.start, min(shown.stop, offset))


def _field(apdu: bytes, tag: int, start: int) -> _Ranges:
    """What is shown of a field's contents; they may end earlier."""
    if tag in _PLAIN_FIELDS[apdu[0]]:
        yield slice(start, start + _LONGEST_FIELD)
    elif tag == _TITLE_FIELD.get(apdu[0]):
        yield slice(start, start + 2 + _TITLE_LETTERS)
    elif tag == AareField.USER_INFORMATION:
        _, inner = _length(apdu, start + 1)
        yield slice(start, inner)
        yield from _initiate(apdu, inner)


def _initiate(apdu: bytes, start: int) -> _Ranges:
    tag = apdu[start] if start < len(apdu) else None
    has_key = tag == INITIATE_REQUEST and apdu[start + 1 : start + 2] != b"\0"
    if tag in {INITIATE_REQUEST, INITIATE_RESPONSE, CONFIRMED_SERVICE_ERROR} and not has_key:
        yield slice(start, start + _LONGEST_FIELD)
    elif tag in _PROTECTED:
        yield from _protected(apdu, start)


_SIZES: Final = {kind.value: layout.size for kind, layout in FIXED_STRUCTS.items()} | {
    DataType.DATE_TIME: 12,
    DataType.DATE: 5,
    DataType.TIME: 4,
}
_STRINGS: Final = frozenset({DataType.OCTET_STRING, DataType.VISIBLE_STRING, DataType.UTF8_STRING})
_CONTAINERS: Final = frozenset({DataType.ARRAY, DataType.STRUCTURE})
_COUNTED: Final = _STRINGS | _CONTAINERS
_SHORTEST_TEXT: Final = 5
"""Printable octets in a row are hidden as text from here on."""


_FIRST_DATA: Final = {b"\xc4\x02": 9, b"\xc4\x03": 4}
"""Behind the head of a get-response with a datablock and with a list."""


def _data(apdu: bytes) -> _Ranges:
    """Everything but the contents of strings, and what looks like text. Elements follow each other without nesting."""
    start, offset = 3, _FIRST_DATA.get(apdu[:2], 3)
    yield slice(0, start)
    while offset < len(apdu):
        tag = apdu[offset]
        length, contents = _length(apdu, offset + 1) if tag in _COUNTED else (_SIZES.get(tag, 0), offset + 1)
        offset = contents if tag in _CONTAINERS else contents + length
        if tag in _STRINGS and not _is_name_or_time(apdu[contents:offset]):
            yield from _without_text(apdu, start, contents)
            start = offset
    yield from _without_text(apdu, start, len(apdu))


def _is_name_or_time(octets: bytes) -> bool:
    """Whether this is a logical name or a date-time: neither begins like text or a number in BCD."""
    if len(octets) == 6:
        return octets[0] < 0x10
    return len(octets) == 12 and octets[0] in {0x07, 0x08, 0xFF}


def _without_text(apdu: bytes, start: int, stop: int) -> _Ranges:
    shown = offset = start
    stop = min(stop, len(apdu))
    while offset < stop:
        end = offset
        while end < stop and 0x20 <= apdu[end] < 0x7F:
            end += 1
        if end - offset >= _SHORTEST_TEXT:
            yield slice(shown, offset)
            shown = end
        offset = max(end, offset + 1)
    yield slice(shown, stop)


def _up_to_parameters(apdu: bytes) -> _Ranges:
    """An action-request's method; the parameters may be a proof."""
    yield from _head(apdu) if apdu.startswith(_FURTHER_BLOCK) else (slice(0, 13),)


_PROTECTED: Final = frozenset({*GLOBAL_TAGS, *DEDICATED_TAGS, GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING})
_SHOWN: Final[dict[int, Callable[[bytes], _Ranges]]] = {
    **dict.fromkeys((AARQ, AARE, RLRQ, RLRE), _fields),
    **dict.fromkeys(_PROTECTED, _protected),
    **dict.fromkeys((GET_RESPONSE, DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST), _data),
    GET_REQUEST: _first(0xFFFF),
    **dict.fromkeys((EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR), _first(7)),
    ACTION_REQUEST: _up_to_parameters,
    ACTION_RESPONSE: _first(4),
    GENERAL_BLOCK_TRANSFER: _first(6),  # control and numbers
}
