"""Security setup (Blue Book, class 64) and invocation counter objects, one of each per client with security."""

from collections.abc import Iterable
from typing import Final

from custom_components.cosem.dlms.encoding.data import (
    Data,
    array,
    double_long_unsigned,
    enum,
    octet_string,
    structure,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .objects import Attribute, CosemObject, View, constant, data_object
from .profile import Level, MeterProfile
from .secured import Security
from .security_profile import ClientSecurity, CounterObject

_MOST: Final = 0xFFFFFFFF


def security_objects(profile: MeterProfile, security: Security) -> Iterable[CosemObject]:
    """Yield the objects of all clients with security."""
    for client in profile.clients:
        if client.security is not None:
            yield _setup(client.security, security)
            if client.security.encryption_key and profile.security.counter_object is not CounterObject.HIDDEN:
                yield _counter(client.security, security, profile.security.counter_object)


def _counter(client: ClientSecurity, security: Security, kind: CounterObject) -> CosemObject:
    """The last invocation counter accepted; the public client may read it."""

    def read(_: View) -> Data:
        counter = security.last_counter(client) + (1 if kind is CounterObject.NEXT else 0)
        return double_long_unsigned(min(counter, _MOST))

    return data_object(f"0.0.43.1.{client.setup_instance}", read, level=Level.IDENTITY)


def _setup(settings: ClientSecurity, security: Security) -> CosemObject:
    attributes: dict[int, Attribute] = {
        2: constant(enum(settings.policy)),
        3: constant(enum(settings.suite)),
        4: constant(octet_string(settings.client_title)),
        5: constant(octet_string(security.identity.title)),
    }
    if settings.setup_version >= 1:
        attributes[6] = constant(array(*([_certificate(security.identity.title)] if settings.suite else [])))
    return CosemObject(
        class_id=64,
        version=settings.setup_version,
        logical_name=LogicalName.parse(f"0.0.43.0.{settings.setup_instance}"),
        attributes=attributes,
        methods=8 if settings.setup_version >= 1 else 2,
    )


def _certificate(title: bytes) -> Data:
    """The meter's own certificate: entity server, type digital signature."""
    text = octet_string(title.hex().upper().encode("ascii"))
    return structure(enum(0), enum(0), octet_string(b"\x01"), text, text, octet_string(b""))
