"""The commands ``write`` and ``execute``: what changes a meter. It is sent once, and only after a yes.

Several changes go in one request, with a list of results instead of one.
"""

import argparse
from collections.abc import Awaitable, Callable, Sequence
import json
from typing import Final, NamedTuple

from ..apdu.common import AttributeDescriptor, MethodDescriptor
from ..client.association import Association
from ..describe.elements import HIDDEN, Json
from ..describe.readings import not_finite
from ..describe.secret_targets import is_secret
from ..describe.typed_value import typed_data
from ..describe.values import attribute_value, raw_value
from ..encoding.data import NULL
from ..encoding.data_types import Data
from ..encoding.logical_name import LogicalName
from ..errors import (
    ActionError,
    ActionResultCode,
    ConfirmedServiceErrorReceived,
    DataAccessError,
    DataAccessResultCode,
    DlmsError,
    ExceptionReceived,
    LocalProtocolError,
    OutcomeUnknown,
)
from ..interface_classes.class_names import attribute_name, class_name
from ..protocol.transfer.access import AccessItem, to_execute, to_set
from .advice import sentence, used_by
from .console import INTERRUPTED, Console
from .options import UsageError, attribute, data_type_name, method, require_possible
from .run import with_association

SUCCESS: Final = "success"
OUTCOME_UNKNOWN: Final = "outcome unknown"

_REFUSED: Final = 1
_TYPE_AND_VALUE: Final = 2
_MOST_SHOWN: Final = 200
"""Characters of a value in a question."""
_NO_ATTRIBUTE: Final = AttributeDescriptor(0, LogicalName(bytes(6)), 0)
"""Nothing is known of the value's meaning."""
_FROM_STANDARD_INPUT: Final = "-"
_READ_THE_OBJECT: Final = "It is not sent again; read the object to see what it holds"

type _Service = Callable[[Association], Awaitable[Sequence[_Outcome]]]
"""Asks for the changes; returns what became of each."""


class _Change(NamedTuple):
    """What is written or executed, and the value or parameter."""

    target: AttributeDescriptor | MethodDescriptor
    value: Data | None
    is_hidden: bool = False
    """Whether it came from standard input."""

    @property
    def value_in_words(self) -> str:
        """Type and value, for whoever is asked; a secret only as such."""
        assert self.value is not None  # asked for only where there is one
        hides = self.is_hidden or is_secret(self.target)
        text = HIDDEN if hides else json.dumps(attribute_value(_NO_ATTRIBUTE, self.value, None))
        if len(text) > _MOST_SHOWN:
            text = f"{text[:_MOST_SHOWN]}..."
        return f"{self.value.type.standard_name} {text}"


class _Outcome(NamedTuple):
    """What the meter made of it, and the exit status."""

    result: str
    data: Json = None
    status: int = _REFUSED

    def in_words(self) -> str:
        return self.result if self.data is None else f"{self.result}: {json.dumps(self.data)}"


def write_attribute(options: argparse.Namespace, console: Console) -> int:
    """Write attributes in one request; return 0 only for success."""
    changes = _changes(options, console, options.attribute, read=attribute, takes_value=True)
    items = [(AttributeDescriptor(*each.target), each.value) for each in changes if each.value is not None]

    async def written(association: Association) -> Sequence[_Outcome]:
        if options.unconfirmed:
            return await _told(association, [to_set(*item) for item in items])
        if len(items) == 1:
            await association.set(*items[0])
            return [_success(None)]
        return [
            _success(None) if refusal is None else _refused(refusal) for refusal in await association.set_many(items)
        ]

    return _after_a_yes(options, console, [_written(options, change) for change in changes], written)


def execute_method(options: argparse.Namespace, console: Console) -> int:
    """Execute methods in one request; return 0 only for success."""
    changes = _changes(options, console, options.method, read=method, takes_value=False)
    items = [(MethodDescriptor(*each.target), each.value) for each in changes]

    async def executed(association: Association) -> Sequence[_Outcome]:
        if options.unconfirmed:
            return await _told(association, [to_execute(*item) for item in items])
        returned = [await association.action(*items[0])] if len(items) == 1 else await association.action_many(items)
        return [_refused(each) if isinstance(each, ActionError) else _executed(each, console) for each in returned]

    return _after_a_yes(options, console, [_executing(options, change) for change in changes], executed)


def _written(options: argparse.Namespace, change: _Change) -> str:
    class_id, _, index = change.target
    name = attribute_name(class_id, index) or f"attribute {index}"
    return f"write {change.value_in_words} to {_shown(options, change.target, name)}"


def _executing(options: argparse.Namespace, change: _Change) -> str:
    parameter = "" if change.value is None else f" with {change.value_in_words}"
    return f"execute {_shown(options, change.target, f'method {change.target[2]}')}{parameter}"


async def _told(association: Association, items: Sequence[AccessItem]) -> Sequence[_Outcome]:
    """Send what nobody answers: alone in its own service, several by ACCESS."""
    ((specification, value), *others) = items
    if others:
        await association.access_unconfirmed(items)
    elif isinstance(specification.target, AttributeDescriptor):
        await association.set_unconfirmed(specification.target, value)
    else:
        await association.action_unconfirmed(specification.target, None if value == NULL else value)
    return [_Outcome(OUTCOME_UNKNOWN)] * len(items)


