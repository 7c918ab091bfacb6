"""The blocking client of dlms-cosem (PyPI), connected to a port of 127.0.0.1."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging

from dlms_cosem import a_xdr, cosem, enumerations
from dlms_cosem.client import DlmsClient
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.security import (
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
)
import structlog

from tests.simulated_meter.security_profile import ClientSecurity

# It logs every octet at debug level to the console otherwise.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


@contextmanager
def dlms_cosem_client(
    port: int, *, client: int = 16, server: int = 1, password: str | None = None, pdu_size: int = 65_535
) -> Iterator[DlmsClient]:
    """Associate, and release at the end."""
    transport = TcpTransport(client, server, BlockingTcpIO("127.0.0.1", port))
    authentication = LowLevelSecurityAuthentication(password.encode()) if password else NoSecurityAuthentication()
    with DlmsClient(transport, authentication, max_pdu_size=pdu_size).session() as session:
        yield session


@contextmanager
def secure_client(port: int, wport: int, security: ClientSecurity, counter: int = 1) -> Iterator[DlmsClient]:
    """Associate with HLS-GMAC; everything else goes as general-glo-ciphering, authenticated and encrypted."""
    client = DlmsClient(
        TcpTransport(wport, 1, BlockingTcpIO("127.0.0.1", port)),
        HighLevelSecurityGmacAuthentication(challenge_length=32),
        encryption_key=security.encryption_key,
        authentication_key=security.authentication_key,
        security_suite=security.suite,
        client_system_title=b"DCM\x00\x00\x00\x00\x01",
        client_initial_invocation_counter=counter,
    )
    with client.session() as session:
        yield session


def attribute(class_id: int, logical_name: str, index: int) -> cosem.CosemAttribute:
    """Return a reference to an attribute. Its own reader of texts takes 255 for every value group F."""
    name = cosem.Obis(*map(int, logical_name.split(".")))
    return cosem.CosemAttribute(enumerations.CosemInterface(class_id), name, index)


def decoded(octets: bytes) -> object:
    """Decode one Data with this library's own decoder."""
    decoder = a_xdr.AXdrDecoder(a_xdr.EncodingConf([a_xdr.Sequence(attribute_name="data")]))
    return decoder.decode(octets)["data"]
