"""Whose a notification is: the verified system title tells; else what is inside; else where it came from (rule S23).

What nobody can prove is taken only from the addresses that an entry expects, and never for a meter that has keys.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from homeassistant.core import callback

from ..dlms import (
    EventNotificationRequest,
    Heard,
    InformationReportRequest,
    Notification,
    NotificationKeys,
    NotificationSenders,
    PushedValues,
    PushLists,
    ShortNames,
    read_listed_values,
    templates_of,
)
from ..meter.error_mapping import is_of_no_known_title

MOST_DECODED: Final = 64 * 1024
"""Octets. What is longer would hold up Home Assistant (rule M13), and is no event of a meter."""

_MANAGEMENT: Final = frozenset({0, 1})
"""Server wPorts from which a meter pushes whatever logical device it is about; 0: some leave it out."""

type Sources = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What an entry knows of its meter that a notification may leave out.

    ``push_lists``: what its push setups send. ``maker``: FLAG id, None where nobody knows. ``short_names``: by the
    object list of the entry's association.
    """

    push_lists: PushLists = field(default_factory=dict)
    maker: str | None = None
    short_names: ShortNames | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNotification:
    """A notification and what it says. ``notification``, ``values``: None where that is not decoded.

    ``is_own``: it came over a connection that we opened. ``is_elsewhere``: it is proven to be of the physical device,
    but of another logical device than who is given it: what happened is told, its values are not those of this one.
    """

    heard: Heard
    notification: Notification | None = None
    values: PushedValues | None = None
    is_own: bool = False
    is_elsewhere: bool = False

    @classmethod
    def of(cls, heard: Heard, *, is_own: bool = False) -> ReadNotification:
        """Decode it. Never raises."""
        notification = heard.notification() if len(heard.apdu) <= MOST_DECODED else None
        values = None if notification is None else read_listed_values(notification, {})
        return cls(heard=heard, notification=notification, values=values, is_own=is_own)

    def understood(self, known: Knowledge) -> ReadNotification:
        """Return it as an entry understands it."""
        apdu = self.notification
        if apdu is None or isinstance(apdu, EventNotificationRequest):  # it says it all
            return self
        if isinstance(apdu, InformationReportRequest):
            names = {} if known.short_names is None else known.short_names.attributes_of(apdu)
            return replace(self, values=read_listed_values(apdu, {}, short_names=names))
        return replace(self, values=read_listed_values(apdu, known.push_lists, templates=templates_of(known.maker)))


@dataclass(slots=True, kw_only=True, eq=False)
class Receiver:
    """One entry. ``take``: is given what is its own; must be quick and never raise.

    ``sources``: from where its meter is expected to send; they change when its name leads elsewhere.

    ``identifiers``: texts by which its meter may name itself, its unique id first. ``keys``: None without.
    ``is_of_another``: whether values name another meter. ``accepts_unverified``: its user said so (rule S17).
    ``client_wport``: to which its meter sends, None for any. ``knows``: what its meter's notifications may leave out.
    ``entry_id``: whose it is; None: nobody else's.
    """

    server_wport: int
    take: Callable[[ReadNotification], None]
    identifiers: Callable[[], Collection[str]] = tuple
    is_of_another: Callable[[PushedValues], bool] = lambda _: False
    sources: Sources = ()
    has_keys: bool = False
    keys: NotificationKeys | None = None
    accepts_unverified: bool = False
    client_wport: int | None = None
    knows: Callable[[], Knowledge] = Knowledge
    entry_id: str | None = None

    @property
    def system_title(self) -> bytes | None:
        """Who its meter proves to be."""
        return None if self.keys is None else self.keys.system_title

    def may_be_from(self, host: str) -> bool:
        """Whether the meter is expected to send from there."""
        try:
            address = ip_address(host.partition("%")[0])  # an IPv6 address may name the adapter
        except ValueError:
            return False
        return any(address in network for network in self.sources)


