"""A change as automations and the logbook see it."""

from typing import Any

import pytest

from custom_components.cosem.dlms import Data, typed_attribute, typed_data, typed_method
from custom_components.cosem.meter.change_event import MOST_ON_BUS, change_data, change_in_words

THRESHOLD = typed_attribute("71:0.0.17.0.0.255:4")
SEVEN = typed_data("double-long-unsigned", "7")


def words(target: Any, value: Data | None, *, hidden: bool = False, result: str = "success") -> str:
    return change_in_words({**change_data(target, value, hidden=hidden), "result": result})


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        (
            THRESHOLD,
            SEVEN,
            "was told to write double-long-unsigned 7 to Limiter, threshold_normal (71:0.0.17.0.0.255:4): success",
        ),
        (
            typed_attribute("1:0.0.96.50.0.255:-3"),
            typed_data("null-data", None),
            "was told to write null-data to Data, attribute -3 (1:0.0.96.50.0.255:-3): success",
        ),
        (
            typed_attribute("9000:0.0.96.50.0.255:2"),
            typed_data("utf8-string", "Zähler"),
            'was told to write utf8-string "Zähler" to class 9000, attribute 2 (9000:0.0.96.50.0.255:2): success',
        ),
        (
            typed_method("70:0.0.96.3.10.255:1"),
            typed_data("integer", "0"),
            "was told to execute Disconnect control, method 1 (70:0.0.96.3.10.255:1) with integer 0: success",
        ),
        (
            typed_method("20:0.0.13.0.0.255:1"),
            None,
            "was told to execute Activity calendar, method 1 (20:0.0.13.0.0.255:1): success",
        ),
    ],
)
def test_a_person_reads_what_and_where(target: Any, value: Data | None, expected: str):
    assert words(target, value) == expected


def test_the_result_stands_behind_it():
    assert words(THRESHOLD, SEVEN, result="outcome unknown").endswith("(71:0.0.17.0.0.255:4): outcome unknown")


@pytest.mark.parametrize("kind", ["octet-string", "hex"])
def test_a_secret_is_not_even_measured(kind: str):
    key = "00112233445566778899AABBCCDDEEFF"
    value = typed_data(kind, key if kind == "octet-string" else f"0910{key}")
    secret = typed_method("64:0.0.43.0.0.255:2")
    data = change_data(secret, value, hidden=True)
    assert (data["hidden"], data["type"], data["value"]) == (True, None, None)
    said = words(secret, value, hidden=True)
    assert said == (
        "was told to execute Security setup, method 2 (64:0.0.43.0.0.255:2) with a value that is not shown: success"
    )
    assert not change_data(secret, None, hidden=True)["hidden"]
    assert words(secret, None, hidden=True).endswith("(64:0.0.43.0.0.255:2): success")


def test_a_long_value_does_not_fill_the_database():
    octets = "AB" * MOST_ON_BUS
    data = change_data(THRESHOLD, typed_data("octet-string", octets), hidden=False)
    assert (data["type"], data["value"], data["hidden"]) == ("octet-string", None, False)
    assert "write octet-string to Limiter" in words(THRESHOLD, typed_data("octet-string", octets))
    some = words(THRESHOLD, typed_data("octet-string", "AB" * 300))
    assert len(some) < 350
    assert f'octet-string "{"ab" * 99}... to' in some
    fits = typed_data("visible-string", "x" * (MOST_ON_BUS - 2))
    assert change_data(THRESHOLD, fits, hidden=False)["value"] == "x" * (MOST_ON_BUS - 2)
