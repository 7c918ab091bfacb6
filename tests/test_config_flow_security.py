"""The set-up with secrets, keys and certificates at the secured meter: each kind and failure, no secret anywhere."""

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
import logging
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives import serialization
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.credentials import SECRET_FIELDS
from custom_components.cosem.meter.doctor import Stage
from tests.conftest import HOST, unique_id_of
from tests.flow_tools import aarqs, progressed, shown_again, submit
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, load_profile
from tests.simulated_meter.secured import client_key_pair
from tests.simulated_meter.security_profile import Answer, ClientSecurity, Context, CounterObject

OTHER = "8A23423BEF4C57D1906611AA7F0C3E5D"
METER_TITLE = "53494D1000000007"
GAS_WPORT = 16
PROTECTION = {0: "none", 1: "authenticated", 2: "encrypted", 3: "authenticated_encryption"}
MECHANISM = {1: "lls", 0: "none", 2: "hls-manufacturer", 3: "hls-md5", 4: "hls-sha1", 5: "hls-gmac", 6: "hls-sha256"}


@pytest.fixture
def profile() -> MeterProfile:
    """A meter with one client for each kind of authentication."""
    return replace(load_profile("secured", {}), history_days=2)


@pytest.fixture
def meter(profile: MeterProfile) -> SimulatedMeter:
    """That meter."""
    return SimulatedMeter(profile, dt_util.utcnow)


@pytest.fixture(autouse=True)
def _entries_are_made_not_run(network: None) -> Iterator[None]:
    """Let the forms reach the simulated meters."""
    with (
        patch("custom_components.cosem.async_setup_entry", return_value=True),
        patch("custom_components.cosem.async_unload_entry", return_value=True),
    ):
        yield


def at_the_meter(meter: SimulatedMeter, wport: int) -> ClientSecurity:
    """What the meter knows of a client."""
    client = meter.profile.client(wport)
    assert client is not None
    assert client.security is not None
    return client.security


def pem(key: Any) -> str:
    """A key of the simulated meter in PEM."""
    encoding = serialization.Encoding.PEM
    if hasattr(key, "private_bytes"):
        return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def typed_for(meter: SimulatedMeter, wport: int, **advanced: Any) -> tuple[str, dict[str, Any]]:
    """The kind of authentication of a client, and what a person types who knows what the meter knows."""
    security = at_the_meter(meter, wport)
    policy = security.policy_bits
    level = 0 if security.context is Context.PLAIN else bool(policy & 0x04) + 2 * bool(policy & 0x08) or 3
    keys = {
        "encryption_key": security.encryption_key.hex(),
        "authentication_key": security.authentication_key.hex(),
        "protection": PROTECTION[level],
    }
    if security.mechanism == 7:
        suite = security.suite
        identity = meter.security.identity
        return "certificate", {
            "client_private_key": pem(client_key_pair(security, wport, "signing")).replace("\n", " "),
            "meter_public_key": pem(identity.signing[suite].public_key()),
            "security_suite": str(suite),
            "message_protection": keys,
            "advanced": advanced,
        }
    if security.mechanism in {2, 3, 4, 6}:
        protected = {**keys, "security_suite": str(security.suite)} if level else {}
        return "hls_secret", {
            "mechanism": MECHANISM[security.mechanism],
            "hls_secret": security.secret.decode(),
            "message_protection": protected,
            "advanced": advanced,
        }
    advanced = {
        "mechanism": MECHANISM[security.mechanism],
        "dedicated_key": security.dedicated_key == "required",
        "counter_logical_name": f"0.0.43.1.{security.setup_instance}.255",
        **advanced,
    }
    signing = {}
    if security.requires_signature:
        signing = {
            "sign": True,
            "client_private_key": pem(client_key_pair(security, wport, "signing")),
            "meter_public_key": pem(meter.security.identity.signing[security.suite].public_key()),
        }
    return "keys", {**keys, "security_suite": str(security.suite), "advanced": advanced, "signing": signing}


async def begun(hass: HomeAssistant, kind: str, wport: int = 1) -> ConfigFlowResult:
    """Go to the form with the credentials."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, result, host=HOST, client_wport=wport, authentication=kind)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == kind
    assert result["errors"] == {}
    return result


async def with_password(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Answer the question for the password, where it comes."""
    if result["step_id"] in {"password", "known_password"}:
        result = await submit(hass, result, password=DEFAULT_PASSWORD)
    return result


async def chosen(hass: HomeAssistant, result: ConfigFlowResult, answer: str) -> ConfigFlowResult:
    """Choose in a menu."""
    assert result["type"] is FlowResultType.MENU
    assert answer in result["menu_options"]
    return await submit(hass, result, next_step_id=answer)


async def made(hass: HomeAssistant, result: ConfigFlowResult) -> MockConfigEntry:
    """Accept the objects; return the entry."""
    assert result["type"] is FlowResultType.FORM, result
    assert result["step_id"] == "objects"
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return result["result"]


