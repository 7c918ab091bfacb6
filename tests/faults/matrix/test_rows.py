"""Every row of the table of faults is tried by the runner, or has tests of its own, or says what it waits for."""

import ast
from pathlib import Path
import re

import pytest

from custom_components.cosem.dlms import DlmsError

from .cases import ROWS, Case, Protected, Service, Stage
from .general import CHANGES, KINDS
from .run import survive
from .told import Violation
from .told_errors import errors_of

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "rules.md"

TESTED = {
    "F04": ("faults/test_names_of_hosts.py::test_f04_a_name_that_is_unknown_is_asked_for_again",),
    "F05": ("faults/test_names_of_hosts.py::test_f05_a_name_that_leads_elsewhere_is_followed",),
    "F07": (
        "test_init.py::test_f07_other_meter_at_the_address_is_not_taken",
        "faults/test_security.py::test_f45_another_meter_at_the_same_address",
    ),
    "F21": (
        "dlms/client/test_hearing.py::test_f21_s24_a_replay_and_a_repetition_are_not_handed_over",
        "test_event.py::test_s23_a_meter_with_keys_is_heard_only_with_its_tag_and_once",
    ),
    "F25": ("dlms/client/test_udp_transport.py::test_f25_what_another_address_sends_never_arrives",),
    "F28": ("meter/test_reader.py::test_trial_14_f28_a_counter_that_shows_zero_once_is_unknown_once",),
    "F46": ("dlms/client/test_profile_reading.py::test_f46_other_columns_after_a_drop_are_not_mixed",),
    "F48": ("meter/test_reader.py::test_f48_a_counter_that_rolls_over_waits_once_and_begins_anew",),
    "F49": (
        "test_changes_at_the_meter.py::test_f49_a_new_firmware_keeps_an_unreadable_object_list_and_reads_units_anew",
        "meter/test_plausibility.py::test_another_unit_is_another_counter",
    ),
    "F52": ("faults/test_our_side.py::test_f52_the_wall_clock_jumps_at_every_look",),
    "F54": (
        "dlms/interface_classes/test_profile_times.py::test_f54_the_hour_that_is_there_twice_gets_its_two_utc_hours",
        "dlms/interface_classes/test_profile_times.py::test_f54_the_night_without_two_oclock_has_no_gap",
    ),
    "F55": ("dlms/interface_classes/test_profile_times.py::test_f55_half_hour_zones_keep_their_offset",),
    "F58": ("push/test_listening.py::test_f58_a_port_that_is_taken_is_said_and_tried_again",),
    "F59": (
        "dlms/protocol/test_source_limits.py::test_f59_all_strangers_together_have_a_bound",
        "dlms/protocol/test_source_limits.py::test_f59_who_proves_itself_does_not_count_and_is_not_shut_out_by_strangers",
    ),
}
"""What the runner cannot do: names, addresses of the network, listeners, and what is made of values above the stack."""


def waiting() -> set[str]:
    """Return the rows that the page of rules says to wait for something."""
    lines = re.findall(r"^\| F(\d+) \|.*\| ([^|]*?) ?\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {f"F{int(number):02}" for number, waits_for in lines if waits_for}


def test_every_row_is_tried_or_tested_or_waits():
    run = {row.row for row in ROWS}
    assert sorted(run | TESTED.keys() | waiting()) == [f"F{number:02}" for number in range(1, 63)]
    assert run & TESTED.keys() == run & waiting() == TESTED.keys() & waiting() == set()


@pytest.mark.parametrize("test", [test for tests in TESTED.values() for test in tests])
def test_what_is_named_exists(test: str):
    file, function = test.split("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.row}-{row.fault}")
def test_every_row_says_which_errors_it_leads_to(row):
    case = Case(row.row, row.fault, row.stages[0], (), row.services[0], row.only[0], row.over[0])
    assert all(issubclass(error, DlmsError) for error in errors_of(case))


async def test_another_error_than_the_row_says_is_found(monkeypatch: pytest.MonkeyPatch):
    case = Case("F01", "silent", Stage.SERVICE, (("times", 1),), Service.GET, Protected.NONE)
    with pytest.raises(Violation, match="F01 does not lead to ResponseTimeout"):
        await survive(case)
    with pytest.raises(Violation, match="OutcomeUnknown"):
        await survive(Case("F01", "silent", Stage.SERVICE, (("times", 1),), Service.SET, Protected.NONE))
    monkeypatch.setattr("tests.faults.matrix.run.check_error", lambda *_: None)
    assert await survive(case) == (True, 1)


def test_every_change_of_a_block_is_a_fault_of_the_runner():
    assert set(CHANGES) < set(KINDS) == {row.fault for row in ROWS if row.row == "F42"}
