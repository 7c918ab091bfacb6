"""Passes 3 and 4: ACTION reply_to_HLS_authentication (IEC 62056-5-3, COSEM-OPEN)."""

from typing import Final, override

from ...apdu.acse import Mechanism
from ...apdu.action import (
    ACTION_RESPONSE,
    ActionOutcome,
    ActionRequestNormal,
    ActionResponse,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPblock,
    decode_action_response,
)
from ...apdu.common import InvokeIdAndPriority, MethodDescriptor
from ...apdu.initiate import Conformance
from ...encoding.data import Data, DataType, octet_string
from ...encoding.logical_name import LogicalName
from ...encoding.octets import Reader
from ...errors import PeerNotAuthenticated, ProofRefused, RemoteProtocolError
from ...interface_classes.association_ln import CURRENT_ASSOCIATION, AssociationLnMethod
from ...interface_classes.interface_class import InterfaceClass
from ...limits import DEFAULT_LIMITS, Limits
from ...security.counters import SendingCounter
from ...security.hls import Challenges, HlsCredentials, client_proof, verify_server_proof
from ..leniencies import Leniency
from . import Complete, Failed, Outcome, encode_request
from .action import decode_joined


class HlsProof:
    """Sends our proof and verifies the meter's (rule S19). Completes without octets.

    Fails with PeerNotAuthenticated, or ProofRefused for ours. ``counter``: the global key's, for GMAC.
    ``association``: the object that takes our proof.
    """

    needs: Final = Conformance(0)
    answers: Final = frozenset({ACTION_RESPONSE})
    awaited: Final = "answer to reply_to_HLS_authentication"
    may_be_repeated: Final = False
    unknown_means_lost: Final = False

    def __init__(
        self,
        credentials: HlsCredentials,
        challenges: Challenges,
        counter: SendingCounter | None,
        association: LogicalName = CURRENT_ASSOCIATION,
    ) -> None:
        self._credentials = credentials
        self._challenges = challenges
        self._counter = counter
        self._method = MethodDescriptor(
            InterfaceClass.ASSOCIATION_LN, association, AssociationLnMethod.REPLY_TO_HLS_AUTHENTICATION
        )
        self._limits = DEFAULT_LIMITS
        self._invoke: InvokeIdAndPriority | None = None

    @override
    def __str__(self) -> str:
        return "reply_to_HLS_authentication"

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int = 0) -> bytes:
        """Return our proof. Raises InvocationCounterExhausted."""
        proof = our_proof(self._credentials, self._challenges, self._counter)
        self._invoke, self._limits = invoke, limits
        return encode_request(ActionRequestNormal(invoke, self._method, octet_string(proof)))

    def receive(self, apdu: bytes) -> Outcome | None:
        """Take an action-response."""
        reader = Reader(apdu, limits=self._limits)
        response = decode_action_response(reader)
        reader.finish()
        if self._invoke is None or response.invoke.invoke_id != self._invoke.invoke_id:
            return None
        try:
            self._verify(self._outcome_of(response))
        except (ProofRefused, PeerNotAuthenticated) as error:
            return Failed(error)
        is_usual = isinstance(response, ActionResponseNormal)
        return Complete(b"", None if is_usual else Leniency.PROOF_IN_ANOTHER_FORM)

    def _outcome_of(self, response: ActionResponse) -> ActionOutcome:
        match response:
            case ActionResponseNormal(outcome=outcome) | ActionResponseWithList(outcomes=(outcome,)):
                return outcome
            case ActionResponseWithPblock(block=block) if block.last_block:
                return decode_joined(block.raw_data, self._limits)
            case ActionResponseWithPblock():
                # Not a word about our credentials: nobody is asked for new ones.
                raise RemoteProtocolError("the answer to our challenge comes in several blocks")
        raise PeerNotAuthenticated("the meter's answer to our challenge is missing")

    def _verify(self, outcome: ActionOutcome) -> None:
        result, returned = outcome
        if result.code:
            raise ProofRefused(result.code)
        if returned is not None and not isinstance(returned, Data):
            raise ProofRefused(returned.code)
        if returned is None or returned.type is not DataType.OCTET_STRING or not isinstance(returned.value, bytes):
            raise PeerNotAuthenticated("the meter's answer to our challenge is missing")
        verify_server_proof(self._credentials, self._challenges, returned.value)


def our_proof(credentials: HlsCredentials, challenges: Challenges, counter: SendingCounter | None) -> bytes:
    """Return f(StoC). ``counter``: the global key's, for GMAC. Raises InvocationCounterExhausted."""
    value = None
    if credentials.mechanism is Mechanism.HLS_GMAC:
        assert counter is not None  # this mechanism has one
        value = counter.take()
    return client_proof(credentials, challenges, value)
