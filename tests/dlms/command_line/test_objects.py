"""`cosem objects` at a secured meter, by its public client. Other meters: tests/dlms/test_main.py."""

import argparse

from custom_components.cosem.dlms.command_line.objects import list_objects
from custom_components.cosem.dlms.command_line.options import DEFAULTS

from .consoles import KeptConsole


def test_table_and_json_have_the_same_objects():
    def listed(**options: object) -> KeptConsole:
        console = KeptConsole()
        assert list_objects(argparse.Namespace(**(DEFAULTS | {"host": "meter"} | options)), console) == 0
        return console

    objects = [each["logical_name"] for each in listed(json=True).result]
    head, *rows = listed().output
    column = head.index("logical name")
    assert [row[column:].split()[0] for row in rows] == objects
    assert "0.0.42.0.0.255" in objects
