"""`cosem listen`: what arrives is shown, and how far it can be believed. On 127.0.0.1 only."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
import json
from pathlib import Path
import re
import socket
from typing import override

import pytest
import pytest_socket

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.command_line import listen as module
from custom_components.cosem.dlms.command_line.listen import NOTHING_CAME, listen
from custom_components.cosem.dlms.command_line.options import BOTH, DEFAULTS, UsageError
from custom_components.cosem.dlms.command_line.state_file import StateFile
from custom_components.cosem.dlms.errors import ListenerUnavailable
from tests.dlms.lone_meter import AK, EK, TITLE
from tests.dlms.security.test_notification_keys import EVENT, general_glo

from .consoles import KeptConsole

HOST = "127.0.0.1"
KEYS = {"DLMS_ENCRYPTION_KEY": EK.hex(), "DLMS_AUTHENTICATION_KEY": AK.hex()}


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """These tests are about sockets."""
    pytest_socket.socket_allow_hosts([HOST], allow_unix_socket=True)


def wpdu(apdu: bytes, source: int = 1, destination: int = 1) -> bytes:
    numbers = (1, source, destination, len(apdu))
    return b"".join(number.to_bytes(2, "big") for number in numbers) + apdu


def by_udp(*apdus: bytes) -> Callable[[int], None]:
    def send(port: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for apdu in apdus:
                sender.sendto(wpdu(apdu), (HOST, port))

    return send


def by_tcp(*apdus: bytes) -> Callable[[int], None]:
    def send(port: int) -> None:
        with socket.create_connection((HOST, port)) as sender:
            sender.sendall(b"".join(map(wpdu, apdus)))

    return send


class Ears(KeptConsole):
    """Meters begin to send when the command says that it listens."""

    def __init__(self, *senders: Callable[[int], None]) -> None:
        super().__init__()
        self._senders = senders

    @override
    def note(self, text: str) -> None:
        super().note(text)
        if found := re.match(r"listening on .* port (\d+)", text):
            for send in self._senders:
                send(int(found[1]))


def heard(console: KeptConsole, **named: object) -> int:
    usual = {"address": HOST, "port": 0, "transport": "udp", "count": None, "seconds": 60.0}
    return listen(argparse.Namespace(**DEFAULTS | usual | named), console)


def heard_over_both(*senders: Callable[[int], None]) -> Ears:
    """Listen on a port that is free for both, which somebody else may have taken for one of them meanwhile."""
    for _ in range(20):
        console = Ears(*senders)
        with suppress(ListenerUnavailable):
            assert heard(console, transport=BOTH, count=2, json=True) == 0
            return console
    pytest.fail("no port is free")


def test_what_comes_over_both_transports_is_shown_until_there_is_enough():
    console = heard_over_both(by_udp(EVENT), by_tcp(EVENT[:-1] + b"\x08"))
    found = [json.loads(line) for line in console.output]
    assert {each["transport"] for each in found} == {"tcp", "udp"}
    assert {each["kind"] for each in found} == {"event-notification"}
    assert {each["items"][0]["value"] for each in found} == {7, 8}


def test_one_transport_may_be_chosen():
    assert heard(Ears(by_udp(EVENT)), count=1) == 0
    with pytest.raises(ConnectionRefusedError):
        heard(Ears(by_tcp(EVENT)))


def test_enough_is_enough():
    console = Ears(by_tcp(EVENT, EVENT[:-1] + b"\x08", EVENT[:-1] + b"\x09"))
    assert heard(console, transport="tcp", count=1, json=True) == 0
    assert len(console.output) == 1


@pytest.mark.parametrize("by", [by_udp, by_tcp])
def test_a_burst_is_shown_whole(by: Callable[..., Callable[[int], None]]):
    console = Ears(by(*(EVENT[:-1] + bytes([code]) for code in range(200))))
    transport = "udp" if by is by_udp else "tcp"
    assert heard(console, transport=transport, count=200, json=True, seconds=20.0) == 0
    assert [json.loads(line)["items"][0]["value"] for line in console.output] == list(range(200))


def test_what_is_left_out_is_said():
    console = Ears(by_tcp(*(EVENT[:-1] + bytes([number % 256]) for number in range(1_300))))
    assert heard(console, transport="tcp", seconds=1.0) == 0
    (said,) = (note for note in console.notes if "left out" in note)
    assert re.fullmatch(r"\d+ messages or connections were left out: too many at once from one address", said)


def test_after_the_time_it_ends_and_nothing_is_1():
    console = Ears()
    assert heard(console, seconds=0.05, json=True) == NOTHING_CAME == 1
    assert (console.output, console.notes[1:]) == ([], ["nothing came"])
    assert heard(Ears(by_udp(EVENT)), seconds=0.5) == 0


def test_without_an_end_the_note_says_how_to_end_it(monkeypatch: pytest.MonkeyPatch):
    def interrupted(work: object) -> None:
        work.close()  # type: ignore[attr-defined]  # a coroutine
        raise KeyboardInterrupt

    notes = Ears()
    heard(notes, seconds=0.01)
    assert "Ctrl-C" not in notes.notes[0]
    console = Ears(by_udp(EVENT))

    async def impatient(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio.Event, "wait", impatient)
    assert heard(console, seconds=None) == NOTHING_CAME
    assert console.notes[0].endswith("; Ctrl-C ends it")
    monkeypatch.setattr(asyncio, "run", interrupted)
    assert heard(Ears(), seconds=None) == NOTHING_CAME


def test_whoever_closes_our_output_has_seen_enough():
    class Closed(Ears):
        @override
        def lines(self, lines: Sequence[str]) -> None:
            super().lines(lines)
            raise BrokenPipeError

    console = Closed(by_udp(EVENT, EVENT[:-1] + b"\x08"))
    assert heard(console) == 0
    assert len(console.output) > 1
    assert sum("event-notification" in line for line in console.output) == 1


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def stored_as(counter: int) -> dict[str, int]:
    """The last counter of the meter, and how far its notifications came."""
    title = TITLE.hex().upper()
    return {title: counter, f"{title}01": counter}


@pytest.mark.usefixtures("_keys")
def test_s24_what_was_received_under_a_key_is_a_replay_also_in_the_next_call(home: Path):
    first = Ears(by_udp(general_glo(5), general_glo(6)))
    assert heard(first, count=2, json=True) == 0
    shown = json.loads(first.output[0])
    assert (shown["authenticated"], shown["encrypted"], shown["system_title"]) == (True, True, TITLE.hex().upper())
    second = Ears(by_udp(general_glo(6), general_glo(7)))
    assert heard(second, count=1, json=True) == 0
    assert json.loads(second.output[0])["authenticated"]
    assert heard(Ears(by_udp(general_glo(7))), seconds=0.3) == NOTHING_CAME
    text = (home / "state" / "cosem" / "state.json").read_text()
    assert json.loads(text)["received"].popitem()[1] == stored_as(7)
    assert EK.hex() not in text.lower()


@pytest.mark.usefixtures("_keys")
def test_what_comes_while_it_is_stored_is_stored_as_well(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_STORED_EVERY", 0.01)

    class Slow(Ears):
        @override
        def lines(self, lines: Sequence[str]) -> None:
            super().lines(lines)
            if len(self.output) < 3:
                asyncio.get_running_loop().call_later(0.2, self._again)

        def _again(self) -> None:
            port = re.search(r"port (\d+)", self.notes[0])
            assert port is not None
            by_udp(general_glo(10 + len(self.output)))(int(port[1]))

    assert heard(Slow(by_udp(general_glo(5))), count=3, json=True) == 0
    stored = json.loads((home / "state" / "cosem" / "state.json").read_text())["received"]
    assert stored.popitem()[1] == stored_as(12)


@pytest.mark.usefixtures("_keys")
def test_a_wrong_key_is_said_and_the_octets_are_shown():
    forged = general_glo(5, key=bytes(16))
    console = Ears(by_udp(forged))
    assert heard(console, count=1, json=True) == 0
    (line,) = console.output
    assert json.loads(line) | {"source": ""} == {
        "kind": "undecodable",
        "transport": "udp",
        "source": "",
        "source_wport": 1,
        "destination_wport": 1,
        "system_title": None,
        "authenticated": False,
        "encrypted": True,
        "may_be_old": False,
        "time": None,
        "items": [],
        "body": None,
        "raw": forged.hex().upper(),
    }


def test_without_keys_nothing_is_written(home: Path):
    assert heard(Ears(by_udp(EVENT)), count=1) == 0
    assert list(home.iterdir()) == []


@pytest.mark.usefixtures("_keys")
def test_protection_none_leaves_protected_ones_as_they_are():
    console = Ears(by_udp(general_glo(5)))
    assert heard(console, count=1, json=True, protection="none") == 0
    assert json.loads(console.output[0])["kind"] == "undecodable"


def test_a_port_that_is_taken_is_one_sentence(capsys: pytest.CaptureFixture[str]):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, 0))
        port = other.getsockname()[1]
        with pytest.raises(ListenerUnavailable):
            heard(Ears(), port=port, transport="udp")
        assert main(["--port", str(port), "listen", "--address", HOST, "--transport", "udp", "--seconds", "1"]) == 1
    shown = capsys.readouterr().err
    assert f"cannot listen on {HOST}" in shown
    assert "choose another --port" in shown


def test_transports_before_the_command_count_and_others_take_no_both(capsys: pytest.CaptureFixture[str]):
    assert main(["--transport", "both", "--host", HOST, "objects"]) == 2
    assert "--transport both is for listen" in capsys.readouterr().err
    assert main(["--protection", "encrypted", "listen", "--seconds", "1"]) == 2
    assert "--protection encrypted needs an encryption key" in capsys.readouterr().err


@pytest.mark.usefixtures("_keys")
def test_a_state_file_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise UsageError("the state file cannot be used: no space left")

    monkeypatch.setattr(StateFile, "merge_received", full)
    console = Ears(by_udp(general_glo(5)))
    with pytest.raises(UsageError, match="no space left"):
        heard(console)
    assert console.output
