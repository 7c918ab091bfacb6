"""The command ``doctor``: a verdict for each layer, and what to try next."""

import argparse

from ..client.doctor import LayerFinding, LayerVerdict
from ..client.refused_services import RefusedServices, refused_services
from ..client.verdict import Layer
from .advice import Used, advice_for, used_by
from .console import Console
from .run import findings_of

_NO_PUBLIC_CLIENT = "Some meters have no public client; that alone is no fault"


def show_diagnosis(options: argparse.Namespace, console: Console) -> int:
    """Show all layers; return 0 if the chosen association works."""
    findings, used = findings_of(options), used_by(options)
    if options.json:
        console.json(
            [
                {
                    "layer": finding.layer,
                    "verdict": finding.verdict,
                    "detail": finding.detail,
                    "advice": _advice(finding, used),
                }
                for finding in findings
            ]
        )
    else:
        width = max(map(len, Layer))
        for finding in findings:
            shown = f"{finding.verdict:<9}  {finding.layer:<{width}}  {finding.detail}"
            advice = _advice(finding, used)
            console.lines([shown.rstrip(), *([f"{'':<{width + 11}}  {advice}"] if advice else [])])
    works = {finding.layer: finding.verdict is LayerVerdict.OK for finding in findings}
    return 0 if works[Layer.ASSOCIATION] and works[Layer.AUTHENTICATION] else 1


def _advice(finding: LayerFinding, used: Used) -> str:
    if finding.error is None:
        return ""
    advice = advice_for(finding.error, used)
    if finding.layer is not Layer.PUBLIC_ASSOCIATION:
        return advice
    is_about_services = refused_services(finding.error) is RefusedServices.NAMED
    return f"{advice}. {_NO_PUBLIC_CLIENT}" if is_about_services else _NO_PUBLIC_CLIENT
