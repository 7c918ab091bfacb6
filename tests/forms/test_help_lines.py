"""A line for each layer: what each finding means, for whoever has a login, none, or one that was refused."""

from typing import Any

import pytest

from custom_components.cosem.dlms import (
    AssociationRejected,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DecodeError,
    DeviceInUse,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    InvocationCounterRefused,
    Layer,
    LayerFinding,
    LayerVerdict,
    NotWrapper,
    ResponseTimeout,
    SapAssignment,
    TransportProtocol,
    Verdict,
)
from custom_components.cosem.dlms.client.foreign_protocol import ForeignProtocol
from custom_components.cosem.forms.draft import Draft
from custom_components.cosem.forms.help_lines import Line, Mark, failing_layer, lines_of, summary_of
from custom_components.cosem.forms.help_plan import Plan
from custom_components.cosem.forms.help_search import SearchOutcome
from custom_components.cosem.meter.doctor import ExaminationFailed
from custom_components.cosem.meter.layer_search import SearchResult
from tests.conftest import HOST
from tests.forms.drafts import draft, facts

BUSY = AssociationRejected(2, 1, 1)
LOCKED = AssociationRejected(2, 1, 13)
REFUSED = AssociationRejected(1, 1, 1)
WANTS_LOGIN = AssociationRejected(1, 1, 12)
WRONG_PASSWORD = AssociationRejected(1, 1, 13)
SILENCE = ResponseTimeout("AARE", 10)
DEVICES = (SapAssignment(1, b"SIM1"), SapAssignment(16, b"SIM16"))


def failed(layer: Layer, error: DlmsError, **more: Any) -> LayerFinding:
    """What a layer fails with."""
    return LayerFinding(layer, LayerVerdict.FAILED, str(error), error, **more)


def left_out(layer: Layer, reason: str = "") -> LayerFinding:
    """A layer that is not tried."""
    return LayerFinding(layer, LayerVerdict.NOT_TRIED, reason)


def found(*findings: LayerFinding, kind: str = "none", login: bool = False, **changes: Any) -> SearchOutcome:
    """What was found where all other layers are fine."""
    by_layer = {finding.layer: finding for finding in findings}
    return SearchOutcome(
        plan=Plan(facts=facts(kind, **changes), credentials={"password": "p"} if login else None),
        result=SearchResult(
            findings=tuple(by_layer.get(layer) or LayerFinding(layer, LayerVerdict.OK, "detail") for layer in Layer)
        ),
    )


def line(layer: Layer, result: SearchOutcome, begun: Draft | None = None) -> Line:
    """The line of a layer."""
    lines = lines_of(begun or draft(result.plan.facts.authentication), result)
    assert [each.layer for each in lines] == [*Layer]
    return next(each for each in lines if each.layer is layer)


def said(layer: Layer, result: SearchOutcome, begun: Draft | None = None) -> tuple[str, str]:
    """Mark, and key or verdict of a line."""
    told = line(layer, result, begun)
    return told.mark.name, told.key or (told.failure.verdict.value if told.failure is not None else "")


def test_all_is_fine():
    result = found(login=True, kind="password")
    lines = lines_of(draft("password"), result)
    assert {told.mark for told in lines} == {Mark.FINE}
    assert [told.key for told in lines] == [
        "name_has_address",
        "port_is_open",
        "framing_is_right",
        "public_answers",
        "wports_are_known",
        "login_is_accepted",
        "objects_are_listed",
    ]
    assert failing_layer(lines) is None
    assert summary_of(lines, result) == "fine"
    assert said(Layer.AUTHENTICATION, found()) == ("FINE", "no_login")


def test_the_way_there():
    assert said(Layer.NAME, found(LayerFinding(Layer.NAME, LayerVerdict.OK, HOST))) == ("FINE", "name_is_address")
    unknown = failed(Layer.NAME, ConnectTimeout(10))
    assert said(Layer.NAME, found(unknown)) == ("FAILS", "name_not_resolved")
    assert said(Layer.PORT, found(unknown, left_out(Layer.PORT))) == ("OPEN", "not_tried")
    for reason, verdict in ((ConnectFailure.REFUSED, "connection_refused"), (ConnectFailure.OTHER, "cannot_connect")):
        assert said(Layer.PORT, found(failed(Layer.PORT, ConnectFailed(reason)))) == ("FAILS", verdict)
    in_use = line(Layer.PORT, found(failed(Layer.PORT, DeviceInUse("the poll", 30))))
    assert in_use.failure is not None
    assert (in_use.failure.verdict, in_use.failure.seconds) == (Verdict.DEVICE_IN_USE, 30)


