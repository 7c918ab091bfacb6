"""The form fields for each kind of authentication.

Secrets are typed into password fields, which are never pre-filled. Rare settings are in collapsed sections.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.const import CONF_PASSWORD, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import (
    AUTHENTICATION_CERTIFICATE,
    AUTHENTICATION_HLS_SECRET,
    AUTHENTICATION_KEYS,
    CONF_ACCEPT_UNVERIFIED,
    CONF_ASSOCIATION_OBJECT,
    CONF_AUTHENTICATION_KEY,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_PRIVATE_KEY,
    CONF_CLIENT_WPORT,
    CONF_COUNTER_LOGICAL_NAME,
    CONF_COUNTER_START,
    CONF_DEDICATED_KEY,
    CONF_ENCRYPTION_KEY,
    CONF_ENVELOPE,
    CONF_HLS_SECRET,
    CONF_MECHANISM,
    CONF_METER_PUBLIC_KEY,
    CONF_METER_SYSTEM_TITLE,
    CONF_PROTECTION,
    CONF_RESPONSE_TIMEOUT,
    CONF_SECURITY_SUITE,
    CONF_SIGN,
    CONF_SYSTEM_TITLE,
    DEFAULT_COUNTER_LOGICAL_NAME,
    MAX_COUNTER_START,
    MAX_RESPONSE_TIMEOUT,
    MECHANISM_GMAC,
    MECHANISM_LLS,
    MECHANISM_MANUFACTURER,
    MECHANISM_MD5,
    MECHANISM_NONE,
    MECHANISM_SHA1,
    MECHANISM_SHA256,
    MIN_RESPONSE_TIMEOUT,
    PROTECTION_AUTHENTICATED,
    PROTECTION_AUTHENTICATED_ENCRYPTION,
    PROTECTION_ENCRYPTED,
    PROTECTION_NONE,
)
from ..dlms import MAX_WPORT, Envelope, public_part
from ..meter.credentials import SECRET_FIELDS
from .number_field import number_field

type _Fields = dict[vol.Marker, object]

SECTION_ADVANCED: Final = "advanced"
SECTION_PROTECTION: Final = "message_protection"
SECTION_SIGNING: Final = "signing"

TIMEOUT: Final = number_field(MIN_RESPONSE_TIMEOUT, MAX_RESPONSE_TIMEOUT, UnitOfTime.SECONDS)
SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
_PEM: Final = TextSelector(TextSelectorConfig(multiline=True))


def _select(field: str, options: list[str]) -> SelectSelector:
    """Return a choice whose texts are translated under the field's name."""
    return SelectSelector(
        SelectSelectorConfig(options=options, translation_key=field, mode=SelectSelectorMode.DROPDOWN)
    )


def _suite(*suites: int) -> object:
    # The selector alone would give a text.
    return vol.All(_select(CONF_SECURITY_SUITE, [str(suite) for suite in suites]), vol.Coerce(int))


_SECRET_MECHANISM: Final = _select(
    CONF_MECHANISM, [MECHANISM_SHA256, MECHANISM_SHA1, MECHANISM_MD5, MECHANISM_MANUFACTURER]
)
_KEY_MECHANISM: Final = _select(CONF_MECHANISM, [MECHANISM_GMAC, MECHANISM_LLS, MECHANISM_NONE])
_PROTECTION: Final = _select(
    CONF_PROTECTION,
    [PROTECTION_AUTHENTICATED_ENCRYPTION, PROTECTION_AUTHENTICATED, PROTECTION_ENCRYPTED, PROTECTION_NONE],
)
_ENVELOPE: Final[_Fields] = {
    vol.Required(CONF_ENVELOPE, default=Envelope.SERVICE_SPECIFIC.value): _select(
        CONF_ENVELOPE, [envelope.value for envelope in Envelope]
    )
}
_SIGN: Final[_Fields] = {vol.Required(CONF_SIGN, default=False): BooleanSelector()}
_COUNTER: Final = number_field(0, MAX_COUNTER_START)
_CLIENT: Final[_Fields] = {
    vol.Optional(CONF_CLIENT_WPORT): number_field(0, MAX_WPORT),
    vol.Optional(CONF_RESPONSE_TIMEOUT): TIMEOUT,
}
"""A failure may be about the client that secret, keys or certificates are for, or about the deadline."""
_TITLES: Final[_Fields] = {
    vol.Optional(CONF_SYSTEM_TITLE): TextSelector(),
    vol.Optional(CONF_METER_SYSTEM_TITLE): TextSelector(),
}
_ASSOCIATION: Final[_Fields] = {vol.Optional(CONF_ASSOCIATION_OBJECT): TextSelector()}
_PROTECTION_FIELDS: Final[_Fields] = {
    vol.Required(CONF_PROTECTION, default=PROTECTION_NONE): _PROTECTION,
    vol.Optional(CONF_ENCRYPTION_KEY): SECRET,
    vol.Optional(CONF_AUTHENTICATION_KEY): SECRET,
    vol.Required(CONF_DEDICATED_KEY, default=False): BooleanSelector(),
    **_ENVELOPE,
}
_COUNTERS: Final[_Fields] = {
    vol.Optional(CONF_COUNTER_LOGICAL_NAME, default=DEFAULT_COUNTER_LOGICAL_NAME): TextSelector(),
    vol.Optional(CONF_COUNTER_START): _COUNTER,
}