# --- Each kind --------------------------------------------------------------------------------------------------------

ALL_CLIENTS = [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 17, 18, 19, 20]


@pytest.mark.parametrize("wport", ALL_CLIENTS)
async def test_set_up_with_everything_that_the_meter_asks_for(hass: HomeAssistant, meter: SimulatedMeter, wport: int):
    kind, typed = typed_for(meter, wport)
    result = await begun(hass, kind, wport)
    assert meter.connections == 0
    result = await with_password(hass, await submit(hass, result, **typed))
    assert aarqs(meter) <= 2  # one for the counter, one for everything else
    entry = await made(hass, result)
    assert entry.unique_id == unique_id_of(meter)
    assert entry.data["authentication"] == kind
    assert meter.open_links == 0
    assert not any(key in entry.options for key in SECRET_FIELDS)


async def test_entry_has_the_fields_of_its_kind_and_no_others(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 1)
    entry = await made(hass, await submit(hass, await begun(hass, kind), **typed))
    title = entry.data["system_title"]
    assert title.startswith(b"HAS".hex())
    assert len(title) == 16
    security = at_the_meter(meter, 1)
    assert entry.data == {
        "host": HOST,
        "port": 4059,
        "preset": "generic",
        "client_wport": 1,
        "server_wport": 1,
        "authentication": "keys",
        "mechanism": "hls-gmac",
        "encryption_key": security.encryption_key.hex().upper(),
        "authentication_key": security.authentication_key.hex().upper(),
        "security_suite": 0,
        "protection": "authenticated_encryption",
        "dedicated_key": False,
        "system_title": title,
        "counter_logical_name": "0.0.43.1.0.255",
        "accept_unverified": False,
    }


@pytest.mark.parametrize(("envelope", "tag"), [("general", 0xDB), ("general-ciphering", 0xDD)])
@pytest.mark.parametrize("wport", [1, 10, 15])
async def test_protected_messages_are_sent_in_the_chosen_envelope(
    hass: HomeAssistant, meter: SimulatedMeter, wport: int, envelope: str, tag: int
):
    kind, typed = typed_for(meter, wport)
    section = "advanced" if kind == "keys" else "message_protection"
    typed[section] |= {"envelope": envelope}
    result = await submit(hass, await begun(hass, kind, wport), **typed)
    entry = await made(hass, await with_password(hass, result))
    assert entry.data["envelope"] == envelope
    assert any(request.apdu[0] == tag for request in meter.log)


async def test_who_signs_every_message_is_asked_for_what_that_needs(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 17)
    without = typed | {"signing": {}}
    result = await submit(hass, await begun(hass, kind, 17), **without)
    assert result["step_id"] == "keys", "a meter that wants signatures takes nothing else"
    result = await submit(hass, result, **typed | {"signing": {"sign": True}})
    assert result["errors"] == {"base": "meter_public_key_missing"}
    result = await submit(hass, result, **typed | {"security_suite": "0"})
    assert result["errors"]["base"] == "sign_with_suite_0"
    entry = await made(hass, await submit(hass, result, **typed))
    assert entry.data["sign"] is True
    assert entry.data["client_private_key"].startswith("-----BEGIN")
    assert "envelope" not in entry.data, "what is usual is not mentioned"


def names(schema: Any) -> list[str]:
    """The fields of a form, with those of its sections."""
    found = []
    for key, value in schema.schema.items():
        found += [f"{key}.{inner}" for inner in value.schema.schema] if hasattr(value, "options") else [str(key)]
    return found


async def test_each_form_asks_for_what_its_kind_needs(hass: HomeAssistant, meter: SimulatedMeter):
    result = await begun(hass, "hls_secret")
    assert names(result["data_schema"])[:2] == ["mechanism", "hls_secret"]
    result = await begun(hass, "keys")
    assert names(result["data_schema"]) == [
        "encryption_key",
        "authentication_key",
        "security_suite",
        "protection",
        "advanced.mechanism",
        "advanced.dedicated_key",
        "advanced.envelope",
        "advanced.client_wport",
        "advanced.response_timeout",
        "advanced.system_title",
        "advanced.meter_system_title",
        "advanced.counter_logical_name",
        "advanced.counter_start",
        "advanced.association_object",
        "advanced.accept_unverified",
        "signing.sign",
        "signing.client_private_key",
        "signing.client_certificate",
        "signing.meter_public_key",
    ]
    result = await begun(hass, "certificate")
    assert names(result["data_schema"])[:4] == [
        "client_private_key",
        "client_certificate",
        "meter_public_key",
        "security_suite",
    ]
    assert shown_again(result) == {}


async def test_s27_secrets_are_typed_into_password_fields(hass: HomeAssistant):
    def check(schema: Any) -> set[str]:
        seen = set()
        for key, field in schema.schema.items():
            if hasattr(field, "options"):
                seen |= check(field.schema)
            elif str(key) in SECRET_FIELDS:
                assert field.config["type"] == "password"
                assert "suggested_value" not in (key.description or {})
                seen.add(str(key))
        return seen

    seen = set().union(
        *[check((await begun(hass, kind))["data_schema"]) for kind in ("hls_secret", "keys", "certificate")]
    )
    assert seen == SECRET_FIELDS - {"password"}


