"""A client for tests that open many associations with the same deadlines."""

from contextlib import AbstractAsyncContextManager
from typing import Any, override

from custom_components.cosem.dlms.client.association import Association
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters


class TimedClient(DlmsClient):
    """A client whose associations have these deadlines, unless they are given others."""

    def __init__(self, *arguments: Any, timing: Timing, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.usual = timing

    @override
    def associate(self, parameters: AssociationParameters, **named: Any) -> AbstractAsyncContextManager[Association]:
        return super().associate(parameters, **({"timing": self.usual} | named))
