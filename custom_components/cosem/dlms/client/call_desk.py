"""Whose a call is: by where it comes from, and where several meters may call from there, by what they are called."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..errors import ConnectionLost, DlmsError, ResponseTimeout
from ..interface_classes.data import DataAttribute
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.logical_device_name import LOGICAL_DEVICE_NAME, logical_device_name_of
from ..protocol.proposal import AssociationParameters
from .calls import AwaitedCalls, CalledLink
from .client import DlmsClient
from .link import Timing
from .observer import NOBODY

_NAME: Final = AttributeDescriptor(InterfaceClass.DATA, LOGICAL_DEVICE_NAME, DataAttribute.VALUE)

_SHORT: Final = Timing(response=5, transfer=10, block=5, reconnect_gap=0)
"""For a question that any meter may refuse to answer."""

_MOST_SILENT: Final = 64
"""Addresses of which it is remembered that nobody there answered a public client: the next one is not asked."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedCaller:
    """A meter that calls. ``may_call_from``: whether it is expected from a host; ``names_sources``: the user said so.

    ``name``: of the logical device ``server_wport``; None while it is not known. ``system_title``: the pinned one.
    """

    calls: AwaitedCalls
    may_call_from: Callable[[str], bool] = lambda _: True
    names_sources: bool = False
    server_wport: int = 1
    name: str | None = None
    system_title: Callable[[], bytes | None] = lambda: None


class CallDesk:
    """Of one listener."""

    def __init__(self) -> None:
        self._expected: list[ExpectedCaller] = []
        self._asking: dict[CalledLink, asyncio.Task[None]] = {}
        self._silent: dict[str, None] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether any meter is expected to call."""
        return bool(self._expected)

    def add(self, caller: ExpectedCaller, present: Iterable[CalledLink] = ()) -> None:
        """Expect a meter, who may be among the ``present`` calls."""
        self._expected.append(caller)
        for call in present:
            if not call.is_used and call not in self._asking:
                self.take(call)

    async def remove(self, caller: ExpectedCaller) -> None:
        """Expect a meter no longer; others may have its calls."""
        self._expected.remove(caller)
        for call in await caller.calls.give_back():
            self.take(call)

    async def close(self) -> None:
        """Ask nobody any more."""
        for task in (tasks := list(self._asking.values())):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def take(self, call: CalledLink) -> None:
        """Find out whose a call is, and give it to that one."""
        candidates = self._candidates(call)
        if len(candidates) == 1:
            self._offer(call, candidates[0])
        elif candidates:
            task = self._asking[call] = asyncio.create_task(self._ask(call), name="dlms who calls")
            task.add_done_callback(lambda _: self._asking.pop(call, None))

    def _candidates(self, call: CalledLink) -> list[ExpectedCaller]:
        return [each for each in self._expected if each.may_call_from(call.source.host)]

    def _offer(self, call: CalledLink, caller: ExpectedCaller, *, is_certain: bool = True) -> None:
        # Behind all others: who cannot be told from others is served in turn.
        self._expected.remove(caller)
        self._expected.append(caller)
        caller.calls.offer(call, is_expected=is_certain and caller.names_sources)

    async def _ask(self, call: CalledLink) -> None:
        """Ask who calls. What is said is no proof: the association that follows has to bring it."""
        names: dict[int, str] = {}
        host = call.source.host
        asks = host not in self._silent
        self._silent.pop(host, None)
        try:
            for server_wport in dict.fromkeys(each.server_wport for each in self._candidates(call)):
                if asks and self._titled(call) is None and call.is_alive:
                    await _name(call, server_wport, names)
        except ResponseTimeout:  # which has ended the connection
            self._silent[host] = None
            self._silent = dict.fromkeys(list(self._silent)[-_MOST_SILENT:])
        candidates = self._candidates(call)
        if not call.is_alive or not candidates:
            return
        if (found := self._titled(call)) is not None:
            self._offer(call, found)
        elif names:
            named = [each for each in candidates if each.name is not None and names.get(each.server_wport) == each.name]
            new = [each for each in candidates if each.name is None]
            for each in (named or new)[-1:]:  # a form may await the calls of an entry that is about to go on
                self._offer(call, each)
        else:
            known = [each for each in candidates if each.name is not None]
            self._offer(call, (known or candidates)[0], is_certain=False)

    def _titled(self, call: CalledLink) -> ExpectedCaller | None:
        return next((each for each in self._candidates(call) if each.system_title() in call.system_titles), None)


async def _name(call: CalledLink, server_wport: int, names: dict[int, str]) -> None:
    """Let the public client ask for a logical device's name. Raises ResponseTimeout; other failures tell nothing."""

    async def connect() -> CalledLink:
        if not call.is_alive:
            raise ConnectionLost
        call.use(NOBODY)
        return call

    client = DlmsClient("", connect=connect)
    try:
        async with client.associate(AssociationParameters(server_wport=server_wport), timing=_SHORT) as association:
            call.system_titles.update(filter(None, [association.negotiated.server_system_title]))
            if (name := logical_device_name_of(await association.get(_NAME))) is not None:
                names[server_wport] = name.text
    except ResponseTimeout:
        raise
    except DlmsError:
        pass  # it may be anybody
    finally:
        await client.close()