async def test_system_titles_can_be_typed(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 1, system_title="ABC 01 02 03 04 05", meter_system_title=METER_TITLE)
    entry = await made(hass, await submit(hass, await begun(hass, kind), **typed))
    assert entry.data["system_title"] == "4142430102030405"
    assert entry.data["meter_system_title"] == METER_TITLE


# --- Wrong inputs -----------------------------------------------------------------------------------------------------


async def test_wrong_inputs_are_said_at_once_and_right_ones_kept(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 1)
    result = await begun(hass, kind)
    result = await submit(hass, result, **typed | {"authentication_key": OTHER[:-2]})
    assert (result["step_id"], result["errors"]) == ("keys", {"authentication_key": "key_length"})
    assert result["description_placeholders"]["key_digits"] == "32"
    assert "empty" in result["description_placeholders"]["kept"]
    assert shown_again(result)["protection"] == "authenticated_encryption"
    assert meter.connections == 0
    typed["advanced"]["counter_logical_name"] = "nonsense"
    result = await submit(hass, result, **typed | {"encryption_key": ""})
    assert result["errors"] == {"base": "invalid_counter_logical_name"}  # a section shows no sentence at its fields
    typed["advanced"]["counter_logical_name"] = "0.0.43.1.0.255"
    result = await submit(hass, result, **{name: value for name, value in typed.items() if "key" not in name})
    await made(hass, result)


async def test_impossible_choice_is_refused_at_once(hass: HomeAssistant):
    for wrong in ({"security_suite": "3"}, {"protection": "some"}, {"advanced": {"mechanism": "hls-md5"}}):
        with pytest.raises(InvalidData):
            await submit(hass, await begun(hass, "keys"), encryption_key=OTHER, **wrong)
    with pytest.raises(InvalidData):
        await submit(hass, await begun(hass, "keys"))


# --- S32: public keys -------------------------------------------------------------------------------------------------


async def test_s32_public_keys_are_used_after_a_confirmation_only(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 14)
    result = await submit(hass, await begun(hass, kind, 14), **typed)
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "example_keys"
    assert result["menu_options"] == ["keys", "accept_example_keys"]
    assert meter.connections == 0
    result = await chosen(hass, result, "keys")
    assert (result["step_id"], result["errors"]) == ("keys", {})
    result = await submit(hass, result, **{name: value for name, value in typed.items() if "_key" not in name})
    result = await chosen(hass, result, "accept_example_keys")
    await made(hass, result)


async def test_equal_keys_are_used_after_a_confirmation_only(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 1)
    result = await submit(hass, await begun(hass, kind), **typed | {"authentication_key": typed["encryption_key"]})
    assert result["step_id"] == "equal_keys"
    assert result["menu_options"] == ["keys", "accept_equal_keys"]
    assert meter.connections == 0
    result = await chosen(hass, result, "accept_equal_keys")
    assert result["step_id"] == "keys"  # wrong, but tried
    assert result["errors"]
    await made(hass, await submit(hass, result, **typed))


async def test_dialog_that_is_opened_again_shows_the_same_step(hass: HomeAssistant, meter: SimulatedMeter):
    """As the frontend does after it was reloaded: nothing is submitted, nothing is asked of the meter."""
    kind, typed = typed_for(meter, 14)
    configure = hass.config_entries.flow.async_configure
    result = await begun(hass, kind, 14)
    assert (await configure(result["flow_id"]))["step_id"] == kind
    result = await submit(hass, result, **typed | {"authentication_key": OTHER[:-2]})
    assert result["errors"]
    again = await configure(result["flow_id"])
    assert (again["step_id"], again["errors"]) == (kind, {})
    assert shown_again(again) == shown_again(result)
    question = await submit(hass, again, **typed)
    assert question["step_id"] == "example_keys"
    again = await configure(question["flow_id"])
    for part in ("type", "step_id", "menu_options", "description_placeholders"):
        assert again[part] == question[part]
    assert meter.connections == 0
    await made(hass, await chosen(hass, again, "accept_example_keys"))


# --- The meter refuses, or cannot be believed -------------------------------------------------------------------------


def fault(name: str, **parameters: Any) -> Callable[[SimulatedMeter], None]:
    """The meter, or somebody on the way, does something once."""
    return lambda meter: meter.faults.add(name, **{"times": 1} | parameters) and None


