"""From an entry's data to what the stack proposes: which fields make which association.

What forms/credential_input.py would not let pass raises LocalProtocolError.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_PASSWORD

from ..const import (
    AUTHENTICATION_CERTIFICATE,
    AUTHENTICATION_HLS_SECRET,
    AUTHENTICATION_KEYS,
    AUTHENTICATION_NONE,
    AUTHENTICATION_PASSWORD,
    CONF_ACCEPT_UNVERIFIED,
    CONF_ASSOCIATION_OBJECT,
    CONF_AUTHENTICATION,
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
    CONF_REFERENCING,
    CONF_SECURITY_SUITE,
    CONF_SERVER_WPORT,
    CONF_SIGN,
    CONF_SYSTEM_TITLE,
    PROTECTION_NONE,
)
from ..dlms import (
    NO_KEY,
    AssociationParameters,
    Envelope,
    KeyPairs,
    LogicalName,
    Mechanism,
    ProofForm,
    Referencing,
    Secret,
    SecuritySettings,
    SecuritySuite,
    load_private_key_pem,
    load_public_key_pem,
    parse_mechanism,
    parse_protection,
    secret_octets,
)

_COUNTED_FIELDS: Final = (CONF_SYSTEM_TITLE, CONF_METER_SYSTEM_TITLE, CONF_COUNTER_LOGICAL_NAME, CONF_COUNTER_START)
_KEY_FIELDS: Final = (
    CONF_SECURITY_SUITE,
    CONF_PROTECTION,
    CONF_ENCRYPTION_KEY,
    CONF_AUTHENTICATION_KEY,
    CONF_DEDICATED_KEY,
    CONF_ENVELOPE,
)
_PAIR_FIELDS: Final = (CONF_CLIENT_PRIVATE_KEY, CONF_CLIENT_CERTIFICATE, CONF_METER_PUBLIC_KEY, CONF_SIGN)

CREDENTIAL_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    AUTHENTICATION_NONE: (),
    AUTHENTICATION_PASSWORD: (CONF_PASSWORD,),
    AUTHENTICATION_HLS_SECRET: (
        CONF_MECHANISM,
        CONF_HLS_SECRET,
        *_KEY_FIELDS,
        *_COUNTED_FIELDS,
        CONF_ASSOCIATION_OBJECT,
    ),
    AUTHENTICATION_KEYS: (
        CONF_MECHANISM,
        CONF_PASSWORD,
        *_KEY_FIELDS,
        *_COUNTED_FIELDS,
        CONF_ASSOCIATION_OBJECT,
        CONF_ACCEPT_UNVERIFIED,
        *_PAIR_FIELDS,
    ),
    AUTHENTICATION_CERTIFICATE: (
        *_PAIR_FIELDS,
        *_KEY_FIELDS,
        *_COUNTED_FIELDS,
        CONF_ASSOCIATION_OBJECT,
    ),
}
"""Fields that an entry may have, by kind of authentication."""

SECRET_FIELDS: Final = frozenset(
    {CONF_PASSWORD, CONF_HLS_SECRET, CONF_ENCRYPTION_KEY, CONF_AUTHENTICATION_KEY, CONF_CLIENT_PRIVATE_KEY}
)
"""Never shown: not in forms, logs, diagnostics or errors."""

_MECHANISM_OF: Final[Mapping[str, Mechanism]] = {
    AUTHENTICATION_NONE: Mechanism.NONE,
    AUTHENTICATION_PASSWORD: Mechanism.LLS,
    AUTHENTICATION_CERTIFICATE: Mechanism.HLS_ECDSA,
}


def credentials_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an entry's kind of authentication, secrets included."""
    return {field: data[field] for field in CREDENTIAL_FIELDS[data[CONF_AUTHENTICATION]] if field in data}


def list_owner(data: Mapping[str, Any]) -> str:
    """Return for whom a meter lists its objects: a client wPort and how it is authenticated."""
    fields = (CONF_CLIENT_WPORT, CONF_AUTHENTICATION, CONF_MECHANISM)
    return " ".join(str(data[field]) for field in fields if field in data)


