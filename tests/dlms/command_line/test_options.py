"""Options as they are typed; what is refused is not repeated, because it may be a secret in the wrong place."""

import argparse
import os
from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, MethodDescriptor
from custom_components.cosem.dlms.client.invocation_counter import INVOCATION_COUNTER
from custom_components.cosem.dlms.command_line.commands import COMMANDS
from custom_components.cosem.dlms.command_line.options import (
    NOT_ASKED,
    attribute,
    build_parser,
    entries,
    logical_names,
    method,
    with_defaults,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.security.names import MECHANISM_NAMES, PROTECTION_NAMES

ROOT = Path(__file__).parents[3]
CANARY = "C0FFEE5EC2E7"


def parse(*arguments: str) -> dict[str, object]:
    parser = build_parser(COMMANDS)
    return vars(with_defaults(parser.parse_args([*arguments, "objects"])))


def test_options_of_security():
    options = parse(
        *("--suite", "2", "--protection", "authenticated", "--system-title", "4d 4d 4d 00-00-00-00-01"),
        *(
            "--dedicated-key",
            "--state-file",
            "here",
            "--counter-start",
            "7",
            "--counter-logical-name",
            "0.0.43.1.2.255",
        ),
    )
    assert (options["suite"], options["protection"], options["dedicated_key"]) == (2, "authenticated", True)
    assert (options["state_file"], options["counter_start"]) == ("here", 7)
    assert options["system_title"] == b"MMM\0\0\0\0\1"
    assert options["counter_logical_name"] == LogicalName.parse("0.0.43.1.2.255")
    assert parse("--counter-logical-name", "none")["counter_logical_name"] == NOT_ASKED


def test_trial_07_the_association_object_can_be_chosen(capsys: pytest.CaptureFixture[str]):
    assert parse()["association"] is None
    assert parse("--association", "0-0:40.0.1")["association"] == LogicalName.parse("0.0.40.0.1.255")
    with pytest.raises(SystemExit):
        parse("--association", "none")
    assert "--association" in capsys.readouterr().err


def test_choices_are_those_of_the_contract():
    high = ["manufacturer", "md5", "sha1", "gmac", "sha256", "ecdsa"]
    assert list(MECHANISM_NAMES) == ["none", "lls", *(f"hls-{name}" for name in high)]
    assert PROTECTION_NAMES == ("none", "authenticated", "encrypted", "authenticated-encryption")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--system-title", CANARY, "objects"],
        ["--system-title", f"{CANARY}{CANARY}", "objects"],
        ["--system-title", f"{CANARY}XXXX", "objects"],
        ["--suite", CANARY, "objects"],
        ["--suite", "3", "objects"],
        ["--protection", CANARY, "objects"],
        ["--auth", CANARY, "objects"],
        ["--counter-start", CANARY, "objects"],
        ["--counter-start", "4294901760", "objects"],
        ["--counter-logical-name", "1.2.3", "objects"],
        ["--encryption-key", CANARY, "objects"],
        ["objects", "--encryption-key", CANARY],
        ["objects", f"--encryption-key={CANARY}"],
        ["objects", CANARY],
        ["--password", CANARY, "objects"],
        ["--timeout", CANARY, "objects"],
        ["--port", CANARY, "objects"],
    ],
)
def test_wrong_options_exit_2_and_are_not_repeated(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["--host", "meter", *arguments])
    assert caught.value.code == 2
    assert CANARY not in capsys.readouterr().err


def test_an_unknown_option_is_named(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["objects", f"--encryption-key={CANARY}"])
    assert "unrecognized arguments --encryption-key\n" in capsys.readouterr().err


def test_help_tells_everything_and_is_quick():
    arguments = [sys.executable, "-P", str(ROOT / "tools" / "with_stack.py"), "dlms", "--help"]
    times = []
    for _ in range(3):
        before = os.times()
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=True)
        after = os.times()
        times.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(times) < 0.5
    for word in (
        *MECHANISM_NAMES,
        *PROTECTION_NAMES,
        "DLMS_HLS_SECRET",
        "DLMS_ENCRYPTION_KEY",
        "--state-file",
        "keys file",
    ):
        assert word in done.stdout


def test_help_names_the_counter_that_is_asked_for_by_default(capsys: pytest.CaptureFixture[str]):
    """Written out there: whatever imports the client would make the help slow."""
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"(default {INVOCATION_COUNTER})" in " ".join(capsys.readouterr().out.split())


def test_tcp_unless_udp_is_asked_for(capsys: pytest.CaptureFixture[str]):
    assert parse()["transport"] == "tcp"
    assert parse("--transport", "udp")["transport"] == "udp"
    with pytest.raises(SystemExit):
        parse("--transport", CANARY)
    assert CANARY not in capsys.readouterr().err


def test_what_is_wrong_with_an_attribute_is_said():
    with pytest.raises(argparse.ArgumentTypeError, match="the logical name is missing"):
        attribute("8")


def test_columns_may_be_typed_as_their_headings():
    energy = LogicalName.parse("1.0.1.8.0.255")
    assert logical_names("3:1.0.1.8.0.255:2, 1.0.1.8.0.255,1-0:1.8.0,3:1-0:1.8.0:2") == (energy,) * 4


def test_entries_in_the_wrong_order_are_said():
    with pytest.raises(argparse.ArgumentTypeError, match="the last entry is before the first"):
        entries("5:2")


def test_a_method_is_typed_like_an_attribute():
    assert method("3:1-0:1.8.0:2") == MethodDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    assert attribute("3:1.0.1.8.0:-128") == AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), -128)