FAILURES = {
    "wrong tag in the AARE": (1, fault("wrong-tag", on="aarq"), "keys", "verification_failed"),
    "wrong tag while reading": (1, fault("wrong-tag", on="get", times=None), "keys", "verification_failed"),
    "answer with another key": (1, fault("wrong-key", on="aarq"), "keys", "verification_failed"),
    "plain answer": (1, fault("plaintext", on="get"), "keys", "security_downgrade"),
    "weaker answer": (1, fault("encrypted-only", on="aarq"), "keys", "security_downgrade"),
    "replay": (1, fault("old-counter", on="get", times=None), "keys", "answer_replayed"),
    "cannot decipher": (1, fault("deciphering-error", on="aarq"), "keys", "wrong_key"),
    "wrong proof": (1, fault("wrong-pass-4"), "keys", "meter_not_proven"),
    "reflected challenge": (1, fault("reflected-challenge"), "keys", "meter_not_proven"),
    "other title": (1, fault("other-title"), "keys", "unexpected_system_title"),
    "our title": (1, fault("reflected-title"), "keys", "unexpected_system_title"),
    "refused proof of keys": (1, fault("refused-pass-4"), "keys", "keys_refused"),
    "refused proof of a secret": (5, fault("refused-pass-4"), "hls_secret", "secret_refused"),
    "wrong proof of a secret": (5, fault("wrong-pass-4"), "hls_secret", "meter_not_proven"),
    "refused signature": (9, fault("refused-pass-4"), "certificate", "certificate_refused"),
    "wrong signature": (9, fault("wrong-pass-4"), "certificate", "meter_not_proven"),
    "unknown title": (1, fault("aare-authentication", code=3), "keys", "system_title_refused"),
    "mechanism": (1, fault("aare-authentication", code=11), "keys", "mechanism_refused_with_credentials"),
    "stronger": (10, fault("aare-authentication", code=14), "keys", "stronger_authentication_with_credentials"),
    "unknown context": (1, fault("aare-authentication", code=2), "keys", "association_refused_with_credentials"),
    "closed": (1, fault("fin", on="aarq"), "keys", "closed_with_keys"),
    "mechanism of a secret": (
        5,
        fault("aare-authentication", code=11),
        "hls_secret",
        "mechanism_refused_with_credentials",
    ),
    "context of a certificate": (
        9,
        fault("aare-authentication", code=2),
        "certificate",
        "association_refused_with_credentials",
    ),
    "busy": (1, fault("aare-transient"), "user", "meter_busy"),
    "silence": (1, fault("silent", on="aarq", times=None), "keys", "no_secured_answer"),
}


@pytest.mark.parametrize(("wport", "spoil", "step", "error"), FAILURES.values(), ids=FAILURES)
async def test_failure_returns_to_the_form_that_mends_it_and_the_flow_recovers(
    hass: HomeAssistant,
    meter: SimulatedMeter,
    wport: int,
    spoil: Callable[[SimulatedMeter], None],
    step: str,
    error: str,
):
    kind, typed = typed_for(meter, wport, meter_system_title=METER_TITLE)
    if kind == "hls_secret":
        typed["advanced"] = {}
    result = await begun(hass, kind, wport)
    with patch("custom_components.cosem.dlms.client.invocation_counter.learn_invocation_counter", return_value=None):
        spoil(meter)
        result = await with_password(hass, await submit(hass, result, **typed))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == step
    assert set(result["errors"].values()) == {error}
    secrets = {name for name in result["data_schema"].schema if str(name) in SECRET_FIELDS}
    assert not any(name.description for name in secrets)

    meter.faults.clear()
    if step == "user":
        result = await submit(hass, result, host=HOST, client_wport=wport, authentication=kind)
        assert result["step_id"] == kind
    result = await submit(hass, result, **typed)
    if result["step_id"] == "known_password":
        result = await submit(hass, result)
    await made(hass, result)
    assert meter.open_links == 0


async def test_trial_28_wrong_client_is_mended_where_its_keys_are(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 1)
    result = await submit(hass, await begun(hass, kind, 99), **typed)
    assert (result["step_id"], result["errors"]) == ("keys", {"base": "association_refused_with_credentials"})
    assert result["description_placeholders"]["client_wport"] == "99"
    advanced = result["data_schema"].schema["advanced"].schema.schema
    assert [key.description for key in advanced if key == "client_wport"] == [{"suggested_value": 99}]
    typed["advanced"] = {**typed["advanced"], "client_wport": 1}
    entry = await made(hass, await submit(hass, result, **typed))
    assert entry.data["client_wport"] == 1


async def test_trial_28_client_in_use_is_no_way_out(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 1)
    await made(hass, await submit(hass, await begun(hass, kind), **typed))
    result = await submit(hass, await begun(hass, kind, 99), **typed)
    typed["advanced"] = {**typed["advanced"], "client_wport": 1}
    result = await submit(hass, result, **typed)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_wrong_encryption_key(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 1)
    result = await submit(hass, await begun(hass, kind), **typed | {"encryption_key": OTHER})
    assert result["step_id"] == "keys"
    assert result["errors"] == {"base": "keys_refused"}
    result = await submit(hass, result, **typed | {"authentication_key": ""})  # the other one is still known
    await made(hass, result)


