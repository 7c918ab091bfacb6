"""Recorded conversations as values: who said what, with which keys, and what it means."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.acse import AARQ, Aarq, Mechanism
from custom_components.cosem.dlms.apdu.block import GENERAL_BLOCK_TRANSFER, GeneralBlockTransfer
from custom_components.cosem.dlms.apdu.ciphered import GeneralCiphering, GeneralSigning
from custom_components.cosem.dlms.encoding.data import Data
from custom_components.cosem.dlms.encoding.data_types import BitString, CompactArray, DataType, TypeDescription
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, decode_wpdu
from tests.vector_tools import vectors

SHORT_NAMES = "SN"
"""An application context, with or without ciphering."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One WPDU. ``plain``: the APDU that it carries or completes, None for a block that completes nothing."""

    sender: Literal["client", "server"]
    wpdu: bytes
    plain: bytes | None
    initiate: bytes | None
    lost: bool

    @property
    def decoded(self) -> Wpdu:
        """Its header and the APDU as it was sent."""
        return decode_wpdu(self.wpdu)

    @property
    def transaction_id(self) -> bytes:
        """Of general-ciphering, also inside a signature."""
        apdu = decode_apdu(self.decoded.apdu)
        if isinstance(apdu, GeneralSigning):
            apdu = decode_apdu(apdu.content)
        return apdu.header.transaction_id if isinstance(apdu, GeneralCiphering) else b""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded conversation."""

    name: str
    transport: str
    association: dict[str, Any] | None
    keys: dict[str, Any]
    wpdus: tuple[Sent, ...]
    expect: dict[str, Any]

    @property
    def operations(self) -> list[dict[str, Any]]:
        """Every service in order, with its result."""
        return self.expect.get("operations", [])

    @property
    def context(self) -> str:
        """LN or SN, perhaps ciphered; empty without an association."""
        return "" if self.association is None else self.association["application_context"]

    @property
    def mechanism(self) -> Mechanism:
        """Of the association."""
        return Mechanism.NONE if self.association is None else Mechanism(self.association["mechanism"])

    @property
    def is_ciphered(self) -> bool:
        """Whether the application context has ciphering."""
        return "ciphered" in self.context

    def key(self, name: str) -> bytes:
        """Return a key or title; empty where there is none."""
        return bytes.fromhex(self.keys.get(name, ""))

    def of(self, sender: str) -> Iterator[Sent]:
        """Yield what one side sent."""
        return (sent for sent in self.wpdus if sent.sender == sender)

    @property
    def aarq(self) -> Aarq:
        """The proposal."""
        return cast("Aarq", decode_apdu(next(apdu for apdu in self.apdus_of_client() if apdu[0] == AARQ)))

    @property
    def asks_in_general_blocks(self) -> bool:
        """Whether a request of the client comes in general blocks, which are not only acknowledgements."""
        blocks = [apdu for apdu in self.apdus_of_client() if apdu[0] == GENERAL_BLOCK_TRANSFER]
        return any(cast("GeneralBlockTransfer", decode_apdu(block)).block_data for block in blocks)

    def apdus_of_client(self) -> Iterator[bytes]:
        """Yield the APDUs of the client as they were sent."""
        return (sent.decoded.apdu for sent in self.of("client"))


def exchanges() -> list[Exchange]:
    """Return all recorded conversations."""
    return [
        Exchange(
            name=vector.name,
            transport=vector.fields["transport"],
            association=vector.fields["association"],
            keys=vector.keys,
            wpdus=tuple(_sent(wpdu) for wpdu in vector.fields["wpdus"]),
            expect=vector.expect,
        )
        for vector in vectors("conversations")
    ]


def _sent(wpdu: dict[str, Any]) -> Sent:
    plain, initiate = wpdu.get("apdu_plain"), wpdu.get("initiate_plain")
    return Sent(
        sender=wpdu["from"],
        wpdu=bytes.fromhex(wpdu["hex"]),
        plain=None if plain is None else bytes.fromhex(plain),
        initiate=None if initiate is None else bytes.fromhex(initiate),
        lost=wpdu.get("lost", False),
    )


_TYPES = {data_type.standard_name: data_type for data_type in DataType}


def data_of(described: dict[str, Any]) -> Data:
    """Return the value of ``{"type", "value"}``; the way back from describe()."""
    kind, value = _TYPES[described["type"]], described["value"]
    match kind:
        case DataType.ARRAY | DataType.STRUCTURE:
            return Data(kind, tuple(map(data_of, value)))
        case DataType.OCTET_STRING | DataType.DATE_TIME | DataType.DATE | DataType.TIME:
            return Data(kind, bytes.fromhex(value))
        case DataType.BIT_STRING:
            return Data(kind, BitString.from_text(value))
        case DataType.COMPACT_ARRAY:
            return Data(kind, CompactArray(_description_of(described["description"]), tuple(map(data_of, value))))
    return Data(kind, value)


def _description_of(described: dict[str, Any]) -> TypeDescription:
    elements = described.get("elements", [described["element"]] if "element" in described else [])
    return TypeDescription(_TYPES[described["type"]], tuple(map(_description_of, elements)), described.get("count", 0))
