"""Check and complete a form with credentials, in the shape of an entry's data.

Errors say for each field what is wrong, never what was typed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
import secrets
from typing import Any, Final

from homeassistant.const import CONF_PASSWORD

from ..const import (
    AUTHENTICATION_CERTIFICATE,
    AUTHENTICATION_HLS_SECRET,
    AUTHENTICATION_KEYS,
    CONF_ACCEPT_UNVERIFIED,
    CONF_ASSOCIATION_OBJECT,
    CONF_AUTHENTICATION_KEY,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_PRIVATE_KEY,
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
    CONF_SECURITY_SUITE,
    CONF_SIGN,
    CONF_SYSTEM_TITLE,
    DEFAULT_COUNTER_LOGICAL_NAME,
    MECHANISM_GMAC,
    MECHANISM_LLS,
    MECHANISM_MANUFACTURER,
    MECHANISM_SHA256,
    PROTECTION_AUTHENTICATED,
    PROTECTION_AUTHENTICATED_ENCRYPTION,
    PROTECTION_NONE,
)
from ..dlms import (
    MAX_MANUFACTURER_SECRET,
    MAX_SECRET,
    Envelope,
    LocalProtocolError,
    LogicalName,
    SecuritySuite,
    TypedInputError,
    is_public_example,
    parse_certificate,
    parse_key,
    parse_private_key,
    parse_public_key,
    parse_secret,
    parse_system_title,
    title_in_certificate,
)

DOUBT_EXAMPLE_KEYS: Final = "example_keys"
DOUBT_EQUAL_KEYS: Final = "equal_keys"

_OWN_LETTERS: Final = b"HAS"
_VERIFIED: Final = frozenset({PROTECTION_AUTHENTICATED, PROTECTION_AUTHENTICATED_ENCRYPTION})


def new_system_title() -> str:
    """Return a new system title: three letters, five random octets."""
    return (_OWN_LETTERS + secrets.token_bytes(5)).hex().upper()


def without_sections(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form without its sections."""
    fields: dict[str, Any] = {}
    for name, value in user_input.items():
        fields |= value if isinstance(value, dict) else {name: value}
    return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialInput:
    """The credentials of a form, or why they are invalid."""

    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Part of an entry's data; with errors only the valid fields."""
    errors: Mapping[str, str] = field(default_factory=dict)
    octets: int = 0
    """The greatest length of a secret, where an error is about that."""
    doubts: tuple[str, ...] = ()
    """What the user has to confirm first."""

    @property
    def needs_password(self) -> bool:
        """Whether a password is needed as well."""
        return self.credentials.get(CONF_MECHANISM) == MECHANISM_LLS


def read_credentials(kind: str, typed: Mapping[str, Any], known: Mapping[str, Any]) -> CredentialInput:
    """Read a form; `typed` is flat, `known` fills empty secrets and the own title."""
    reader = _Reader(typed, known)
    _READERS[kind](reader)
    _read_association(reader)
    return CredentialInput(
        credentials=reader.credentials, errors=reader.errors, octets=reader.octets, doubts=tuple(reader.doubts)
    )