def test_over_udp_only_an_answer_tells_that_a_port_is_open():
    udp = TransportProtocol.UDP
    silent = failed(Layer.FRAMING, SILENCE)
    assert said(Layer.PORT, found(silent, transport=udp)) == ("FINE", "port_is_not_known")
    assert said(Layer.FRAMING, found(silent, transport=udp)) == ("FAILS", "framing_silent_datagrams")
    spoken = failed(Layer.FRAMING, NotWrapper(b"SSH-"), speaks=ForeignProtocol.SSH)
    assert said(Layer.PORT, found(spoken, transport=udp)) == ("FINE", "port_is_open")
    assert said(Layer.PORT, found(transport=udp)) == ("FINE", "port_is_open")


@pytest.mark.parametrize("protocol", ForeignProtocol)
def test_each_protocol_has_its_line(protocol: ForeignProtocol):
    result = found(failed(Layer.FRAMING, NotWrapper(b"x"), speaks=protocol))
    assert said(Layer.FRAMING, result) == ("FAILS", f"framing_{protocol.name.lower()}")


@pytest.mark.parametrize(
    ("error", "is_cut", "key"),
    [
        (SILENCE, False, "framing_silent"),
        (SILENCE, True, "framing_cut"),
        (ConnectionLost(), False, "framing_closed"),
        (ConnectionLost(reset=True), False, "framing_reset"),
        (EchoReceived(16, 1, (16, 1)), False, "framing_echo"),
    ],
)
def test_what_is_not_known_by_its_octets(error: DlmsError, is_cut: bool, key: str):
    result = found(
        failed(Layer.FRAMING, error, is_cut=is_cut),
        failed(Layer.PUBLIC_ASSOCIATION, error),
        failed(Layer.ASSOCIATION, error),
    )
    assert said(Layer.FRAMING, result) == ("FAILS", key)
    assert said(Layer.PUBLIC_ASSOCIATION, result) == ("OPEN", "see_above")
    assert said(Layer.ASSOCIATION, result) == ("OPEN", "see_above")
    lines = lines_of(draft("none"), result)
    assert failing_layer(lines) is Layer.FRAMING
    assert summary_of(lines, result) == "fails"


def test_the_public_client():
    layer = Layer.PUBLIC_ASSOCIATION
    told = LayerFinding(layer, LayerVerdict.OK, "accepted", devices=DEVICES)
    assert said(layer, found(told)) == ("FINE", "public_tells_devices")
    assert said(layer, found(left_out(layer, "its wPorts"))) == ("OPEN", "public_is_chosen")
    assert said(layer, found(left_out(layer))) == ("OPEN", "not_tried")
    assert said(layer, found(failed(layer, REFUSED))) == ("OPEN", "public_is_silent")
    assert said(layer, found(failed(layer, BUSY))) == ("FAILS", "meter_busy")


@pytest.mark.parametrize(
    ("error", "kind", "login", "expected"),
    [
        (ConnectFailed(ConnectFailure.REFUSED), "none", False, ("FAILS", "no_second_connection")),
        (ConnectTimeout(10), "none", False, ("FAILS", "no_second_connection")),
        (SILENCE, "none", False, ("FAILS", "wports_are_not_known")),
        (SILENCE, "password", False, ("FAILS", "wports_are_not_known")),
        (SILENCE, "keys", False, ("OPEN", "silent_without_keys")),
        (ConnectionLost(), "certificate", False, ("OPEN", "silent_without_keys")),
        (ConnectionLost(), "password", True, ("FAILS", "closed_by_meter")),
        (BUSY, "none", False, ("FAILS", "meter_busy")),
        (REFUSED, "none", False, ("FAILS", "association_refused")),
        (REFUSED, "password", True, ("FAILS", "association_refused")),
        (REFUSED, "password", False, ("OPEN", "refused_without_login")),
        (ExceptionReceived(1, 1), "password", False, ("OPEN", "refused_without_login")),
        (DecodeError("cut"), "password", False, ("FAILS", "bad_answer")),
    ],
)
def test_the_chosen_wports(error: DlmsError, kind: str, login: bool, expected: tuple[str, str]):
    result = found(
        failed(Layer.ASSOCIATION, error),
        left_out(Layer.AUTHENTICATION),
        left_out(Layer.OBJECT_LIST),
        kind=kind,
        login=login,
    )
    assert said(Layer.ASSOCIATION, result) == expected
    assert said(Layer.AUTHENTICATION, result) == ("OPEN", "not_tried")
    summary = "login_left_out" if expected[0] == "OPEN" else "fails"
    assert summary_of(lines_of(draft(kind), result), result) == summary