async def test_wrong_secret_has_to_be_typed_again(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 5)
    result = await submit(hass, await begun(hass, kind, 5), **typed | {"hls_secret": "wrong"})
    assert result["step_id"] == "hls_secret"
    assert result["errors"] == {"hls_secret": "secret_refused"}
    result = await submit(hass, result, mechanism="hls-md5")
    assert (result["step_id"], result["errors"]) == ("hls_secret", {"hls_secret": "hls_secret_missing"})
    await made(hass, await submit(hass, result, **typed))


async def test_wrong_password_with_keys(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 10)
    result = await submit(hass, await begun(hass, kind, 10), **typed)
    assert result["step_id"] == "password"
    result = await submit(hass, result, password="wrong")
    assert result["step_id"] == "keys"  # it could be the keys as well
    assert result["errors"] == {"base": "password_or_keys_refused"}
    result = await submit(hass, result, **{name: value for name, value in typed.items() if "_key" not in name})
    assert (result["step_id"], result["errors"]) == ("password", {})
    entry = await made(hass, await submit(hass, result, password=DEFAULT_PASSWORD))
    assert entry.data["password"] == DEFAULT_PASSWORD
    assert entry.data["mechanism"] == "lls"


async def test_wrong_key_without_verification(hass: HomeAssistant, meter: SimulatedMeter):
    """Nothing but the content tells a wrong key: the meter cannot make sense of the proposal."""
    kind, typed = typed_for(meter, 19)
    wrong = {"protection": "encrypted", "encryption_key": OTHER, "authentication_key": ""}
    result = await submit(hass, await begun(hass, kind, 19), **typed | wrong)
    assert (result["step_id"], result["errors"]) == ("keys", {"base": "association_refused_with_credentials"})
    await made(hass, await submit(hass, result, **typed))


async def test_s20_nothing_weaker_is_tried_after_a_failure(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 1)
    await submit(hass, await begun(hass, kind), **typed | {"encryption_key": OTHER})
    await hass.async_block_till_done()
    requests = [request for request in meter.log if request.kind == "aarq"]
    assert len(requests) == 2  # the public client for the counter, and the one attempt


async def test_s17_decrypting_without_verifying_has_to_be_chosen(hass: HomeAssistant, meter: SimulatedMeter):
    kind, typed = typed_for(meter, 19)
    del typed["authentication_key"]
    result = await submit(hass, await begun(hass, kind, 19), **typed)
    assert result["errors"] == {"authentication_key": "authentication_key_missing"}
    assert meter.connections == 0
    typed["advanced"] |= {"accept_unverified": True, "mechanism": "hls-gmac"}
    result = await submit(hass, result, **typed)
    assert result["errors"] == {"base": "unverified_with_gmac"}
    assert meter.connections == 0


# --- Invocation counters ----------------------------------------------------------------------------------------------


async def test_counter_is_learned_through_the_public_client_and_the_progress_says_so(
    hass: HomeAssistant, meter: SimulatedMeter
):
    stages: list[Stage] = []
    kind, typed = typed_for(meter, 20)  # its counter is at 250,000
    result = await begun(hass, kind, 20)
    with patch(
        "custom_components.cosem.forms.examination.BackgroundExamination._on_stage",
        lambda _, stage: stages.append(stage),
    ):
        result = await submit(hass, result, **typed)
    assert stages[:3] == [Stage.CONNECTING, Stage.LEARNING_COUNTER, Stage.ASSOCIATING]
    await made(hass, result)


@pytest.fixture
def advanced_counter(meters: dict[str, SimulatedMeter], profile: MeterProfile) -> SimulatedMeter:
    """The same meter after years of service: client 20 has used five million counters."""
    clients = tuple(
        replace(client, security=replace(client.security, first_counter=5_000_000, lock_after=0))
        if client.wport == 20 and client.security
        else client
        for client in profile.clients
    )
    meters[HOST] = SimulatedMeter(replace(profile, clients=clients), dt_util.utcnow)
    return meters[HOST]


async def test_s3_high_counter_is_followed_after_a_confirmation_only(
    hass: HomeAssistant, advanced_counter: SimulatedMeter
):
    meter = advanced_counter
    kind, typed = typed_for(meter, 20)
    result = await submit(hass, await begun(hass, kind, 20), **typed)
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "counter_jump"
    assert result["menu_options"] == ["keys", "follow_counter"]
    assert int(result["description_placeholders"]["counter"]) >= 5_000_000
    assert aarqs(meter) == 1
    result = await chosen(hass, result, "keys")
    assert result["errors"] == {"base": "counter_jump"}
    assert int(result["description_placeholders"]["counter"]) >= 5_000_000
    result = await submit(hass, result, **{name: value for name, value in typed.items() if "_key" not in name})
    result = await chosen(hass, result, "follow_counter")
    entry = await made(hass, result)
    assert entry.data["counter_start"] >= 5_000_000


