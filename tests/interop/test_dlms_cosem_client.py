"""dlms-cosem's client reads the simulated meter."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from dlms_cosem import cosem
from dlms_cosem.client import HLSError
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.exceptions import DlmsClientException
import pytest

from custom_components.cosem.dlms.encoding.data import decode_data_octets, plain
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, load_profile

from .conftest import NOW, InThread, Served
from .dlms_cosem_client import attribute, decoded, dlms_cosem_client, secure_client


@pytest.fixture(params=["none", "password"])
def credentials(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The two ways to associate: no authentication, and low level security."""
    return {"client": 16} if request.param == "none" else {"client": 2, "password": DEFAULT_PASSWORD}


def meter_profile(pdu_size: int = 1024) -> MeterProfile:
    return MeterProfile(clients=load_profile("open", {}).clients, max_pdu_size=pdu_size, history_days=3)


async def test_reads_a_register(served: Served, in_thread: InThread, credentials: dict[str, Any]):
    async with served(meter_profile()) as server:

        def work() -> tuple[object, object]:
            with dlms_cosem_client(server.port, **credentials) as client:
                return tuple(decoded(client.get(attribute(3, "1.0.1.8.0.255", index))) for index in (2, 3))

        value, scaler_unit = await in_thread(work)

    assert value == server.meter.truth("1.0.1.8.0").value
    assert scaler_unit == [0, 30]


@pytest.mark.parametrize("pdu_size", [64, 256, 65_535])
async def test_reads_the_object_list_in_blocks(
    served: Served, in_thread: InThread, credentials: dict[str, Any], pdu_size: int
):
    async with served(meter_profile(pdu_size)) as server:

        def work() -> bytes:
            with dlms_cosem_client(server.port, **credentials) as client:
                return client.get(attribute(15, "0.0.40.0.0.255", 2))

        octets = await in_thread(work)

    truth = server.meter.truth("0.0.40.0.0", client_wport=credentials["client"])
    assert decode_data_octets(octets) == truth
    assert [element[2] for element in decoded(octets)] == [element[2] for element in plain(truth)]


async def test_reads_the_load_profile_by_range(served: Served, in_thread: InThread, credentials: dict[str, Any]):
    clock = CaptureObject(attribute(8, "0.0.1.0.0.255", 2))
    selection = RangeDescriptor(clock, NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    async with served(meter_profile()) as server:

        def work() -> object:
            with dlms_cosem_client(server.port, **credentials) as client:
                return decoded(client.get(attribute(7, "1.0.99.1.0.255", 2), selection))

        rows = await in_thread(work)

    truth = plain(server.meter.truth("1.0.99.1.0"))
    assert rows == [list(row) for row in truth[-8:-4]]


async def test_reads_a_list(served: Served, in_thread: InThread, credentials: dict[str, Any]):
    names = ["1.0.1.8.0.255", "1.0.2.8.0.255", "1.0.14.7.0.255"]
    async with served(meter_profile()) as server:

        def work() -> Any:
            with dlms_cosem_client(server.port, **credentials) as client:
                return client.get_many(
                    [cosem.CosemAttributeWithSelection(attribute(3, name, 2), None) for name in names]
                )

        response = await in_thread(work)

    assert [item.value for item in response.response_data] == [server.meter.truth(name).value for name in names]


async def test_a_wrong_password_is_refused(served: Served, in_thread: InThread):
    async with served(meter_profile()) as server:

        def work() -> None:
            with dlms_cosem_client(server.port, client=2, password="guessed"):
                pass

        with pytest.raises(DlmsClientException, match="AUTHENTICATION_FAILED"):
            await in_thread(work)


@pytest.mark.parametrize("wport", [1, 3, 4], ids=["suite-0", "suite-1", "suite-2"])
@pytest.mark.parametrize("pdu_size", [256, 1024])
async def test_gmac_and_general_glo_ciphering(served: Served, in_thread: InThread, wport: int, pdu_size: int):
    """This library uses the counter of pass 3 for the APDU as well: the meter must take that."""
    profile = replace(load_profile("secured", {}), history_days=2, max_pdu_size=pdu_size)
    async with served(profile.with_security(hls_counter_may_repeat=True)) as server:
        client = profile.client(wport)
        assert client is not None
        assert client.security is not None
        security = client.security

        def work() -> tuple[object, bytes]:
            with secure_client(server.port, wport, security) as session:
                value = decoded(session.get(attribute(3, "1.0.1.8.0.255", 2)))
                return value, session.get(attribute(15, "0.0.40.0.0.255", 2))

        value, objects = await in_thread(work)
        assert value == server.meter.truth("1.0.1.8.0").value
        assert decode_data_octets(objects) == server.meter.truth("0.0.40.0.0", client_wport=wport)


async def test_a_repeated_counter_is_refused_by_a_strict_meter(served: Served, in_thread: InThread):
    profile = replace(load_profile("secured", {}), history_days=2)
    async with served(profile) as server:
        security = profile.clients[2].security
        assert security is not None

        def work() -> None:
            with secure_client(server.port, 1, security):
                pass

        with pytest.raises(HLSError):
            await in_thread(work)
