"""What a way of referencing proposes."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.acse import ApplicationContext
from custom_components.cosem.dlms.apdu.initiate import DEFAULT_PROPOSED_CONFORMANCE, Conformance
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing


def test_values_are_those_of_the_command_line_and_of_entries():
    assert [each.value for each in Referencing] == ["auto", "ln", "sn"]


@pytest.mark.parametrize(
    ("referencing", "plain", "ciphered", "vaa_name"),
    [
        (Referencing.LOGICAL_NAME, ApplicationContext.LN, ApplicationContext.LN_CIPHERED, 0x0007),
        (Referencing.SHORT_NAME, ApplicationContext.SN, ApplicationContext.SN_CIPHERED, 0xFA00),
    ],
)
def test_context_and_vaa_name(
    referencing: Referencing, plain: ApplicationContext, ciphered: ApplicationContext, vaa_name: int
):
    assert referencing.application_context(ciphered=False) is plain
    assert referencing.application_context(ciphered=True) is ciphered
    assert referencing.vaa_name == vaa_name


def test_short_names_propose_the_services_for_short_names_only():
    parameters = AssociationParameters(referencing=Referencing.SHORT_NAME)
    assert parameters.proposed_conformance == Conformance(0x1C1A20 | 0x000100)
    assert parameters.proposed_conformance.value == 0x1C1B20
    without_lists = replace(parameters, conformance=DEFAULT_PROPOSED_CONFORMANCE & ~Conformance.MULTIPLE_REFERENCES)
    assert without_lists.proposed_conformance.value == 0x1C1920


def test_logical_names_propose_what_they_are_told():
    assert AssociationParameters().proposed_conformance == DEFAULT_PROPOSED_CONFORMANCE
