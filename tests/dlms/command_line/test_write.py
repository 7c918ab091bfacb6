"""`cosem write` and `cosem execute`: sent once, after a yes, and only success is 0."""

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
import json
import os
import signal
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.command_line.console import INTERRUPTED
from custom_components.cosem.dlms.command_line.options import DEFAULTS, UsageError, attribute, method
from custom_components.cosem.dlms.command_line.write import OUTCOME_UNKNOWN, SUCCESS, execute_method, write_attribute
from custom_components.cosem.dlms.errors import InvocationCounterNotStored, LocalProtocolError
from tests.dlms.scripted import End, Part, ScriptedMeter, aare, initiate
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile

from .consoles import KeptConsole

THRESHOLD = "3:1.0.1.8.0.255:2"
CLOCK = "8:0.0.1.0.0.255:2"
DISCONNECT = "70:0.0.96.3.10.255:1"
WRITTEN = bytes.fromhex("0100010800FF0200") + bytes.fromhex("0600000005")
GRANTED = Conformance.GET | Conformance.SET | Conformance.ACTION


class Meter(ScriptedMeter):
    """Answers SET and ACTION by ``answer``, a function of the request."""

    def __init__(self, answer: Callable[[bytes], list[Part]]) -> None:
        super().__init__(answer, aarq=lambda apdu: [aare(initiate(conformance=GRANTED))])

    @property
    def services(self) -> list[bytes]:
        return [wpdu.apdu for link in self.links for wpdu in link.sent if wpdu.apdu[0] in {0xC1, 0xC3}]


def set_result(code: int) -> Callable[[bytes], list[Part]]:
    return lambda apdu: [bytes([0xC5, 1, apdu[2], code])]


def action_result(code: int, returned: bytes = b"\0") -> Callable[[bytes], list[Part]]:
    return lambda apdu: [bytes([0xC7, 1, apdu[2], code]) + returned]


def carried_out(
    meter: ScriptedMeter,
    *arguments: str,
    json: bool = False,
    yes: bool = False,
    answer: bool | None = None,
    typed_in: str = "secret\n",
    timeout: float = 0.3,
    console: KeptConsole | None = None,
) -> tuple[int, KeptConsole]:
    command, target, *typed = arguments
    kind, value, *_ = [*typed, None, None]
    named = {"attribute": attribute(target)} if command == "write" else {"method": method(target)}
    named |= {"type": kind, "value": value}
    options = DEFAULTS | {"host": "meter", "timeout": timeout, "json": json, "yes": yes} | named
    console = console or KeptConsole(typed_in, answer)

    async def open_tcp(*_: object) -> object:
        return await meter.connect()

    run = write_attribute if command == "write" else execute_method
    with patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp):
        return run(argparse.Namespace(**options), console), console


def test_a_value_is_written_once_and_success_is_0():
    meter = Meter(set_result(0))
    status, console = carried_out(meter, "write", THRESHOLD, "double-long-unsigned", "5", yes=True)
    assert (status, console.output, console.notes, console.questions) == (0, [SUCCESS], [], [])
    (request,) = meter.services
    assert request[3:] == bytes.fromhex("0003") + WRITTEN


@pytest.mark.parametrize(
    ("code", "name"), [(3, "read-write-denied"), (12, "type-unmatched"), (77, "data-access-result 77 (unknown)")]
)
def test_a_refusal_is_named_and_is_1(code: int, name: str):
    status, console = carried_out(
        Meter(set_result(code)), "write", THRESHOLD, "double-long-unsigned", "5", json=True, yes=True
    )
    assert (status, console.result) == (1, {"result": name, "data": None})


@pytest.mark.parametrize("parts", [[], [End()], [bytes.fromhex("C501FF00")]])
@pytest.mark.parametrize("command", ["write", "execute"])
def test_a_lost_answer_is_an_unknown_outcome_and_nothing_is_repeated(command: str, parts: list[Part]):
    meter = Meter(lambda apdu: parts)
    status, console = carried_out(meter, command, THRESHOLD, "double-long-unsigned", "5", json=True, yes=True)
    assert (status, console.result) == (1, {"result": OUTCOME_UNKNOWN, "data": None})
    assert "not sent again" in console.notes[0]
    assert len(meter.services) == 1


