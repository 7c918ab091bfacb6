"""What a push setup has to hold so that it does what somebody wants. Asks no meter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..dlms import (
    Data,
    Json,
    LocalProtocolError,
    PushMessage,
    PushObject,
    PushSetupAttribute,
    PushTransport,
    SendDestination,
    TransportProtocol,
    decode_push_object_list,
    decode_send_destination_and_method,
    described_push_setup,
    encode_push_client_sap,
    encode_push_object_list,
    encode_send_destination_and_method,
    push_destination,
    push_object_list_version,
)
from ..meter.error_mapping import decode_or_none
from ..meter.objects import AttributeResult

LIST: Final = PushSetupAttribute.PUSH_OBJECT_LIST
DESTINATION: Final = PushSetupAttribute.SEND_DESTINATION_AND_METHOD
CLIENT: Final = PushSetupAttribute.PUSH_CLIENT_SAP

SERVICE_OF: Final = {TransportProtocol.TCP: PushTransport.TCP, TransportProtocol.UDP: PushTransport.UDP}
_FIRST_VERSION: Final[Mapping[PushSetupAttribute, int]] = {
    PushSetupAttribute.PORT_REFERENCE: 1,
    CLIENT: 1,
    PushSetupAttribute.PUSH_OPERATION_METHOD: 2,
    PushSetupAttribute.CONFIRMATION_PARAMETERS: 2,
    PushSetupAttribute.LAST_CONFIRMATION_DATE_TIME: 2,
}
"""Of the attributes that not all have."""


@dataclass(frozen=True, slots=True)
class PushSetupState:
    """What a push setup holds, as far as the meter gives it. ``listed_version``: by the object list."""

    answers: Mapping[PushSetupAttribute, AttributeResult]
    listed_version: int

    def data(self, attribute: PushSetupAttribute) -> Data | None:
        """Return an attribute; None where the meter did not give it."""
        answer = self.answers.get(attribute)
        return answer if isinstance(answer, Data) else None

    @property
    def is_shown(self) -> bool:
        """Whether the meter gave anything of it."""
        return any(isinstance(answer, Data) for answer in self.answers.values())

    @property
    def objects(self) -> tuple[PushObject, ...] | None:
        """What is sent; None where that is not known."""
        data = self.data(LIST)
        return None if data is None else decode_or_none(decode_push_object_list, data)

    @property
    def destination(self) -> SendDestination | None:
        """Where it is sent; None where that is not known."""
        data = self.data(DESTINATION)
        return None if data is None else decode_or_none(decode_send_destination_and_method, data)

    @property
    def version(self) -> int:
        """By the list's entries where there are any: an object that was typed has no version."""
        data = self.data(LIST)
        told = None if data is None else decode_or_none(push_object_list_version, data)
        return self.listed_version if told is None else told

    def described(self) -> dict[str, Json]:
        """Return it for a response, by the standard's names; None for what the meter did not give."""
        shown: dict[str, Json] = {}
        for attribute in self.answers:
            data = self.data(attribute)
            shown[attribute.standard_name] = None if data is None else described_push_setup(attribute, data)
        return shown


def attributes_of(version: int) -> list[PushSetupAttribute]:
    """Return what there is to read in a version. Not push_protection_parameters: they may hold keys."""
    secret = PushSetupAttribute.PUSH_PROTECTION_PARAMETERS
    return [each for each in PushSetupAttribute if each is not secret and _FIRST_VERSION.get(each, 0) <= version]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDestination:
    """``is_own``: it is our own address. ``listened``: the ports at which its entry listens."""

    host: str
    is_own: bool
    port: int | None
    transport: TransportProtocol | None
    listened: Mapping[TransportProtocol, int]
    listen_port: int

    def after(self, before: SendDestination | None) -> SendDestination:
        """Return what takes the place of ``before``. Raises LocalProtocolError."""
        transport = self.transport or self._kept(before) or next(iter(self.listened), TransportProtocol.TCP)
        port = self.port or self.listened.get(transport, self.listen_port)
        in_six_octets = before is not None and before.is_in_six_octets
        octets = push_destination(self.host, port, in_six_octets=in_six_octets)
        # We understand no XML; what others understand is theirs.
        message = PushMessage.A_XDR if before is None or self.is_own else before.message
        return SendDestination(SERVICE_OF[transport], octets, message)

    def _kept(self, before: SendDestination | None) -> TransportProtocol | None:
        for transport, service in SERVICE_OF.items():
            if before is not None and before.transport_service == service:
                return transport if transport in self.listened or not self.is_own else None
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPush:
    """What somebody wants; None: as it is."""

    destination: WantedDestination | None = None
    client_wport: int | None = None
    objects: tuple[PushObject, ...] | None = None

    @property
    def attributes(self) -> list[PushSetupAttribute]:
        """What is named, in the order in which it is written: nothing is sent anew before it is known what."""
        named = {LIST: self.objects, CLIENT: self.client_wport, DESTINATION: self.destination}
        return [attribute for attribute, value in named.items() if value is not None]

    def changes(self, before: PushSetupState) -> dict[PushSetupAttribute, Data | None]:
        """Return what to write to each attribute that is named; None: it holds that. Raises LocalProtocolError."""
        return {attribute: self._change(attribute, before) for attribute in self.attributes}

    def _change(self, attribute: PushSetupAttribute, before: PushSetupState) -> Data | None:
        if self.objects is not None and attribute is LIST:
            objects = tuple(_with_restriction(item, before.objects or ()) for item in self.objects)
            return None if objects == before.objects else encode_push_object_list(objects, before.version)
        if self.destination is not None and attribute is DESTINATION:
            sent = self.destination.after(before.destination)
            return None if sent == before.destination else encode_send_destination_and_method(sent)
        assert self.client_wport is not None  # no other is named
        stands = before.data(CLIENT)
        if stands is None and before.version < _FIRST_VERSION[CLIENT]:
            raise LocalProtocolError(f"a push setup of version {before.version} has no push_client_SAP")
        wanted = encode_push_client_sap(self.client_wport, stands)
        return None if wanted == stands else wanted


def _with_restriction(item: PushObject, before: tuple[PushObject, ...]) -> PushObject:
    """Return it as it stands in the list, with what of it is sent; as it is where it does not."""
    return next((each for each in before if _unrestricted(each) == item), item)


def _unrestricted(item: PushObject) -> PushObject:
    """Return it without a restriction and columns."""
    return item._replace(restriction=None, columns=())
