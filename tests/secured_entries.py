"""Entries for the clients of the secured simulated meter, as the config flow would make them."""

from typing import Any

from cryptography.hazmat.primitives import serialization
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import (
    AUTHENTICATION_CERTIFICATE,
    AUTHENTICATION_HLS_SECRET,
    AUTHENTICATION_KEYS,
    CONF_AUTHENTICATION,
    CONF_AUTHENTICATION_KEY,
    CONF_CLIENT_PRIVATE_KEY,
    CONF_CLIENT_WPORT,
    CONF_COUNTER_LOGICAL_NAME,
    CONF_ENCRYPTION_KEY,
    CONF_HLS_SECRET,
    CONF_INTERVAL,
    CONF_LOG_INTERVAL,
    CONF_MECHANISM,
    CONF_METER_PUBLIC_KEY,
    CONF_OBJECTS,
    CONF_PRESET,
    CONF_PROTECTION,
    CONF_RESPONSE_TIMEOUT,
    CONF_SECURITY_SUITE,
    CONF_SERVER_WPORT,
    CONF_STAY_CONNECTED,
    CONF_SYSTEM_TITLE,
    DOMAIN,
    PROTECTION_AUTHENTICATED_ENCRYPTION,
)
from tests.conftest import HOST, TICKED, unique_id_of
from tests.faults.secured import requests_of, secured_profile, security_of, with_client
from tests.simulated_meter.envelopes import Kind
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD
from tests.simulated_meter.secured import client_key_pair

__all__ = ["secured_profile", "security_of", "with_client"]

TITLE = "4841530000000001"
_MECHANISMS = {
    2: "hls-manufacturer",
    3: "hls-md5",
    4: "hls-sha1",
    5: "hls-gmac",
    6: "hls-sha256",
    0: "none",
    1: "lls",
}


def credentials(meter: SimulatedMeter, wport: int) -> dict[str, Any]:
    """The part of an entry's data that lets a client in."""
    security = security_of(meter, wport)
    if security.secret and not security.encryption_key:
        return {
            CONF_AUTHENTICATION: AUTHENTICATION_HLS_SECRET,
            CONF_MECHANISM: _MECHANISMS[security.mechanism],
            CONF_HLS_SECRET: security.secret.decode(),
        }
    keys = {
        CONF_SECURITY_SUITE: security.suite,
        CONF_PROTECTION: PROTECTION_AUTHENTICATED_ENCRYPTION,
        CONF_ENCRYPTION_KEY: security.encryption_key.hex(),
        CONF_AUTHENTICATION_KEY: security.authentication_key.hex(),
        CONF_SYSTEM_TITLE: TITLE,
        CONF_COUNTER_LOGICAL_NAME: f"0.0.43.1.{security.setup_instance}.255",
    }
    if security.secret:
        secret = {CONF_MECHANISM: _MECHANISMS[security.mechanism], CONF_HLS_SECRET: security.secret.decode()}
        return {CONF_AUTHENTICATION: AUTHENTICATION_HLS_SECRET, **secret, **keys}
    if security.mechanism == 1:
        keys[CONF_PASSWORD] = DEFAULT_PASSWORD
    if security.mechanism != 7:
        return {CONF_AUTHENTICATION: AUTHENTICATION_KEYS, CONF_MECHANISM: _MECHANISMS[security.mechanism], **keys}
    own = client_key_pair(security, wport, "signing")
    public = meter.security.identity.signing[security.suite].public_key()
    return {
        CONF_AUTHENTICATION: AUTHENTICATION_CERTIFICATE,
        CONF_CLIENT_PRIVATE_KEY: own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        CONF_METER_PUBLIC_KEY: public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode(),
        **keys,
    }


def secured_entry(meter: SimulatedMeter, wport: int = 1, *, options: Any = None, **changes: Any) -> MockConfigEntry:
    """An entry for a client of the meter; a change to None removes a field."""
    data = {
        CONF_HOST: HOST,
        CONF_PORT: 4059,
        CONF_PRESET: "generic",
        CONF_CLIENT_WPORT: wport,
        CONF_SERVER_WPORT: 1,
        **credentials(meter, wport),
        **changes,
    }
    return MockConfigEntry(
        domain=DOMAIN,
        title="Meter",
        unique_id=unique_id_of(meter),
        data={name: value for name, value in data.items() if value is not None},
        options={
            CONF_INTERVAL: 60,
            CONF_OBJECTS: list(TICKED),
            CONF_STAY_CONNECTED: False,
            CONF_RESPONSE_TIMEOUT: 10,
            CONF_LOG_INTERVAL: 0,  # what a test counts is of the polls
            **(options or {}),
        },
    )


def issues(hass: HomeAssistant) -> set[str]:
    """The issues that a person sees."""
    return {str(issue.translation_key) for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN}


def issue_id(entry: MockConfigEntry, kind: str) -> str:
    """The id of an entry's issue."""
    return f"{kind}_{entry.entry_id}"


def counters_sent(meter: SimulatedMeter, wport: int = 1) -> list[int]:
    """All invocation counters that a client used under its global key, in order, as they were on the wire."""
    return [
        envelope.counter
        for envelope in requests_of(meter, wport)
        if envelope.kind in {Kind.GLOBAL, Kind.GENERAL_GLOBAL} and envelope.counter is not None
    ]
