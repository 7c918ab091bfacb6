"""The command ``doctor``: a verdict for each layer as soon as it is known, and what to try next."""

import argparse
from typing import Final

from ..client.doctor import LayerFinding, LayerVerdict
from ..client.refused_services import RefusedServices, refused_services
from ..client.verdict import Layer
from ..errors import ConnectFailed, ConnectTimeout, DlmsError, ProofRefused
from ..protocol.proposal import AssociationParameters
from ..security.names import MECHANISM_NAMES
from .advice import Used, advice_for, used_by
from .console import Console
from .run import findings_of

_NO_PUBLIC_CLIENT: Final = "Some meters have no public client; that alone is no fault"
_MENDED: Final = "The counter is set to what the meter asks for: run this again"
_BUSY: Final = "It took a connection just before: it may serve one program at a time, or need a minute between two"
_ONCE: Final = "Each association is tried once here; info tries the other forms that meters want, too"

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
        text = f"trying {parameters.pair}, authentication {MECHANISM_NAMES[parameters.mechanism]}"
        (self._console.progress if self._is_json else self._console.note)(text)

    def finding(self, finding: LayerFinding) -> None:
        """Take a layer's verdict; write its line."""
        if finding.layer is Layer.FRAMING:
            self._has_framing = finding.verdict is not LayerVerdict.FAILED
        if self._is_json:
            return
        shown = f"{finding.verdict:<9}  {finding.layer:<{_WIDTH}}  {finding.detail}"
        advice = self.advice(finding)
        self._console.lines([shown.rstrip(), *([f"{'':<{_WIDTH + 11}}  {advice}"] if advice else [])])

    def advice(self, finding: LayerFinding) -> str:
        """Return what to try next, or ""."""
        error = finding.error
        if error is None:
            return ""
        if finding.is_mended:
            return _MENDED
        if finding.layer is Layer.PUBLIC_ASSOCIATION:
            return self._of_the_public_client(error)
        if finding.layer is Layer.ASSOCIATION and isinstance(error, (ConnectFailed, ConnectTimeout)):
            return _BUSY
        advice = advice_for(error, self._used)
        return f"{advice}. {_ONCE}" if advice and self._wants_another_form(finding.layer, error) else advice

    def _wants_another_form(self, layer: Layer, error: DlmsError) -> bool:
        """Whether other commands would have tried again: never with a password."""
        is_about_proof = isinstance(error, ProofRefused) and error.concerns_object
        is_possible = is_about_proof or refused_services(error) is not RefusedServices.NOT
        return is_possible and not self._has_password and layer in {Layer.ASSOCIATION, Layer.AUTHENTICATION}

    def _of_the_public_client(self, error: DlmsError) -> str:
        if not self._has_framing:
            return ""  # nothing is known of a meter behind that port
        if refused_services(error) is RefusedServices.NAMED:
            return f"{advice_for(error, self._used)}. {_NO_PUBLIC_CLIENT}"
        return _NO_PUBLIC_CLIENT
