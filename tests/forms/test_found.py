"""What the public client was told becomes proposals, and none where nobody knows."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms import SapAssignment
from custom_components.cosem.forms.found import Found
from custom_components.cosem.meter.doctor import Examination, ExaminationFailed, Verdict
from tests.forms.drafts import CHOICE, examination, facts


def told(name: str = "SIM1", *devices: tuple[int, bytes]) -> Examination:
    """What a meter of this name tells."""
    known = examination()
    assignments = tuple(SapAssignment(*device) for device in devices)
    return replace(known, identity=replace(known.identity, unique_id=name), logical_devices=assignments)


def found(name: str = "SIM1", *devices: tuple[int, bytes], preset: str = "generic", **changes: object) -> Found:
    """A meter of this name that answered the public client."""
    public = facts(client_wport=16, preset=preset)
    return replace(Found(facts=public, examination=told(name, *devices)), **changes)


@pytest.mark.parametrize(
    ("name", "chosen", "preset", "authentication", "client"),
    [
        ("ISK1", "generic", "idis_dsmr", "keys", 1),
        ("INC1", "generic", "spodes", "password", 32),
        ("ACE1", "generic", "itron_sl7000", "password", 7),
        ("ISK1", "spodes", "spodes", "keys", 32),
        ("SIM1", "generic", "generic", None, None),
        ("SIM1", "spodes", "spodes", None, None),
    ],
)
def test_the_make_gives_the_proposals_unless_a_kind_of_meter_was_chosen(
    name: str, chosen: str, preset: str, authentication: str | None, client: int | None
):
    known = found(name, preset=chosen)
    assert (known.preset, known.authentication) == (preset, authentication)
    assert known.client_wport(known.authentication) == client


def test_who_sees_values_without_a_login_needs_none():
    known = found("ISK1", choices=(CHOICE,), ticked=(CHOICE["value"],))
    assert known.authentication == "none"
    assert known.client_wport("none") == 16
    assert known.client_wport("password") == 1


@pytest.mark.parametrize(
    ("devices", "proposed"),
    [
        ([], 1),
        ([(1, b"ISK1"), (16, b"ISK2")], 1),
        ([(16, b"ISK2"), (17, b"ISK3")], 16),
    ],
)
def test_the_logical_device_is_the_usual_one_or_the_first_that_is_there(
    devices: list[tuple[int, bytes]], proposed: int
):
    known = found("ISK1", *devices)
    assert known.server_wport == proposed
    assert known.logical_devices == {sap: name.decode() for sap, name in devices}


@pytest.mark.parametrize("failure", [None, ExaminationFailed(Verdict.ASSOCIATION_REFUSED)])
def test_a_meter_that_told_nothing_gives_no_proposals(failure: ExaminationFailed | None):
    silent = Found(facts=facts(client_wport=16), failure=failure)
    assert (silent.maker, silent.preset, silent.authentication) == (None, "generic", None)
    assert (silent.logical_devices, silent.server_wport) == ({}, 1)
