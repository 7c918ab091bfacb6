"""dlms-cosem's client writes to the simulated meter and executes.

Blocks go one way in this library (25.1.0): it reads in blocks (test_dlms_cosem_client.py), and cannot write in blocks.
Its client makes nothing but SetRequestNormal and ActionRequestNormal (client.py, 137 and 141). The other forms have no
codec (protocol/xdlms/set.py, 103-190 and 214; protocol/xdlms/action.py, 96), and it does not propose them
(connection.py, 88 and 89). It proposes general block transfer (82), but does not know the APDU: its XDlmsApduFactory
(30-50) lacks the tag 0xE0. Long writes of another library: test_gurux_writes.py, test_gurux_general_blocks.py.
"""

from dataclasses import replace
from typing import Any

from dlms_cosem import cosem, enumerations
from dlms_cosem.client import ActionError
import pytest

from custom_components.cosem.dlms.encoding.data import double_long_unsigned, encode_data_octets, integer
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile

from .conftest import InThread, Served
from .dlms_cosem_client import attribute, dlms_cosem_client

MANAGER: dict[str, Any] = {"client": 1, "password": DEFAULT_PASSWORD}
SEVEN = double_long_unsigned(7)


def method(class_id: int, logical_name: str, index: int) -> cosem.CosemMethod:
    return cosem.CosemMethod(enumerations.CosemInterface(class_id), cosem.Obis.from_string(logical_name), index)


async def test_writes_and_executes(served: Served, in_thread: InThread):
    async with served(replace(MeterProfile(), history_days=2)) as server:

        def work() -> list[Any]:
            with dlms_cosem_client(server.port, **MANAGER) as client:
                written = client.set(attribute(71, "0.0.17.0.0.255", 4), encode_data_octets(SEVEN))
                refused = client.set(attribute(3, "1.0.1.8.0.255", 2), encode_data_octets(SEVEN))
                client.action(method(70, "0.0.96.3.10.255", 1), encode_data_octets(integer(0)))
                with pytest.raises(ActionError):
                    client.action(method(3, "1.0.1.8.0.255", 1), encode_data_octets(integer(0)))
                return [written.result, refused.result]

        results = await in_thread(work)
        assert results == [enumerations.DataAccessResult.SUCCESS, enumerations.DataAccessResult.READ_WRITE_DENIED]
        assert server.meter.truth("0.0.17.0.0", 4) == SEVEN
        assert server.meter.truth("0.0.96.3.10").value is False
        assert len(server.meter.devices[1].done) == 2
