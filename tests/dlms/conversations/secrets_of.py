"""What the recorded client knew and chose: its security settings, keys, challenge and first counters."""

from collections.abc import Iterator
from typing import Any

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.acse import AARQ, Mechanism
from custom_components.cosem.dlms.apdu.ciphered import (
    AgreedKey,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralSigning,
    SecurityControl,
    ServiceCiphered,
    WrappedKey,
)
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proof_form import ProofForm
from custom_components.cosem.dlms.protocol.proposal import SECRET_MECHANISMS, AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.security.counters import ReceivingCounters, SendingCounter
from custom_components.cosem.dlms.security.key_pairs import PrivateKey, PublicKey
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import Envelope, KeyInfoKind, KeyPairs, SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite

from .exchange import SHORT_NAMES, Exchange

_BLOCKS_OF_SERVICES = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE | Conformance.BLOCK_TRANSFER_WITH_ACTION
_GLO_ACTION_REQUEST = 0xCB


def opening_of(exchange: Exchange) -> Opening:
    """Return the recorded client's attempt as ours."""
    association = exchange.association
    assert association is not None
    mechanism = exchange.mechanism
    secret = Secret(exchange.key("secret"))
    parameters = AssociationParameters(
        client_wport=association["client_wport"],
        server_wport=association["server_wport"],
        mechanism=mechanism,
        password=secret if mechanism is Mechanism.LLS else None,
        hls_secret=secret if mechanism in SECRET_MECHANISMS else None,
        security=_settings(exchange) if exchange.keys.get("client_system_title") else None,
        conformance=_conformance(exchange),
        max_receive_pdu_size=association["max_pdu_client"],
        referencing=Referencing.SHORT_NAME if SHORT_NAMES in exchange.context else Referencing.LOGICAL_NAME,
    )
    return Opening(parameters, _material(exchange))


def _conformance(exchange: Exchange) -> Conformance:
    """The recorded one, without blocks of the services where the client chose general blocks for a request."""
    assert exchange.association is not None
    recorded = Conformance(int(exchange.association["conformance_proposed"], 16))
    return recorded & ~_BLOCKS_OF_SERVICES if exchange.asks_in_general_blocks else recorded


def _material(exchange: Exchange) -> OpeningMaterial:
    value = exchange.aarq.calling_authentication_value
    dedicated = exchange.key("ded")
    return OpeningMaterial(
        challenge=b"" if value is None else value.octets,
        dedicated_key=Secret(dedicated) if dedicated else None,
        random=lambda count: bytes(range(count)),
        sending=SendingCounter(_first_counter(exchange), ceiling=2**32),
        receiving=ReceivingCounters(),
        form=ProofForm(under_global_key=any(apdu[0] == _GLO_ACTION_REQUEST for apdu in exchange.apdus_of_client())),
    )


def _envelopes(exchange: Exchange) -> Iterator[Any]:
    """Yield the client's protected APDUs, InitiateRequest included, from the outside to the inside."""
    for apdu in exchange.apdus_of_client():
        octets = exchange.aarq.user_information if apdu[0] == AARQ else apdu
        while octets:
            try:
                envelope = decode_apdu(octets)
            except DlmsError:
                break
            yield envelope
            octets = envelope.content if isinstance(envelope, GeneralSigning) else None


def _first_counter(exchange: Exchange) -> int:
    for envelope in _envelopes(exchange):
        if isinstance(envelope, ServiceCiphered | GeneralGloCiphering):
            return envelope.content.invocation_counter or 0
    return 1


def _settings(exchange: Exchange) -> SecuritySettings:
    envelopes = list(_envelopes(exchange))
    suite = SecuritySuite(exchange.keys.get("suite", 0))
    dedicated = exchange.key("ded")
    general = next((each for each in envelopes if isinstance(each, GeneralCiphering)), None)
    encryption, authentication, master = map(exchange.key, ("ek", "ak", "kek"))
    return SecuritySettings(
        client_system_title=exchange.key("client_system_title"),
        server_system_title=exchange.key("server_system_title"),
        suite=suite,
        protection=_protection(exchange, envelopes),
        global_unicast_encryption_key=Secret(encryption) if encryption else None,
        authentication_key=Secret(authentication),
        master_key=Secret(master) if len(master) == suite.key_length else None,
        use_dedicated_key=bool(dedicated),
        envelope=_envelope(envelopes),
        key_info=_key_info(general),
        sign=any(isinstance(each, GeneralSigning) for each in envelopes),
        key_pairs=_key_pairs(exchange, suite),
    )


def _protection(exchange: Exchange, envelopes: list[Any]) -> Protection:
    if not exchange.is_ciphered:
        return Protection.NONE
    control: SecurityControl = next(
        each.content.security_control for each in envelopes if isinstance(each, ServiceCiphered)
    )
    return Protection(control.raw & Protection.AUTHENTICATED_ENCRYPTED)


def _envelope(envelopes: list[Any]) -> Envelope:
    if any(isinstance(each, GeneralCiphering) for each in envelopes):
        return Envelope.GENERAL_CIPHERING
    if any(isinstance(each, GeneralGloCiphering | GeneralDedCiphering) for each in envelopes):
        return Envelope.GENERAL
    return Envelope.SERVICE_SPECIFIC


def _key_info(general: GeneralCiphering | None) -> KeyInfoKind:
    match None if general is None else general.key_info:
        case WrappedKey():
            return KeyInfoKind.WRAPPED
        case AgreedKey(key_parameters=b"\x01"):
            return KeyInfoKind.AGREED_ONE_PASS
        case AgreedKey():
            return KeyInfoKind.AGREED_STATIC
    return KeyInfoKind.IDENTIFIED


def _key_pairs(exchange: Exchange, suite: SecuritySuite) -> KeyPairs:
    """The recordings have one pair of each side for everything."""
    private, public = exchange.key("client_private"), exchange.key("server_public")
    if not private:
        return KeyPairs()
    own, peer = PrivateKey.from_octets(suite, Secret(private)), PublicKey.from_octets(suite, public)
    return KeyPairs(signing_key=own, agreement_key=own, server_signing_key=peer, server_agreement_key=peer)
