"""Recorded conversations under fuzzing: a WPDU of the server is damaged, lost, doubled, moved, or a foreign one comes.

Every service and every protection of the recordings; what comes out must be the same whole and octet by octet.
"""

from functools import cache
from random import Random
from typing import Any

from custom_components.cosem.dlms.errors import DlmsError
from tests.dlms.conversations.client_role import ClientRole, NothingLeftToAsk
from tests.dlms.conversations.exchange import Exchange, Sent, exchanges

from .corpus import damaged

_SIGNED = ("signing", "HLS 7", "mechanism 7", "general-ciphering")
"""What we send there has a signature, which is another one each time."""


@cache
def playable() -> tuple[Exchange, ...]:
    """Return the conversations that our client can take part in."""
    return tuple(each for each in exchanges() if each.association is not None)


def altered(exchange: Exchange, random: Random) -> list[tuple[Sent, bytes]]:
    """Return what is sent by whom, after something happened to one or two WPDUs of the server."""
    wpdus = [(sent, sent.wpdu) for sent in exchange.wpdus if not sent.lost]
    for _ in range(random.choice((1, 1, 2))):
        servers = [at for at, (sent, _) in enumerate(wpdus) if sent.sender == "server"]
        if not servers:
            break
        at = random.choice(servers)
        sent, octets = wpdus[at]
        match random.choice(("damaged", "damaged", "damaged", "lost", "doubled", "moved", "foreign")):
            case "damaged":
                wpdus[at] = sent, damaged(octets, random)
            case "lost":
                del wpdus[at]
            case "doubled":
                wpdus.insert(at, (sent, octets))
            case "moved":
                wpdus.insert(random.randrange(len(wpdus)), wpdus.pop(at))
            case "foreign":
                other = random.choice(list(random.choice(playable()).of("server")))
                wpdus.insert(at, (other, other.wpdu))
    return wpdus


def outcome(exchange: Exchange, wpdus: list[tuple[Sent, bytes]], *, whole: bool) -> list[Any]:
    """Play; return all that can be seen of it, in a form that can be compared."""
    role = ClientRole(exchange)
    role.begin()
    error: type[Exception] | None = None
    try:
        for sent, octets in wpdus:
            if sent.sender == "client":
                role.act(sent)
            else:
                role.take(*([octets] if whole else [octets[at : at + 1] for at in range(len(octets))]))
    except (DlmsError, NothingLeftToAsk) as raised:
        error = type(raised)
    return [
        role.results,
        role.notifications,
        [type(event) for event in role.events],
        _sent(role),
        repr(role.connection.counters),
        type(role.connection.error),
        error,
    ]


def _sent(role: ClientRole) -> bytes | int | None:
    """What was sent, or its length; None where the connection ended: what was not fetched before is not sent then."""
    if role.connection.error is not None:
        return None
    return len(role.sent) if any(name in role.exchange.name for name in _SIGNED) else role.sent


def exchange(_: bytes, random: Random) -> None:
    """One altered conversation, whole and octet by octet."""
    chosen = random.choice(playable())
    wpdus = altered(chosen, random)
    seen = outcome(chosen, wpdus, whole=True)
    assert outcome(chosen, wpdus, whole=False) == seen
    # Who answers less than it was asked, or says something else, may not make more of it.
    assert len(seen[0]) <= len(chosen.operations)
