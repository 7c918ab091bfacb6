"""Options, environment and keys file turned into association parameters. Errors never repeat a secret.

An option goes before the keys file, the keys file before the environment.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
import tomllib
from typing import Final

from ..apdu.acse import Mechanism
from ..apdu.initiate import DEFAULT_PROPOSED_CONFORMANCE
from ..errors import LocalProtocolError
from ..protocol.association_kind import AssociationKind
from ..protocol.proposal import SECRET_MECHANISMS, TITLE_MECHANISMS, AssociationParameters
from ..protocol.referencing import Referencing
from ..security.key_pairs import load_private_key_pem, load_public_key_pem
from ..security.keys import Secret
from ..security.settings import NO_KEY, Envelope, KeyInfoKind, KeyPairs, SecuritySettings
from ..security.suite import SYSTEM_TITLE_LENGTH, Protection, SecuritySuite
from ..security.typed import (
    InputFault,
    TypedInputError,
    parse_certificate,
    parse_key,
    parse_mechanism,
    parse_private_key,
    parse_protection,
    parse_public_key,
    parse_secret,
    parse_system_title,
    secret_octets,
)
from .options import NO_SYSTEM_TITLE, UsageError

_VARIABLES: Final[Mapping[str, str]] = {
    "password": "DLMS_PASSWORD",
    "hls_secret": "DLMS_HLS_SECRET",
    "encryption_key": "DLMS_ENCRYPTION_KEY",
    "authentication_key": "DLMS_AUTHENTICATION_KEY",
}
_ENTRIES: Final = (
    *_VARIABLES,
    "system_title",
    "meter_system_title",
    "client_private_key",
    "client_certificate",
    "meter_public_key",
    "client_agreement_key",
    "meter_agreement_key",
    "master_key",
)
_PEM: Final = "-----BEGIN "


def parameters_from_options(
    options: argparse.Namespace, environment: Mapping[str, str], kept_title: Callable[[], bytes]
) -> AssociationParameters:
    """Return what is proposed. ``kept_title`` is called when no system title is given. Raises UsageError."""
    sources = _Sources(options.keys_file, environment)
    mechanism = parse_mechanism(options.auth)
    default = Protection.AUTHENTICATED_ENCRYPTED if mechanism is Mechanism.HLS_GMAC else Protection.NONE
    protection = default if options.protection is None else parse_protection(options.protection)
    if options.dedicated_key and protection is Protection.NONE:
        raise UsageError("--dedicated-key needs --protection")
    envelope = Envelope.SERVICE_SPECIFIC if options.envelope is None else Envelope(options.envelope)
    if (options.sign or envelope is not Envelope.SERVICE_SPECIFIC) and protection is Protection.NONE:
        raise UsageError(f"{'--sign' if options.sign else '--envelope'} needs --protection")
    chosen = _Chosen(mechanism=mechanism, protection=protection, envelope=envelope, sign=options.sign)
    try:
        return AssociationParameters(
            client_wport=options.client,
            server_wport=options.server,
            association=options.association,
            referencing=Referencing(options.referencing),
            kind=AssociationKind[options.kind.upper().replace("-", "_")],
            conformance=DEFAULT_PROPOSED_CONFORMANCE if options.conformance is None else options.conformance,
            mechanism=mechanism,
            password=_password(options, sources) if mechanism is Mechanism.LLS else None,
            hls_secret=sources.hls_secret(options.auth) if mechanism in SECRET_MECHANISMS else None,
            security=_security(options, chosen, sources, kept_title)
            if protection is not Protection.NONE or mechanism in TITLE_MECHANISMS
            else None,
        )
    except LocalProtocolError as error:
        raise UsageError(str(error)) from None


def listening_settings(
    options: argparse.Namespace, environment: Mapping[str, str], kept_title: Callable[[], bytes]
) -> SecuritySettings | None:
    """Return with what notifications are opened; None without keys. Raises UsageError."""
    sources = _Sources(options.keys_file, environment)
    if options.protection is None and not sources.text("encryption_key"):
        return None
    default = Protection.AUTHENTICATED_ENCRYPTED
    protection = default if options.protection is None else parse_protection(options.protection)
    if protection is Protection.NONE:
        return None
    envelope = Envelope.SERVICE_SPECIFIC if options.envelope is None else Envelope(options.envelope)
    chosen = _Chosen(mechanism=Mechanism.NONE, protection=protection, envelope=envelope, sign=options.sign)
    return _security(options, chosen, sources, kept_title)


def _password(options: argparse.Namespace, sources: _Sources) -> Secret:
    if options.password_file is not None:
        content = _read(Path(options.password_file), "password file")
        octets = content.removesuffix(b"\n").removesuffix(b"\r")
    else:
        octets = sources.octets("password")
    if not octets:
        raise UsageError("--auth lls needs a password: set DLMS_PASSWORD, or use --password-file or --keys-file")
    return Secret(octets)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """What the options ask of keys."""

    mechanism: Mechanism
    protection: Protection
    envelope: Envelope
    sign: bool

    @property
    def what_signs(self) -> str:
        """The option that needs a pair of signing keys, or ""."""
        if self.mechanism is Mechanism.HLS_ECDSA:
            return "--auth hls-ecdsa"
        return "--sign" if self.sign else ""


def _security(
    options: argparse.Namespace, chosen: _Chosen, sources: _Sources, kept_title: Callable[[], bytes]
) -> SecuritySettings:
    signs = bool(chosen.what_signs)
    agrees = chosen.envelope is Envelope.GENERAL_CIPHERING and sources.has_agreement_keys
    default = SecuritySuite.SUITE_1 if signs or agrees else SecuritySuite.SUITE_0
    suite = default if options.suite is None else SecuritySuite(options.suite)
    encryption_key = sources.key("encryption_key", suite)
    authentication_key = sources.key("authentication_key", suite)
    if chosen.mechanism is Mechanism.HLS_GMAC or chosen.protection is not Protection.NONE:
        _need(encryption_key, "encryption_key", options)
    if chosen.mechanism is Mechanism.HLS_GMAC or chosen.protection & Protection.AUTHENTICATED:
        _need(authentication_key, "authentication_key", options)
    pairs, certified_title, meter_title = KeyPairs(), b"", b""
    if signs or (agrees and sources.has_signing_keys):
        pairs, certified_title, meter_title = sources.key_pairs(suite, chosen.what_signs)
    key_info = KeyInfoKind.IDENTIFIED
    if agrees:
        key_info = KeyInfoKind.AGREED_STATIC if pairs.signing_key is None else KeyInfoKind.AGREED_ONE_PASS
        pairs, agreement_title = sources.agreement_keys(suite, pairs)
        meter_title = meter_title or agreement_title
    master_key = sources.key("master_key", suite) if chosen.envelope is Envelope.GENERAL_CIPHERING else None
    if master_key is not None and not agrees:
        key_info = KeyInfoKind.WRAPPED
    return SecuritySettings(
        client_system_title=options.system_title or sources.title("system_title") or certified_title or kept_title(),
        server_system_title=sources.meter_title(meter_title, agrees=agrees),
        suite=suite,
        protection=chosen.protection,
        global_unicast_encryption_key=encryption_key,
        authentication_key=authentication_key or NO_KEY,
        master_key=master_key,
        use_dedicated_key=options.dedicated_key,
        envelope=chosen.envelope,
        key_info=key_info,
        sign=chosen.sign,
        key_pairs=pairs,
    )


def _need(key: Secret | None, name: str, options: argparse.Namespace) -> None:
    if key is None:
        chosen = options.protection or "authenticated-encryption"
        what = "--auth hls-gmac" if options.auth == "hls-gmac" else f"--protection {chosen}"
        text = name.replace("_", " ")
        raise UsageError(f"{what} needs an {text}: set {_VARIABLES[name]} in hex, or use --keys-file")


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise UsageError(f"the {what} cannot be read: {reason}") from None


class _Sources:
    """The keys file, then the environment."""

    def __init__(self, keys_file: str | None, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._folder = Path() if keys_file is None else Path(keys_file).parent
        self._entries = {} if keys_file is None else _entries(Path(keys_file))

    def text(self, name: str) -> str:
        """Return an entry or its environment variable, or ""."""
        found = self._entries.get(name)
        return self._environment.get(_VARIABLES.get(name, ""), "") if found is None else found

    def octets(self, name: str) -> bytes:
        # An environment variable may hold octets that are not UTF-8.
        return self.text(name).encode(errors="surrogateescape")

    def hls_secret(self, authentication: str) -> Secret:
        """Return the secret of mechanisms 2, 3, 4 and 6: text, or 0x and hex."""
        try:
            return secret_octets(parse_secret(self.text("hls_secret"), limit=None))
        except TypedInputError as error:
            if error.reason is InputFault.SECRET_NOT_HEX and error.digits:
                raise UsageError("the HLS secret begins with 0x, but is not hexadecimal") from None
        raise UsageError(f"--auth {authentication} needs a secret: set DLMS_HLS_SECRET, or use --keys-file")

    def key(self, name: str, suite: SecuritySuite) -> Secret | None:
        try:
            return Secret(bytes.fromhex(parse_key(self.text(name), suite)))
        except TypedInputError as error:
            if error.reason is InputFault.KEY_LENGTH and not error.digits:
                return None
            key = f"the {name.replace('_', ' ')}"
            if error.reason is InputFault.NOT_HEX or error.digits % 2:
                raise UsageError(f"{key} is not hexadecimal, or a digit is missing") from None
            raise UsageError(
                f"{key} of security suite {suite.value} has {error.octets} octets, not {error.digits // 2}; see --suite"
            ) from None

    def title(self, name: str) -> bytes:
        """Return a system title, or b""."""
        text = self.text(name)
        try:
            return bytes.fromhex(parse_system_title(text)) if text else b""
        except TypedInputError:
            raise UsageError(f"{name} in the keys file: {NO_SYSTEM_TITLE}") from None

    def meter_title(self, certified: bytes, *, agrees: bool) -> bytes | None:
        """Return the meter's title, if it is known. ``certified``: that of its certificate; ``agrees``: needs it."""
        title = self.title("meter_system_title") or certified
        if agrees and not title:
            raise UsageError(
                "--envelope general-ciphering with agreed keys needs the meter's system title: set meter_system_title "
                "in --keys-file"
            )
        return title or None

    @property
    def has_agreement_keys(self) -> bool:
        """Whether keys are to be agreed on."""
        return bool(self.text("client_agreement_key") or self.text("meter_agreement_key"))

    @property
    def has_signing_keys(self) -> bool:
        """Whether we can sign."""
        return bool(self.text("client_private_key") and self.text("meter_public_key"))

    def agreement_keys(self, suite: SecuritySuite, pairs: KeyPairs) -> tuple[KeyPairs, bytes]:
        """Return the pairs with the keys for key agreement, and the title in the meter's certificate."""
        private, public = self._pem("client_agreement_key"), self._pem("meter_agreement_key")
        if not private or not public:
            raise UsageError("key agreement needs client_agreement_key and meter_agreement_key in --keys-file")
        private = _parsed("client_agreement_key", partial(parse_private_key, private, suite))
        public = _parsed("meter_agreement_key", partial(parse_public_key, public, suite))
        server_key, title, _ = load_public_key_pem(suite, public.encode())
        own_key = load_private_key_pem(suite, Secret.from_text(private))
        return replace(pairs, agreement_key=own_key, server_agreement_key=server_key), _whole(title)

    def key_pairs(self, suite: SecuritySuite, what: str) -> tuple[KeyPairs, bytes, bytes]:
        """Return the pairs for signing, and the titles in our and the meter's certificate. ``what``: needs them."""
        private, certificate, public = map(self._pem, ("client_private_key", "client_certificate", "meter_public_key"))
        if not private or not public:
            raise UsageError(f"{what} needs client_private_key and meter_public_key in --keys-file")
        private = _parsed("client_private_key", partial(parse_private_key, private, suite))
        public = _parsed("meter_public_key", partial(parse_public_key, public, suite))
        if certificate:
            parse = partial(parse_certificate, certificate, suite, private, bare_key=True)
            certificate = _parsed("client_certificate", parse)
        server_key, meter_title, _ = load_public_key_pem(suite, public.encode())
        _, certified_title, der = load_public_key_pem(suite, certificate.encode()) if certificate else (None, b"", b"")
        pairs = KeyPairs(
            signing_key=load_private_key_pem(suite, Secret.from_text(private)),
            server_signing_key=server_key,
            certificate=der,
        )
        return pairs, _whole(certified_title), _whole(meter_title)

    def _pem(self, name: str) -> str:
        """Return PEM: the entry, or the file beside the keys file that it names."""
        text = self.text(name)
        if not text or _PEM in text:
            return text
        return _read(self._folder / text, f"file of {name}").decode(errors="replace")


def _parsed(name: str, parse: Callable[[], str]) -> str:
    try:
        return parse()
    except TypedInputError as error:
        if error.reason is InputFault.CERTIFICATE_OF_OTHER_KEY:
            raise UsageError(f"{name} in the keys file belongs to another key than client_private_key") from None
        raise UsageError(f"{name} in the keys file: {error}") from None


def _whole(title: bytes) -> bytes:
    return title if len(title) == SYSTEM_TITLE_LENGTH else b""


def _entries(path: Path) -> dict[str, str]:
    # Errors do not repeat the file's words: a mistaken line may begin with a key.
    try:
        content = tomllib.loads(_read(path, "keys file").decode())
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the keys file is not TOML (line {error.lineno})") from None
    except UnicodeDecodeError:
        raise UsageError("the keys file is not text in UTF-8") from None
    if unknown := content.keys() - set(_ENTRIES):
        raise UsageError(f"the keys file has {len(unknown)} entries of other names than: {', '.join(_ENTRIES)}")
    if wrong := [name for name, value in content.items() if not isinstance(value, str)]:
        raise UsageError(f"in the keys file, the value of {wrong[0]} must be a text in quotes")
    return content
