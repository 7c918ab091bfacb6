"""In which form a meter takes an association: the usual one, else the others in turn; then it is known.

Forms of pass 3 and of a dedicated key: only where the meter accepted the AARQ, and then could not make sense of what
came. An answer that refuses a proof is never asked for twice; each try has a challenge and keys of its own.

Referencing, where it is automatic: by short names after a meter refused the application context of logical names, and
the other way round. Such a meter has not looked at a password, so the same one goes with the second AARQ (rule S20).

Services: few after a refusal that may be about them (refused_services.py). Where that may have been chance, all are
proposed once more, so that a meter that was busy once is not taken for one that does not know them.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

from ..apdu.acse import Mechanism
from ..apdu.common import AttributeDescriptor
from ..encoding.logical_name import LogicalName
from ..errors import (
    AssociationRejected,
    ConnectionLost,
    DataAccessError,
    DiagnosticSource,
    DlmsError,
    ExceptionReceived,
    InitiateErrorCode,
    InvocationCounterRefused,
    PeerNotAuthenticated,
    ProofRefused,
    ResponseTimeout,
    ServiceError,
    ServiceErrorCode,
    UserDiagnostic,
)
from ..interface_classes.association_ln import CURRENT_ASSOCIATION
from ..interface_classes.interface_class import LOGICAL_NAME_ATTRIBUTE, InterfaceClass
from ..protocol.proof_form import USUAL_FORM, ProofForm, ShortNameProof
from ..protocol.proposal import AssociationParameters, WportPair, with_few_services
from ..protocol.referencing import Referencing
from .reading import AttributeSource
from .refused_services import RefusedServices, refused_services, shows_secrets
from .short_names import ShortNames

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

_MOST_MARKER_FAILURES: Final = 2
"""One refusal may pass."""


@dataclass(slots=True)
class KnownForm:
    """What is known of one logical device. Outlives associations.

    ``is_proven``: an association was opened with it. ``failures``: since then, in a row. ``tries_once``: one AARQ is
    sent, and no other form or counter is tried, whatever the meter says. ``short_names``: where its objects are, if it
    is asked by short names. ``wants_no_less``: few services were refused as well, so they are proposed again only to a
    meter that names them as the reason. ``marker_failures``: so often in a row it refused what is read for
    answers in doubt. ``list_failures``: the same of a list of it. ``answers_twice``: answers that only their order
    joins to requests came again, so it is made sure behind each. ``sends_longer``: APDUs than were announced.
    """

    form: ProofForm = USUAL_FORM
    is_proven: bool = False
    failures: int = 0
    tries_once: bool = False
    short_names: ShortNames = field(default_factory=ShortNames, compare=False)
    wants_no_less: bool = field(default=False, compare=False)
    marker_failures: int = field(default=0, compare=False)
    list_failures: int = field(default=0, compare=False)
    answers_twice: bool = field(default=False, compare=False)
    sends_longer: bool = field(default=False, compare=False)

    def worked(self) -> None:
        """Note an association."""
        self.is_proven, self.failures = True, 0

    @property
    def has_no_marker(self) -> bool:
        """Whether a doubted_answers.Marker is not asked for any more."""
        return self.marker_failures >= _MOST_MARKER_FAILURES

    def note_marker(self, *, is_answered: bool, is_lost: bool) -> None:
        """Note how it was answered; ``is_lost``: by silence, or the end of the connection."""
        more = _MOST_MARKER_FAILURES if is_lost else 1
        self.marker_failures = 0 if is_answered else self.marker_failures + more

    @property
    def has_no_marker_list(self) -> bool:
        """Whether an answer_order.OrderMarker is no list any more."""
        return self.list_failures >= _MOST_MARKER_FAILURES

    def note_order(self, *, is_marked: bool, is_list: bool, is_refused: bool = True) -> None:
        """Note whether an answer_order.OrderMarker was answered, a list or not; ``is_refused``: not with silence."""
        if is_list:
            more = _MOST_MARKER_FAILURES if is_refused else 1
            self.list_failures = 0 if is_marked else self.list_failures + more
        else:
            self.note_marker(is_answered=is_marked, is_lost=False)

    def learn(self, *, blocks_protected_each: bool) -> None:
        """Take how the meter cut what was long, so that it gets its requests likewise."""
        self.form = replace(self.form, blocks_protected_each=blocks_protected_each)

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

    def note_silence(self) -> None:
        """Note that the dedicated key's first counter got no answer, and a later one did.

        It may have got lost. A meter with one counter for both keys is silent as well, and one with two takes any.
        """
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


def is_about_the_context(error: DlmsError, parameters: AssociationParameters) -> bool:
    """Return whether a meter refuses the application context, and so the way of referencing."""
    if not isinstance(error, AssociationRejected) or error.source != DiagnosticSource.ACSE_SERVICE_USER:
        return False
    if error.diagnostic == UserDiagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED:
        return True
    # Other meters say that no service is in common; those may have looked at a password before.
    has_password = parameters.mechanism is Mechanism.LLS
    return error.initiate_error == InitiateErrorCode.INCOMPATIBLE_CONFORMANCE and not has_password


def _may_be_about_the_question(error: DlmsError) -> bool:
    return isinstance(error, ServiceError) and not (
        isinstance(error, ExceptionReceived) and error.service_error in _OF_THE_KEY
    )


def known_form(forms: dict[WportPair, KnownForm], pair: WportPair) -> KnownForm:
    """Return what is known for a pair; a new one begins with what the meter's other pairs have in common."""
    if pair not in forms:
        proven = [known.form for known in forms.values() if known.is_proven]
        form = ProofForm(
            short_names=any(each.short_names for each in proven), few_services=any(each.few_services for each in proven)
        )
        forms[pair] = KnownForm(form)
    return forms[pair]