def test_a_method_returns_a_value():
    status, console = carried_out(
        Meter(action_result(0, bytes.fromhex("01000A031B5B6D"))), "execute", DISCONNECT, json=True, yes=True
    )
    assert (status, console.result) == (0, {"result": SUCCESS, "data": "\x1b[m"})
    status, console = carried_out(
        Meter(action_result(0, bytes.fromhex("01000A031B5B6D"))), "execute", DISCONNECT, "integer", "-1", yes=True
    )
    assert console.output == ['success: "\\u001b[m"']


def test_a_method_takes_a_parameter_or_none():
    without, with_one = Meter(action_result(0)), Meter(action_result(0))
    assert carried_out(without, "execute", DISCONNECT, yes=True)[0] == 0
    assert carried_out(with_one, "execute", DISCONNECT, "integer", "-1", yes=True)[0] == 0
    target = bytes.fromhex("0046 000060030AFF 01")
    assert without.services[0][3:] == target + b"\0"
    assert with_one.services[0][3:] == target + bytes.fromhex("010FFF")


@pytest.mark.parametrize(("code", "name"), [(3, "read-write-denied"), (99, "action-result 99 (unknown)")])
def test_a_method_that_is_refused_is_named(code: int, name: str):
    status, console = carried_out(Meter(action_result(code)), "execute", DISCONNECT, json=True, yes=True)
    assert (status, console.result) == (1, {"result": name, "data": None})


def test_a_method_whose_value_is_refused_was_carried_out():
    meter = Meter(action_result(0, bytes.fromhex("010103")))
    status, console = carried_out(meter, "execute", DISCONNECT, json=True, yes=True)
    assert (status, console.result) == (0, {"result": SUCCESS, "data": None})
    (note,) = console.notes
    assert note.startswith("the method was carried out, but ")
    assert "read-write-denied" in note


def test_a_returned_number_that_json_does_not_have_is_told():
    meter = Meter(action_result(0, bytes.fromhex("0100177FC00000")))
    status, console = carried_out(meter, "execute", DISCONNECT, json=True, yes=True)
    assert (status, console.result) == (0, {"result": SUCCESS, "data": None})
    assert console.notes == ["the method returned no finite number: NaN"]


@pytest.mark.parametrize("command", ["write", "execute"])
@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ("D80101", "exception-response: service-not-allowed, operation-not-possible"),
        ("D80202", "exception-response: service-unknown, service-not-supported"),
        ("0E050502", "confirmed-service-error: service 5, class 5, error 2"),
    ],
)
def test_a_refusal_without_a_result_is_named_as_well_and_comes_with_advice(command: str, answer: str, result: str):
    meter = Meter(lambda apdu: [bytes.fromhex(answer)])
    status, console = carried_out(meter, command, THRESHOLD, "double-long-unsigned", "5", json=True, yes=True)
    assert (status, console.result) == (1, {"result": result, "data": None})
    (note,) = console.notes
    assert note.startswith(f"{result}. ")
    assert len(meter.services) == 1


@pytest.mark.parametrize("command", ["write", "execute"])
def test_what_was_not_negotiated_is_not_sent_and_has_no_result(command: str):
    meter = Meter(set_result(0))
    meter.aarq = lambda apdu: [aare(initiate(conformance=Conformance.GET))]
    with pytest.raises(LocalProtocolError, match="not negotiated"):
        carried_out(meter, command, THRESHOLD, "double-long-unsigned", "5", json=True, yes=True)
    assert meter.services == []


# --- several, and without an answer --------------------------------------------------------------------------------


SEVERAL = GRANTED | Conformance.MULTIPLE_REFERENCES


def typed(
    capsys: pytest.CaptureFixture[str],
    answer: Callable[[bytes], list[Part]],
    *arguments: str,
    granted: Conformance = SEVERAL,
    aarqs: int = 1,
) -> tuple[int, Any, str, list[bytes]]:
    """Type a command; return status, JSON, notes, and what was sent behind the AARQ."""
    meter = ScriptedMeter(answer, aarq=lambda _apdu: [aare(initiate(conformance=granted))])

    async def open_tcp(*_: object) -> object:
        return await meter.connect()

    with patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp):
        status = main(["--host", "meter", "--json", "--timeout", "0.3", *arguments, "--yes"])
    sent = [wpdu.apdu for link in meter.links for wpdu in link.sent]
    assert sum(apdu[0] == 0x60 for apdu in sent) == aarqs
    written = capsys.readouterr()
    output = json.loads(written.out) if written.out else None
    return status, output, written.err, [apdu for apdu in sent if apdu[0] not in {0x60, 0x62}]


