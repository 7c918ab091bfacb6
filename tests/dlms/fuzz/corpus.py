"""What fuzzing starts from: the octets of all samples, and ways to damage them."""

from collections.abc import Callable
from functools import cache
import json
from random import Random

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.get import decode_get_response_head
from custom_components.cosem.dlms.encoding.cosem_time import decode_date_time
from custom_components.cosem.dlms.encoding.data import decode_data_octets
from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, decode_wpdu, encode_wpdu
from tests.vector_tools import FOREIGN, OWN

# Octets that mean something in many places: lengths, tags, ends of ranges.
TELLING = bytes.fromhex("0001020304050609 0A0C0F1011121316171819 1A1B1C2021 60617F8081828384888A8B BEC0C1C4D8E0FEFF")
LARGEST = 4096
LONG = 12_000  # a target does several things to one input: the limit of time is for all of them


@cache
def samples() -> tuple[bytes, ...]:
    """Return every octet string named hex (or in a list of steps or segments) in the samples, each once."""
    found: dict[bytes, None] = {}

    def collect(entry: object) -> None:
        if isinstance(entry, dict):
            for key, value in entry.items():
                if key in {"hex", "apdu", "octets"} and isinstance(value, str):
                    try:
                        found[bytes.fromhex(value)] = None
                    except ValueError:
                        continue  # the name of an APDU
                else:
                    collect(value)
        elif isinstance(entry, list):
            for item in entry:
                collect(item)

    for folder in (OWN, FOREIGN):
        for file in sorted(folder.glob("*.json")) if folder.exists() else []:
            collect(json.loads(file.read_text()))
    return tuple(octets for octets in found if octets)


@cache
def samples_for(kind: str) -> tuple[bytes, ...]:
    """Return the samples that are valid for one kind of decoder; all of them for an unknown kind."""
    decode = {
        "data": decode_data_octets,
        "apdu": decode_apdu,
        "wpdu": decode_wpdu,
        "get": decode_get_response_head,
        "acse": lambda octets: decode_apdu(octets) if 0x60 <= octets[0] <= 0x63 else decode_apdu(b""),
        "time": decode_date_time,
    }.get(kind)
    if decode is None:
        return samples()

    def fits(octets: bytes) -> bool:
        try:
            decode(octets)
        except DlmsError:
            return False
        return True

    return tuple(filter(fits, samples()))


def _flip(octets: bytearray, random: Random) -> None:
    octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)


def _replace(octets: bytearray, random: Random) -> None:
    octets[random.randrange(len(octets))] = random.choice(TELLING)


def _insert(octets: bytearray, random: Random) -> None:
    place = random.randrange(len(octets) + 1)
    octets[place:place] = bytes(random.choices(TELLING, k=random.randint(1, 4)))


def _delete(octets: bytearray, random: Random) -> None:
    place = random.randrange(len(octets))
    del octets[place : place + random.randint(1, 4)]


def _truncate(octets: bytearray, random: Random) -> None:
    del octets[random.randrange(len(octets)) :]


def _repeat(octets: bytearray, random: Random) -> None:
    place = random.randrange(len(octets))
    piece = octets[place : place + random.randint(1, 16)]
    octets[place:place] = piece * random.randint(
        1, max(1, (LARGEST - len(octets)) // len(piece)) if random.random() < 0.1 else 4
    )


def _splice(octets: bytearray, random: Random) -> None:
    other = random.choice(samples())
    place = random.randrange(len(octets) + 1)
    octets[place : place + random.randrange(8)] = other[random.randrange(len(other)) :][:LARGEST]


def _append(octets: bytearray, random: Random) -> None:
    octets += random.randbytes(random.randint(1, 8))


_DAMAGES: tuple[Callable[[bytearray, Random], None], ...] = (
    *(_flip, _replace, _replace, _insert, _delete, _truncate, _repeat, _splice, _append),
)


def damaged(octets: bytes, random: Random) -> bytes:
    """Return ``octets`` after one to five damages."""
    result = bytearray(octets)
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        if result:
            random.choice(_DAMAGES)(result, random)
    return bytes(result[:LARGEST])


def _long(random: Random) -> bytes:
    """A small element repeated until a whole APDU is full, behind a count that fits."""
    element = (
        random.choice(samples())[:64]
        if random.random() < 0.5
        else bytes(random.choices(TELLING, k=random.randint(1, 6)))
    )
    count = random.randint(1, LONG // len(element))
    head = random.choice(
        [b"\x01", b"\x02", b"\x13\x11", b"\x13\x02\x02\x11\x09", b"\xc4\x03\xc1", b"\xc4\x01\xc1\x00\x01", b"\x60"]
    )
    size = random.choice([count, count * len(element)])
    return head + b"\x83" + size.to_bytes(3, "big") + element * count


_COUNTS = (0, 0, 1, 2, 3, 5, 16, 255, 4_000, 65_535)
_SIMPLE_TYPES = bytes.fromhex("00 03 04 05 06 09 0A 0F 11 11 12 14 15 16 17 19 1C FF")


def _description(random: Random, depth: int) -> bytes:
    """A type-description: arrays of any size, structures, most of them nested."""
    lot = random.random()
    if depth == 0 or lot < 0.3:
        return bytes([random.choice(_SIMPLE_TYPES)])
    if lot < 0.7:
        return b"\x01" + random.choice(_COUNTS).to_bytes(2, "big") + _description(random, depth - 1)
    elements = [_description(random, depth - 1) for _ in range(random.choice((0, 1, 1, 2, 3)))]
    if elements and len(elements[0]) < 8 and random.random() < 0.1:
        elements = elements[:1] * random.choice((16, 100, 127))
    return bytes([2, len(elements)]) + b"".join(elements)


def _length(octets: bytes) -> bytes:
    return b"\x83" + len(octets).to_bytes(3, "big") + octets


def compact_arrays(random: Random) -> bytes:
    """One to many compact-arrays: descriptions that promise much, and contents of any length, often none."""
    depth = random.choice((1, 2, 4, 8, 15))
    described = b"\x13" + _description(random, depth)
    contents = bytes([random.choice(TELLING)]) * random.choice((0, 0, 1, 2, 3, 8, 255, 4_000))
    compact = described + _length(contents)
    if random.random() < 0.5:
        return compact
    many = random.randint(1, max(1, min(LARGEST // len(compact), random.choice((3, 30, LARGEST)))))
    return b"\x01\x83" + many.to_bytes(3, "big") + compact * many


def octets_of(random: Random, kind: str = "") -> bytes:
    """Return the next input: mostly a damaged sample of the kind, sometimes others, rarely something long."""
    lot = random.random()
    if lot < 0.01:
        return random.choice(samples_for(kind))
    if lot < 0.85:
        return damaged(random.choice(samples_for(kind) if lot < 0.7 else samples()), random)
    if lot < 0.95:
        return bytes(random.choices(TELLING, k=random.randrange(1, 60)))
    if lot < 0.97:
        return random.choice((b"", b"", b"\xc4\x01\xc1\x00", b"\xc4\x03\xc1\x01\x00")) + compact_arrays(random)
    if lot < 0.999:
        return random.randbytes(random.randrange(200))
    return _long(random)


def framed(apdu: bytes, random: Random, client: int = 16, server: int = 1) -> bytes:
    """Return a WPDU from the server, the header sometimes damaged."""
    octets = encode_wpdu(Wpdu(server, client, apdu[:LONG]))
    return damaged(octets, random) if random.random() < 0.05 else octets
