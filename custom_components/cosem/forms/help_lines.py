"""What was found about each layer, as lines that a person can read: a mark, what it means, what to try.

A line's text is the one of a form's error where that says it all (``verdict``), else one of its own (``key``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..dlms import (
    DlmsError,
    Layer,
    LayerFinding,
    LayerVerdict,
    Symptom,
    TransportProtocol,
    Verdict,
    layer_of,
    symptom_of,
    while_associating,
    while_reading,
)
from ..meter.doctor import ExaminationFailed
from ..meter.error_mapping import busy_error, is_busy, is_refused_or_senseless
from .draft import Draft, with_failure
from .help_search import SearchOutcome
from .remedies import REMEDIES

_LOCKED_AFTER: Final = 2
"""Refused secrets in one flow after which a meter may have locked the client."""


_LOGIN_LEFT_OUT: Final = frozenset({"login_left_out", "refused_without_login", "silent_without_keys"})


_WITHOUT_THE_WRAPPER: Final[Mapping[Symptom, str]] = {
    Symptom.ECHO: "framing_echo",
    Symptom.CLOSED: "framing_closed",
    Symptom.RESET: "framing_reset",
}


class Mark(StrEnum):
    """How a line begins."""

    FINE = "✓"
    FAILS = "✗"
    OPEN = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is said of a layer. ``key``: of a text; "": that of the failure."""

    layer: Layer
    mark: Mark
    key: str = ""
    failure: ExaminationFailed | None = None


def lines_of(draft: Draft, found: SearchOutcome) -> tuple[Line, ...]:
    """Return a line for each layer."""
    return tuple(_Report(draft, found).lines())


def failing_layer(lines: tuple[Line, ...]) -> Layer | None:
    """Return the first layer that has to be mended; None if none has."""
    return next((line.layer for line in lines if line.mark is Mark.FAILS), None)


def summary_of(lines: tuple[Line, ...], found: SearchOutcome) -> str:
    """Return the key of the sentence above the lines."""
    if found.is_bug:
        return "unknown"
    if found.result.seconds:
        return "took_too_long"
    if failing_layer(lines) is not None:
        return "fails"
    return "login_left_out" if any(line.key in _LOGIN_LEFT_OUT for line in lines) else "fine"


def after_search(draft: Draft, found: SearchOutcome) -> Draft:
    """Return the draft without the secret that the meter has just refused: none is sent again by mistake."""
    error = found.result[Layer.AUTHENTICATION].error
    if found.plan.credentials is None or error is None:
        return draft
    failure = ExaminationFailed.of(while_associating(error, found.plan.parameters))
    return with_failure(draft, failure) if REMEDIES[failure.verdict].refused_secret in draft.secrets else draft


