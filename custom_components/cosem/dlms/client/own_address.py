"""Which of our addresses faces a meter: where its notifications arrive, unless it was told another one (rule S26)."""

import asyncio

from ..errors import ListenerUnavailable


async def own_address_towards(host: str, port: int) -> str:
    """Return the address of the network adapter by which ``host`` is reached. Sends nothing.

    Raises ListenerUnavailable.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(host, port))
    except (OSError, UnicodeError) as error:
        raise ListenerUnavailable("", port, "the network adapter that faces the meter is not known") from error
    try:
        return str(transport.get_extra_info("sockname")[0])
    finally:
        transport.close()
