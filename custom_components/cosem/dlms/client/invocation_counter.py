"""Our invocation counter before an association: one rule for polls, forms and command line (IEC 62056-5-3).

What the meter tells is not authenticated, so it can only raise our counter, and only so far. association.py follows
a refused counter, by the same SecurityState.follow().
"""

from typing import Final

from ..addresses import PUBLIC_CLIENT_WPORT
from ..apdu.common import AttributeDescriptor
from ..encoding.logical_name import LogicalName
from ..errors import (
    AssociationAborted,
    ConnectionLost,
    DeviceInUse,
    DlmsError,
    InvocationCounterRefused,
    LocalProtocolError,
    ResponseTimeout,
    TransportError,
)
from ..interface_classes.data import DataAttribute
from ..interface_classes.interface_class import InterfaceClass
from ..protocol.proposal import AssociationParameters
from ..protocol.referencing import Referencing
from .association import Association
from .client import DlmsClient
from .link import USUAL_TIMING, Timing
from .security_state import SecurityState

INVOCATION_COUNTER: Final = LogicalName.parse("0.0.43.1.0.255")
"""Data object with the counter last received. C: communication channel; E: instance of the security setup."""

_LARGEST: Final = 2**32 - 1


async def settle(
    client: DlmsClient,
    parameters: AssociationParameters,
    state: SecurityState,
    *,
    start: int | None = None,
    ask: LogicalName | None = INVOCATION_COUNTER,
    timing: Timing = USUAL_TIMING,
) -> None:
    """Raise our counter to where the next association can begin. It is never lowered (rules S1, S3).

    ``start``: the user's word, followed however far. ``ask``: the object that the public client reads, or None. What
    the meter tells is followed by at most 2**20 in the life of ``state``; telling nothing changes nothing.

    Raises InvocationCounterRefused when the meter is further ahead, which only the user can confirm; AssociationAborted
    (the client is closed), DeviceInUse, ConnectFailed, ConnectTimeout.
    """
    if start is not None:
        state.follow(start, confirmed_by_user=True)
    expected = None if ask is None else await _answer(client, parameters, ask, timing)
    # Further ahead: an older backup was restored, or somebody else uses the same keys (rule S4).
    if expected is not None and expected > state.next_value and not state.follow(expected):
        raise InvocationCounterRefused(expected)


async def confirmable_counter(
    client: DlmsClient,
    parameters: AssociationParameters,
    state: SecurityState,
    refusal: InvocationCounterRefused,
    *,
    ask: LogicalName = INVOCATION_COUNTER,
    timing: Timing = USUAL_TIMING,
) -> int | None:
    """Return the meter's counter after a refusal, for the user to confirm; None if not ahead of ours.

    Changes nothing. Raises AssociationAborted, DeviceInUse, ConnectFailed, ConnectTimeout.
    """
    expected = refusal.expected  # many refusals name none
    if expected is None:
        expected = await _answer(client, parameters, ask, timing)
    return expected if expected is not None and expected > state.next_value else None


async def _answer(
    client: DlmsClient, parameters: AssociationParameters, ask: LogicalName, timing: Timing
) -> int | None:
    try:
        return await learn_invocation_counter(
            client,
            server_wport=parameters.server_wport,
            logical_name=ask,
            referencing=parameters.referencing,
            timing=timing,
        )
    except ResponseTimeout, ConnectionLost:  # a meter without a public client may keep silent, or hang up
        return None


async def learn_invocation_counter(
    client: DlmsClient,
    *,
    server_wport: int,
    logical_name: LogicalName = INVOCATION_COUNTER,
    public_client_wport: int = PUBLIC_CLIENT_WPORT,
    referencing: Referencing = Referencing.LOGICAL_NAME,
    timing: Timing = USUAL_TIMING,
) -> int | None:
    """Return the counter to send next, read without security; None when the meter does not tell.

    ``logical_name``: of a Data object (class 1), attribute 2. Raises AssociationAborted (the client is closed),
    DeviceInUse, TransportError, LocalProtocolError.
    """
    parameters = AssociationParameters(
        client_wport=public_client_wport,
        server_wport=server_wport,
        referencing=referencing,
        searches_proof_form=False,  # many meters are silent to it: no other forms are waited for
    )
    try:
        # Exclusive: many meters serve one association at a time.
        async with client.associate(parameters, timing=timing, exclusive=True) as association:
            return await read_next_counter(association, logical_name)
    except AssociationAborted, DeviceInUse, TransportError, LocalProtocolError:
        raise
    except DlmsError:
        return None


async def read_next_counter(association: Association, logical_name: LogicalName) -> int | None:
    """Return the counter to send next, or None if what is read is none. Raises as get() does."""
    counter = (await association.get(AttributeDescriptor(InterfaceClass.DATA, logical_name, DataAttribute.VALUE))).value
    if isinstance(counter, bool) or not isinstance(counter, int) or not 0 <= counter < _LARGEST:
        return None
    return counter + 1  # where it holds the next one already, as in few meters, a value is lost
