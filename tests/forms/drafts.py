"""Drafts for the tests of the forms."""

from typing import Any

from homeassistant.helpers.selector import SelectOptionDict

from custom_components.cosem.dlms import AttributeDescriptor, LogicalName, ObjectListElement
from custom_components.cosem.forms.connection import ConnectionFacts
from custom_components.cosem.forms.credential_input import CredentialInput
from custom_components.cosem.forms.draft import Draft, Purpose
from custom_components.cosem.meter.doctor import Examination
from custom_components.cosem.meter.identity import MeterIdentity
from tests.conftest import HOST

KINDS = ("none", "password", "hls_secret", "keys", "certificate")
FLOWS = [purpose for purpose in Purpose if purpose is not Purpose.CHANGE_OPTIONS]
CHOICE = SelectOptionDict(value="3:1.0.1.8.0.255", label="Energy import (1-0:1.8.0)")


def facts(kind: str = "none", **changes: Any) -> ConnectionFacts:
    """The facts of a meter that is asked in this way."""
    usual = {"host": HOST, "port": 4059, "preset": "generic", "client_wport": 2, "server_wport": 1}
    return ConnectionFacts(**usual | {"authentication": kind} | changes)


def draft(kind: str | None = "none", purpose: Purpose = Purpose.SET_UP, **changes: Any) -> Draft:
    """A draft with facts about this kind of authentication, or without any."""
    return Draft(
        **{"purpose": purpose, "facts": None if kind is None else facts(kind), "settings_authentication": kind or ""}
        | changes
    )


def read(**changes: Any) -> CredentialInput:
    """What a form with credentials held."""
    return CredentialInput(**changes)


def examination(*, list_refused: bool = False) -> Examination:
    """What a meter told."""
    return Examination(
        identity=MeterIdentity(
            unique_id="SIM1",
            pinned=AttributeDescriptor(1, LogicalName.parse("0.0.42.0.0.255"), 2),
            manufacturer="SIM",
            serial_number="1",
            firmware=None,
            model=None,
        ),
        objects=(ObjectListElement(3, 0, LogicalName.parse("1.0.1.8.0.255")),),
        list_refused=list_refused,
    )