def test_several_attributes_are_written_in_one_request(capsys: pytest.CaptureFixture[str]):
    status, result, _, (request,) = typed(
        capsys,
        lambda apdu: [bytes([0xC5, 5, apdu[2], 3, 0, 3, 0])],
        *("write", CLOCK, "null-data", "--and", THRESHOLD, "unsigned", "5", "--and", THRESHOLD, "null-data"),
    )
    assert request[:2] + request[3:] == bytes.fromhex(
        "C104 03 00080000010000FF0200 00030100010800FF0200 00030100010800FF0200 03 00 1105 00"
    )
    assert result == [
        {"result": SUCCESS, "data": None},
        {"result": "read-write-denied", "data": None},
        {"result": SUCCESS, "data": None},
    ]
    assert status == 1


def test_several_methods_are_executed_in_one_request(capsys: pytest.CaptureFixture[str]):
    status, result, _, (request,) = typed(
        capsys,
        lambda apdu: [bytes([0xC7, 3, apdu[2]]) + bytes.fromhex("02 00 01 00 1105 00 00")],
        *("execute", DISCONNECT, "integer", "0", "--and", "70:0.0.96.3.10.255:2"),
    )
    assert request[:2] + request[3:] == bytes.fromhex("C303 02 0046000060030AFF01 0046000060030AFF02 02 0F00 00")
    assert result == [{"result": SUCCESS, "data": 5}, {"result": SUCCESS, "data": None}]
    assert status == 0


def test_what_becomes_of_several_is_shown_line_by_line(capsys: pytest.CaptureFixture[str]):
    meter = Meter(lambda apdu: [bytes([0xC7, 3, apdu[2]]) + bytes.fromhex("02 00 01 00 1105 03 00")])
    meter.aarq = lambda _apdu: [aare(initiate(conformance=SEVERAL))]

    async def open_tcp(*_: object) -> object:
        return await meter.connect()

    with patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp):
        assert main(["--host", "meter", "execute", DISCONNECT, "--and", DISCONNECT, "--yes"]) == 1
    assert capsys.readouterr().out.splitlines() == [f"{SUCCESS}: 5", "read-write-denied"]


TWO_WRITTEN = ("write", CLOCK, "null-data", "--and", THRESHOLD, "null-data")


@pytest.mark.parametrize("parts", [[], [End()], [bytes.fromhex("C505C103000000")]])
def test_of_several_that_got_no_answer_none_is_known(parts: list[Part], capsys: pytest.CaptureFixture[str]):
    status, result, notes, sent = typed(capsys, lambda _apdu: parts, *TWO_WRITTEN)
    assert (status, result) == (1, [{"result": OUTCOME_UNKNOWN, "data": None}] * 2)
    assert "not sent again" in notes
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("C501C100", SUCCESS),
        ("C505C10100", OUTCOME_UNKNOWN),  # of the first one only
        ("C501C103", OUTCOME_UNKNOWN),  # one of them may have been written
        ("D80202", "exception-response: service-unknown, service-not-supported"),
    ],
)
def test_one_answer_to_several_is_that_of_each(answer: str, expected: str, capsys: pytest.CaptureFixture[str]):
    status, result, _, _ = typed(capsys, lambda _apdu: [bytes.fromhex(answer)], *TWO_WRITTEN)
    assert result == [{"result": expected, "data": None}] * 2
    assert status == (expected != SUCCESS)


def test_several_go_by_access_where_the_meter_has_no_lists(capsys: pytest.CaptureFixture[str]):
    _, result, _, (request,) = typed(
        capsys,
        lambda apdu: [b"\xda" + apdu[1:5] + bytes.fromhex("0000 02 0000 02 0200 020C")],
        *TWO_WRITTEN,
        granted=GRANTED | Conformance.ACCESS,
    )
    assert request[0] == 0xD9
    assert [each["result"] for each in result] == [SUCCESS, "type-unmatched"]


