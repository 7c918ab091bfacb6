"""A finding for each layer, told when it is known."""

from custom_components.cosem.dlms.client.foreign_protocol import ForeignProtocol
from custom_components.cosem.dlms.client.layer_findings import LayerFinding, LayerFindings, LayerVerdict
from custom_components.cosem.dlms.client.verdict import Layer
from custom_components.cosem.dlms.errors import AssociationRejected, DecodeError
from custom_components.cosem.dlms.interface_classes.sap_assignment import SapAssignment


def test_nothing_is_known_in_the_beginning():
    findings = LayerFindings(lambda finding: None)
    assert findings.in_order == [LayerFinding(layer, LayerVerdict.NOT_TRIED) for layer in Layer]


def test_a_failure_has_its_error_and_the_errors_words_where_no_others_are_given():
    findings = LayerFindings(lambda finding: None)
    error = DecodeError("cut")
    findings.fails(Layer.FRAMING, error)
    findings.fails(Layer.ASSOCIATION, error, "other words", is_mended=True, listed=(1, 16))
    assert findings[Layer.FRAMING] == LayerFinding(Layer.FRAMING, LayerVerdict.FAILED, "cut (at octet 0)", error)
    assert findings[Layer.ASSOCIATION] == LayerFinding(
        Layer.ASSOCIATION, LayerVerdict.FAILED, "other words", error, is_mended=True, listed=(1, 16)
    )
    assert [layer for layer in Layer if findings.has_failed(layer)] == [Layer.FRAMING, Layer.ASSOCIATION]


def test_what_came_instead_of_the_wrapper_is_kept_for_words_of_ones_own():
    findings = LayerFindings(lambda finding: None)
    error = DecodeError("cut")
    findings.fails_in_framing(error, "told", speaks=ForeignProtocol.MBUS, is_cut=False)
    assert findings[Layer.FRAMING] == LayerFinding(
        Layer.FRAMING, LayerVerdict.FAILED, "told", error, speaks=ForeignProtocol.MBUS
    )
    findings.fails_in_framing(error, "told", speaks=None, is_cut=True)
    assert findings[Layer.FRAMING].is_cut


def test_what_a_working_layer_gave_is_kept():
    findings = LayerFindings(lambda finding: None)
    devices = (SapAssignment(1, b"SIM1"),)
    findings.is_fine(Layer.PUBLIC_ASSOCIATION, "accepted", devices=devices)
    findings.is_fine(Layer.OBJECT_LIST, "7 objects", objects=7)
    assert findings[Layer.PUBLIC_ASSOCIATION].devices == devices
    assert findings[Layer.OBJECT_LIST].objects == 7


def test_what_a_refusing_meter_offers_is_in_the_detail():
    findings = LayerFindings(lambda finding: None)
    findings.fails(Layer.ASSOCIATION, AssociationRejected(1, 1, 1, offered="PDU size 222"), "refused")
    assert findings[Layer.ASSOCIATION].detail == "refused; the meter offers PDU size 222"


def test_what_changes_is_told_again_and_what_does_not_is_not():
    told: list[tuple[str, str]] = []
    findings = LayerFindings(lambda finding: told.append((finding.layer, finding.detail)))
    findings.is_fine(Layer.NAME, "192.0.2.7")
    findings.tell(Layer.NAME)
    findings.tell(Layer.NAME)
    findings.is_left_out(Layer.PORT, "no time")
    findings.is_fine(Layer.FRAMING, "the wrapper")
    findings.tell(Layer.PORT)
    findings.is_fine(Layer.PORT, "4059 is open")
    findings.tell(Layer.FRAMING)
    assert told == [("name", "192.0.2.7"), ("port", "no time"), ("port", "4059 is open"), ("framing", "the wrapper")]
