"""Authentication and protection on the meter's side: who may associate, pass 3 and 4, protected services and release.

One Security per meter keeps what outlives connections: invocation counters, locks, what was sent. IEC 62056-5-3.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
import hmac
import os
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from .acse import RLRQ, AareFields, AarqFields, BadAssociationApdu, read_rlrq, write_aare
from .association import OTHER_REASON, REJECTED_TRANSIENT, SERVICE_NOT_ALLOWED, Answered, Refused, Reply
from .attacks import ERRORS, FORGED_TITLE, ON_ANSWER, Strike, action_response, exception, forge, spoil_aare, spoil_pass_4
from .ciphering import BadTag, Material
from .envelopes import Kind, is_protected, read
from .hls import ECDSA, GMAC, GMAC_LENGTH, Exchange, gmac_answer, hashed
from .key_pairs import CURVES, BadKey, certificate, private_key, sign, verify
from .profile import ClientProfile, MeterProfile
from .protection import COUNTER_ERROR, FORM_ERROR, TAG_ERROR, WEAK_ERROR, Channel, Counters, Identity, Opened, Partner, Rejected
from .security_profile import Answer, ClientSecurity, Context, DedicatedKey, PlainRelease, fixed_scalar

PLAIN_CONTEXT: Final = 1
CIPHERED_CONTEXT: Final = 3
_REMEMBERED: Final = 64
_ACTION: Final = 0xC3
_REPLY_TO_HLS: Final = bytes.fromhex("000F0000280000FF0101")
"""Class 15, the current association, method 1, parameters present."""
_DENIED: Final = 3
_AUTHENTICATION_FAILURE: Final = 13
_KINDS: Final = {0xC0: "get", 0xC3: "action"}

type Honest = Callable[[bytes], Reply]
type Random = Callable[[int], bytes]


class Security:
    """What a meter knows of security, over all connections."""

    def __init__(
        self,
        profile: MeterProfile,
        serial: str,
        on_answer: Callable[[str], Strike | None],
        monotonic: Callable[[], float],
        random: Random = os.urandom,
    ) -> None:
        settings = profile.security
        self.profile = profile
        self.random = random
        self.on_answer = on_answer
        self.counters = Counters()
        self.history: dict[int, deque[bytes]] = {}
        """Protected answers sent, by client wPort: what somebody could have recorded."""
        self.identity = Identity(
            title=settings.system_title or b"SIM" + int(serial).to_bytes(5, "big"),
            signing={
                suite: private_key(suite, settings.signing_scalar or fixed_scalar("meter signing", suite))
                for suite in CURVES
            },
            agreement={
                suite: private_key(suite, settings.agreement_scalar or fixed_scalar("meter agreement", suite))
                for suite in CURVES
            },
            settings=settings,
            random=random,
        )
        self._monotonic = monotonic
        self._failures: dict[int, int] = {}
        self._locked_until: dict[int, float] = {}

    # -- counters

    def reset_counters(self) -> None:
        """Lose all invocation counters, as a meter without a battery does when its power fails."""
        keys = [client.security.encryption_key for client in self.profile.clients if client.security is not None]
        self.counters.reset(keys)

    def last_counter(self, client: ClientSecurity) -> int:
        """Return the last invocation counter accepted from a client: what its counter object tells."""
        found = [
            self.counters.last(client.encryption_key, title)
            for title in self._titles.get(client.setup_instance, {client.client_title})
        ]
        return max(*found, client.first_counter - 1, 0)

    @property
    def _titles(self) -> dict[int, set[bytes]]:
        return self.__dict__.setdefault("titles", {})

    # -- locks

    def failed(self, wport: int, security: ClientSecurity) -> None:
        """Count a wrong attempt."""
        self._failures[wport] = self._failures.get(wport, 0) + 1
        if security.lock_after and self._failures[wport] >= security.lock_after:
            self._locked_until[wport] = self._monotonic() + security.lock_seconds
            self._failures[wport] = 0

    def succeeded(self, wport: int) -> None:
        """Forget wrong attempts."""
        self._failures.pop(wport, None)

    def is_locked(self, wport: int) -> bool:
        """Whether a client is locked."""
        return self._monotonic() < self._locked_until.get(wport, float("-inf"))
