"""The sentence about what the public client was told: who answered, or what did not."""

from dataclasses import replace

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import TransportProtocol
from custom_components.cosem.forms.found import Found
from custom_components.cosem.forms.found_texts import found_in_words
from custom_components.cosem.forms.remedies import REMEDIES
from custom_components.cosem.forms.texts import async_selector_texts
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from custom_components.cosem.meter.markdown import escaped
from tests.conftest import HOST
from tests.forms.drafts import CHOICE, facts
from tests.forms.test_found import found

PUBLIC = facts(client_wport=16)


async def said(hass: HomeAssistant, known: Found) -> str:
    """The sentence."""
    return found_in_words(await async_selector_texts(hass), known, HOST)


async def test_a_meter_is_named_with_its_maker_its_logical_devices_and_what_it_shows(hass: HomeAssistant):
    known = found("ISK1", (1, b"ISK1"), (17, b"ISK17"), choices=(CHOICE, CHOICE))
    identity = replace(known.examination.identity, manufacturer="Iskraemeco")
    known = replace(known, examination=replace(known.examination, identity=identity))
    assert await said(hass, known) == (
        f"A DLMS meter answered at {HOST}, port 4059, over the IP wrapper: ISK1, made by Iskraemeco, "
        "with 2 logical devices (ISK1, ISK17); without a login it shows 2 values."
    )


async def test_one_is_not_many_and_none_is_said(hass: HomeAssistant):
    known = found("SIM1", (1, b"SIM1"), choices=(CHOICE,))
    assert (await said(hass, known)).endswith("with one logical device (SIM1); without a login it shows one value.")
    known = found("SIM1")
    assert (await said(hass, known)).endswith(
        "with no list of its logical devices; without a login it shows no values."
    )


async def test_a_long_list_is_cut(hass: HomeAssistant):
    known = found("SIM1", *((sap, f"SIM{sap}".encode()) for sap in range(1, 8)))
    assert "7 logical devices (SIM1, SIM2, SIM3, SIM4, SIM5, …);" in await said(hass, known)


async def test_s38_names_are_text(hass: HomeAssistant):
    known = found("SIM[x](http://a.example)", (1, b"SIM*y*"))
    identity = replace(known.examination.identity, manufacturer=None)
    sentence = await said(hass, replace(known, examination=replace(known.examination, identity=identity)))
    assert escaped(sentence) == sentence
    assert r"SIM\[x\](http:\//a.example), with one logical device (SIM\*y\*)" in sentence


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.NO_DLMS_ANSWER, "did not answer the public client within 10 seconds"),
        (Verdict.CLOSED_BY_METER, "closed the connection without an answer"),
        (Verdict.AUTHENTICATION_REQUIRED, "tells nothing without a login"),
        (Verdict.MECHANISM_REFUSED, "tells nothing without a login"),
        (Verdict.STRONGER_AUTHENTICATION, "tells nothing without a login"),
        (Verdict.NO_IDENTITY, "could not find out which meter it is"),
        (Verdict.OTHER_WPORTS, "could not find out which meter it is"),
    ],
)
async def test_why_it_told_nothing(hass: HomeAssistant, verdict: Verdict, words: str):
    assert REMEDIES[verdict].may_be_meter
    sentence = await said(hass, Found(facts=PUBLIC, failure=ExaminationFailed(verdict, seconds=10)))
    assert words in sentence
    assert HOST in sentence
    assert "4059" in sentence


async def test_a_refusal_has_its_reason(hass: HomeAssistant):
    failure = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_12")
    assert (await said(hass, Found(facts=PUBLIC, failure=failure))).endswith("an authentication is required.")
    unknown = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_99")
    assert (await said(hass, Found(facts=PUBLIC, failure=unknown))).endswith("as its documents say.")


async def test_an_unusual_port_or_transport_is_said_where_nothing_answers(hass: HomeAssistant):
    silence = ExaminationFailed(Verdict.NO_DLMS_ANSWER, seconds=10)
    other_port = Found(facts=replace(PUBLIC, port=4060), failure=silence)
    assert (await said(hass, other_port)).endswith("Most meters use port 4059.")
    over_udp = Found(facts=replace(PUBLIC, transport=TransportProtocol.UDP), failure=silence)
    sentence = await said(hass, over_udp)
    assert "over UDP within 10 seconds" in sentence
    assert "go back to the address and select TCP" in sentence


async def test_a_meter_that_calls_was_not_asked(hass: HomeAssistant):
    called = Found(facts=replace(PUBLIC, transport=None))
    assert (await said(hass, called)).startswith("The meter calls Home Assistant, so it was not asked anything yet")
