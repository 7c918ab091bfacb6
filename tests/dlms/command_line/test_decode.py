"""`cosem decode`. What it shows of passwords and of wrong octets: tests/dlms/test_main.py."""

import argparse

import pytest

from custom_components.cosem.dlms.command_line.decode import show_octets

from .consoles import KeptConsole


@pytest.mark.parametrize(
    ("typed", "read", "shown"),
    [(["62", "00"], "", {"apdu": "rlrq"}), (["-"], "63 00\n", {"apdu": "rlre"}), (["6200"], "63 00", {"apdu": "rlrq"})],
)
def test_octets_are_typed_or_read(typed: list[str], read: str, shown: dict[str, str]):
    console = KeptConsole(read)
    assert show_octets(argparse.Namespace(hex=typed, json=True), console) == 0
    assert console.result == shown
