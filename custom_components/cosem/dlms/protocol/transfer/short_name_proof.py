"""Passes 3 and 4 with short names: reply_to_HLS_authentication of the Association SN (IEC 62056-5-3, COSEM-OPEN).

The method returns the meter's proof, so it is read. Where a meter wants it written, its proof comes behind the success
or in a read-response; without one nobody is believed (rule S19).
"""

from typing import Final, override

from ...apdu.common import InvokeIdAndPriority
from ...apdu.initiate import Conformance
from ...apdu.short_name import (
    READ_RESPONSE,
    WRITE_RESPONSE,
    ParameterizedAccess,
    ReadRequest,
    VariableName,
    WriteRequest,
)
from ...encoding.data import Data, DataType, decode_data, octet_string
from ...encoding.octets import Reader
from ...errors import PeerNotAuthenticated, ProofRefused
from ...interface_classes.association_ln import CURRENT_ASSOCIATION
from ...interface_classes.association_sn import AssociationSnMethod
from ...interface_classes.interface_class import InterfaceClass
from ...interface_classes.short_names import ASSOCIATION_SN_BASE_NAME, ShortNameObject, method_short_name
from ...limits import DEFAULT_LIMITS, Limits
from ...security.counters import SendingCounter
from ...security.hls import Challenges, HlsCredentials, verify_server_proof
from ..proof_form import ShortNameProof
from . import Complete, Failed, Outcome, encode_request
from .hls_proof import our_proof

REPLY_TO_HLS_AUTHENTICATION: Final = method_short_name(
    ShortNameObject(ASSOCIATION_SN_BASE_NAME, InterfaceClass.ASSOCIATION_SN, 0, CURRENT_ASSOCIATION),
    AssociationSnMethod.REPLY_TO_HLS_AUTHENTICATION,
)

_MISSING: Final = "the meter's answer to our challenge is missing"
_VALUE, _ERROR = 0, 1
"""Choices of a result; of a write-response, the first is a success."""


class ShortNameHlsProof:
    """Sends our proof and verifies the meter's. As HlsProof; ``form``: how this meter takes it."""

    needs: Final = Conformance(0)
    awaited: Final = "answer to reply_to_HLS_authentication"
    may_be_repeated: Final = False
    unknown_means_lost: Final = False

    def __init__(
        self, credentials: HlsCredentials, challenges: Challenges, counter: SendingCounter | None, form: ShortNameProof
    ) -> None:
        self._credentials = credentials
        self._challenges = challenges
        self._counter = counter
        self._form = form
        self._limits = DEFAULT_LIMITS

    @property
    def answers(self) -> frozenset[int]:
        """Tags of what may answer."""
        is_written = self._form is ShortNameProof.WRITTEN
        return frozenset({READ_RESPONSE, WRITE_RESPONSE} if is_written else {READ_RESPONSE})

    @override
    def __str__(self) -> str:
        return "reply_to_HLS_authentication"

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int = 0) -> bytes:
        """Return our proof. Raises InvocationCounterExhausted."""
        proof = octet_string(our_proof(self._credentials, self._challenges, self._counter))
        self._limits = limits
        if self._form is ShortNameProof.WRITTEN:
            return encode_request(WriteRequest((VariableName(REPLY_TO_HLS_AUTHENTICATION),), (proof,)))
        selector = 0 if self._form is ShortNameProof.READ_SELECTOR_0 else 1
        return encode_request(ReadRequest((ParameterizedAccess(REPLY_TO_HLS_AUTHENTICATION, selector, proof),)))

    def receive(self, apdu: bytes) -> Outcome | None:
        """Take the response."""
        reader = Reader(apdu, limits=self._limits)
        reader.take(1)
        if reader.count() != 1:
            return Failed(PeerNotAuthenticated(_MISSING))
        choice = reader.unsigned8()
        if choice == _ERROR:
            code = reader.unsigned8()
            reader.finish()
            return Failed(ProofRefused(code, by_short_name=True))
        if choice != _VALUE or not reader.remaining:
            return Failed(PeerNotAuthenticated(_MISSING))
        returned = decode_data(reader)
        reader.finish()
        return self._verified(returned)

    def _verified(self, returned: Data) -> Outcome:
        if returned.type is not DataType.OCTET_STRING or not isinstance(returned.value, bytes):
            return Failed(PeerNotAuthenticated(_MISSING))
        try:
            verify_server_proof(self._credentials, self._challenges, returned.value)
        except PeerNotAuthenticated as error:
            return Failed(error)
        return Complete(b"")
