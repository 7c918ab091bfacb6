"""The command ``doctor``: a verdict for each layer as soon as it is known, and what to try next."""

import argparse
from dataclasses import replace
from typing import Final

from ..client.doctor import PUBLIC
from ..client.layer_findings import LayerFinding, LayerVerdict
from ..client.proof_forms import is_about_the_context
from ..client.refused_services import RefusedServices, refused_services
from ..client.verdict import Layer
from ..errors import (
    ApduTooLong,
    ConnectFailed,
    ConnectTimeout,
    DataAccessError,
    DlmsError,
    ProofRefused,
    RemoteProtocolError,
)
from ..protocol.proposal import AssociationParameters
from ..protocol.referencing import Referencing
from ..security.names import MECHANISM_NAMES
from .advice import Used, advice_for, used_by
from .console import Console
from .run import findings_of

_NO_PUBLIC_CLIENT: Final = "Some meters have no public client; that alone is no fault"
_OTHER_NAMES_NEXT: Final = "It may name objects in the other way only: the next association is tried in that"
_EITHER_NAMES: Final = "It may name objects in the other way only: try --referencing auto"
_MENDED: Final = "The counter is set to what the meter asks for: run this again"
_BUSY: Final = "It took a connection just before: it may serve one program at a time, or need a minute between two"
_ONCE: Final = "Each association is tried once here; info tries the other forms that meters want, too"

_SEE_FRAMING: Final = "See framing: nothing shows that a meter is behind this port"
_LIST_ONLY: Final = "The association works all the same: read objects by their codes, if you know them"
_LONGER: Final = "It sends longer messages than we announced: the other commands announce more the second time"
_UNKNOWN: Final = "--trace FILE shows what was said"

_WIDTH: Final = max(map(len, Layer))


def show_diagnosis(options: argparse.Namespace, console: Console) -> int:
    """Show all layers; return 0 if the chosen association works."""
    report = _Report(options, console)
    findings = findings_of(options, report.attempt, report.finding)
    if options.json:
        console.json(
            [
                {
                    "layer": finding.layer,
                    "verdict": finding.verdict,
                    "detail": finding.detail,
                    "advice": report.advice(finding),
                }
                for finding in findings
            ]
        )
    works = {finding.layer: finding.verdict is LayerVerdict.OK for finding in findings}
    return 0 if works[Layer.ASSOCIATION] and works[Layer.AUTHENTICATION] else 1


def _is_nonsense(error: DlmsError) -> bool:
    return isinstance(error, RemoteProtocolError) or (isinstance(error, DataAccessError) and bool(error.undecodable))


class _Report:
    """What is told while it is found out; with --json only on a terminal."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        self._is_json: bool = options.json
        self._console = console
        self._used: Used = used_by(options)
        self._has_password = options.auth == "lls"
        self._has_framing = True

    def attempt(self, parameters: AssociationParameters) -> None:
        """Name an association before it is tried."""
        by = ", by short names" if parameters.referencing is Referencing.SHORT_NAME else ""
        text = f"trying {parameters.pair}{by}, authentication {MECHANISM_NAMES[parameters.mechanism]}"
        (self._console.progress if self._is_json else self._console.note)(text)

    def finding(self, finding: LayerFinding) -> None:
        """Take a layer's verdict; write its line."""
        if finding.layer is Layer.FRAMING:
            self._has_framing = finding.verdict is not LayerVerdict.FAILED
            self._used = replace(self._used, is_heard=finding.verdict is LayerVerdict.OK)
        if finding.layer is Layer.PUBLIC_ASSOCIATION:
            self._used = replace(self._used, other_names_help=self._may_be_about_names(finding))
        if self._is_json:
            return
        shown = f"{finding.verdict:<9}  {finding.layer:<{_WIDTH}}  {finding.detail}"
        advice = self.advice(finding)
        self._console.lines([shown.rstrip(), *([f"{'':<{_WIDTH + 11}}  {advice}"] if advice else [])])

    def advice(self, finding: LayerFinding) -> str:
        """Return what to try next; "" where nothing failed."""
        error = finding.error
        if error is None:
            return ""
        advice = self._of_the_layer(finding, error) or advice_for(error, self._used) or _UNKNOWN
        tells_how = finding.listed or not self._wants_another_form(finding.layer, error)
        return advice if tells_how else f"{advice}. {_ONCE}"

    def _of_the_layer(self, finding: LayerFinding, error: DlmsError) -> str:
        """Return what the layer says more of than the error alone, or ""."""
        if finding.is_mended:
            return _MENDED
        if finding.layer is Layer.PUBLIC_ASSOCIATION:
            return self._of_the_public_client(error)
        if finding.layer is Layer.ASSOCIATION and not self._has_framing:
            return _SEE_FRAMING
        if finding.layer is Layer.ASSOCIATION and isinstance(error, (ConnectFailed, ConnectTimeout)):
            return _BUSY
        if finding.listed:
            return f"Use one of the wPorts that it lists, with --server: {', '.join(map(str, finding.listed))}"
        if finding.layer is Layer.OBJECT_LIST and _is_nonsense(error):
            return _LONGER if isinstance(error, ApduTooLong) else _LIST_ONLY
        return ""

    def _may_be_about_names(self, public: LayerFinding) -> bool:
        """Whether the other way of referencing may help the chosen association, after the public client's."""
        is_tried = self._used.referencing == Referencing.AUTOMATIC and (
            public.error is not None and is_about_the_context(public.error, PUBLIC)
        )
        return public.verdict is not LayerVerdict.OK and not is_tried

    def _wants_another_form(self, layer: Layer, error: DlmsError) -> bool:
        """Whether other commands would have tried again: never with a password."""
        is_about_proof = isinstance(error, ProofRefused) and error.concerns_object
        is_possible = is_about_proof or refused_services(error) is not RefusedServices.NOT
        is_possible &= self._has_framing and not self._has_password
        return is_possible and layer in {Layer.ASSOCIATION, Layer.AUTHENTICATION}

    def _of_the_public_client(self, error: DlmsError) -> str:
        if not self._has_framing:
            return _SEE_FRAMING
        if refused_services(error) is RefusedServices.NAMED:
            return f"{advice_for(error, self._used)}. {_NO_PUBLIC_CLIENT}"
        if not is_about_the_context(error, PUBLIC):
            return _NO_PUBLIC_CLIENT
        if self._used.referencing == Referencing.AUTOMATIC:
            return _OTHER_NAMES_NEXT
        return f"{_EITHER_NAMES}. {_NO_PUBLIC_CLIENT}"  # it used no keys, whatever the chosen association uses
