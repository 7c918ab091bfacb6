"""The commands ``write`` and ``execute``: what changes a meter. It is sent once, and only after a yes."""

import argparse
from collections.abc import Awaitable, Callable
import json
from typing import Final, NamedTuple

from ..apdu.common import AttributeDescriptor, MethodDescriptor
from ..client.association import Association
from ..describe.elements import Json
from ..describe.values import raw_value
from ..encoding.data_types import Data
from ..errors import (
    ActionError,
    ActionResultCode,
    ConfirmedServiceErrorReceived,
    DataAccessError,
    DataAccessResultCode,
    DlmsError,
    ExceptionReceived,
    OutcomeUnknown,
)
from ..interface_classes.class_names import attribute_name, class_name
from .advice import sentence, used_by
from .console import INTERRUPTED, Console
from .options import UsageError
from .read import not_finite
from .run import with_association
from .typed_value import typed_data

SUCCESS: Final = "success"
OUTCOME_UNKNOWN: Final = "outcome unknown"

_REFUSED: Final = 1
_FROM_STANDARD_INPUT: Final = "-"
_READ_THE_OBJECT: Final = "It is not sent again; read the object to see what it holds"

type _Service = Callable[[Association], Awaitable[Data | DataAccessError | None]]


class _Outcome(NamedTuple):
    """What the meter made of it, and the exit status."""

    result: str
    data: Json = None
    status: int = _REFUSED


def write_attribute(options: argparse.Namespace, console: Console) -> int:
    """Write one attribute; return 0 only for success."""
    attribute: AttributeDescriptor = options.attribute
    value = _typed(options, console)
    assert value is not None  # a type was given

    async def written(association: Association) -> None:
        await association.set(attribute, value)

    name = attribute_name(attribute.class_id, attribute.attribute_index) or f"attribute {attribute.attribute_index}"
    what = f"write {value.type.standard_name} to {_shown(options, attribute, name)}"
    return _after_a_yes(options, console, what, written)


def execute_method(options: argparse.Namespace, console: Console) -> int:
    """Execute one method; return 0 only for success."""
    method: MethodDescriptor = options.method
    parameters = _typed(options, console)

    async def executed(association: Association) -> Data | DataAccessError | None:
        return await association.action(method, parameters)

    what = f"execute {_shown(options, method, f'method {method.method_index}')}"
    return _after_a_yes(options, console, what, executed)


def _typed(options: argparse.Namespace, console: Console) -> Data | None:
    """Return the value, or None without a type."""
    if options.type is None:
        return None
    text: str | None = options.value
    if text == _FROM_STANDARD_INPUT:
        # So a secret need not be an argument, which other users of the machine can see. Blanks may belong to it.
        typed = console.read_all()
        if not typed:
            raise UsageError("nothing comes from standard input; an empty value is an empty line")
        text = typed.removesuffix("\n").removesuffix("\r")
    return typed_data(options.type, text)


def _shown(options: argparse.Namespace, target: AttributeDescriptor | MethodDescriptor, name: str) -> str:
    class_id, logical_name, index = target
    pair = f"client {options.client}, server {options.server}"
    return f"{class_id}:{logical_name}:{index} ({class_name(class_id)}, {name}) of {options.host}, {pair}"


def _after_a_yes(options: argparse.Namespace, console: Console, what: str, service: _Service) -> int:
    if not options.yes:
        answer = console.ask(f"{what}?")
        if answer is None:
            raise UsageError("this changes the meter, and there is no terminal to ask on: confirm it with --yes")
        if not answer:
            console.note("nothing was sent")
            return _REFUSED
    outcome = _carried_out(options, console, service)
    if options.json:
        console.json({"result": outcome.result, "data": outcome.data})
    else:
        console.lines([outcome.result if outcome.data is None else f"{outcome.result}: {json.dumps(outcome.data)}"])
    return outcome.status


def _carried_out(options: argparse.Namespace, console: Console, service: _Service) -> _Outcome:
    """Ask the meter, once. Raises DlmsError and KeyboardInterrupt where nothing was asked."""
    outcomes: list[_Outcome] = []
    has_begun = False

    async def keep(association: Association) -> None:
        nonlocal has_begun
        has_begun = True
        outcomes.append(await _outcome(association, service, console, options))

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
            return _Outcome(OUTCOME_UNKNOWN, status=INTERRUPTED)
    return outcomes[0]


async def _outcome(
    association: Association, service: _Service, console: Console, options: argparse.Namespace
) -> _Outcome:
    try:
        data = await service(association)
    except OutcomeUnknown as error:
        console.note(f"{error}. {_READ_THE_OBJECT}")
        return _Outcome(OUTCOME_UNKNOWN)
    except DataAccessError as error:
        return _Outcome(DataAccessResultCode.name_of(error.result) or str(error))
    except ActionError as error:
        return _Outcome(ActionResultCode.name_of(error.result) or str(error))
    except (ExceptionReceived, ConfirmedServiceErrorReceived) as error:
        console.note(sentence(error, used_by(options)))
        return _Outcome(str(error))
    if isinstance(data, DataAccessError):
        console.note(f"the method was carried out, but what it returned cannot be had: {data}")
        data = None
    elif data is not None and (odd := not_finite(data)):
        console.note(f"the method returned {odd}")
    return _Outcome(SUCCESS, None if data is None else raw_value(data), status=0)
