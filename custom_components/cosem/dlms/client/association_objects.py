"""Which association objects a logical device has, as the public client sees them (class 15, IEC 62056-6-2)."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from ..apdu.common import AttributeDescriptor
from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName
from ..errors import AssociationAborted, DlmsError, LocalProtocolError
from ..interface_classes.association_ln import (
    CURRENT_ASSOCIATION,
    CURRENT_OBJECT_LIST,
    AssociationLnAttribute,
    decode_object_list,
)
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.register import integer_of
from ..protocol.proposal import AssociationParameters
from .association import Association
from .link import Timing


async def find_association_objects(
    associate: Callable[..., AbstractAsyncContextManager[Association]],
    parameters: AssociationParameters,
    timing: Timing,
) -> list[LogicalName]:
    """Return what the public client reads; nothing where it is refused, or ours.

    ``associate``: of the device's client. Raises AssociationAborted (the client is closed), LocalProtocolError.
    """
    public = AssociationParameters(
        server_wport=parameters.server_wport, referencing=parameters.referencing, searches_proof_form=False
    )
    if parameters.pair == public.pair:
        return []
    try:
        async with associate(public, timing=timing) as association:
            return await read_association_objects(association, parameters.client_wport)
    except AssociationAborted, LocalProtocolError:
        raise
    except DlmsError:
        return []


async def read_association_objects(association: Association, client_wport: int) -> list[LogicalName]:
    """Return the objects beside the current one, those of ``client_wport`` first. Raises as get() does."""
    listed = decode_object_list(await association.get(CURRENT_OBJECT_LIST))
    names = [
        element.logical_name
        for element in listed
        if element.class_id == InterfaceClass.ASSOCIATION_LN and element.logical_name != CURRENT_ASSOCIATION
    ]
    if not names:
        return []
    partners = await association.get_many(
        [
            AttributeDescriptor(InterfaceClass.ASSOCIATION_LN, name, AssociationLnAttribute.ASSOCIATED_PARTNERS_ID)
            for name in names
        ]
    )
    clients = dict(zip(names, map(_client_of, partners), strict=True))
    return sorted(names, key=lambda name: clients[name] != client_wport)


def _client_of(partners: object) -> int | None:
    """Return the client wPort of associated_partners_id, or None."""
    if (
        not isinstance(partners, Data)
        or partners.type is not DataType.STRUCTURE
        or not isinstance(partners.value, tuple)
    ):
        return None
    first = partners.value[0] if partners.value else None
    return integer_of(first) if isinstance(first, Data) else None
