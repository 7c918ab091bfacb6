"""`cosem info`: what a meter says of itself, and what was agreed on."""

from collections.abc import Callable
import json
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.apdu.acse import ApplicationContext, application_context_name
from custom_components.cosem.dlms.apdu.initiate import Conformance, InitiateResponse
from custom_components.cosem.dlms.command_line.info import show_info
from tests.dlms.scripted import GRANTED, NOT_SUPPORTED, Part, ScriptedMeter, aare, access_error, initiate, value
from tests.simulated_meter.meter import SimulatedMeter

KEYS = [
    *("client", "server", "logical_device_name", "manufacturer", "serial_number", "firmware", "logical_devices"),
    *("dlms_version", "referencing", "conformance", "client_max_receive_pdu_size", "server_max_receive_pdu_size"),
    *("security", "leniencies"),
]
SECURITY_KEYS = [
    *("authentication", "protection", "suite", "envelope", "signed", "dedicated_key"),
    *("meter_system_title", "meter_policy", "meter_suite"),
]


def told(capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    assert main(["--host", "meter", *options, "info", "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    return json.loads(output.out)


def test_the_public_client_learns_what_there_is(capsys: pytest.CaptureFixture[str]):
    assert show_info.__module__.endswith(".info")
    info = told(capsys)
    assert list(info) == KEYS
    assert list(info["security"]) == SECURITY_KEYS
    assert (info["client"], info["server"], info["dlms_version"], info["referencing"]) == (16, 1, 6, "ln")
    assert info["logical_device_name"].startswith(info["logical_device_name"][:3].upper())
    assert [each["wport"] for each in info["logical_devices"]][:1] == [1]
    assert "get" in info["conformance"]
    assert info["server_max_receive_pdu_size"] > 0
    assert info["security"]["authentication"] == "none"
    assert info["security"]["protection"] == "none"
    assert info["security"]["suite"] is None
    assert info["leniencies"] == []


def test_security_is_what_is_used_and_what_the_meter_says(
    capsys: pytest.CaptureFixture[str], meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch
):
    client = meter.profile.client(1)
    assert client is not None
    assert client.security is not None
    monkeypatch.setenv("DLMS_ENCRYPTION_KEY", client.security.encryption_key.hex())
    monkeypatch.setenv("DLMS_AUTHENTICATION_KEY", client.security.authentication_key.hex())
    info = told(capsys, "--client", "1", "--auth", "hls-gmac", "--envelope", "general")
    security = info["security"]
    assert {key: security[key] for key in SECURITY_KEYS[:6]} == {
        "authentication": "hls-gmac",
        "protection": "authenticated-encryption",
        "suite": 0,
        "envelope": "general",
        "signed": False,
        "dedicated_key": False,
    }
    assert security["meter_system_title"] == meter.security.identity.title.hex().upper()
    assert info["serial_number"]
    assert isinstance(security["meter_policy"], int)
    assert isinstance(security["meter_suite"], int)


@pytest.mark.parametrize(
    ("reference", "policy"),
    [
        (bytes.fromhex("090600002B0007FF"), 3),
        (bytes.fromhex("090600002B0008FF"), None),  # there is none
        (bytes.fromhex("0900"), None),
        (bytes.fromhex("09050000 2B0007"), None),
        (bytes.fromhex("00"), None),
        (None, None),
    ],
)
def test_policy_and_suite_are_of_the_security_setup_that_the_association_names(
    reference: bytes | None, policy: int | None, capsys: pytest.CaptureFixture[str]
):
    def answer(apdu: bytes) -> list[Part]:
        class_id, name, attribute = int.from_bytes(apdu[3:5]), apdu[5:11].hex(), apdu[11]
        if (class_id, name, attribute) == (15, "0000280000ff", 9) and reference is not None:
            return [value(reference)]
        # Somebody else's has another policy.
        numbers = {"00002b0007ff": {2: 3, 3: 1}, "00002b0000ff": {2: 7, 3: 2}}.get(name, {}) if class_id == 64 else {}
        return [value(bytes((0x16, numbers[attribute])))] if attribute in numbers else [access_error(4)]

    assert info_of(without_lists(answer), "--json") == 0
    security = json.loads(capsys.readouterr().out)["security"]
    assert (security["meter_policy"], security["meter_suite"]) == (policy, None if policy is None else 1)


def test_with_short_names_the_association_names_it_in_another_attribute(capsys: pytest.CaptureFixture[str]):
    setup = bytes.fromhex("00002B0007FF")
    values = {
        0xFA08: bytes.fromhex("0101 0204 103000 120040 1101 0906") + setup,
        0xFA18: bytes.fromhex("0906") + setup,
        0x3008: bytes.fromhex("1603"),
        0x3010: bytes.fromhex("1601"),
    }

    def answer(apdu: bytes) -> list[Part]:
        names = [int.from_bytes(apdu[start + 1 : start + 3]) for start in range(2, len(apdu), 3)]
        results = [b"\0" + values[name] if name in values else bytes.fromhex("0104") for name in names]
        return [bytes([0x0C, len(results)]) + b"".join(results)]

    granted = InitiateResponse(conformance=Conformance.READ, server_max_receive_pdu_size=1024, vaa_name=0xFA00)
    context = application_context_name(ApplicationContext.SN)
    short = ScriptedMeter(answer, aarq=lambda apdu: [aare(granted, application_context_name=context)])
    assert info_of(short, "--referencing", "sn", "--json") == 0
    info = json.loads(capsys.readouterr().out)
    assert (info["referencing"], info["security"]["meter_policy"], info["security"]["meter_suite"]) == ("sn", 3, 1)


def test_the_pdu_size_is_the_one_that_was_proposed(capsys: pytest.CaptureFixture[str]):
    assert told(capsys)["client_max_receive_pdu_size"] == 2048
    assert told(capsys, "--transport", "udp")["client_max_receive_pdu_size"] == 1200


def info_of(scripted: ScriptedMeter, *options: str) -> int:
    async def open_tcp(*_: object) -> object:
        return await scripted.connect()

    with patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp):
        return main(["--host", "meter", "--timeout", "20", "info", *options])


def without_lists(answer: Callable[[bytes], list[Part]], **changes: Any) -> ScriptedMeter:
    granted = (GRANTED & ~Conformance.MULTIPLE_REFERENCES) | Conformance.READ
    return ScriptedMeter(answer, aarq=lambda apdu: [aare(initiate(conformance=granted, **changes))])


@pytest.mark.parametrize("answer", [lambda apdu: [NOT_SUPPORTED], lambda apdu: [access_error(3)]])
def test_a_meter_that_tells_nothing_is_described_by_what_was_agreed_on(
    answer: Callable[[bytes], list[Part]], capsys: pytest.CaptureFixture[str]
):
    assert info_of(without_lists(answer, server_max_receive_pdu_size=0), "--json") == 0
    info = json.loads(capsys.readouterr().out)
    assert [info[key] for key in KEYS[2:7]] == [None] * 5
    assert info["server_max_receive_pdu_size"] == 0
    assert info["leniencies"] == ["surplus_services"]


ODD = [
    (value(bytes.fromhex("1107")), "serial number"),
    (value(bytes.fromhex("0A031B5B6D")), "serial number"),
    (value(bytes.fromhex("01010201 1101")), "client"),
    (value(bytes.fromhex("010102021200010903414243")), "logical devices"),
    (value(bytes.fromhex("0100")), "client"),
]


@pytest.mark.parametrize(("answer", "line"), ODD)
def test_odd_answers_cost_nothing_else_and_do_no_harm_to_a_terminal(
    answer: bytes, line: str, capsys: pytest.CaptureFixture[str]
):
    assert info_of(without_lists(lambda apdu: [answer])) == 0
    output = capsys.readouterr().out
    assert "\x1b" not in output
    lines = {text.split("  ")[0] for text in output.splitlines()}
    assert line in lines
    assert "conformance" in lines
    assert "leniencies" in lines


def test_what_a_person_reads(capsys: pytest.CaptureFixture[str]):
    assert main(["--host", "meter", "info"]) == 0
    lines = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert lines["authentication"].strip() == "none"
    assert lines["signed"].strip() == "no"
    assert lines["leniencies"].strip() == "none"
    assert lines["logical devices"].strip().startswith("1 (")
    assert "suite" not in lines
