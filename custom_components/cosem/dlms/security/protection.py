"""Protection of one association's APDUs: service-specific or general ciphering, and signing (IEC 62056-5-3)."""

from dataclasses import dataclass, field
from typing import Final

from ..apdu import encode_apdu
from ..apdu.ciphered import (
    DEDICATED_TAGS,
    GLOBAL_TAGS,
    CipheredContent,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralSigning,
    ServiceCiphered,
)
from ..apdu.initiate import INITIATE_REQUEST
from ..errors import LocalProtocolError
from ..limits import DEFAULT_LIMITS, Limits
from .cipher import SealingKey, seal
from .counters import ReceivingCounter, SendingCounter
from .general_ciphering import GeneralCipherer
from .keys import Secret
from .receiving import ReceivingContext, Unprotected, signed_part
from .settings import Envelope, SecuritySettings

_GLOBAL_OF: Final = {plain: tag for tag, plain in GLOBAL_TAGS.items()}
_DEDICATED_OF: Final = {plain: tag for tag, plain in DEDICATED_TAGS.items()}


@dataclass(slots=True, kw_only=True)
class KeyCounters:
    """Counters of one key."""

    sending: SendingCounter
    receiving: ReceivingCounter = field(default_factory=ReceivingCounter)


@dataclass(slots=True)
class _SendingKey:
    """One of our keys, with its counter and cached SealingKey."""

    key: Secret
    counter: SendingCounter
    sealing: SealingKey | None = None


class CipheredProtection:
    """Protects and verifies the APDUs of one association.

    ``counters``: of the global key; they outlive the association. ``dedicated_key``: fresh random octets.
    ``dedicated_counter``: instead of one from 0. ``general``: for general-ciphering and signing.
    """

    def __init__(
        self,
        settings: SecuritySettings,
        counters: KeyCounters,
        *,
        dedicated_key: Secret | None = None,
        dedicated_counter: SendingCounter | None = None,
        general: GeneralCipherer | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        key = settings.global_unicast_encryption_key
        if key is None or not settings.is_ciphered:
            raise LocalProtocolError("an association without ciphering has nothing to protect")
        if settings.use_dedicated_key != (dedicated_key is not None):
            raise LocalProtocolError("a dedicated key goes with the setting that uses one")
        if general is None and (settings.sign or settings.envelope is Envelope.GENERAL_CIPHERING):
            raise LocalProtocolError("general-ciphering and signing need transaction ids")
        self.settings: Final = settings
        self.dedicated_key: Final = dedicated_key
        self.receiving: Final = ReceivingContext(
            settings, counters.receiving, dedicated_key=dedicated_key, general=general, limits=limits
        )
        self._sent_control = settings.sent_control
        self._global = _SendingKey(key, counters.sending)
        self._dedicated = None
        if dedicated_key is not None:
            # The dedicated key lives as long as the association: its counter starts at 0 and needs no store (rule S5).
            self._dedicated = _SendingKey(dedicated_key, dedicated_counter or SendingCounter(0, ceiling=2**32))
        self._general = general
        self.latest_counter: SendingCounter = counters.sending
        """Of the key under which the latest APDU went out."""

    @property
    def dedicated_counter(self) -> SendingCounter | None:
        """The sending counter of the dedicated key, or None."""
        return None if self._dedicated is None else self._dedicated.counter

    @property
    def server_system_title(self) -> bytes | None:
        """The meter's system title, if known."""
        return self.receiving.server_system_title

    def learn_server_title(self, title: bytes | None) -> None:
        """Take the system title of the AARE. SystemTitleMismatch when another one is pinned (rule S13)."""
        self.receiving.learn_server_title(title)

    def unprotect(self, apdu: bytes) -> Unprotected:
        """Return the verified plain APDU. Raises as ReceivingContext.unprotect."""
        return self.receiving.unprotect(apdu)

    def protect(self, apdu: bytes, *, under_global_key: bool = False) -> bytes:
        """Return the protected APDU. Raises InvocationCounterExhausted.

        ``under_global_key``: also where there is a dedicated one.
        """
        return self._sign(self._protect(apdu, under_global_key=under_global_key))

    def _protect(self, apdu: bytes, *, under_global_key: bool) -> bytes:
        settings = self.settings
        tag = apdu[0]
        if settings.envelope is Envelope.GENERAL_CIPHERING:
            return self._protect_generally(apdu)
        # The dedicated key arrives inside of the InitiateRequest, which therefore needs the global one.
        dedicated = None if under_global_key or tag == INITIATE_REQUEST else self._dedicated
        content = self._seal(dedicated or self._global, apdu)
        service_tag = (_DEDICATED_OF if dedicated else _GLOBAL_OF).get(tag)
        if settings.envelope is Envelope.SERVICE_SPECIFIC and service_tag is not None:
            return encode_apdu(ServiceCiphered(service_tag, content))
        general = GeneralDedCiphering if dedicated else GeneralGloCiphering
        return encode_apdu(general(settings.client_system_title, content))

    def _seal(self, key: _SendingKey, apdu: bytes) -> CipheredContent:
        self.latest_counter = key.counter
        counter = key.counter.take()
        return CipheredContent(self._sent_control, counter, seal(self._sealing(key), counter, apdu))

    def _sealing(self, key: _SendingKey) -> SealingKey:
        if key.sealing is None:
            key.sealing = SealingKey(
                key=key.key,
                authentication_key=self.settings.authentication_key,
                control=self._sent_control,
                system_title=self.settings.client_system_title,
            )
        return key.sealing

    def _protect_generally(self, apdu: bytes) -> bytes:
        assert self._general is not None  # checked when this object was made
        return encode_apdu(self._general.protect(apdu, self.server_system_title or b"", self._global.counter))

    def _sign(self, apdu: bytes) -> bytes:
        if not self.settings.sign:
            return apdu
        assert self._general is not None  # checked when this object was made
        signing_key = self.settings.key_pairs.signing_key
        assert signing_key is not None  # checked by the settings
        header = self._general.new_header(self.server_system_title or b"")
        unsigned = GeneralSigning(header, apdu, b"")
        return encode_apdu(GeneralSigning(header, apdu, signing_key.sign(signed_part(unsigned))))