@pytest.mark.parametrize(
    ("arguments", "octets"),
    [
        (("write", CLOCK, "null-data"), "C10181 00080000010000FF0200 00"),
        (("execute", DISCONNECT, "integer", "0"), "C30181 0046000060030AFF01 010F00"),
        (("execute", DISCONNECT), "C30181 0046000060030AFF01 00"),
        (
            TWO_WRITTEN,
            "D980000001 00 02 0200080000010000FF02 0200030100010800FF02 02 0000",
        ),
    ],
)
def test_without_an_answer_nothing_is_known(
    arguments: tuple[str, ...], octets: str, capsys: pytest.CaptureFixture[str]
):
    status, result, notes, sent = typed(
        capsys, lambda _apdu: [], *arguments, "--unconfirmed", granted=GRANTED | Conformance.ACCESS
    )
    assert [apdu.hex().upper() for apdu in sent] == [bytes.fromhex(octets).hex().upper()]
    unknown = {"result": OUTCOME_UNKNOWN, "data": None}
    assert (status, result) == (1, unknown if "--and" not in arguments else [unknown] * 2)
    assert "nobody was asked for an answer" in notes


@pytest.mark.parametrize(("kind", "aarqs"), [("unconfirmed", 1), ("pre-established", 0)])
def test_other_kinds_of_association(kind: str, aarqs: int, capsys: pytest.CaptureFixture[str]):
    status, result, _, sent = typed(
        capsys,
        lambda _apdu: [],
        *("--referencing", "ln", "write", CLOCK, "null-data", "--unconfirmed", "--kind", kind),
        aarqs=aarqs,
    )
    assert (status, result) == (1, {"result": OUTCOME_UNKNOWN, "data": None})
    assert [apdu[:1] for apdu in sent] == [b"\xc1"]


# --- Ctrl-C -------------------------------------------------------------------------------------------------------


