"""The steps that ask how the meter knows us: after the connection, or alone when the meter refuses what is stored.

Each kind of authentication has its own form with the fields that it needs. Secrets are never shown again; one that was typed or
stored, and not refused, is kept by leaving its field empty. Knows nothing of the connection and of what the meter says.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD

from ..const import (
    AUTHENTICATION_HLS_SECRET,
    AUTHENTICATION_KEYS,
    AUTHENTICATION_NONE,
    AUTHENTICATION_PASSWORD,
    CONF_CLIENT_PRIVATE_KEY,
    CONF_COUNTER_START,
    CONF_ENCRYPTION_KEY,
    CONF_HLS_SECRET,
    CONF_MECHANISM,
    CONF_SECURITY_SUITE,
    MECHANISM_LLS,
)
from ..dlms import SecuritySuite
from ..meter.credentials import SECRET_FIELDS, credentials_of
from ..meter.doctor import ExaminationFailed, Verdict
from .base import CosemFlow, without_empty
from .credential_input import DOUBT_EQUAL_KEYS, DOUBT_EXAMPLE_KEYS, CredentialInput, flat, read_credentials
from .credential_schemas import credential_schema, password_schema, reauth_schema, suggested_values
from .examination import ConnectionFacts

_ABOUT_CREDENTIALS: Final = frozenset(
    {
        Verdict.PASSWORD_OR_KEYS_REFUSED,
        Verdict.SECRET_REFUSED,
        Verdict.KEYS_REFUSED,
        Verdict.CERTIFICATE_REFUSED,
        Verdict.SYSTEM_TITLE_REFUSED,
        Verdict.WRONG_KEY,
        Verdict.NO_SECURED_ANSWER,
        Verdict.VERIFICATION_FAILED,
        Verdict.DECRYPTED_NONSENSE,
        Verdict.METER_NOT_PROVEN,
        Verdict.COUNTER_REFUSED,
        Verdict.COUNTER_EXHAUSTED,
        Verdict.ANSWER_REPLAYED,
        Verdict.SECURITY_DOWNGRADE,
        Verdict.UNEXPECTED_SYSTEM_TITLE,
    }
)
"""Verdicts that the form with the credentials can mend."""

_REFUSED_SECRETS: Final = {
    Verdict.INVALID_AUTH: CONF_PASSWORD,
    Verdict.PASSWORD_OR_KEYS_REFUSED: CONF_PASSWORD,
    Verdict.SECRET_REFUSED: CONF_HLS_SECRET,
}
"""Secrets to type again: meters count wrong ones, so that the same one must not be sent again by a slip."""

_MAIN_SECRET: Final = {
    AUTHENTICATION_HLS_SECRET: CONF_HLS_SECRET,
    AUTHENTICATION_KEYS: CONF_ENCRYPTION_KEY,
}


class CredentialSteps(CosemFlow):
    """From the kind of authentication to credentials that are worth an attempt."""

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._secrets: dict[str, Any] = {}
        """Secrets that were typed or stored and not refused, so that they need not be typed again."""
        self._settings: dict[str, Any] = {}
        """What the forms with credentials show again."""
        self._kind = ""
        """The kind of authentication that the settings belong to."""
        self._read = CredentialInput()
        """What the last form with credentials held."""
        self._accepted: set[str] = set()
        """Doubts that the user has answered."""

    @abstractmethod
    async def _examine(self, credentials: Mapping[str, Any]) -> ConfigFlowResult:
        """Try the credentials at the meter."""

    def _step(self, name: str) -> Callable[[], Awaitable[ConfigFlowResult]]:
        """Return a step by its name."""
        step: Callable[[], Awaitable[ConfigFlowResult]] = getattr(self, f"async_step_{name}")
        return step

    def _know(self, facts: ConnectionFacts) -> None:
        """Take over the credentials of an entry."""
        known = facts.credentials
        self._kind = facts.authentication
        self._secrets = {name: value for name, value in known.items() if name in SECRET_FIELDS}
        self._settings = {name: value for name, value in known.items() if name not in SECRET_FIELDS}

    async def _authenticate(self) -> ConfigFlowResult:
        """Go to the form of the chosen kind of authentication."""
        self._failure = None
        if self._known_facts.authentication == AUTHENTICATION_NONE:
            return await self._examine({})
        self._read = CredentialInput()
        kind = self._known_facts.authentication
        if kind != self._kind:
            self._kind = kind
            self._settings = {}
        return await self._step(self._credential_step)()

    @property
    def _credential_step(self) -> str:
        """The form that asks for credentials of this kind."""
        kind = self._known_facts.authentication
        if kind != AUTHENTICATION_PASSWORD:
            return f"reauth_{kind}" if self.source == SOURCE_REAUTH else kind
        if self.source == SOURCE_REAUTH:
            return "reauth_confirm"
        return "known_password" if CONF_PASSWORD in self._secrets else "password"

    async def _inherit(self, parent: ConnectionFacts) -> ConfigFlowResult:
        """Try the credentials of another entry of the same meter; the user has just said so."""
        self._failure = None
        self._know(parent)
        self._read = CredentialInput(credentials=dict(parent.credentials))
        return await self._examine(parent.credentials)

    # --- A password -----------------------------------------------------------------------------------------------

    async def async_step_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password."""
        if user_input is not None:
            return await self._examine_with_password(user_input[CONF_PASSWORD])
        return await self._show("password", password_schema())

    async def async_step_known_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new password, or none to keep the one that is known."""
        if user_input is not None:
            return await self._examine_with_password(user_input.get(CONF_PASSWORD) or self._secrets[CONF_PASSWORD])
        return await self._show("known_password", password_schema(required=False))

    async def _examine_with_password(self, password: str) -> ConfigFlowResult:
        """Try a password, alone or with the keys that were asked for before."""
        self._secrets[CONF_PASSWORD] = password
        return await self._examine({**self._read.credentials, CONF_PASSWORD: password})

    # --- Secrets, keys, certificates ------------------------------------------------------------------------------

    async def async_step_hls_secret(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the secret of high level security, and how it is used."""
        return await self._credential_form("hls_secret", user_input)

    async def async_step_keys(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for symmetric keys and what they protect."""
        return await self._credential_form("keys", user_input)

    async def async_step_certificate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for our key pair and the meter's public key."""
        return await self._credential_form("certificate", user_input)

    async def _credential_form(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show a form with credentials, or take it."""
        kind = self._known_facts.authentication
        reauth = self.source == SOURCE_REAUTH
        errors: dict[str, str] = {}
        if user_input is not None:
            self._failure = None
            typed = flat(user_input)
            known = self._settings | self._secrets
            read = read_credentials(kind, self._settings | without_empty(typed) if reauth else typed, known)
            shown = typed | read.credentials
            self._settings |= {name: value for name, value in shown.items() if name not in SECRET_FIELDS}
            self._secrets |= {name: value for name, value in read.credentials.items() if name in SECRET_FIELDS}
            self._read = read
            if not read.errors:
                return await self._settle()
            errors = read.errors
        known_secret = _MAIN_SECRET.get(kind, CONF_CLIENT_PRIVATE_KEY) in self._secrets
        schema = reauth_schema(kind) if reauth else credential_schema(kind, known=known_secret)
        if not reauth:
            schema = self.add_suggested_values_to_schema(schema, suggested_values(schema, self._settings))
        words = {
            "kept": await self._text("secret_hint", "kept") if known_secret else "",
            "octets": str(self._read.octets),
            "digits": str(2 * self._read.octets),
            "key_digits": str(2 * SecuritySuite(self._settings.get(CONF_SECURITY_SUITE, 0)).key_length),
        }
        return await self._show(step_id, schema, errors, **words)

    async def _settle(self) -> ConfigFlowResult:
        """Ask what is doubtful, then for a password where one belongs to the keys, then try."""
        for doubt in self._read.doubts:
            if doubt not in self._accepted:
                return await self._step(doubt)()
        if self._read.needs_password:
            return await self._step("known_password" if CONF_PASSWORD in self._secrets else "password")()
        return await self._examine(self._read.credentials)

    async def async_step_example_keys(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that a key is public, before it is used (rule S32)."""
        return self._doubt(DOUBT_EXAMPLE_KEYS, "accept_example_keys")

    async def async_step_accept_example_keys(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Use a key that everybody knows."""
        self._accepted.add(DOUBT_EXAMPLE_KEYS)
        return await self._settle()

    async def async_step_equal_keys(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether both keys are really the same."""
        return self._doubt(DOUBT_EQUAL_KEYS, "accept_equal_keys")

    async def async_step_accept_equal_keys(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Use one key for both."""
        self._accepted.add(DOUBT_EQUAL_KEYS)
        return await self._settle()

    async def async_step_counter_jump(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to believe a high invocation counter that nothing proves (rule S3)."""
        return self._doubt("counter_jump", "follow_counter")

    async def async_step_follow_counter(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go on from the invocation counter that the meter told."""
        assert self._failure is not None
        self._settings[CONF_COUNTER_START] = self._failure.counter
        return await self._examine({**self._known_facts.credentials, CONF_COUNTER_START: self._failure.counter})

    def _doubt(self, step_id: str, accept: str) -> ConfigFlowResult:
        """Show a question with two answers: go on, or back to the form."""
        words = self._facts_in_words()
        if self._failure is not None:
            words["counter"] = str(self._failure.counter)
        return self.async_show_menu(
            step_id=step_id, menu_options=[self._credential_step, accept], description_placeholders=words
        )

    # --- New credentials, because the meter refuses the stored ones -----------------------------------------------

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for new secrets, because the meter refused the stored ones: of the same kind, and nothing else."""
        facts = ConnectionFacts.of_entry(self._get_reauth_entry())
        self._know(facts)
        if facts.authentication == AUTHENTICATION_NONE:
            facts = replace(facts, authentication=AUTHENTICATION_PASSWORD)
        self._facts = facts
        self._form = self._credential_step
        if self._settings.get(CONF_MECHANISM) == MECHANISM_LLS:
            self._form = "reauth_confirm"
            self._read = CredentialInput(credentials=credentials_of(facts.entry_data()))
        return await self._step(self._form)()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for nothing but the password."""
        if user_input is not None:
            return await self._examine_with_password(user_input[CONF_PASSWORD])
        return await self._show("reauth_confirm", password_schema())

    async def async_step_reauth_hls_secret(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for nothing but the secret."""
        return await self._credential_form("reauth_hls_secret", user_input)

    async def async_step_reauth_keys(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for nothing but the keys."""
        return await self._credential_form("reauth_keys", user_input)

    async def async_step_reauth_certificate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for nothing but keys and certificate."""
        return await self._credential_form("reauth_certificate", user_input)

    # --- Back from the meter --------------------------------------------------------------------------------------

    async def _mend(self, failure: ExaminationFailed) -> ConfigFlowResult:
        """Return to the form that can mend this failure."""
        self._failure = failure
        self._secrets.pop(_REFUSED_SECRETS.get(failure.verdict, ""), None)
        if failure.verdict is Verdict.COUNTER_JUMP:
            return await self.async_step_counter_jump()
        if self.source != SOURCE_REAUTH:
            if failure.verdict is Verdict.INVALID_AUTH:
                return await self.async_step_password()
            if failure.verdict in _ABOUT_CREDENTIALS:
                return await self._step(self._credential_step)()
        return await self._step(self._form)()