class Router:
    """Of one listener or connection. ``is_own``: we connected to the meter ourselves, so the address is no question.

    ``note_stranger``: is given what a meter sent that no receiver expects; must be quick and never raise.
    """

    def __init__(
        self, *, is_own: bool = False, note_stranger: Callable[[ReadNotification], None] = lambda _: None
    ) -> None:
        self.senders: Final = NotificationSenders()
        self.receivers: Final[list[Receiver]] = []
        self.counters: Final = Counter[str]()
        """What was not taken, by its reason; for diagnostics."""
        self._is_own = is_own
        self._note_stranger = note_stranger

    def add(self, receiver: Receiver) -> None:
        """Take what is this one's."""
        self.receivers.append(receiver)
        if receiver.keys is not None:
            self.senders.add(receiver.keys)

    def remove(self, receiver: Receiver) -> None:
        """Take nothing for it any more."""
        self.receivers.remove(receiver)
        if receiver.keys is not None:
            self.senders.remove(receiver.keys)

    @callback
    def receive(self, heard: Heard) -> None:
        """Give a notification to the entry that it is for. Never raises."""
        if heard.error is not None:
            self.counters["not opened"] += 1
            if is_of_no_known_title(heard.error):
                self._note_unexpected(ReadNotification(heard=heard))
        elif heard.may_be_old:  # whoever recorded it may send it again: nothing to act upon
            self.counters["may be old"] += 1
        else:
            read = ReadNotification.of(heard, is_own=self._is_own)
            match self._receivers_of(read):
                # While an entry is set up again it may be there twice; the first one will hand on what it knows.
                case [receiver, *others] if all(each.entry_id == receiver.entry_id is not None for each in others):
                    receiver.take(self._as_of(receiver, read))
                case []:
                    self.counters["nobody's"] += 1
                    self._note_unexpected(read)
                case _:  # a value of one meter must never be shown as that of another
                    self.counters["ambiguous"] += 1

    def _note_unexpected(self, read: ReadNotification) -> None:
        """Tell of a stranger: no receiver is the one that it names, or that is expected to send from there."""
        heard = read.heard
        for receiver in self.receivers:
            if receiver.may_be_from(heard.source.host) and receiver.server_wport == heard.pair.server_wport:
                return
            if receiver.system_title == heard.system_title is not None:
                return
        self._note_stranger(read)

    def _receivers_of(self, read: ReadNotification) -> list[Receiver]:
        heard = read.heard
        if heard.authenticated:
            proven = [each for each in self.receivers if each.system_title == heard.system_title is not None]
            return _best(proven, read, is_proven=True)[:1]
        here = [each for each in self.receivers if self._may_be_unproven(each, heard)]
        if read.values is not None:
            here = [each for each in here if not _is_of_another(each, read.understood(each.knows()).values)]
        return _best(here, read, is_proven=False)

    def _as_of(self, receiver: Receiver, read: ReadNotification) -> ReadNotification:
        """Return it as an entry understands it, and whether it is about another logical device."""
        understood, heard = read.understood(receiver.knows()), read.heard
        if not heard.authenticated or understood.values is None:
            return understood  # without proof only its own logical device is believed
        if _is_of_another(receiver, understood.values):
            return replace(understood, is_elsewhere=True)
        known = receiver.identifiers()
        if heard.pair.server_wport == receiver.server_wport or any(
            each in known for each in understood.values.identifiers
        ):
            return understood
        others = (each for each in self.receivers if each.system_title == receiver.system_title)
        is_alone = all(each is receiver or each.entry_id == receiver.entry_id is not None for each in others)
        return replace(understood, is_elsewhere=not (is_alone and heard.pair.server_wport in _MANAGEMENT))

    def _may_be_unproven(self, receiver: Receiver, heard: Heard) -> bool:
        if heard.encrypted and not (receiver.accepts_unverified and receiver.system_title == heard.system_title):
            return False
        if receiver.has_keys and not (heard.encrypted and receiver.accepts_unverified):
            return False
        if receiver.client_wport not in {None, heard.pair.client_wport}:
            return False
        return self._is_own or receiver.may_be_from(heard.source.host)


def _is_of_another(receiver: Receiver, values: PushedValues | None) -> bool:
    """Return whether they name another meter; ``values``: as this entry understands them."""
    assert values is not None  # it was decoded
    name = values.logical_device_name
    return (name is not None and name.text not in receiver.identifiers()) or receiver.is_of_another(values)


def _best(candidates: Iterable[Receiver], read: ReadNotification, *, is_proven: bool) -> list[Receiver]:
    """Return whom a notification names, else whose logical device sent it: several where nothing tells them apart.

    ``is_proven``: all candidates belong to the device that sent it, so that one of them is meant in any case.
    """
    known = list(candidates)
    told = () if read.values is None else read.values.identifiers
    for text in told:
        if named := [receiver for receiver in known if text in receiver.identifiers()]:
            # Meters of two makers may have the same number, and so have the logical devices of one meter.
            return [each for each in named if each.server_wport == read.heard.pair.server_wport] or named
    name = None if read.values is None else read.values.logical_device_name
    if name is not None and not is_proven:
        return []  # another meter behind the same address
    here = [receiver for receiver in known if receiver.server_wport == read.heard.pair.server_wport]
    return here or (known if is_proven else [])