@pytest.fixture
def _terminal() -> Iterator[None]:
    """Ctrl-C means something: in the background, and so in many a test run, it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_terminal")
@pytest.mark.parametrize("command", ["write", "execute"])
@pytest.mark.parametrize("json", [True, False])
def test_whoever_interrupts_behind_the_request_is_told_that_its_outcome_is_unknown(command: str, json: bool):
    def interrupt(_apdu: bytes) -> list[Part]:
        signal.raise_signal(signal.SIGINT)
        return []

    meter = Meter(interrupt)
    status, console = carried_out(
        meter, command, THRESHOLD, "double-long-unsigned", "5", json=json, yes=True, timeout=20
    )
    assert status == INTERRUPTED
    if json:
        assert console.result == {"result": OUTCOME_UNKNOWN, "data": None}
    else:
        assert console.output == [OUTCOME_UNKNOWN]
    (note,) = console.notes
    assert note.startswith("interrupted: nobody knows")
    assert len(meter.services) == 1


@pytest.mark.usefixtures("_terminal")
def test_whoever_interrupts_before_the_request_is_told_that_nothing_was_sent():
    def interrupt(_aarq: bytes) -> list[Part]:
        signal.raise_signal(signal.SIGINT)
        return []

    meter = Meter(set_result(0))
    meter.aarq = interrupt
    console = KeptConsole()
    with pytest.raises(KeyboardInterrupt):
        carried_out(meter, "write", THRESHOLD, "double-long-unsigned", "5", yes=True, timeout=20, console=console)
    assert console.notes == ["nothing was sent"]
    assert meter.services == []


def test_whoever_interrupts_behind_the_answer_is_told_the_result():
    meter = Meter(set_result(0))
    run = "custom_components.cosem.dlms.command_line.run._is_stored"
    with patch(run, side_effect=KeyboardInterrupt):
        status, console = carried_out(meter, "write", THRESHOLD, "double-long-unsigned", "5", yes=True)
    assert (status, console.output) == (0, [SUCCESS])


# --- what is asked before -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["write", "execute"])
def test_nothing_is_sent_before_a_yes(command: str):
    meter = Meter(set_result(0))
    arguments = (command, THRESHOLD, "double-long-unsigned", "5")
    with pytest.raises(UsageError, match="--yes"):
        carried_out(meter, *arguments)
    status, console = carried_out(meter, *arguments, answer=False)
    assert (status, console.output, console.notes) == (1, [], ["nothing was sent"])
    assert meter.links == []
    (question,) = console.questions
    assert question.startswith(f"{command} ")
    assert "3:1.0.1.8.0.255:2 (Register, " in question
    assert "of meter, client 16, server 1" in question
    assert "double-long-unsigned 5" in question


@pytest.mark.parametrize(
    ("command", "target", "typed", "shown"),
    [
        ("write", CLOCK, ("visible-string", "abc"), 'write visible-string "abc" to'),
        ("write", THRESHOLD, ("visible-string", "-"), "write visible-string (hidden) to"),
        ("write", "15:0.0.40.0.0.255:7", ("octet-string", "0102"), "write octet-string (hidden) to"),
        ("write", THRESHOLD, ("octet-string", "00" * 300), f'"{"0" * 199}... to'),
        ("execute", DISCONNECT, (), "server 1?"),
        ("execute", DISCONNECT, ("integer", "0"), "with integer 0?"),
    ],
)
def test_whoever_is_asked_sees_the_value_unless_it_is_secret(
    command: str, target: str, typed: tuple[str, ...], shown: str
):
    _, console = carried_out(Meter(set_result(0)), command, target, *typed, answer=False)
    (question,) = console.questions
    assert shown in question


def test_a_yes_is_enough():
    meter = Meter(set_result(0))
    assert carried_out(meter, "write", "1:0.0.96.1.0.255:-3", "double-long-unsigned", "5", answer=True)[0] == 0
    assert meter.services


@pytest.mark.parametrize(
    ("typed_in", "written"),
    [("secret\n", b"secret"), ("secret", b"secret"), (" s \r\n", b" s "), ("\ts\n\n", b"\ts\n"), ("\n", b"")],
)
def test_a_secret_value_comes_from_standard_input_and_only_the_end_of_its_line_is_left_out(
    typed_in: str, written: bytes
):
    meter = Meter(set_result(0))
    status, _ = carried_out(meter, "write", THRESHOLD, "visible-string", "-", yes=True, typed_in=typed_in)
    assert status == 0
    assert meter.services[0].endswith(b"\x0a" + bytes([len(written)]) + written)


def test_what_a_failed_command_pipes_in_is_no_empty_value():
    meter = Meter(set_result(0))
    with pytest.raises(UsageError, match="nothing comes from standard input"):
        carried_out(meter, "write", THRESHOLD, "visible-string", "-", yes=True, typed_in="")
    assert meter.links == []


def test_a_meter_that_does_not_associate_gets_nothing():
    meter = Meter(set_result(0))
    meter.aarq = lambda apdu: [aare(result=1, diagnostic=13)]
    with pytest.raises(Exception, match="association refused"):
        carried_out(meter, "write", THRESHOLD, "double-long-unsigned", "5", yes=True)
    assert meter.services == []


def test_what_fails_behind_the_result_does_not_hide_it():
    meter = Meter(set_result(0))

    async def not_stored(_state: object) -> bool:
        return False

    with patch("custom_components.cosem.dlms.command_line.run._is_stored", not_stored):
        status, console = carried_out(meter, "write", THRESHOLD, "double-long-unsigned", "5", yes=True)
    assert (status, console.output) == (0, [SUCCESS])
    assert console.notes == [str(InvocationCounterNotStored("the received invocation counters cannot be stored"))]


# --- typed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["write"],
        ["write", THRESHOLD],
        ["write", THRESHOLD, "number", "5"],
        ["write", "3:1.0.1.8.0.255", "unsigned", "5"],
        ["write", THRESHOLD, "unsigned"],
        ["write", THRESHOLD, "unsigned", "256", "--yes"],
        ["write", THRESHOLD, "unsigned", "5"],
        ["execute", THRESHOLD],
        ["execute", THRESHOLD, "unsigned", "--yes"],
        ["execute"],
        ["write", THRESHOLD, "null-data", "--and", THRESHOLD, "--yes"],
        ["write", THRESHOLD, "null-data", "--and", THRESHOLD, "unsigned", "5", "5", "--yes"],
        ["write", THRESHOLD, "null-data", "--and", "3:1", "null-data", "--yes"],
        ["write", THRESHOLD, "null-data", "--and", THRESHOLD, "number", "5", "--yes"],
        ["write", THRESHOLD, "null-data", "--and", THRESHOLD, "unsigned", "x", "--yes"],
        ["execute", THRESHOLD, "--and", "3:1", "--yes"],
        ["execute", THRESHOLD, "--and", THRESHOLD, "unsigned", "5", "5", "--yes"],
        ["write", THRESHOLD, "null-data", "--kind", "other", "--yes"],
        ["read", THRESHOLD, "--kind", "unconfirmed"],
        *(
            [*command, "--yes", *impossible]
            for command in (["write", THRESHOLD, "null-data"], ["execute", DISCONNECT])
            for impossible in (
                ["--kind", "unconfirmed"],
                ["--server", "127"],
                ["--server", "127", "--unconfirmed"],
                ["--server", "127", "--unconfirmed", "--kind", "unconfirmed"],
                ["--server", "127", "--unconfirmed", "--transport", "udp"],
                ["--server", "127", "--kind", "unconfirmed", "--transport", "udp"],
                ["--transport", "both"],
            )
        ),
        ["write", THRESHOLD, "null-data", "--and", CLOCK, "null-data", "--unconfirmed", "--referencing", "sn", "--yes"],
        ["read", THRESHOLD, "--server", "127"],
        ["info", "--server", "127", "--transport", "udp"],
    ],
)
def test_wrong_usage_exits_2_and_sends_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    opened: list[object] = []
    client = "custom_components.cosem.dlms.client.client"
    with patch(f"{client}.open_tcp", opened.append), patch(f"{client}.open_udp", opened.append):
        try:
            status: object = main(["--host", "meter", *arguments])
        except SystemExit as left:
            status = left.code
    output = capsys.readouterr()
    assert (status, output.out, opened) == (2, "", [])
    assert output.err.startswith("usage: ")
    assert "The meter may offer it" not in output.err


def test_what_is_impossible_is_said_before_anybody_is_asked():
    options = DEFAULTS | {"kind": "unconfirmed", "host": "meter", "yes": False, "method": method(DISCONNECT)}
    console = KeptConsole("", True)
    with pytest.raises(UsageError, match=r"^--kind unconfirmed needs --unconfirmed"):
        execute_method(argparse.Namespace(**options, type=None, value=None), console)
    assert console.questions == []


@pytest.mark.parametrize(("typed", "sent"), [("y\n", 1), ("Yes\n", 1), ("n\n", 0), ("\n", 0), ("", 0)])
def test_a_terminal_is_asked(typed: str, sent: int, capsys: pytest.CaptureFixture[str], monkeypatch: Any):
    class Typed:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return typed

    meter = Meter(set_result(0))

    async def open_tcp(*_: object) -> object:
        return await meter.connect()

    monkeypatch.setattr("sys.stdin", Typed())
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp):
        status = main(["--host", "meter", "--json", "write", THRESHOLD, "double-long-unsigned", "5"])
    written = capsys.readouterr()
    assert written.err.startswith("cosem: write double-long-unsigned 5 to ")
    assert len(meter.services) == sent
    assert status == 1 - sent
    assert (json.loads(written.out) if sent else written.out) == ({"result": "success", "data": None} if sent else "")


def test_an_answer_that_is_piped_in_is_none(capsys: pytest.CaptureFixture[str], monkeypatch: Any):
    reading, writing = os.pipe()
    os.write(writing, b"y\n")
    with os.fdopen(reading) as piped:
        monkeypatch.setattr("sys.stdin", piped)
        assert main(["--host", "meter", "write", THRESHOLD, "double-long-unsigned", "5"]) == 2
    os.close(writing)
    assert "--yes" in capsys.readouterr().err


def test_what_is_written_to_a_meter_is_read_again(capsys: pytest.CaptureFixture[str], monkeypatch: Any):
    meter = SimulatedMeter(MeterProfile(history_days=1), clock=lambda: datetime(2026, 3, 4, 12, 0, tzinfo=UTC))

    async def open_tcp(*_: object) -> object:
        return await meter.connect()

    monkeypatch.setenv("DLMS_PASSWORD", DEFAULT_PASSWORD)
    options = ["--host", "meter", "--client", "1", "--auth", "lls", "--json"]
    with patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp):
        assert main([*options, "write", CLOCK, "octet-string", "2030-01-02T03:04:05+00:00", "--yes"]) == 0
        assert json.loads(capsys.readouterr().out) == {"result": "success", "data": None}
        assert main([*options, "read", CLOCK]) == 0
        (clock,) = json.loads(capsys.readouterr().out)
        assert clock["value"].startswith("2030-01-02T")
        assert main([*options, "execute", DISCONNECT, "integer", "0", "--yes"]) == 0
        assert main([*options, "write", "3:1.0.1.8.0.255:2", "enum", "5", "--yes"]) == 1
    assert "read-write-denied" in capsys.readouterr().out
