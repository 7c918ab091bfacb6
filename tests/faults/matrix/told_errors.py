"""Which errors a poll may end in by which fault: what the table of faults promises, and nothing else."""

from typing import Final

from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    AuthenticationTagInvalid,
    BlockTransferAborted,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DecodeError,
    DlmsError,
    ExceptionReceived,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LimitExceeded,
    NotWrapper,
    OutcomeUnknown,
    PeerNotAuthenticated,
    ProofRefused,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    ServiceError,
    SystemTitleMismatch,
    WrongAddress,
)

from .cases import Case, Channel, Service
from .told import Violation

type Errors = tuple[type[DlmsError], ...]

_BY_ROW: Final[dict[str, Errors]] = {
    "F01": (ConnectFailed,),
    "F02": (ConnectTimeout,),
    "F03": (ResponseTimeout,),
    "F08": (ConnectionLost,),
    "F09": (ConnectionLost,),
    "F10": (ResponseTimeout,),
    "F11": (),
    "F12": (),
    "F13": (NotWrapper,),
    "F14": (WrongAddress, ResponseTimeout),
    "F15": (ResponseTimeout, RemoteProtocolError),
    # Its octet is a block's number in blocks of the service and in general ones, and is protected elsewhere.
    "F16": (WrongAddress, ResponseTimeout, DecodeError, DataAccessError, SecurityDowngrade, BlockTransferAborted),
    "F17": (ResponseTimeout,),
    "F18": (ResponseTimeout,),
    "F19": (ResponseTimeout,),
    "F20": (ResponseTimeout, WrongAddress),
    "F22": (ResponseTimeout,),
    "F23": (ResponseTimeout,),
    "F24": (ConnectFailed,),
    "F26": (LimitExceeded,),
    "F27": (ResponseTimeout, InvocationCounterReplayed, ExceptionReceived),
    "F29": (InvocationCounterReplayed,),
    "F30": (InvocationCounterRefused,),
    "F31": (ExceptionReceived,),
    "F32": (DataAccessError,),
    "F33": (DataAccessError,),
    "F34": (AssociationRejected,),
    "F35": (AssociationRejected,),
    "F36": (AssociationRejected,),
    "F37": (PeerNotAuthenticated, ProofRefused, ResponseTimeout),
    "F39": (InvocationCounterReplayed, WrongAddress),
    "F40": (SecurityDowngrade,),
    "F41": (ResponseTimeout, WrongAddress, LimitExceeded, DecodeError, DataAccessError, SecurityDowngrade),
    "F42": (BlockTransferAborted, ResponseTimeout),
    # As much is announced afterwards: then it is an answer to nothing, or one in plain where that is not taken.
    "F43": (LimitExceeded, DecodeError, ResponseTimeout, SecurityDowngrade),
    "F44": (ResponseTimeout,),
    "F45": (SystemTitleMismatch,),
    "F50": (),
    "F51": (),
    "F56": (ConnectionLost, ResponseTimeout),
    "F57": (),
    "F60": (InvocationCounterNotStored,),
    "F62": (ConnectionLost, ResponseTimeout),
}

_BY_FAULT: Final[dict[str, Errors]] = {
    # Nothing but a tag tells what an altered octet meant.
    "corrupt": (RemoteProtocolError, ResponseTimeout, SecurityError, ServiceError),
    "wrong-tag": (AuthenticationTagInvalid, DecodeError),
    "wrong-key": (AuthenticationTagInvalid,),
    "block-last": (DecodeError, LimitExceeded, AuthenticationTagInvalid),
}


def errors_of(case: Case) -> Errors:
    """Return what a poll may end in.

    A broken datagram costs itself, and then time; a block that is asked for again may have an invalid number by then.
    """
    found = _BY_FAULT.get(case.fault) or _BY_ROW[case.row]
    if not found or case.channel is Channel.TCP:
        return found
    return (*found, ResponseTimeout, *((DataAccessError,) if case.service is Service.BLOCKS else ()))


def check_error(case: Case, error: DlmsError) -> None:
    """Check what a poll ended in; an unknown outcome has its reason. Raises Violation."""
    reason = error.__cause__ if isinstance(error, OutcomeUnknown) else error
    if not isinstance(reason, errors_of(case)):
        raise Violation(f"{case.row} does not lead to {error!r} ({reason!r})") from error
