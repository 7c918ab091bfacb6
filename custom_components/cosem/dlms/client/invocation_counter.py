"""What counter a meter expects of us next, asked for through the public client. IEC 62056-5-3 (invocation counter).

The answer is not authenticated: it can only raise our counter, and only so far (rule S3, SecurityState.follow).
"""

from typing import Final

from ..apdu.common import AttributeDescriptor
from ..encoding.logical_name import (
    LogicalName,
)
from ..errors import DlmsError, LocalProtocolError, TransportError
from ..interface_classes.data import DataAttribute
from ..interface_classes.interface_class import InterfaceClass
from ..protocol.proposal import AssociationParameters
from .client import DlmsClient
from .link import USUAL_TIMING, Timing

INVOCATION_COUNTER: Final = LogicalName.parse("0.0.43.1.0.255")
"""Data object with the counter last received; C is the communication channel, E the instance of the security setup."""

PUBLIC_CLIENT_WPORT: Final = 16

_LARGEST: Final = 2**32 - 1


async def learn_invocation_counter(
    client: DlmsClient,
    *,
    server_wport: int,
    logical_name: LogicalName = INVOCATION_COUNTER,
    public_client_wport: int = PUBLIC_CLIENT_WPORT,
    timing: Timing = USUAL_TIMING,
) -> int | None:
    """Return the counter to send next, as the meter tells it to anybody; None when it does not.

    Opens an association without security, reads attribute 2 of the object (class 1) and releases it. The object holds
    the counter last received; the few meters that hold the next one lose a value. Raises TransportError only.
    """
    parameters = AssociationParameters(client_wport=public_client_wport, server_wport=server_wport)
    try:
        async with client.associate(parameters, timing=timing) as association:
            counter = (
                await association.get(AttributeDescriptor(InterfaceClass.DATA, logical_name, DataAttribute.VALUE))
            ).value
    except TransportError, LocalProtocolError:
        raise
    except DlmsError:
        return None
    if isinstance(counter, bool) or not isinstance(counter, int) or not 0 <= counter < _LARGEST:
        return None
    return counter + 1