class FormSearch:
    """One attempt to associate, in one form after the other. ``known``: its form is the next one to use.

    ``needs_few_services``: finds out without a secret whether the meter refuses services that it has never heard of.
    """

    def __init__(
        self,
        parameters: AssociationParameters,
        known: KnownForm,
        find_objects: FindObjects,
        needs_few_services: Callable[[], Awaitable[bool]],
    ) -> None:
        self._parameters = parameters
        self._known = known
        self._find_objects = find_objects
        self._needs_few_services = needs_few_services
        self._asked_for_less = self._made_sure = False
        self._refused_services: DlmsError | None = None
        """Why few services are proposed, until it is known what becomes of it."""
        self._before = replace(known)
        self._tried = {known.form}
        self._objects: list[LogicalName] | None = None
        self._first: DlmsError | None = None
        self._refused_proofs = 0
        self._perhaps: ProofForm | None = None
        """In this one the meter only had something against our question."""
        self._refused_context: DlmsError | None = None
        """Why the other way of referencing was tried."""

    async def go_on(self, error: DlmsError, progress: Progress, *, beside_others: bool = False) -> None:
        """Take a failure; choose the next form, or raise the first failure, or that the meter proved nothing.

        ``beside_others``: other associations were open, which may be the reason.
        """
        known = self._known
        refused = refused_services(error)
        if beside_others and refused is not RefusedServices.NAMED:
            refused = RefusedServices.NOT
        if progress is Progress.PROPOSED and await self._asks_for_less(error, refused):
            return
        if progress is Progress.PROPOSED:
            error = self._after_asking_for_less(error)
        self._refused_services = None
        if self._refers_otherwise(error, progress):
            return
        if isinstance(error, PeerNotAuthenticated):
            raise error  # our proof was taken: that tells more than what was said to other forms of it
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
        for form in [*self._other_keys(error), *self._other_proofs(), *await self._other_objects(error)]:
            if form not in self._tried and self._refused_proofs < _MOST_REFUSED_PROOFS:
                self._tried.add(form)
                known.form, known.is_proven = form, False
                return
        if self._perhaps is None:
            known.form, known.is_proven, known.failures = self._before.form, self._before.is_proven, 0
            raise first
        known.form, self._perhaps = self._perhaps, None
        known.worked()  # so nothing is asked besides

    async def _asks_for_less(self, error: DlmsError, refused: RefusedServices) -> bool:
        """Propose few services where the meter may refuse the others; return whether that is to be tried at once."""
        known, parameters = self._known, self._parameters
        has_fewer = with_few_services(parameters) is not parameters and not known.form.few_services
        if not has_fewer or self._asked_for_less:
            return False
        is_named, has_password = refused is RefusedServices.NAMED, parameters.mechanism is Mechanism.LLS
        # A secret is not shown again on a suspicion, only if the public client has shown what the meter refuses.
        hides = has_password or (shows_secrets(parameters) and not is_named)
        is_tried = not known.tries_once and (is_named or self._may_be_about_services(refused, hides=hides))
        if is_tried and (not hides or await self._needs_few_services()):
            self._asked_for_less, self._refused_services = True, error
            self._made_sure = self._made_sure or hides  # by the public client
        elif not (is_named and has_password):
            return False  # else for whoever comes next
        known.form, known.is_proven = replace(known.form, few_services=True), False
        return self._asked_for_less

    def is_in_doubt(self) -> bool:
        """Return, after an association was opened, whether all services are proposed once more instead of it."""
        before, known = self._refused_services, self._known
        if before is None or self._made_sure or isinstance(before, AssociationRejected):
            return False
        self._asked_for_less, self._made_sure, self._refused_services = False, True, None
        known.form, known.is_proven = replace(known.form, few_services=False), self._before.is_proven
        return True

    def _may_be_about_services(self, refused: RefusedServices, *, hides: bool) -> bool:
        """Return whether few services are tried after a refusal that does not name them."""
        known, is_watched = self._known, self._parameters.searches_proof_form
        if known.is_proven or known.wants_no_less or self._refused_context is not None:
            return False
        if hides:
            return is_watched and refused is RefusedServices.UNEXPLAINED
        # Silence is slow, and mostly has other reasons.
        return refused >= (RefusedServices.UNANSWERED if is_watched else RefusedServices.UNEXPLAINED)

    def _after_asking_for_less(self, error: DlmsError) -> DlmsError:
        """Take a refusal of few services, if it is one; return the error that tells more."""
        known, before, refused = self._known, self._refused_services, refused_services(error)
        is_in_vain = refused is not RefusedServices.NOT
        if before is not None:
            known.form, known.is_proven = replace(known.form, few_services=False), self._before.is_proven
            known.wants_no_less = known.wants_no_less or is_in_vain
            return before if is_in_vain else error
        if refused is RefusedServices.NAMED and not known.is_proven and not self._asked_for_less:
            is_new = known.form.few_services and not self._before.form.few_services
            known.form = replace(known.form, few_services=is_new)  # else they were not the reason
        return error

    def _refers_otherwise(self, error: DlmsError, progress: Progress) -> bool:
        """Choose the other way of referencing; return whether there is one to be tried."""
        known = self._known
        is_automatic = self._parameters.referencing is Referencing.AUTOMATIC and not known.tries_once
        if not is_automatic or progress is not Progress.PROPOSED:
            return False
        if self._refused_context is not None:
            if is_about_the_context(error, self._parameters):  # neither is taken: the context was not the reason
                known.form, known.is_proven = self._before.form, self._before.is_proven
                self._first = self._refused_context
            return False
        if not is_about_the_context(error, self._parameters):
            return False
        self._refused_context = error
        known.form, known.is_proven = replace(known.form, short_names=not known.form.short_names), False
        self._tried.add(known.form)
        return True

    def _is_about_the_form(self, error: DlmsError) -> bool:
        # An object that belongs to somebody else refuses every proof.
        return is_about_the_form(error) or (self._objects is not None and isinstance(error, ProofRefused))

    def _other_keys(self, error: DlmsError) -> Sequence[ProofForm]:
        """The least unusual first."""
        if not self._parameters.uses_dedicated_key or isinstance(error, ProofRefused):
            return ()
        own = replace(self._known.form, under_global_key=False, one_counter=False)
        one = replace(own, one_counter=True)
        if not self._parameters.is_high_level:
            return own, one
        own_later, one_later = (replace(form, under_global_key=True) for form in (own, one))
        if isinstance(error, InvocationCounterRefused):
            return own, one, own_later, one_later
        return own, own_later, one_later, one

    @property
    def _uses_short_names(self) -> bool:
        if self._parameters.referencing is Referencing.AUTOMATIC:
            return self._known.form.short_names
        return self._parameters.referencing is Referencing.SHORT_NAME

    def _other_proofs(self) -> Sequence[ProofForm]:
        """Other ways to call the method with short names."""
        if not self._uses_short_names or not self._parameters.is_high_level:
            return ()
        return [replace(self._known.form, short_name_proof=each) for each in ShortNameProof]

    async def _other_objects(self, error: DlmsError) -> list[ProofForm]:
        """Those that the meter names; where it does not know the usual one, the first few, too."""
        unclear = isinstance(error, ExceptionReceived) and error.service_error not in _OF_THE_KEY
        is_given = self._parameters.association is not None or self._uses_short_names
        if is_given or not self._parameters.is_high_level:
            return []
        if self._objects is None and (unclear or isinstance(error, ProofRefused)):
            self._objects = [*await self._find_objects()]
            if not unclear:
                self._objects += _FIRST_OBJECTS
            del self._objects[_MOST_OBJECTS:]
        return [replace(self._known.form, association=name) for name in self._objects or ()]