class _Report:
    def __init__(self, draft: Draft, found: SearchOutcome) -> None:
        self._draft: Final = draft
        self._plan: Final = found.plan
        self._result: Final = found.result
        self._is_udp: Final = found.plan.facts.transport is TransportProtocol.UDP

    def lines(self) -> Iterator[Line]:
        makers: Mapping[Layer, Line] = {
            Layer.NAME: self._name(),
            Layer.PORT: self._port(),
            Layer.FRAMING: self._framing(),
            Layer.PUBLIC_ASSOCIATION: self._public(),
            Layer.ASSOCIATION: self._association(),
            Layer.AUTHENTICATION: self._authentication(),
            Layer.OBJECT_LIST: self._objects(),
        }
        yield from (makers[layer] for layer in Layer)

    # -- the way there

    def _name(self) -> Line:
        finding = self._result[Layer.NAME]
        if finding.verdict is LayerVerdict.FAILED:
            failure = ExaminationFailed(Verdict.NAME_NOT_RESOLVED)
            return Line(layer=Layer.NAME, mark=Mark.FAILS, failure=failure)
        is_address = finding.detail == self._plan.facts.host
        return self._line(finding, "name_is_address" if is_address else "name_has_address")

    def _port(self) -> Line:
        finding = self._result[Layer.PORT]
        has_answered = not self._is_udp or self._has_framing or self._result[Layer.FRAMING].speaks is not None
        return self._line(finding, "port_is_open" if has_answered else "port_is_not_known")

    def _framing(self) -> Line:
        finding = self._result[Layer.FRAMING]
        if finding.error is None:
            return self._line(finding, "framing_is_right")
        return self._fails(finding, self._instead_of_the_wrapper(finding, symptom_of(finding.error)))

    def _instead_of_the_wrapper(self, finding: LayerFinding, symptom: Symptom) -> str:
        if finding.speaks is not None:
            return f"framing_{finding.speaks.name.lower()}"
        if finding.is_cut:
            return "framing_cut"
        if symptom in _WITHOUT_THE_WRAPPER:
            return _WITHOUT_THE_WRAPPER[symptom]
        return "framing_silent_datagrams" if self._is_udp else "framing_silent"

    @property
    def _has_framing(self) -> bool:
        return self._result[Layer.FRAMING].verdict is LayerVerdict.OK

    # -- who answers

    def _public(self) -> Line:
        finding = self._result[Layer.PUBLIC_ASSOCIATION]
        if finding.error is None:
            if finding.verdict is LayerVerdict.NOT_TRIED and finding.detail:
                return Line(layer=finding.layer, mark=Mark.OPEN, key="public_is_chosen")
            return self._line(finding, "public_tells_devices" if finding.devices else "public_answers")
        if not self._has_framing:
            return Line(layer=finding.layer, mark=Mark.OPEN, key="see_above")
        if symptom_of(finding.error) is Symptom.BUSY:
            return self._failed(finding.layer, finding.error)
        return Line(layer=finding.layer, mark=Mark.OPEN, key="public_is_silent")  # alone it is no fault

    def _association(self) -> Line:
        finding = self._result[Layer.ASSOCIATION]
        if finding.error is None:
            return self._line(finding, "wports_are_known")
        if self._result[Layer.FRAMING].verdict is LayerVerdict.FAILED:
            return Line(layer=finding.layer, mark=Mark.OPEN, key="see_above")
        if finding.listed:
            return self._fails(finding, "server_is_not_listed")
        if symptom_of(finding.error) is Symptom.NO_CONNECTION:
            return self._fails(finding, "no_second_connection")
        if self._login_failed_before:  # with these very wPorts
            return Line(layer=finding.layer, mark=Mark.FINE, key="wports_are_known")
        return self._unassociated(finding, finding.error)

    def _unassociated(self, finding: LayerFinding, error: DlmsError) -> Line:
        symptom = symptom_of(error)
        if self._draft.refusals and (symptom.is_silent or symptom is Symptom.BUSY):
            return self._fails(finding, "client_is_locked")
        if self._plan.leaves_login_out and symptom is Symptom.REFUSED:
            if (before := self._draft.failure) is not None and before.verdict is Verdict.ASSOCIATION_REFUSED:
                return Line(layer=finding.layer, mark=Mark.FAILS, key="refused_with_login", failure=before)
            failure = self._failure(error)
            return Line(layer=finding.layer, mark=Mark.OPEN, key="refused_without_login", failure=failure)
        if symptom.is_silent and self._plan.leaves_keys_out:
            return Line(layer=finding.layer, mark=Mark.OPEN, key="silent_without_keys")
        if symptom.is_silent and self._plan.credentials is None:
            return self._fails(finding, "wports_are_not_known")
        return self._failed(finding.layer, error)

    # -- the login

    @property
    def _login_failed_before(self) -> bool:
        """Whether the examination just before ended with the login, which is not sent again to see that."""
        failure = self._draft.failure
        return self._plan.leaves_login_out and failure is not None and layer_of(failure.verdict) is Layer.AUTHENTICATION

    def _authentication(self) -> Line:
        finding = self._result[Layer.AUTHENTICATION]
        if self._login_failed_before:
            key = "login_is_locked" if self._draft.refusals >= _LOCKED_AFTER else ""
            return Line(layer=finding.layer, mark=Mark.FAILS, key=key, failure=self._draft.failure)
        if self._plan.leaves_login_out and self._has_answered:
            is_open = finding.verdict is LayerVerdict.OK
            key = "login_is_not_needed" if is_open else "login_left_out"
            return Line(layer=finding.layer, mark=Mark.FINE if is_open else Mark.OPEN, key=key)
        if finding.error is None:
            return self._line(finding, "login_is_accepted" if self._plan.credentials is not None else "no_login")
        if finding.is_mended:
            return self._fails(finding, "counter_is_mended")
        if symptom_of(finding.error) is Symptom.LOCKED:
            return self._fails(finding, "login_is_locked")
        return self._failed(finding.layer, finding.error)

    @property
    def _has_answered(self) -> bool:
        """Whether the chosen wPorts answered, be it that they want a login."""
        association, authentication = self._result[Layer.ASSOCIATION], self._result[Layer.AUTHENTICATION]
        return association.verdict is LayerVerdict.OK or authentication.verdict is not LayerVerdict.NOT_TRIED

    def _objects(self) -> Line:
        finding = self._result[Layer.OBJECT_LIST]
        if self._plan.leaves_login_out:
            return Line(layer=finding.layer, mark=Mark.OPEN, key="not_tried")
        error = finding.error
        if error is None:
            return self._line(finding, "objects_are_listed")
        if is_busy(error) or busy_error((error,)) is not None:
            return Line(layer=finding.layer, mark=Mark.FAILS, failure=ExaminationFailed(Verdict.METER_BUSY))
        if is_refused_or_senseless(error):  # alone it is no fault
            return Line(layer=finding.layer, mark=Mark.OPEN, key="no_list")
        failure = ExaminationFailed.of(while_reading(error, self._plan.parameters))
        return Line(layer=finding.layer, mark=Mark.FAILS, failure=failure)

    # -- lines

    def _line(self, finding: LayerFinding, key: str) -> Line:
        """Say what works, why it does not, or that it was not tried."""
        if finding.error is not None:
            return self._failed(finding.layer, finding.error)
        if finding.verdict is LayerVerdict.NOT_TRIED:
            return Line(layer=finding.layer, mark=Mark.OPEN, key="not_tried")
        return Line(layer=finding.layer, mark=Mark.FINE, key=key)

    def _fails(self, finding: LayerFinding, key: str) -> Line:
        assert finding.error is not None
        return Line(layer=finding.layer, mark=Mark.FAILS, key=key, failure=self._failure(finding.error))

    def _failed(self, layer: Layer, error: DlmsError) -> Line:
        return Line(layer=layer, mark=Mark.FAILS, failure=self._failure(error))

    def _failure(self, error: DlmsError) -> ExaminationFailed:
        return ExaminationFailed.of(while_associating(error, self._plan.parameters))