def _changes(
    options: argparse.Namespace,
    console: Console,
    first: AttributeDescriptor | MethodDescriptor,
    *,
    read: Callable[[str], AttributeDescriptor | MethodDescriptor],
    takes_value: bool,
) -> list[_Change]:
    """Return all that is to be done. Raises UsageError."""
    changes = [_change(first, options.type, options.value, console)]
    words: list[str]
    for words in options.further:
        target, *typed = words
        if not takes_value <= len(typed) <= _TYPE_AND_VALUE:
            raise UsageError(f"behind --and {target} a TYPE and a VALUE are expected")
        try:
            kind = data_type_name(typed[0]) if typed else None
            changes.append(_change(read(target), kind, typed[-1] if len(typed) > 1 else None, console))
        except argparse.ArgumentTypeError as error:
            raise UsageError(str(error)) from None
    return changes


def _change(
    target: AttributeDescriptor | MethodDescriptor, kind: str | None, text: str | None, console: Console
) -> _Change:
    return _Change(target, _typed(kind, text, console), text == _FROM_STANDARD_INPUT)


def _typed(kind: str | None, text: str | None, console: Console) -> Data | None:
    """Return the value, or None without a type."""
    if kind is None:
        return None
    if text == _FROM_STANDARD_INPUT:
        # So a secret need not be an argument, which other users of the machine can see. Blanks may belong to it.
        typed = console.read_all()
        if not typed:
            raise UsageError("nothing comes from standard input; an empty value is an empty line")
        text = typed.removesuffix("\n").removesuffix("\r")
    try:
        return typed_data(kind, text)
    except LocalProtocolError as error:
        raise UsageError(str(error)) from None


def _shown(options: argparse.Namespace, target: AttributeDescriptor | MethodDescriptor, name: str) -> str:
    class_id, logical_name, index = target
    pair = f"client {options.client}, server {options.server}"
    return f"{class_id}:{logical_name}:{index} ({class_name(class_id)}, {name}) of {options.host}, {pair}"


def _after_a_yes(options: argparse.Namespace, console: Console, what: Sequence[str], service: _Service) -> int:
    """``what``: each change in words. Raises UsageError before anything is asked."""
    require_possible(options)
    if not options.yes:
        answer = console.ask(f"{' and '.join(what)}?")
        if answer is None:
            raise UsageError("this changes the meter, and there is no terminal to ask on: confirm it with --yes")
        if not answer:
            console.note("nothing was sent")
            return _REFUSED
    outcomes = _carried_out(options, console, service, count=len(what))
    if options.json:
        results: list[Json] = [{"result": outcome.result, "data": outcome.data} for outcome in outcomes]
        console.json(results if len(results) > 1 else results[0])
    else:
        console.lines([outcome.in_words() for outcome in outcomes])
    return max(outcome.status for outcome in outcomes)


def _carried_out(options: argparse.Namespace, console: Console, service: _Service, *, count: int) -> Sequence[_Outcome]:
    """Ask the meter, once. Raises DlmsError and KeyboardInterrupt where nothing was asked."""
    outcomes: list[_Outcome] = []
    has_begun = False

    async def keep(association: Association) -> None:
        nonlocal has_begun
        has_begun = True
        outcomes.extend(await _outcomes(association, service, console, options, count))

    try:
        with_association(options, keep, console.note_leniencies, console.progress)
    except DlmsError as error:
        if not outcomes:
            raise
        console.note(str(error))  # behind the result
    except KeyboardInterrupt:
        if not has_begun:
            console.note("nothing was sent")
            raise
        if not outcomes:
            console.note(f"interrupted: nobody knows whether the meter did it. {_READ_THE_OBJECT}")
            return [_Outcome(OUTCOME_UNKNOWN, status=INTERRUPTED)] * count
    return outcomes


async def _outcomes(
    association: Association, service: _Service, console: Console, options: argparse.Namespace, count: int
) -> Sequence[_Outcome]:
    try:
        outcomes = await service(association)
    except OutcomeUnknown as error:
        console.note(f"{error}. {_READ_THE_OBJECT}")
        return [_Outcome(OUTCOME_UNKNOWN)] * count
    except (DataAccessError, ActionError) as error:
        return [_refused(error)] * count
    except (ExceptionReceived, ConfirmedServiceErrorReceived) as error:
        console.note(sentence(error, used_by(options)))
        return [_Outcome(str(error))] * count
    if options.unconfirmed:
        console.note(f"it is sent, and nobody was asked for an answer. {_READ_THE_OBJECT}")
    return outcomes


def _refused(error: DataAccessError | ActionError) -> _Outcome:
    codes = ActionResultCode if isinstance(error, ActionError) else DataAccessResultCode
    return _Outcome(codes.name_of(error.result) or str(error))


def _success(data: Data | None) -> _Outcome:
    return _Outcome(SUCCESS, None if data is None else raw_value(data), status=0)


def _executed(returned: Data | DataAccessError | None, console: Console) -> _Outcome:
    """Return the outcome of a method that was carried out."""
    if isinstance(returned, DataAccessError):
        console.note(f"the method was carried out, but what it returned cannot be had: {returned}")
        return _success(None)
    if returned is not None and (odd := not_finite(returned)):
        console.note(f"the method returned {odd}")
    return _success(returned)
