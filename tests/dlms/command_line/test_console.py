"""Results and notes, whatever they are written to. The terminal itself: tests/dlms/test_main.py."""

from custom_components.cosem.dlms.command_line.console import Console

from .consoles import KeptConsole


def test_json_is_a_result_and_what_was_tolerated_is_a_note():
    console = KeptConsole()
    assert isinstance(console, Console)
    console.json({"three": [3]})
    console.note_leniencies(["surplus_octet", "blocks_from_0"])
    assert console.result == {"three": [3]}
    assert console.notes == ["tolerated of this meter: surplus_octet, blocks_from_0 (docs/meters.md)"]
