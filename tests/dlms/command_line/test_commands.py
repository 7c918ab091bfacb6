"""The table of commands."""

from collections.abc import Iterator
from dataclasses import replace
import json
from pathlib import Path
import re
import shlex
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.hearing import Heard, Source
from custom_components.cosem.dlms.command_line.commands import COMMANDS
from custom_components.cosem.dlms.command_line.heard import UNDECODABLE, HeardNotification
from custom_components.cosem.dlms.command_line.options import Command, build_parser
from custom_components.cosem.dlms.command_line.write import OUTCOME_UNKNOWN, SUCCESS
from custom_components.cosem.dlms.encoding.data_types import DataType
from custom_components.cosem.dlms.protocol.proposal import WportPair
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import ClientProfile, Level, MeterProfile

from .conftest import NOW

NAMES = [command.name for command in COMMANDS]


def test_no_name_stands_for_two_commands():
    assert len(set(NAMES)) == len(NAMES) >= 3


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_example_of_a_command_is_a_call_of_it(command: Command):
    parsed = build_parser(COMMANDS).parse_args(shlex.split(command.example))
    assert parsed.load is command.load
    assert command.load().__module__.startswith(main.__module__.rpartition(".")[0])


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_help_of_a_command_explains_it_and_shows_an_example(command: Command, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        main([command.name, "--help"])
    assert left.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert command.explanation in text
    assert " ".join(f"example: cosem {command.example}".split()) in text


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_list_of_commands_says_what_each_is_for(command: Command, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert command.summary in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "typed",
    [["read", "3:1.0.1.8.0.255:2"], ["objects"], ["info"], ["profile", "1.0.99.1.0.255", "--entries", "1:2"]],
    ids=lambda typed: typed[0],
)
@pytest.mark.parametrize("transport", TransportProtocol)
def test_what_reads_does_so_in_a_pre_established_association_too(
    typed: list[str], transport: TransportProtocol, profile: MeterProfile, home: Path, capsys: Any
):
    push_client = ClientProfile(wport=102, name="push", level=Level.READ, pre_established=True)
    meter = SimulatedMeter(replace(profile, clients=(push_client,)), clock=lambda: NOW)
    trace = home / "trace"
    options = ["--host", "meter", "--client", "102", "--transport", transport.value, "--trace", str(trace), "--json"]
    client = "custom_components.cosem.dlms.client.client"
    with (
        patch(f"{client}.open_tcp", lambda *_: meter.connect()),
        patch(f"{client}.open_udp", lambda *_: meter.connect_datagrams()),
    ):
        assert main([*options, *typed, "--kind", "pre-established"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["rows"] if typed[0] == "profile" else told) > 0
    written = trace.read_text("utf-8")
    assert "get-request" in written
    assert "aarq" not in written
    assert "rlrq" not in written


def test_what_only_a_command_takes_and_stands_before_it_is_explained(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        main(["--kind", "pre-established", "read", "3:1.0.1.8.0.255:2"])
    assert left.value.code == 2
    assert capsys.readouterr().err.endswith("; what only this command takes stands behind it\n")


# --- docs/command-line.md ------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `([a-z]+)`\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


def test_the_page_describes_every_command_and_no_other():
    assert sorted(SECTIONS) == sorted(NAMES)
    assert re.findall(r"^\| \[`([a-z]+)`\]", PAGE, flags=re.MULTILINE) == [*SECTIONS]
    assert all(f"`{option}" in PAGE for option in ("--json", "--trace", "--envelope", "--sign", "--yes"))


def shape(value: Any) -> Any:
    """The keys of objects, of lists the shape of the first element."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict | list) else None


@pytest.fixture
def named(meter: SimulatedMeter) -> Iterator[None]:
    async def resolve(*_: object) -> list[str]:
        return ["192.0.2.7"]

    async def open_tcp(*_: object) -> object:
        return await meter.connect()

    run = "custom_components.cosem.dlms.command_line.run"
    with patch(f"{run}.resolve", resolve), patch(f"{run}.open_tcp", open_tcp):
        yield


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    "typed",
    [
        ["read", "3:1.0.1.8.0.255:2"],
        ["doctor"],
        ["info"],
        ["decode", "D80101"],
    ],
    ids=lambda typed: typed[0],
)
def test_the_json_of_the_page_is_the_real_one(typed: list[str], capsys: pytest.CaptureFixture[str]):
    documented = json.loads(re.findall(r"```json\n(.*?)```", SECTIONS[typed[0]], flags=re.DOTALL)[0])
    assert main(["--host", "meter", "--json", *typed]) == 0
    assert shape(json.loads(capsys.readouterr().out)) == shape(documented)


def test_the_page_shows_objects_and_results_as_they_are(capsys: pytest.CaptureFixture[str]):
    (listed,) = json.loads(re.findall(r"```json\n(.*?)```", SECTIONS["objects"], flags=re.DOTALL)[0])
    assert main(["--host", "meter", "--json", "objects"]) == 0
    (*_, real) = json.loads(capsys.readouterr().out)
    assert list(listed) == list(real)
    for command in ("write", "execute"):
        (result,) = re.findall(r"```json\n(.*?)```", SECTIONS[command], flags=re.DOTALL)
        assert json.loads(result) == {"result": SUCCESS, "data": None}
    assert f"`{OUTCOME_UNKNOWN}`" in SECTIONS["write"]


def test_the_page_shows_a_notification_as_it_is():
    (documented,) = re.findall(r"```json\n(.*?)```", SECTIONS["listen"], flags=re.DOTALL)
    told = json.loads(documented)
    heard = Heard(
        source=Source(TransportProtocol.UDP, "192.0.2.7", 4059),
        pair=WportPair(1, 1),
        apdu=bytes.fromhex(told["raw"]),
        authenticated=True,
        encrypted=True,
        system_title=bytes.fromhex(told["system_title"]),
    )
    assert HeardNotification.of(heard).to_json() == told
    assert f"`{UNDECODABLE}`" in SECTIONS["listen"]


def test_the_page_names_every_type():
    named_types = set(re.findall(r"`([a-z0-9-]+)`", SECTIONS["write"]))
    by_hex_only = {"array", "structure", "compact-array"}
    others = {kind.standard_name for kind in DataType} - by_hex_only
    numbers = {name for name in others if re.search(r"long|unsigned|integer|delta", name)}
    assert others - numbers <= named_types
    assert "arrays and structures" in SECTIONS["write"]