async def test_trial_22_a_counter_that_would_burn_the_keys_has_to_be_typed(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], profile: MeterProfile
):
    """Anybody can send such a number; one click must not be enough."""
    clients = tuple(
        replace(client, security=replace(client.security, first_counter=2**31, lock_after=0))
        if client.wport == 20 and client.security
        else client
        for client in profile.clients
    )
    meters[HOST] = SimulatedMeter(replace(profile, clients=clients), dt_util.utcnow)
    kind, typed = typed_for(meters[HOST], 20)
    result = await submit(hass, await begun(hass, kind, 20), **typed)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "keys")
    assert result["errors"] == {"base": "counter_too_far"}
    told = int(result["description_placeholders"]["counter"])
    assert told >= 2**31
    advanced = next(value.schema.schema for name, value in result["data_schema"].schema.items() if name == "advanced")
    (start,) = [name for name in advanced if name == "counter_start"]
    assert told not in {start.default, (start.description or {}).get("suggested_value")}
    typed["advanced"]["counter_start"] = told
    await made(hass, await submit(hass, result, **typed))


async def test_start_that_was_typed_needs_no_other_confirmation(hass: HomeAssistant, advanced_counter: SimulatedMeter):
    kind, typed = typed_for(advanced_counter, 20, counter_start=6_000_000)
    entry = await made(hass, await submit(hass, await begun(hass, kind, 20), **typed))
    assert entry.data["counter_start"] == 6_000_000
    assert aarqs(advanced_counter) == 1


async def test_refused_counter_without_a_hint(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], profile: MeterProfile
):
    """The meter tells nobody its counter, and refuses ours with a number that is below it."""
    hidden = profile.with_security(counter_object=CounterObject.HIDDEN)
    meters[HOST] = SimulatedMeter(hidden, dt_util.utcnow)
    kind, typed = typed_for(meters[HOST], 1)
    meters[HOST].faults.add("counter-error", on="aarq", code=0)
    result = await submit(hass, await begun(hass, kind), **typed)
    assert (result["step_id"], result["errors"]) == ("keys", {"base": "counter_refused"})
    meters[HOST].faults.clear()
    await made(hass, await submit(hass, result, **typed))


async def test_meter_that_keeps_silent_about_a_low_counter(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], profile: MeterProfile
):
    silent = profile.with_security(counter_object=CounterObject.HIDDEN, counter_refused=Answer.SILENCE)
    meters[HOST] = SimulatedMeter(silent, dt_util.utcnow)
    kind, typed = typed_for(meters[HOST], 20)
    result = await submit(hass, await begun(hass, kind, 20), **typed)
    assert (result["step_id"], result["errors"]) == ("keys", {"base": "no_secured_answer"})
    typed["advanced"]["counter_start"] = 300_000
    await made(hass, await submit(hass, result, **typed))


async def test_counters_that_cannot_be_stored(hass: HomeAssistant, meter: SimulatedMeter, hass_storage: dict[str, Any]):
    kind, typed = typed_for(meter, 1)
    hass_storage["cosem.invocation_counters"] = {"version": 1, "data": {"salt": "?"}}
    result = await submit(hass, await begun(hass, kind), **typed)
    assert (result["step_id"], result["errors"]) == ("keys", {"base": "counter_not_stored"})
    assert result["description_placeholders"]["detail"]
    assert meter.connections == 0
    del hass_storage["cosem.invocation_counters"]
    await made(hass, await submit(hass, result, **typed))


# --- Entries that exist -----------------------------------------------------------------------------------------------


@pytest.fixture
async def entry(hass: HomeAssistant, meter: SimulatedMeter, request: pytest.FixtureRequest) -> MockConfigEntry:
    """An entry for a client of the secured meter, made by its form."""
    wport = getattr(request, "param", 1)
    kind, typed = typed_for(meter, wport)
    return await made(hass, await with_password(hass, await submit(hass, await begun(hass, kind, wport), **typed)))


REAUTH = {
    1: ("reauth_keys", ["encryption_key", "authentication_key"]),
    5: ("reauth_hls_secret", ["hls_secret"]),
    9: ("reauth_certificate", ["client_private_key", "client_certificate", "meter_public_key"]),
    10: ("reauth_confirm", ["password"]),
}


@pytest.mark.parametrize("entry", REAUTH, indirect=True)
async def test_reauthentication_asks_for_secrets_of_the_same_kind_only(
    hass: HomeAssistant, meter: SimulatedMeter, entry: MockConfigEntry
):
    step, fields = REAUTH[entry.data["client_wport"]]
    before = dict(entry.data)
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_REAUTH, "entry_id": entry.entry_id}, data=before
    )
    assert result["step_id"] == step
    assert names(result["data_schema"]) == fields
    assert shown_again(result) == {}
    assert result["description_placeholders"]["name"] == entry.title

    _, typed = typed_for(meter, entry.data["client_wport"])
    typed["password"] = DEFAULT_PASSWORD
    wrong = {"hls_secret": "wrong", "password": "wrong", "encryption_key": OTHER, "client_private_key": "wrong"}
    spoilt = {name: wrong[name] for name in fields if name in wrong}
    connections = meter.connections
    result = await submit(hass, result, **spoilt)
    assert result["step_id"] == step
    assert set(result["errors"].values()) <= {
        "secret_refused",
        "password_or_keys_refused",
        "keys_refused",
        "not_a_private_key",
    }
    assert result["errors"]
    assert shown_again(result) == {}
    assert entry.data == before
    assert (meter.connections > connections) == (step != "reauth_certificate")

    right = {name: typed[name] for name in spoilt}
    result = await submit(hass, result, **right)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert entry.data == before