def _marker(field: str, *, required: bool) -> vol.Marker:
    """Return the marker of a secret: it never has a default."""
    return vol.Required(field) if required else vol.Optional(field)


def _collapsed(fields: _Fields) -> section:
    return section(vol.Schema(fields), {"collapsed": True})


def password_schema(*, required: bool = True) -> vol.Schema:
    """Return the password form; optional where an empty field keeps the known one."""
    return vol.Schema({_marker(CONF_PASSWORD, required=required): SECRET})


def credential_schema(kind: str, *, known: bool) -> vol.Schema:
    """Return the form for a kind of authentication; with `known`, an empty secret keeps the known one."""
    return vol.Schema(_FORMS[kind](not known))


def reauth_schema(kind: str) -> vol.Schema:
    """Return the form for new secrets; an empty field keeps the stored one."""
    return vol.Schema(dict(_REAUTH_FORMS[kind]))


def suggested_values(schema: vol.Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a form shows again, by section; never a secret."""
    shown: dict[str, Any] = {}
    for marker, field in schema.schema.items():
        name = str(marker)
        if isinstance(field, section):
            shown[name] = suggested_values(field.schema, values)
        elif name not in SECRET_FIELDS and (value := _without_secret(values.get(name))) is not None:
            shown[name] = str(value) if name == CONF_SECURITY_SUITE else value
    return shown


def _without_secret(value: object) -> object:
    """Return a value, but no key that was pasted into the wrong field."""
    return public_part(value) if isinstance(value, str) else value


def _secret_fields(required: bool) -> _Fields:
    suite: _Fields = {vol.Required(CONF_SECURITY_SUITE, default="0"): _suite(0, 1, 2)}
    return {
        vol.Required(CONF_MECHANISM, default=MECHANISM_SHA256): _SECRET_MECHANISM,
        _marker(CONF_HLS_SECRET, required=required): SECRET,
        vol.Optional(SECTION_PROTECTION): _collapsed(_PROTECTION_FIELDS | suite | _COUNTERS),
        vol.Optional(SECTION_ADVANCED): _collapsed(_CLIENT | _TITLES | _ASSOCIATION),
    }


def _key_fields(required: bool) -> _Fields:
    advanced: _Fields = {
        vol.Required(CONF_MECHANISM, default=MECHANISM_GMAC): _KEY_MECHANISM,
        vol.Required(CONF_DEDICATED_KEY, default=False): BooleanSelector(),
    }
    unverified: _Fields = {vol.Required(CONF_ACCEPT_UNVERIFIED, default=False): BooleanSelector()}
    return {
        _marker(CONF_ENCRYPTION_KEY, required=required): SECRET,
        vol.Optional(CONF_AUTHENTICATION_KEY): SECRET,
        vol.Required(CONF_SECURITY_SUITE, default="0"): _suite(0, 1, 2),
        vol.Required(CONF_PROTECTION, default=PROTECTION_AUTHENTICATED_ENCRYPTION): _PROTECTION,
        vol.Optional(SECTION_ADVANCED): _collapsed(
            advanced | _ENVELOPE | _CLIENT | _TITLES | _COUNTERS | _ASSOCIATION | unverified
        ),
        vol.Optional(SECTION_SIGNING): _collapsed(_SIGN | _pair_fields(private_key=False, public_key=False)),
    }


def _pair_fields(*, private_key: bool, public_key: bool) -> _Fields:
    """Return the fields of key pairs; the two keys are required or not."""
    return {
        _marker(CONF_CLIENT_PRIVATE_KEY, required=private_key): SECRET,
        vol.Optional(CONF_CLIENT_CERTIFICATE): _PEM,
        _marker(CONF_METER_PUBLIC_KEY, required=public_key): _PEM,
    }


def _certificate_fields(required: bool) -> _Fields:
    return {
        **_pair_fields(private_key=required, public_key=True),
        vol.Required(CONF_SECURITY_SUITE, default="1"): _suite(1, 2),
        vol.Optional(SECTION_PROTECTION): _collapsed(_PROTECTION_FIELDS | _SIGN | _COUNTERS),
        vol.Optional(SECTION_ADVANCED): _collapsed(_CLIENT | _TITLES | _ASSOCIATION),
    }


_FORMS: Final[Mapping[str, Callable[[bool], _Fields]]] = {
    AUTHENTICATION_HLS_SECRET: _secret_fields,
    AUTHENTICATION_KEYS: _key_fields,
    AUTHENTICATION_CERTIFICATE: _certificate_fields,
}
_REAUTH_FORMS: Final[Mapping[str, _Fields]] = {
    AUTHENTICATION_HLS_SECRET: {vol.Required(CONF_HLS_SECRET): SECRET},
    AUTHENTICATION_KEYS: {vol.Optional(CONF_ENCRYPTION_KEY): SECRET, vol.Optional(CONF_AUTHENTICATION_KEY): SECRET},
    AUTHENTICATION_CERTIFICATE: {
        vol.Optional(CONF_CLIENT_PRIVATE_KEY): SECRET,
        vol.Optional(CONF_CLIENT_CERTIFICATE): _PEM,
        vol.Optional(CONF_METER_PUBLIC_KEY): _PEM,
    },
}
