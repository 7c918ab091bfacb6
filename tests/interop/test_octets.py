"""A client of nothing but octets asks the simulated meter, over TCP and over UDP: what is sent is put together here.

No codec of ours writes what is sent, or cuts and joins blocks; values are compared as the octets of the meter's truth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
import socket
from typing import Any, Self

import pytest

from custom_components.cosem.dlms.encoding.data import double_long_unsigned, encode_data_octets, octet_string
from tests.simulated_meter.profile import DEFAULT_PASSWORD, GeneralBlocks, MeterProfile, Referencing
from tests.simulated_meter.server import MeterServer
from tests.simulated_meter.steps import wpdu
from tests.simulated_meter_tests.tools import make_aarq, reference

from .conftest import InThread, Served

MANAGER = 1
LOGICAL_NAMES, SHORT_NAMES = 0x201E5D, 0x181A20
NAME = reference(20, "0.0.13.0.0.255", 6)
RETURNING = reference(20, "0.0.13.0.0.255", -1)
LIMIT = reference(71, "0.0.17.0.0.255", 4)
ENERGY = reference(3, "1.0.1.8.0.255", 2)
LOAD_PROFILE = reference(7, "1.0.99.1.0.255", 2)
LONG = bytes(range(250)) * 2
VALUE = b"\x09\x82" + len(LONG).to_bytes(2) + LONG
ID = b"\xc1"
ENTRIES_3_TO_5_COLUMNS_2_TO_3 = bytes.fromhex("01 02 02 04 06 00000003 06 00000005 12 0002 12 0003")

pytestmark = pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["TCP", "UDP"])


class Octets:
    """One client at a socket."""

    def __init__(
        self, port: int, kind: socket.SocketKind, *, context: int = 1, conformance: int = LOGICAL_NAMES
    ) -> None:
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.settimeout(30)
        self._socket.connect(("127.0.0.1", port))
        aarq = make_aarq(password=DEFAULT_PASSWORD, context=context, conformance=conformance, pdu_size=1024)
        self.aare = self.ask(aarq)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.ask(bytes.fromhex("6203800100"))[0] == 0x63
        self._socket.close()

    def ask(self, apdu: bytes) -> bytes:
        """Send an APDU; return the next one."""
        self._socket.sendall(wpdu(MANAGER, 1, apdu))
        return self.hear()

    def hear(self) -> bytes:
        """Return the next APDU."""
        octets = b""
        while len(octets) < 8 or len(octets) < 8 + int.from_bytes(octets[6:8]):
            more = self._socket.recv(65_536)
            assert more
            octets += more
        assert octets[:6] == bytes((0, 1, 0, 1, 0, MANAGER))
        assert len(octets) == 8 + int.from_bytes(octets[6:8])
        return octets[8:]


def blocks_of(octets: bytes, size: int = 90) -> Iterator[tuple[bool, int, bytes]]:
    """Cut; yield whether it is the last, its number and its octets."""
    parts = [octets[at : at + size] for at in range(0, len(octets), size)]
    yield from ((number == len(parts), number, part) for number, part in enumerate(parts, 1))


def datablock(last: bool, number: int, part: bytes) -> bytes:
    return bytes((last,)) + number.to_bytes(4) + bytes((len(part),)) + part


def managed(**quirks: Any) -> MeterProfile:
    return replace(MeterProfile(), max_pdu_size=128, history_days=1).with_quirks(**quirks)


def truth(server: MeterServer, name: str, attribute: int = 2) -> bytes:
    return encode_data_octets(server.meter.truth(name, attribute))


async def test_set_of_a_list_in_blocks(served: Served, in_thread: InThread, kind: socket.SocketKind):
    async with served(managed()) as server:

        def work() -> bytes:
            with Octets(server.port, kind) as client:
                values = b"\x02" + VALUE + b"\x06\x00\x00\x1b\x58"
                for last, number, part in blocks_of(values):
                    head = (
                        b"\xc1\x05" + ID + b"\x02" + NAME + b"\0" + LIMIT + b"\0" if number == 1 else b"\xc1\x03" + ID
                    )
                    answer = client.ask(head + datablock(last, number, part))
                    if not last:
                        assert answer == b"\xc5\x02" + ID + number.to_bytes(4)
                return answer

        assert await in_thread(work) == bytes.fromhex("C504C102 0000") + (6).to_bytes(4)
        assert server.meter.truth("0.0.13.0.0", 6) == octet_string(LONG)
        assert server.meter.truth("0.0.17.0.0", 4) == double_long_unsigned(7_000)


async def test_action_in_blocks_both_ways(served: Served, in_thread: InThread, kind: socket.SocketKind):
    async with served(managed()) as server:

        def work() -> bytes:
            with Octets(server.port, kind) as client:
                for last, number, part in blocks_of(VALUE):
                    head = b"\xc3\x04" + ID + RETURNING if number == 1 else b"\xc3\x06" + ID
                    answer = client.ask(head + datablock(last, number, part))
                    if not last:
                        assert answer == b"\xc7\x04" + ID + number.to_bytes(4)
                return b"".join(joined(client, answer, 1))

        assert (await in_thread(work)).endswith(VALUE)


def joined(client: Octets, answer: bytes, number: int) -> Iterator[bytes]:
    """Yield the pieces of what a method returned."""
    while True:
        assert answer[:3] == b"\xc7\x02" + ID
        assert int.from_bytes(answer[4:8]) == number
        start = 9 + (answer[8] & 0x7F if answer[8] & 0x80 else 0)
        yield answer[start:]
        if answer[3]:
            return
        answer = client.ask(b"\xc3\x02" + ID + number.to_bytes(4))
        number += 1


async def test_access_of_every_kind(served: Served, in_thread: InThread, kind: socket.SocketKind):
    async with served(replace(managed(access=True), max_pdu_size=1024)) as server:

        def work() -> bytes:
            specifications = b"\x04" + b"\x01" + ENERGY + b"\x02" + LIMIT + b"\x03" + RETURNING
            specifications += b"\x04" + LOAD_PROFILE + ENTRIES_3_TO_5_COLUMNS_2_TO_3[1:]
            data = b"\x04" + b"\0" + b"\x06\x00\x00\x1b\x58" + b"\x11\x07" + b"\0"
            with Octets(server.port, kind) as client:
                return client.ask(b"\xd9\x40\x00\x00\x07\x00" + specifications + data)

        answer = await in_thread(work)
        rows = selected(server, range(2, 5), range(1, 3))
        expected = b"\x04" + truth(server, "1.0.1.8.0") + b"\0" + b"\x11\x07" + rows
        assert answer == b"\xda\x40\x00\x00\x07\x00\x00" + expected + bytes.fromhex("04 0100 0200 0300 0100")
        assert server.meter.truth("0.0.17.0.0", 4) == double_long_unsigned(7_000)


def selected(server: MeterServer, rows: Sequence[int], columns: Sequence[int]) -> bytes:
    """Return an array of some columns of some rows of the load profile."""
    found: Any = server.meter.truth("1.0.99.1.0").value
    octets = bytes((1, len(rows)))
    for number in rows:
        octets += bytes((2, len(columns))) + b"".join(
            encode_data_octets(found[number].value[column]) for column in columns
        )
    return octets


async def test_selection_by_entry_and_by_range_with_columns(
    served: Served, in_thread: InThread, kind: socket.SocketKind
):
    async with served(replace(managed(), max_pdu_size=1024)) as server:
        buffer: Any = server.meter.truth("1.0.99.1.0").value
        first, last = (bytes(buffer[number].value[0].value) for number in (2, 4))
        clock = bytes.fromhex("0204 120008 0906 0000010000FF 0F02 120000")
        column = bytes.fromhex("0101 0204 120003 0906 0100010800FF 0F02 120000")
        by_range = b"\x01\x01\x02\x04" + clock + b"\x09\x0c" + first + b"\x09\x0c" + last + column

        def work() -> tuple[bytes, bytes]:
            with Octets(server.port, kind) as client:
                get = b"\xc0\x01" + ID + LOAD_PROFILE
                return client.ask(get + ENTRIES_3_TO_5_COLUMNS_2_TO_3), client.ask(get + by_range)

        by_entries, by_times = await in_thread(work)
        assert by_entries == b"\xc4\x01" + ID + b"\0" + selected(server, range(2, 5), range(1, 3))
        energies = [number for number, object_ in enumerate(capture_objects(server)) if object_ == "1.0.1.8.0.255"]
        assert by_times == b"\xc4\x01" + ID + b"\0" + selected(server, range(2, 5), energies)


def capture_objects(server: MeterServer) -> list[str]:
    columns: Any = server.meter.truth("1.0.99.1.0", 3).value
    return [".".join(map(str, column.value[1].value)) for column in columns]


async def test_general_blocks_both_ways(served: Served, in_thread: InThread, kind: socket.SocketKind):
    quirks = {"general_blocks": GeneralBlocks.PREFERRED, "general_block_window": 2}
    async with served(managed(**quirks)) as server:

        def work() -> bytes:
            with Octets(server.port, kind) as client:
                request = b"\xc3\x01" + ID + RETURNING + b"\x01" + VALUE
                taken = 0
                for last, number, part in blocks_of(request, 100):
                    answer = client.ask(e0(0x80 * last | 1, number, taken, part))
                    control, theirs, acknowledged, data = read(answer)
                    assert acknowledged == number
                    taken = theirs
                whole, ours = data, number
                while not (control & 0x80 and whole):
                    if control & 0x40:
                        answer = client.hear()
                    else:
                        ours += 1
                        answer = client.ask(e0(0x81, ours, taken, b""))
                    control, theirs, acknowledged, data = read(answer)
                    assert theirs == taken + 1
                    taken = theirs
                    whole += data
                return whole

        assert await in_thread(work) == b"\xc7\x01" + ID + b"\0\1\0" + VALUE


def e0(control: int, number: int, acknowledged: int, part: bytes) -> bytes:
    return b"\xe0" + bytes((control,)) + number.to_bytes(2) + acknowledged.to_bytes(2) + bytes((len(part),)) + part


def read(block: bytes) -> tuple[int, int, int, bytes]:
    assert block[0] == 0xE0
    start = 7 + (block[6] & 0x7F if block[6] & 0x80 else 0)
    return block[1], int.from_bytes(block[2:4]), int.from_bytes(block[4:6]), block[start:]


async def test_short_names_in_blocks_and_with_parameters(served: Served, in_thread: InThread, kind: socket.SocketKind):
    async with served(managed(referencing=Referencing.SHORT)) as server:
        names = server.meter.dispatchers[1].short_names.base_names()
        bases = {str(each.logical_name): base for base, each in names.items()}
        name = (bases["0.0.13.0.0.255"] + 8 * 5).to_bytes(2)
        buffer = (bases["1.0.99.1.0.255"] + 8).to_bytes(2)

        def work() -> tuple[bytes, bytes, bytes]:
            with Octets(server.port, kind, context=2, conformance=SHORT_NAMES) as client:
                # The octets of the whole write-request without its tag go in the blocks.
                whole = b"\x01\x02" + name + b"\x01" + VALUE
                for last, number, part in blocks_of(whole):
                    block = bytes((7, last)) + number.to_bytes(2)
                    written = client.ask(b"\x06\x01" + block + b"\x01\x09" + bytes((len(part),)) + part)
                    if not last:
                        assert written == b"\x0d\x01\x02" + number.to_bytes(2)
                alone = client.ask(b"\x05\x01\x02" + name)
                selection = b"\x04" + buffer + ENTRIES_3_TO_5_COLUMNS_2_TO_3[1:]
                return written, b"".join(read_blocks(client, alone)), client.ask(b"\x05\x01" + selection)

        written, alone, rows = await in_thread(work)
        assert written == b"\x0d\x01\x00"
        assert alone.endswith(VALUE)
        assert rows == b"\x0c\x01\x00" + selected(server, range(2, 5), range(1, 3))
        assert server.meter.truth("0.0.13.0.0", 6) == octet_string(LONG)


def read_blocks(client: Octets, answer: bytes) -> Iterator[bytes]:
    """Yield the pieces of a value that is read in blocks."""
    number = 1
    while True:
        assert answer[:3] == b"\x0c\x01\x02"
        assert int.from_bytes(answer[4:6]) == number
        start = 7 + (answer[6] & 0x7F if answer[6] & 0x80 else 0)
        yield answer[start:]
        if answer[3]:
            return
        answer = client.ask(b"\x05\x01\x05" + number.to_bytes(2))
        number += 1
