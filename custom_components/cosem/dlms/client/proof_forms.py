"""Which form of pass 3 and of a dedicated key a meter takes: the usual one, else the others in turn; then it is known.

Only where the meter accepted the AARQ, and then could not make sense of what came: an answer that refuses a proof is
never asked for twice. Each try has a challenge and keys of its own.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..encoding.logical_name import LogicalName
from ..errors import (
    AssociationRejected,
    ConnectionLost,
    DataAccessError,
    DlmsError,
    ExceptionReceived,
    InvocationCounterRefused,
    ProofRefused,
    ResponseTimeout,
    ServiceError,
    ServiceErrorCode,
)
from ..interface_classes.association_ln import CURRENT_ASSOCIATION
from ..interface_classes.interface_class import LOGICAL_NAME_ATTRIBUTE, InterfaceClass
from ..protocol.proof_form import USUAL_FORM, ProofForm
from ..protocol.proposal import AssociationParameters
from .reading import AttributeSource

_FIRST_OBJECTS: Final = tuple(LogicalName.parse(f"0.0.40.0.{instance}.255") for instance in range(1, 9))
"""Association objects that are tried without knowing any."""

_MOST_OBJECTS: Final = 8
"""A list that nobody authenticated may name thousands, and each costs a connection and a proof."""

_MOST_REFUSED_PROOFS: Final = 3
"""In one search. Meters count them; the forms say so before."""

_LASTING: Final = 3
"""So many failures in a row, and a form that worked is doubted."""

_OF_THE_KEY: Final = frozenset({ServiceErrorCode.DECIPHERING_ERROR, ServiceErrorCode.INVOCATION_COUNTER_ERROR})


class Progress(IntEnum):
    """How far an association came."""

    PROPOSED = 0
    ACCEPTED = 1
    """The meter accepted the AARQ."""
    OPEN = 2
    """And what had to be proved is proved."""


type FindObjects = Callable[[], Awaitable[Sequence[LogicalName]]]


@dataclass(slots=True)
class KnownForm:
    """What is known of one logical device. Outlives associations.

    ``is_proven``: an association was opened with it. ``failures``: since then, in a row. ``tries_once``: one AARQ is
    sent, and no other form or counter is tried, whatever the meter says.
    """

    form: ProofForm = USUAL_FORM
    is_proven: bool = False
    failures: int = 0
    tries_once: bool = False

    def worked(self) -> None:
        """Note an association."""
        self.is_proven, self.failures = True, 0

    def is_to_be_tried(self, parameters: AssociationParameters) -> bool:
        """Whether nobody knows yet if the meter takes the dedicated key as we use it."""
        was_used = parameters.is_high_level and not self.form.under_global_key  # for the proof
        return parameters.uses_dedicated_key and not (self.is_proven or self.tries_once or was_used)

    def count_with_global(self) -> bool:
        """Note that the counter of a proof was refused; return whether the global key's may be the right one."""
        if self.form.under_global_key:
            return False
        self.form = replace(self.form, one_counter=True)
        return True

    def note_dedicated(self, expected: int, next_global: int) -> None:
        """Note the counter that the meter asks for under the dedicated key, and the global key's."""
        if expected == next_global:
            self.form = replace(self.form, one_counter=True)  # from the next association on


async def try_dedicated_key(source: AttributeSource) -> None:
    """Ask for something under it that every client may. Raises what the meter says to a key that it does not take."""
    own_name = AttributeDescriptor(InterfaceClass.ASSOCIATION_LN, CURRENT_ASSOCIATION, LOGICAL_NAME_ATTRIBUTE)
    with suppress(DataAccessError):  # protected: the meter has read the question
        await source.get_octets(own_name)


def is_about_the_form(error: DlmsError) -> bool:
    """Return whether the meter may have understood nothing after its AARE. Not when it says no to the proof itself."""
    match error:
        case ProofRefused():
            return error.concerns_object
        case AssociationRejected():
            return not error.concerns_authentication
        case InvocationCounterRefused() | ServiceError() | ResponseTimeout() | ConnectionLost():
            return True
    return False


def _may_be_about_the_question(error: DlmsError) -> bool:
    return isinstance(error, ServiceError) and not (
        isinstance(error, ExceptionReceived) and error.service_error in _OF_THE_KEY
    )


class FormSearch:
    """One attempt to associate, in one form after the other. ``known``: its form is the next one to use."""

    def __init__(self, parameters: AssociationParameters, known: KnownForm, find_objects: FindObjects) -> None:
        self._parameters = parameters
        self._known = known
        self._find_objects = find_objects
        self._before = replace(known)
        self._tried = {known.form}
        self._objects: list[LogicalName] | None = None
        self._first: DlmsError | None = None
        self._refused_proofs = 0
        self._perhaps: ProofForm | None = None
        """In this one the meter only had something against our question."""

    async def go_on(self, error: DlmsError, progress: Progress) -> None:
        """Take a failure; choose the next form, or raise the first failure."""
        known = self._known
        first = self._first = self._first or error
        self._refused_proofs += isinstance(error, ProofRefused) and not error.concerns_object
        searches = self._parameters.searches_proof_form and not known.tries_once
        if progress is Progress.PROPOSED or not searches or not self._is_about_the_form(error):
            raise first  # the form comes next time
        known.failures += 1
        self._tried.add(known.form)
        if known.is_proven and known.failures < _LASTING:
            raise first
        if progress is Progress.OPEN and _may_be_about_the_question(error):
            self._perhaps = self._perhaps or known.form
        for form in [*self._other_keys(error), *await self._other_objects(error)]:
            if form not in self._tried and self._refused_proofs < _MOST_REFUSED_PROOFS:
                self._tried.add(form)
                known.form, known.is_proven = form, False
                return
        if self._perhaps is None:
            known.form, known.is_proven, known.failures = self._before.form, self._before.is_proven, 0
            raise first
        known.form, self._perhaps = self._perhaps, None
        known.worked()  # so nothing is asked besides

    def _is_about_the_form(self, error: DlmsError) -> bool:
        # An object that belongs to somebody else refuses every proof.
        return is_about_the_form(error) or (self._objects is not None and isinstance(error, ProofRefused))

    def _other_keys(self, error: DlmsError) -> Sequence[ProofForm]:
        """The least unusual first."""
        if not self._parameters.uses_dedicated_key or isinstance(error, ProofRefused):
            return ()
        own = ProofForm(association=self._known.form.association)
        one = replace(own, one_counter=True)
        if not self._parameters.is_high_level:
            return own, one
        own_later, one_later = (replace(form, under_global_key=True) for form in (own, one))
        if isinstance(error, InvocationCounterRefused):
            return own, one, own_later, one_later
        return own, own_later, one_later, one

    async def _other_objects(self, error: DlmsError) -> list[ProofForm]:
        """Those that the meter names; where it does not know the usual one, the first few, too."""
        unclear = isinstance(error, ExceptionReceived) and error.service_error not in _OF_THE_KEY
        if not self._parameters.is_high_level or self._parameters.association is not None:
            return []
        if self._objects is None and (unclear or isinstance(error, ProofRefused)):
            self._objects = [*await self._find_objects()]
            if not unclear:
                self._objects += _FIRST_OBJECTS
            del self._objects[_MOST_OBJECTS:]
        return [replace(self._known.form, association=name) for name in self._objects or ()]
