"""What the help tries: named beforehand, no refused secret, none unless that is wanted."""

from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import Mechanism, Referencing
from custom_components.cosem.forms.draft import Draft, Purpose
from custom_components.cosem.forms.help_plan import Plan, asking_help, known_login, offers_help, search_request
from custom_components.cosem.meter.clients import async_open_client
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from tests.conftest import HOST
from tests.forms.drafts import draft, facts, read

KEY, OTHER_KEY = "8A23423BEF4C57D1906611AA7F0C3E5D", "1B7745AC90EF3D8412C6F0E95A7B3381"
SETTINGS = {
    "mechanism": "hls-gmac",
    "security_suite": 0,
    "protection": "authenticated_encryption",
    "system_title": "4841530102030405",
}
SECRETS = {"encryption_key": KEY, "authentication_key": OTHER_KEY}
BUSY = ExaminationFailed(Verdict.METER_BUSY)


def keys(**changes: Any) -> Draft:
    """A draft with keys."""
    return replace(draft("keys", settings=SETTINGS, secrets=SECRETS), **changes)


def test_a_login_that_is_known_can_be_tried():
    assert known_login(draft("none", secrets={"password": "p"})) is None
    assert known_login(draft("password", secrets={"password": "p"})) == {"password": "p"}
    login = known_login(keys())
    assert login is not None
    assert login.items() >= {**SETTINGS, **SECRETS}.items()
    held = read(credentials={"mechanism": "hls-gmac"})
    assert known_login(keys(credential_input=held)) == {"mechanism": "hls-gmac"}
    with_password = read(credentials={"mechanism": "lls"})
    assert known_login(keys(credential_input=with_password, secrets={**SECRETS, "password": "p"})) == {
        "mechanism": "lls",
        "password": "p",
    }


@pytest.mark.parametrize(
    "begun",
    [
        draft("password"),
        keys(secrets={}),
        keys(settings={}),
        keys(credential_input=read(errors={"encryption_key": "not_hex"})),
        keys(credential_input=read(doubts=("equal_keys",))),
        keys(credential_input=read(credentials={"mechanism": "lls"})),
    ],
)
def test_a_login_that_is_not_complete_is_not_tried(begun: Draft):
    assert known_login(begun) is None


def test_an_accepted_doubt_is_none():
    doubtful = keys(credential_input=read(doubts=("equal_keys",)), accepted_doubts=frozenset({"equal_keys"}))
    assert known_login(doubtful) == {}


def test_who_is_asked_without_a_login():
    assert Plan(facts=facts("none", client_wport=16)).pairs_without_login == ((16, 1),)
    assert Plan(facts=facts("password")).pairs_without_login == ((16, 1), (2, 1))
    assert Plan(facts=facts("password"), credentials={"password": "p"}).pairs_without_login == ((16, 1),)
    login = known_login(keys())
    assert Plan(facts=facts("keys", server_wport=7), credentials=login).pairs_without_login == ((16, 1), (16, 7))
    assert Plan(facts=facts("keys", client_wport=16), credentials=login).pairs_without_login == ()


def test_a_plan_has_no_secret_unless_it_is_wanted():
    plan = Plan(facts=facts("password", referencing="sn"))
    assert plan.leaves_login_out
    assert (plan.parameters.mechanism, plan.parameters.referencing) == (Mechanism.NONE, Referencing.SHORT_NAME)
    plan = Plan(facts=facts("password"), credentials={"password": "p4ssw0rd"})
    assert not plan.leaves_login_out
    assert plan.parameters.mechanism is Mechanism.LLS
    assert "p4ssw0rd" not in repr(plan)
    assert not Plan(facts=facts("none")).leaves_login_out


def test_the_failure_stays_as_long_as_it_is_about_what_is_typed():
    before = draft("password", failure=BUSY, typed={"host": "old"})
    same = replace(before, typed={"host": "new"}, failure=None, errors={"base": "x"})
    assert asking_help(before, same) == replace(before, typed={"host": "new"})
    for changes in ({"facts": facts("none")}, {"secrets": {"password": "p"}}, {"settings": {"protection": "none"}}):
        asked = asking_help(before, replace(same, **changes))
        assert asked.failure is None
        assert asked.errors == {}


def test_help_is_for_what_we_connect_to():
    assert not offers_help(draft("none"))
    assert offers_help(draft("none", failure=BUSY))
    assert not offers_help(draft("none", facts=facts("none", transport=None), failure=BUSY))


@pytest.mark.usefixtures("network")
async def test_what_is_looked_at(hass: HomeAssistant):
    shares: list[float] = []
    begun = keys(facts=facts("keys", response_timeout=42))
    login = {**(known_login(begun) or {}), "counter_logical_name": "0.0.43.1.7.255", "counter_start": 99}
    request = search_request(hass, begun, Plan(facts=begun.given_facts, credentials=login), shares.append)
    assert (request.host, request.port, request.timing.response) == (HOST, 4059, 42)
    assert (str(request.counter_logical_name), request.counter_start) == ("0.0.43.1.7.255", 99)
    assert request.parameters.mechanism is Mechanism.HLS_GMAC
    assert request.read_by is None
    request.on_layer(0.5)
    assert shares == [0.5]
    request = search_request(hass, begun, Plan(facts=begun.given_facts), shares.append)
    assert (str(request.counter_logical_name), request.counter_start) == ("0.0.43.1.0.255", None)


@pytest.mark.usefixtures("network")
async def test_who_reads_the_meter_through_another_address_waits(hass: HomeAssistant):
    moved = draft("none", Purpose.RECONFIGURE, facts_before=facts("none", port=4060))
    async with async_open_client(hass, HOST, 4060) as client:
        assert search_request(hass, moved, Plan(facts=moved.given_facts), print).read_by is client
        same = replace(moved, facts=facts("none", port=4060))
        assert search_request(hass, same, Plan(facts=same.given_facts), print).read_by is None