@pytest.mark.parametrize("error", [SILENCE, ConnectionLost(), BUSY])
def test_who_was_refused_before_may_be_locked(error: DlmsError):
    result = found(failed(Layer.ASSOCIATION, error), kind="password", login=True)
    assert said(Layer.ASSOCIATION, result, draft("password", refusals=1)) == ("FAILS", "client_is_locked")


def test_a_server_that_is_not_listed():
    result = found(failed(Layer.ASSOCIATION, SILENCE, listed=(1, 16)))
    assert said(Layer.ASSOCIATION, result) == ("FAILS", "server_is_not_listed")


def test_what_is_known_from_before_is_not_tried_again():
    begun = draft("password", failure=ExaminationFailed(Verdict.INVALID_AUTH), refusals=1)
    for error in (REFUSED, SILENCE):
        result = found(failed(Layer.ASSOCIATION, error), left_out(Layer.AUTHENTICATION), kind="password")
        assert said(Layer.ASSOCIATION, result, begun) == ("FINE", "wports_are_known")
        assert said(Layer.AUTHENTICATION, result, begun) == ("FAILS", "invalid_auth")
    again = draft("password", failure=ExaminationFailed(Verdict.INVALID_AUTH), refusals=2)
    assert said(Layer.AUTHENTICATION, result, again) == ("FAILS", "login_is_locked")
    other = draft("password", failure=ExaminationFailed(Verdict.METER_BUSY))
    assert said(Layer.AUTHENTICATION, result, other) == ("OPEN", "not_tried")


def test_who_was_refused_with_the_login_just_before_is_told_so():
    before = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="initiate_4")
    result = found(failed(Layer.ASSOCIATION, REFUSED), left_out(Layer.AUTHENTICATION), kind="password")
    begun = draft("password", failure=before)
    told = line(Layer.ASSOCIATION, result, begun)
    assert (told.mark, told.key, told.failure) == (Mark.FAILS, "refused_with_login", before)
    assert summary_of(lines_of(begun, result), result) == "fails"
    with_login = found(failed(Layer.ASSOCIATION, REFUSED), kind="password", login=True)
    assert said(Layer.ASSOCIATION, with_login, begun) == ("FAILS", "association_refused")


@pytest.mark.parametrize(
    ("finding", "kind", "login", "expected"),
    [
        (failed(Layer.AUTHENTICATION, WANTS_LOGIN), "none", False, ("FAILS", "authentication_required")),
        (failed(Layer.AUTHENTICATION, WANTS_LOGIN), "password", False, ("OPEN", "login_left_out")),
        (failed(Layer.AUTHENTICATION, WRONG_PASSWORD), "password", True, ("FAILS", "invalid_auth")),
        (failed(Layer.AUTHENTICATION, LOCKED), "password", True, ("FAILS", "login_is_locked")),
        (
            failed(Layer.AUTHENTICATION, InvocationCounterRefused(9), is_mended=True),
            "password",
            True,
            ("FAILS", "counter_is_mended"),
        ),
        (
            LayerFinding(Layer.AUTHENTICATION, LayerVerdict.OK, "none"),
            "password",
            False,
            ("FINE", "login_is_not_needed"),
        ),
    ],
)
def test_the_login(finding: LayerFinding, kind: str, login: bool, expected: tuple[str, str]):
    result = found(finding, kind=kind, login=login)
    assert said(Layer.AUTHENTICATION, result) == expected


def test_the_list_of_objects():
    for error in (DecodeError("cut"), DataAccessError(3), ExceptionReceived(1, 1)):
        refused = found(failed(Layer.OBJECT_LIST, error))
        assert said(Layer.OBJECT_LIST, refused) == ("OPEN", "no_list")
        assert summary_of(lines_of(draft("none"), refused), refused) == "fine"
    assert said(Layer.OBJECT_LIST, found(kind="password")) == ("OPEN", "not_tried")


def test_what_keeps_the_list_away_is_told():
    busy = ExceptionReceived(1, 3)
    instead_of_the_list = DataAccessError(250)
    instead_of_the_list.__cause__ = busy
    for error, verdict in (
        (busy, "meter_busy"),
        (instead_of_the_list, "meter_busy"),
        (ConnectionLost(), "connection_lost"),
        (ResponseTimeout("GET.response", 10), "answer_timeout"),
    ):
        assert said(Layer.OBJECT_LIST, found(failed(Layer.OBJECT_LIST, error))) == ("FAILS", verdict)


def test_what_ended_too_early():
    result = found()
    late = SearchOutcome(plan=result.plan, result=SearchResult(findings=result.result.findings, seconds=120))
    assert summary_of(lines_of(draft("none"), late), late) == "took_too_long"
    bug = SearchOutcome(plan=result.plan, result=result.result, is_bug=True)
    assert summary_of(lines_of(draft("none"), bug), bug) == "unknown"
