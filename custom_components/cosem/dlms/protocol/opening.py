"""One attempt to open an association: AARQ, check of the AARE, passes 3 and 4 (IEC 62056-5-3, COSEM-OPEN). Sans-IO.

Receiving counters (rules S6, S7): with high-level security the attempt starts a new one, which replaces the remembered
one after the meter's proof, because that answers our fresh challenge. So a counter that the meter has reset is
accepted. Without a proof the remembered one counts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from ..apdu.acse import Aare
from ..apdu.initiate import DLMS_VERSION
from ..errors import (
    AssociationRejected,
    InvocationCounterExhausted,
    LocalProtocolError,
    SecurityDowngrade,
)
from ..limits import DEFAULT_LIMITS, Limits
from ..security.counters import ReceivingCounter, ReceivingCounters, SendingCounter
from ..security.general_ciphering import GeneralCipherer
from ..security.hls import (
    MIN_CHALLENGE,
    Challenges,
    HlsCredentials,
    check_challenges,
)
from ..security.keys import Secret
from ..security.protection import CipheredProtection, KeyCounters
from ..security.settings import check_server_title
from .leniencies import Leniency
from .proof_form import USUAL_FORM, ProofForm
from .proposal import (
    MAX_PDU_SIZE,
    ApduProtection,
    AssociationParameters,
    Negotiated,
    NoProtection,
    check_initiate,
    check_names,
    encode_proposal,
    encode_release,
    initiate_request,
    leniencies_of_names,
    with_few_services,
)
from .referencing import Referencing
from .transfer.hls_proof import HlsProof
from .transfer.short_name_proof import ShortNameHlsProof


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpeningMaterial:
    """What one attempt needs from outside: random octets, fresh for each attempt (rule S21), and counters.

    ``challenge``: ours, for high-level authentication. ``random``: for transaction ids and keys of single messages.
    ``sending``, ``receiving``: the global key's counters; they outlive associations. ``form``: what this meter wants.
    ``apdu_limit``: octets that an APDU of either side should have at most.
    """

    challenge: bytes = b""
    dedicated_key: Secret | None = None
    random: Callable[[int], bytes] | None = None
    sending: SendingCounter | None = None
    receiving: ReceivingCounters | None = None
    form: ProofForm = USUAL_FORM
    apdu_limit: int = MAX_PDU_SIZE


NO_MATERIAL: Final = OpeningMaterial()
"""Without high-level authentication and ciphering."""


def _within(parameters: AssociationParameters, apdu_limit: int) -> AssociationParameters:
    """Return parameters that ask for protected APDUs of at most ``apdu_limit`` octets."""
    size = parameters.max_receive_pdu_size
    most = apdu_limit - parameters.overhead
    if apdu_limit >= MAX_PDU_SIZE or 0 < size <= most:
        return parameters
    return replace(parameters, max_receive_pdu_size=most)


class Opening:
    """One attempt to open an association. Call the methods in their order.

    LocalProtocolError when the material does not suffice. ``protection`` serves the association afterwards.
    """

    def __init__(
        self,
        parameters: AssociationParameters,
        material: OpeningMaterial = NO_MATERIAL,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        if parameters.is_high_level and len(material.challenge) < MIN_CHALLENGE:
            raise LocalProtocolError(f"the mechanism {parameters.mechanism.name} needs a challenge")
        named = _with_referencing(_within(parameters, material.apdu_limit), material.form)
        self.parameters: Final = with_few_services(named) if material.form.few_services else named
        self._material: Final = material
        self._limits: Final = limits
        self._counters = self._make_counters()
        self._ciphered = self._make_protection()
        self.protection: Final[ApduProtection] = self._ciphered or NoProtection()
        self._challenges: Challenges | None = None

    def _make_counters(self) -> KeyCounters | None:
        if not self.parameters.uses_counter:
            return None
        if self._material.sending is None:
            raise LocalProtocolError("these security settings need the owner of their invocation counter")
        return KeyCounters(sending=self._material.sending, receiving=ReceivingCounter())

    def _make_protection(self) -> CipheredProtection | None:
        security, random = self.parameters.security, self._material.random
        if security is None or self._counters is None or not security.is_ciphered:
            return None
        return CipheredProtection(
            security,
            self._counters,
            dedicated_key=self._material.dedicated_key,
            dedicated_counter=self._counters.sending if self._material.form.one_counter else None,
            general=None if random is None else GeneralCipherer(security, random),
            limits=self._limits,
        )

    @property
    def dedicated_counter(self) -> SendingCounter | None:
        """The dedicated key's own sending counter, or None."""
        if self._ciphered is None or self._material.form.one_counter:
            return None
        return self._ciphered.dedicated_counter

    @property
    def form(self) -> ProofForm:
        """What this meter wants."""
        return self._material.form

    @property
    def leniencies(self) -> frozenset[Leniency]:
        """What was tolerated in envelopes so far."""
        if self._ciphered is None:
            return frozenset()
        tolerated = {
            Leniency.GLOBAL_INITIATE_RESPONSE: self._ciphered.receiving.took_global_initiate_response,
            Leniency.IDENTIFIED_KEY_IN_ANSWERS: self._ciphered.receiving.took_identified_key,
            Leniency.MORE_PROTECTION: self._ciphered.receiving.took_more_protection,
        }
        return frozenset(leniency for leniency, is_there in tolerated.items() if is_there)

    @property
    def last_received(self) -> int | None:
        """The last invocation counter that was accepted under the meter's global key."""
        return None if self._ciphered is None else self._ciphered.receiving.counter.last

    def is_new_notification(self, title: bytes) -> bool:
        """Note that the last one was of a notification; return whether it is above all of them (rule S24).

        The counter begins anew with an association that proves a lower one; recorded notifications do not come back.
        """
        counters = self._material.receiving
        return counters is None or self._ciphered is None or counters.notified(title, self._ciphered.receiving.counter)

    def has_reached(self, expected: int) -> bool:
        """Whether the key of our latest APDU was used with all invocation counters below: the meter had them."""
        counter = self._material.sending if self._ciphered is None else self._ciphered.latest_counter
        return counter is not None and expected <= counter.next_value

    def has_ever_reached(self, expected: int) -> bool:
        """The same of any of our keys: a meter may have one counter for both, or have got an AARQ twice."""
        ours = [self._material.sending, self.dedicated_counter]
        return any(each is not None and expected <= each.next_value for each in ours)

    def aarq(self) -> bytes:
        """Return the AARQ (pass 1). Raises InvocationCounterExhausted."""
        if self._ciphered is not None:
            self._ciphered.receiving.awaits_aare = True
        user_information = self.protection.protect(initiate_request(self.parameters, self._material.dedicated_key))
        return encode_proposal(self.parameters, user_information, self._material.challenge)

    def assume(self) -> Negotiated:
        """Return what holds without an AARE: everything that was proposed, or agreed elsewhere."""
        parameters = self.parameters
        if self._ciphered is not None and parameters.security is not None:
            title = parameters.security.server_system_title
            assert title is not None  # the parameters have seen to it
            self._ciphered.learn_server_title(title)
            self._ciphered.receiving.awaits_aare = False
            known = None if self._material.receiving is None else self._material.receiving.known(title)
            if known is not None:
                self._ciphered.receiving.counter = known
            self._remember_counter(title)
        return Negotiated(
            conformance=parameters.proposed_conformance,
            server_max_receive_pdu_size=parameters.server_max_receive_pdu_size,
            dlms_version=DLMS_VERSION,
            vaa_name=parameters.referencing.vaa_name,
            diagnostic=0,
            client_max_receive_pdu_size=parameters.max_receive_pdu_size,
            overhead=parameters.overhead,
            apdu_limit=self._material.apdu_limit,
        )

    def accept(self, octets: bytes) -> Negotiated | AssociationRejected:
        """Return what an AARE (pass 2) agrees on, or why it refuses.

        RemoteProtocolError if it accepts something else, SecurityError if it cannot be trusted.
        """
        aare = check_names(octets, self.parameters, self._limits)
        if isinstance(aare, AssociationRejected):
            return aare
        title = self._learn_title(aare)
        initiate = aare.user_information or b""
        if self._ciphered is not None:
            if not initiate:
                raise SecurityDowngrade("the AARE carries no protected InitiateResponse")
            initiate = self._ciphered.unprotect(initiate).apdu
            self._ciphered.receiving.awaits_aare = False
        negotiated = check_initiate(initiate, self.parameters, aare.diagnostic, self._limits)
        if self.parameters.is_high_level:
            self._take_challenge(aare, title)
        elif title is not None:
            self._remember_counter(title)
        return replace(
            negotiated,
            server_system_title=title,
            overhead=self.parameters.overhead,
            apdu_limit=self._material.apdu_limit,
            leniencies=negotiated.leniencies | leniencies_of_names(aare, self.parameters),
        )

    def _learn_title(self, aare: Aare) -> bytes | None:
        security = self.parameters.security
        if security is None or not self.parameters.uses_titles:
            return None
        title = check_server_title(aare.responding_ap_title, security.client_system_title, security.server_system_title)
        if self._ciphered is not None:
            self._ciphered.learn_server_title(title)
            known = None if self._material.receiving is None else self._material.receiving.known(title)
            if known is not None and not self.parameters.is_high_level:
                self._ciphered.receiving.counter = known
        return title

    def _take_challenge(self, aare: Aare, title: bytes | None) -> None:
        value, security = aare.responding_authentication_value, self.parameters.security
        named = title is not None and security is not None
        self._challenges = Challenges(
            client_to_server=self._material.challenge,
            server_to_client=b"" if value is None else value.octets,
            client_system_title=security.client_system_title if named and security is not None else b"",
            server_system_title=title or b"",
        )
        check_challenges(self.parameters.mechanism, self._challenges)

    def proof(self) -> HlsProof | ShortNameHlsProof:
        """Return passes 3 and 4, after accept()."""
        assert self._challenges is not None  # taken with the AARE
        # The counter inside the proof of mechanism 5 is not compared: some meters count it apart from their APDUs.
        counter = None if self._counters is None else self._counters.sending
        form = self._material.form
        if self.parameters.referencing is Referencing.SHORT_NAME:
            return ShortNameHlsProof(self._credentials(), self._challenges, counter, form.short_name_proof)
        association = self.parameters.association or form.association
        return HlsProof(self._credentials(), self._challenges, counter, association)

    def protect_proof(self, apdu: bytes) -> bytes:
        """Return pass 3 as it is sent. Raises InvocationCounterExhausted."""
        if self._ciphered is None:
            return apdu
        return self._ciphered.protect(apdu, under_global_key=self._material.form.under_global_key)

    def proved(self) -> None:
        """The meter's proof was verified: its counter replaces the remembered one (rule S7)."""
        assert self._challenges is not None  # taken with the AARE
        self._remember_counter(self._challenges.server_system_title)

    def _remember_counter(self, title: bytes) -> None:
        if self._material.receiving is not None and self._ciphered is not None:
            receiving = self._ciphered.receiving
            receiving.counter = self._material.receiving.proved(title, receiving.counter)

    def _credentials(self) -> HlsCredentials:
        security = self.parameters.security
        if security is None:
            return HlsCredentials(mechanism=self.parameters.mechanism, secret=self.parameters.hls_secret)
        return HlsCredentials(
            mechanism=self.parameters.mechanism,
            secret=self.parameters.hls_secret,
            suite=security.suite,
            global_unicast_encryption_key=security.global_unicast_encryption_key,
            authentication_key=security.authentication_key,
            signing_key=security.key_pairs.signing_key,
            peer_public_key=security.key_pairs.server_signing_key,
        )

    def release_request(self) -> bytes:
        """Return the RLRQ, protected where the association is: meters may ignore a plain one."""
        if self._ciphered is None:
            return encode_release()
        try:
            return encode_release(self._ciphered.protect(initiate_request(self.parameters)))
        # Most meters take a plain one, and the connection closes anyway.
        except InvocationCounterExhausted:
            return encode_release()


def _with_referencing(parameters: AssociationParameters, form: ProofForm) -> AssociationParameters:
    """Return what this attempt proposes where the referencing is automatic: what the meter is known to take."""
    if parameters.referencing is not Referencing.AUTOMATIC:
        return parameters
    referencing = Referencing.SHORT_NAME if form.short_names else Referencing.LOGICAL_NAME
    return replace(parameters, referencing=referencing)