class _Reader:
    """Reads one form."""

    def __init__(self, typed: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self.typed = typed
        self.known = known
        self.credentials: dict[str, Any] = {}
        self.errors: dict[str, str] = {}
        self.octets = 0
        self.doubts: list[str] = []

    def fail(self, name: str, reason: str) -> None:
        self.errors.setdefault(name, reason)

    def keep(self, name: str, value: object) -> None:
        if value is not None:
            self.credentials[name] = value

    def parsed(self, name: str, value: str | None, parse: Callable[[str], str]) -> str | None:
        """Keep a value in its proper form; None if empty or wrong."""
        if not value:
            return None
        try:
            right = parse(value)
        except TypedInputError as error:
            self.fail(name, error.reason.value)
            if name == CONF_HLS_SECRET:  # the length of a key is that of its suite
                self.octets = error.octets
            return None
        self.keep(name, right)
        return right

    def optional(self, name: str, parse: Callable[[str], str]) -> str | None:
        return self.parsed(name, self.typed.get(name), parse)

    def secret(self, name: str, parse: Callable[[str], str]) -> str | None:
        """Read a secret; an empty field means the known one."""
        return self.parsed(name, self.typed.get(name) or self.known.get(name), parse)

    def required(self, name: str, value: str | None) -> None:
        if value is None:
            self.fail(name, f"{name}_missing")

    @property
    def protection(self) -> str:
        return str(self.typed.get(CONF_PROTECTION, PROTECTION_NONE))

    @property
    def signs(self) -> bool:
        return bool(self.typed.get(CONF_SIGN))

    @property
    def suite(self) -> int:
        return int(self.typed[CONF_SECURITY_SUITE])


def _read_secret(reader: _Reader) -> None:
    """Read the form for mechanisms 2, 3, 4 and 6."""
    mechanism = reader.typed[CONF_MECHANISM]
    reader.keep(CONF_MECHANISM, mechanism)
    limit = MAX_MANUFACTURER_SECRET if mechanism == MECHANISM_MANUFACTURER else MAX_SECRET
    secret = reader.secret(CONF_HLS_SECRET, partial(parse_secret, limit=limit))
    reader.required(CONF_HLS_SECRET, secret)
    if protected := reader.protection != PROTECTION_NONE:
        _read_protection(reader)
    if protected or mechanism == MECHANISM_SHA256:  # nothing else here has a use for titles
        _read_titles(reader)


def _read_keys(reader: _Reader) -> None:
    """Read the form for symmetric keys."""
    mechanism = reader.typed[CONF_MECHANISM]
    unverified = bool(reader.typed.get(CONF_ACCEPT_UNVERIFIED))
    reader.keep(CONF_MECHANISM, mechanism)
    if mechanism != MECHANISM_GMAC and reader.protection == PROTECTION_NONE:
        reader.fail("base", "keys_without_use")
    if mechanism == MECHANISM_LLS:
        reader.keep(CONF_PASSWORD, reader.known.get(CONF_PASSWORD))
    _read_protection(reader, needs_authentication_key=mechanism == MECHANISM_GMAC, unverified=unverified)
    _read_titles(reader, _read_signing_keys(reader) if reader.signs else None)
    reader.keep(CONF_ACCEPT_UNVERIFIED, unverified)
    if unverified:
        _check_unverified(reader, mechanism)


def _check_unverified(reader: _Reader, mechanism: str) -> None:
    """Refuse "decrypt without verifying" where verifying is possible or needed (rule S17)."""
    if mechanism == MECHANISM_GMAC:
        reader.fail(CONF_ACCEPT_UNVERIFIED, "unverified_with_gmac")
    if reader.protection != PROTECTION_AUTHENTICATED_ENCRYPTION:
        reader.fail(CONF_ACCEPT_UNVERIFIED, "unverified_without_encryption")
    if reader.typed.get(CONF_AUTHENTICATION_KEY):
        reader.fail(CONF_ACCEPT_UNVERIFIED, "unverified_with_key")


def _read_certificate(reader: _Reader) -> None:
    """Read the form for HLS-ECDSA."""
    title = _read_key_pairs(reader)
    _read_protection(reader)
    _read_titles(reader, title)


def _read_signing_keys(reader: _Reader) -> str | None:
    """Read what signs every message where the login itself has no use for it; return the title in the certificate."""
    if reader.suite == SecuritySuite.SUITE_0:
        reader.fail(CONF_SIGN, "sign_with_suite_0")
        return None
    return _read_key_pairs(reader)


def _read_key_pairs(reader: _Reader) -> str | None:
    """Read our private key, its certificate and the meter's public key; return the title in the certificate."""
    suite = reader.suite
    private_key = reader.secret(CONF_CLIENT_PRIVATE_KEY, partial(parse_private_key, suite=suite))
    reader.required(CONF_CLIENT_PRIVATE_KEY, private_key)
    certificate = None
    if private_key is not None:
        certificate = reader.optional(
            CONF_CLIENT_CERTIFICATE, partial(parse_certificate, suite=suite, private_key=private_key)
        )
    public_key = reader.optional(CONF_METER_PUBLIC_KEY, partial(parse_public_key, suite=suite))
    reader.required(CONF_METER_PUBLIC_KEY, public_key)
    return title_in_certificate(certificate, suite) if certificate else None


def _read_protection(reader: _Reader, *, needs_authentication_key: bool = False, unverified: bool = False) -> None:
    reader.keep(CONF_SECURITY_SUITE, reader.suite)
    reader.keep(CONF_PROTECTION, reader.protection)
    protected = reader.protection != PROTECTION_NONE
    reader.keep(CONF_DEDICATED_KEY, protected and bool(reader.typed.get(CONF_DEDICATED_KEY)))
    _read_envelope(reader, protected=protected)
    if not protected and not needs_authentication_key:
        return
    parse = partial(parse_key, suite=reader.suite)
    encryption_key = reader.secret(CONF_ENCRYPTION_KEY, parse)
    reader.required(CONF_ENCRYPTION_KEY, encryption_key)
    authentication_key = None if unverified else reader.secret(CONF_AUTHENTICATION_KEY, parse)
    if not unverified and (needs_authentication_key or reader.protection in _VERIFIED):
        reader.required(CONF_AUTHENTICATION_KEY, authentication_key)
    keys = [key for key in (encryption_key, authentication_key) if key is not None]
    if any(is_public_example(key) for key in keys):
        reader.doubts.append(DOUBT_EXAMPLE_KEYS)
    elif len(keys) > len(set(keys)):
        reader.doubts.append(DOUBT_EQUAL_KEYS)
    _read_counter(reader)


def _read_envelope(reader: _Reader, *, protected: bool) -> None:
    """Read how protected messages are sent, and whether they are signed; what is usual is not mentioned."""
    envelope = Envelope(reader.typed.get(CONF_ENVELOPE, Envelope.SERVICE_SPECIFIC))
    if envelope is not Envelope.SERVICE_SPECIFIC:
        reader.keep(CONF_ENVELOPE, envelope.value)
        if not protected:
            reader.fail(CONF_ENVELOPE, "envelope_without_protection")
    if envelope is Envelope.GENERAL_CIPHERING and reader.credentials[CONF_DEDICATED_KEY]:
        reader.fail(CONF_DEDICATED_KEY, "dedicated_key_with_envelope")
    if reader.signs:
        reader.keep(CONF_SIGN, reader.signs)
        if not protected:
            reader.fail(CONF_SIGN, "sign_without_protection")


def _read_counter(reader: _Reader) -> None:
    """Read the counter's logical name, and the start to use without it."""
    typed = reader.typed.get(CONF_COUNTER_LOGICAL_NAME) or DEFAULT_COUNTER_LOGICAL_NAME
    try:
        reader.keep(CONF_COUNTER_LOGICAL_NAME, str(LogicalName.parse(typed)))
    except LocalProtocolError:
        reader.fail(CONF_COUNTER_LOGICAL_NAME, "invalid_counter_logical_name")
    reader.keep(CONF_COUNTER_START, reader.typed.get(CONF_COUNTER_START))


def _read_association(reader: _Reader) -> None:
    """Read which object takes the login; usually none is named, and it is found out."""
    if typed := reader.typed.get(CONF_ASSOCIATION_OBJECT):
        try:
            reader.keep(CONF_ASSOCIATION_OBJECT, str(LogicalName.parse(typed)))
        except LocalProtocolError:
            reader.fail(CONF_ASSOCIATION_OBJECT, "invalid_association_object")


def _read_titles(reader: _Reader, certified: str | None = None) -> None:
    """Read both system titles."""
    had = reader.known.get(CONF_SYSTEM_TITLE)
    typed = reader.typed.get(CONF_SYSTEM_TITLE)
    # Our own title: the typed one, else the certificate's, else the known one, else a new one.
    own = typed if typed and typed != had else certified or had or new_system_title()
    title = reader.parsed(CONF_SYSTEM_TITLE, own, parse_system_title)
    meter_title = reader.optional(CONF_METER_SYSTEM_TITLE, parse_system_title)
    if title is not None and title == meter_title:
        reader.fail(CONF_METER_SYSTEM_TITLE, "equal_system_titles")


_READERS: Final[Mapping[str, Callable[[_Reader], None]]] = {
    AUTHENTICATION_HLS_SECRET: _read_secret,
    AUTHENTICATION_KEYS: _read_keys,
    AUTHENTICATION_CERTIFICATE: _read_certificate,
}
