"""A few words beside codes; nothing where the meaning is not the same at every meter."""

import pytest

from custom_components.cosem.dlms.command_line.object_names import object_name
from custom_components.cosem.dlms.encoding.logical_name import LogicalName


@pytest.mark.parametrize(
    ("logical_name", "words"),
    [
        ("0.0.1.0.0.255", "clock"),
        ("0.0.42.0.0.255", "logical device name"),
        ("0.0.97.98.0.255", "alarm register"),
        ("0.0.96.14.0.255", "active tariff"),
        ("1.0.91.7.0.255", "current, neutral"),
        ("1.0.16.7.0.255", "active power, import less export"),
        ("1.0.35.8.0.255", "active energy, import and export together, L1"),
        ("1.0.1.8.0.255", "active energy import"),
        ("1.0.2.8.2.255", "active energy export, tariff 2"),
        ("1.0.1.7.0.255", "active power import"),
        ("1.0.1.6.0.255", "active maximum power import"),
        ("1.0.21.7.0.255", "active power import, L1"),
        ("1.0.43.8.1.255", "reactive energy import, L2, tariff 1"),
        ("1.0.32.7.0.255", "voltage, L1"),
        ("1.0.71.7.0.255", "current, L3"),
        ("1.0.13.7.0.255", "power factor"),
        ("1.0.53.7.0.255", "power factor, L2"),
        ("1.0.14.7.0.255", "frequency"),
        ("1.0.14.7.1.255", ""),
        ("1.0.12.7.0.255", ""),
        ("1.0.1.8.0.1", ""),
        ("1.0.1.4.0.255", ""),
        ("1.0.20.7.0.255", ""),
        ("7.0.3.0.0.255", ""),
        ("0.0.96.1.1.255", ""),
    ],
)
def test_a_code_in_words(logical_name: str, words: str):
    assert object_name(LogicalName.parse(logical_name)) == words
