"""One line of `cosem read`. The whole command: tests/dlms/test_main.py."""

from custom_components.cosem.dlms.command_line.read import reading_row


def test_control_characters_of_a_meter_do_not_reach_the_terminal():
    row = reading_row(
        {
            "class_id": 1,
            "logical_name": "0.0.96.1.0.255",
            "attribute": 2,
            "value": "\x1b[31m",
            "unit": None,
            "error": None,
        }
    )
    assert row[2] == '"\\u001b[31m"'