def counter_owner(data: Mapping[str, Any]) -> tuple[bytes, bytes] | None:
    """Return the encryption key and system title whose invocation counter an entry uses, or None."""
    key, title = data.get(CONF_ENCRYPTION_KEY), data.get(CONF_SYSTEM_TITLE)
    return (bytes.fromhex(key), bytes.fromhex(title)) if key and title else None


def association_parameters(
    data: Mapping[str, Any], *, meter_system_title: bytes | None = None, searches_proof_form: bool = False
) -> AssociationParameters:
    """Return what is proposed to the meter.

    ``meter_system_title``: pinned by an earlier association (rule S13); a typed one goes first.
    ``searches_proof_form``: only where a person waits who was told how often the secret may be used.
    """
    kind, fields = data[CONF_AUTHENTICATION], credentials_of(data)
    mechanism = _MECHANISM_OF[kind] if kind in _MECHANISM_OF else parse_mechanism(fields[CONF_MECHANISM])
    hls_secret, association = fields.get(CONF_HLS_SECRET), fields.get(CONF_ASSOCIATION_OBJECT)
    return AssociationParameters(
        client_wport=data[CONF_CLIENT_WPORT],
        server_wport=data[CONF_SERVER_WPORT],
        referencing=Referencing(data.get(CONF_REFERENCING, Referencing.AUTOMATIC)),
        mechanism=mechanism,
        password=Secret.from_text(fields[CONF_PASSWORD]) if mechanism is Mechanism.LLS else None,
        hls_secret=None if hls_secret is None else secret_octets(hls_secret),
        security=_security(fields, meter_system_title) if CONF_SYSTEM_TITLE in fields else None,
        association=LogicalName.parse(association) if association else None,
        searches_proof_form=searches_proof_form,
    )


def object_names(data: Mapping[str, Any], form: ProofForm | None) -> str:
    """Return how objects are named: as was chosen, or as the meter was found to want it; "auto" where not known yet."""
    chosen: str = data.get(CONF_REFERENCING, Referencing.AUTOMATIC.value)
    if chosen != Referencing.AUTOMATIC or form is None:
        return chosen
    return (Referencing.SHORT_NAME if form.short_names else Referencing.LOGICAL_NAME).value


def _security(fields: Mapping[str, Any], pinned: bytes | None) -> SecuritySettings:
    meter_title = fields.get(CONF_METER_SYSTEM_TITLE)
    suite = SecuritySuite(fields.get(CONF_SECURITY_SUITE, SecuritySuite.SUITE_0))
    return SecuritySettings(
        client_system_title=bytes.fromhex(fields[CONF_SYSTEM_TITLE]),
        server_system_title=bytes.fromhex(meter_title) if meter_title else pinned,
        suite=suite,
        protection=parse_protection(fields.get(CONF_PROTECTION, PROTECTION_NONE)),
        global_unicast_encryption_key=_key(fields.get(CONF_ENCRYPTION_KEY)),
        authentication_key=_key(fields.get(CONF_AUTHENTICATION_KEY)) or NO_KEY,
        use_dedicated_key=fields.get(CONF_DEDICATED_KEY, False),
        envelope=Envelope(fields.get(CONF_ENVELOPE, Envelope.SERVICE_SPECIFIC)),
        sign=fields.get(CONF_SIGN, False),
        accept_unverified=fields.get(CONF_ACCEPT_UNVERIFIED, False),
        key_pairs=_key_pairs(fields, suite) if CONF_CLIENT_PRIVATE_KEY in fields else KeyPairs(),
    )


def _key(digits: str | None) -> Secret | None:
    return Secret(bytes.fromhex(digits)) if digits else None


def _key_pairs(fields: Mapping[str, Any], suite: SecuritySuite) -> KeyPairs:
    certificate = fields.get(CONF_CLIENT_CERTIFICATE)
    return KeyPairs(
        signing_key=load_private_key_pem(suite, Secret.from_text(fields[CONF_CLIENT_PRIVATE_KEY])),
        server_signing_key=load_public_key_pem(suite, fields[CONF_METER_PUBLIC_KEY].encode())[0],
        certificate=load_public_key_pem(suite, certificate.encode())[2] if certificate else b"",
    )