async def test_reauthentication_with_public_keys_wants_a_confirmation(
    hass: HomeAssistant, meter: SimulatedMeter, entry: MockConfigEntry
):
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_REAUTH, "entry_id": entry.entry_id}, data=dict(entry.data)
    )
    result = await submit(hass, result, authentication_key="00" * 16)
    assert result["menu_options"] == ["reauth_keys", "accept_example_keys"]
    result = await chosen(hass, result, "reauth_keys")
    assert result["step_id"] == "reauth_keys"
    result = await submit(hass, result, authentication_key=at_the_meter(meter, 1).authentication_key.hex())
    assert result["reason"] == "reauth_successful"


async def reconfigured(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Begin to change an entry."""
    context = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    return await hass.config_entries.flow.async_init(DOMAIN, context=context, data=None)


async def test_reconfiguration_keeps_secrets_that_are_not_typed(
    hass: HomeAssistant, meter: SimulatedMeter, entry: MockConfigEntry
):
    before = dict(entry.data)
    result = await reconfigured(hass, entry)
    result = await submit(hass, result, host=HOST, authentication="keys")
    assert result["step_id"] == "keys"
    shown = shown_again(result)
    assert (shown["security_suite"], shown["protection"]) == ("0", "authenticated_encryption")
    advanced = result["data_schema"].schema["advanced"].schema.schema
    suggested = {str(key): (key.description or {}).get("suggested_value") for key in advanced}
    assert suggested["system_title"] == before["system_title"]
    assert "empty" in result["description_placeholders"]["kept"]
    result = await submit(hass, result, advanced={"dedicated_key": True, "system_title": suggested["system_title"]})
    assert result["type"] is FlowResultType.ABORT, result
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {**before, "dedicated_key": True}


async def test_trial_28_a_meter_that_stops_answering_under_keys_stays_on_their_form(
    hass: HomeAssistant, meter: SimulatedMeter, entry: MockConfigEntry
):
    """With the deadline, the suite and the dedicated key; what was changed there is kept with the entry."""
    result = await reconfigured(hass, entry)
    result = await submit(hass, result, host=HOST, authentication="keys")
    meter.faults.add("silent", on="get")
    result = await submit(hass, result, advanced={})
    assert (result["step_id"], result["errors"]) == ("keys", {"base": "answer_timeout_with_credentials"})
    meter.faults.clear()
    meter.faults.add("fin", on="get")
    result = await submit(hass, result, advanced={})
    assert (result["step_id"], result["errors"]) == ("keys", {"base": "connection_lost_with_credentials"})
    meter.faults.clear()
    result = await submit(hass, result, advanced={"response_timeout": 33})
    assert result["reason"] == "reconfigure_successful"
    assert entry.options["response_timeout"] == 33


async def test_reconfiguration_to_another_kind_forgets_the_secrets_of_the_first(
    hass: HomeAssistant, meter: SimulatedMeter, entry: MockConfigEntry
):
    result = await reconfigured(hass, entry)
    result = await submit(hass, result, host=HOST, client_wport=5, authentication="hls_secret")
    assert result["step_id"] == "hls_secret"
    assert "mechanism" not in shown_again(result)
    _, typed = typed_for(meter, 5)
    result = await submit(hass, result, **typed)
    assert result["step_id"] == "objects"
    result = await submit(hass, result, objects=[])
    assert result["reason"] == "reconfigure_successful"
    assert {"mechanism", "hls_secret"} == entry.data.keys() - {
        "host", "port", "preset", "client_wport", "server_wport", "authentication"
    }  # fmt: skip


# --- A further logical device -----------------------------------------------------------------------------------------


async def discovered(hass: HomeAssistant, meter: SimulatedMeter, parent: str, host: str = HOST) -> ConfigFlowResult:
    """Discover another logical device of the meter."""
    found = {
        "host": host,
        "port": 4059,
        "server_wport": GAS_WPORT,
        "logical_device_name": unique_id_of(meter, GAS_WPORT),
        "client_wport": 1,
        "preset": "generic",
        "parent_entry": parent,
    }
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=found
    )


def offered(result: ConfigFlowResult) -> list[str]:
    """The kinds of authentication that a form offers."""
    return result["data_schema"].schema["authentication"].config["options"]


async def test_trial_29_logical_device_inherits_and_has_the_name_of_its_card(
    hass: HomeAssistant, meter: SimulatedMeter, entry: MockConfigEntry
):
    before = meter.connections
    result = await discovered(hass, meter, entry.entry_id)
    assert result["step_id"] == "discovery_confirm"
    assert offered(result)[0] == "inherited"
    (flow,) = hass.config_entries.flow.async_progress()
    card = flow["context"]["title_placeholders"]["name"]
    assert meter.connections == before
    assert entry.data["encryption_key"] not in repr(result) + repr(hass.config_entries.flow.async_progress())
    result = await submit(hass, result)
    assert result["description_placeholders"]["name"] == card
    gas = await made(hass, result)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), gas.entry_id)
    assert {gas.title, *(device.name for device in devices)} == {card}
    own = {"server_wport"}
    assert {k: v for k, v in gas.data.items() if k not in own} == {k: v for k, v in entry.data.items() if k not in own}
    assert gas.data["server_wport"] == GAS_WPORT


async def test_logical_device_with_other_keys_than_its_neighbour(
    hass: HomeAssistant, meter: SimulatedMeter, entry: MockConfigEntry
):
    result = await discovered(hass, meter, entry.entry_id)
    meter.faults.add("deciphering-error", on="aarq", times=1)
    result = await submit(hass, result, authentication="inherited")
    assert (result["step_id"], result["errors"]) == ("keys", {"encryption_key": "wrong_key"})
    _, typed = typed_for(meter, 1)
    await made(hass, await submit(hass, result, **typed))


@pytest.mark.parametrize("case", ["no parent", "moved", "without authentication"])
async def test_nothing_is_inherited_where_it_does_not_belong(
    hass: HomeAssistant, meter: SimulatedMeter, entry: MockConfigEntry, case: str
):
    changes = {"moved": {"host": "192.0.2.99"}, "without authentication": {"authentication": "none"}}.get(case, {})
    hass.config_entries.async_update_entry(entry, data={**entry.data, **changes})
    result = await discovered(hass, meter, "gone" if case == "no parent" else entry.entry_id)
    assert "inherited" not in offered(result)
    with pytest.raises(InvalidData):
        await submit(hass, result, authentication="inherited")


# --- Secrets ----------------------------------------------------------------------------------------------------------


def spellings(secret: str) -> set[str]:
    """How a secret could show up: as text, in hexadecimal digits, in base64, as a list of numbers."""
    octets = [secret.encode()]
    with suppress(ValueError):
        octets.append(bytes.fromhex(secret))
    found = {secret, secret.upper(), secret.lower()}
    for one in octets:
        found |= {
            one.hex(),
            one.hex().upper(),
            one.hex(" "),
            base64.b64encode(one).decode(),
            str(list(one))[1:-1],
            repr(one)[2:-1],
        }
    return found


@pytest.mark.parametrize("wport", [1, 5, 9, 10])
async def test_s28_secrets_appear_nowhere_but_in_the_entry(
    hass: HomeAssistant, meter: SimulatedMeter, caplog: pytest.LogCaptureFixture, wport: int
):
    caplog.set_level(logging.DEBUG)
    kind, typed = typed_for(meter, wport)
    flat = {name: value for part in (typed, *typed.values()) if isinstance(part, dict) for name, value in part.items()}
    secrets = [value for name, value in flat.items() if name in SECRET_FIELDS] + [OTHER]
    if kind == "certificate":
        secrets = [secret.split("-----")[2].strip().split(" ")[1] for secret in secrets[:1]] + secrets[1:]
    seen: list[Any] = []
    result = await begun(hass, kind, wport)
    main = next(name for name in typed if name in SECRET_FIELDS)
    for wrong in (typed | {main: f"{OTHER}zz"}, typed | {main: OTHER}, typed):
        result = await with_password(hass, await submit(hass, result, **wrong))
        seen += [result, hass.config_entries.flow.async_progress()]
        flow = hass.config_entries.flow._progress[result["flow_id"]]
        seen += [flow._draft, flow._draft.failure, flow._draft.examination, flow._run, flow.cur_step]
        if (failure := flow._draft.failure) is not None:
            seen += [failure.__cause__, failure.args]
    assert result["step_id"] == "objects"
    with pytest.raises(InvalidData) as refused:
        await submit(hass, await begun(hass, kind, wport), **typed | {main: [OTHER]})
    seen += [refused.value, refused.value.schema_errors, *refused.value.args]
    shown = "\n".join([*map(repr, seen), *map(str, seen), caplog.text])
    for secret in secrets:
        assert not [spelling for spelling in spellings(secret) if spelling in shown]


async def test_closing_the_dialog_during_the_examination_leaves_nothing_behind(
    hass: HomeAssistant, meter: SimulatedMeter
):
    kind, typed = typed_for(meter, 1)
    result = await begun(hass, kind)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], typed)
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    result = await progressed(hass, result)
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert meter.open_links == 0
