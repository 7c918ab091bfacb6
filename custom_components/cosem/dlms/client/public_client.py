"""What the public client, which shows no secret, tells of a meter before a secret is shown again."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from ..errors import AssociationAborted, DlmsError, LocalProtocolError
from ..protocol.proposal import AssociationParameters
from .association import Association
from .link import Timing


async def public_client_needs_few_services(
    associate: Callable[..., AbstractAsyncContextManager[Association]],
    parameters: AssociationParameters,
    timing: Timing,
) -> bool:
    """Return whether the public client is refused, and then accepted with few services.

    ``associate``: of the device's client. Raises AssociationAborted (the client is closed), LocalProtocolError.
    """
    public = AssociationParameters(
        server_wport=parameters.server_wport, referencing=parameters.referencing, searches_proof_form=False
    )
    if parameters.pair == public.pair:
        return False
    try:
        async with associate(public, timing=timing) as association:
            return association.proof_form.few_services
    except AssociationAborted, LocalProtocolError:
        raise
    except DlmsError:
        return False
