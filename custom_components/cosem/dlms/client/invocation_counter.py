"""Our invocation counter before an association is opened: one rule for polls, forms and command line.

What the meter tells is not authenticated: it can only raise our counter, and only so far. IEC 62056-5-3 (invocation
counter). How a counter is followed that the meter refuses in an open association is in association.py, by the same
SecurityState.follow().
"""

from typing import Final

from ..apdu.common import AttributeDescriptor
from ..encoding.logical_name import LogicalName
from ..errors import (
    ConnectionLost,
    DlmsError,
    InvocationCounterRefused,
    LocalProtocolError,
    ResponseTimeout,
    TransportError,
)
from ..interface_classes.data import DataAttribute
from ..interface_classes.interface_class import InterfaceClass
from ..protocol.proposal import AssociationParameters
from .client import DlmsClient
from .link import USUAL_TIMING, Timing
from .security_state import SecurityState

INVOCATION_COUNTER: Final = LogicalName.parse("0.0.43.1.0.255")
"""Data object with the counter last received; C is the communication channel, E the instance of the security setup."""

PUBLIC_CLIENT_WPORT: Final = 16

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

    1. ``start`` is the user's word: the counter goes there, however far that is, unless it is there already.
    2. ``ask`` names the object that the meter is asked for, by the public client; None asks nothing. Many meters do not
       tell, keep silent or hang up: then the counter stays.
    3. What the meter says is followed upwards, by 2**20 in the whole life of ``state``.
    4. A number further ahead raises InvocationCounterRefused: to go on might repeat what was used already, because an
       older backup was restored, or somebody else uses the same keys (rule S4). Only the user can confirm it.

    The callers differ in when they ask. A poll: at the start of the entry, and after a refusal. A form: for a key that
    was never used here, unless the user typed where to start. The command line: each time, unless told not to.

    Raises ConnectFailed and ConnectTimeout, too.
    """
    if start is not None:
        state.follow(start, confirmed_by_user=True)
    expected = None if ask is None else await _answer(client, parameters, ask, timing)
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
    """Return the counter for the user to confirm after ``refusal``: what the meter asks for, if that is ahead of ours.

    None: nothing that could be confirmed. Many refusals name no number; then the meter is asked. Changes nothing.
    """
    expected = refusal.expected
    if expected is None:
        expected = await _answer(client, parameters, ask, timing)
    return expected if expected is not None and expected > state.next_value else None


async def _answer(
    client: DlmsClient, parameters: AssociationParameters, ask: LogicalName, timing: Timing
) -> int | None:
    """Return the counter that the meter tells the public client; a meter without one may keep silent, or hang up."""
    try:
        return await learn_invocation_counter(
            client, server_wport=parameters.server_wport, logical_name=ask, timing=timing
        )
    except ResponseTimeout, ConnectionLost:
        return None


async def learn_invocation_counter(
    client: DlmsClient,
    *,
    server_wport: int,
    logical_name: LogicalName = INVOCATION_COUNTER,
    public_client_wport: int = PUBLIC_CLIENT_WPORT,
    timing: Timing = USUAL_TIMING,
) -> int | None:
    """Return the counter to send next, as the meter tells it to anybody; None when it does not.

    Opens an association without security, reads attribute 2 of the object (class 1) and releases it; exclusive, because
    many meters serve one association at a time. The object holds the counter last received; the few meters that hold
    the next one lose a value. Raises TransportError only.
    """
    parameters = AssociationParameters(client_wport=public_client_wport, server_wport=server_wport)
    try:
        asked = AttributeDescriptor(InterfaceClass.DATA, logical_name, DataAttribute.VALUE)
        async with client.associate(parameters, timing=timing, exclusive=True) as association:
            counter = (await association.get(asked)).value
    except TransportError, LocalProtocolError:
        raise
    except DlmsError:
        return None
    if isinstance(counter, bool) or not isinstance(counter, int) or not 0 <= counter < _LARGEST:
        return None
    return counter + 1
