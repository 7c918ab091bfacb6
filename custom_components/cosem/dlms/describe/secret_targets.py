"""Which attributes and methods take or give secrets (IEC 62056-6-2): the one table of them."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ..apdu.common import AttributeDescriptor, MethodDescriptor
from ..encoding.logical_name import LogicalName, Medium
from ..interface_classes.association_ln import AssociationLnAttribute, AssociationLnMethod
from ..interface_classes.association_sn import AssociationSnMethod
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.mbus_client import MbusClientMethod
from ..interface_classes.security_setup import SecuritySetupMethod

_ASSOCIATIONS: Final = 40
"""Value group C of associations."""
_ALL_ATTRIBUTES: Final = 0
"""As an attribute's index: everything that the object has."""


class _Secrets(NamedTuple):
    """Indices of one class."""

    attributes: frozenset[int] = frozenset()
    methods: frozenset[int] = frozenset()


_SECRETS: Final[Mapping[int, _Secrets]] = {
    InterfaceClass.ASSOCIATION_SN: _Secrets(
        methods=frozenset({AssociationSnMethod.CHANGE_SECRET, AssociationSnMethod.CHANGE_HLS_SECRET})
    ),
    InterfaceClass.ASSOCIATION_LN: _Secrets(
        # cyphering_info holds the dedicated key.
        frozenset({AssociationLnAttribute.XDLMS_CONTEXT_INFO, AssociationLnAttribute.SECRET}),
        frozenset({AssociationLnMethod.CHANGE_HLS_SECRET}),
    ),
    InterfaceClass.IEC_LOCAL_PORT_SETUP: _Secrets(frozenset({7, 8, 9})),  # pass_p1, pass_p2, pass_w5
    InterfaceClass.DATA_PROTECTION: _Secrets(frozenset({2, 4, 5}), frozenset({1, 2, 3})),  # with keys in key_info
    InterfaceClass.PUSH_SETUP: _Secrets(frozenset({10})),  # push_protection_parameters, the same
    InterfaceClass.PPP_SETUP: _Secrets(frozenset({5})),  # PPP_authentication
    InterfaceClass.GPRS_MODEM_SETUP: _Secrets(frozenset({3})),  # PIN_code
    InterfaceClass.SMTP_SETUP: _Secrets(frozenset({4})),  # login_password
    InterfaceClass.SECURITY_SETUP: _Secrets(
        methods=frozenset({SecuritySetupMethod.KEY_TRANSFER, SecuritySetupMethod.KEY_AGREEMENT})
    ),
    InterfaceClass.MBUS_CLIENT: _Secrets(
        methods=frozenset({MbusClientMethod.SET_ENCRYPTION_KEY, MbusClientMethod.TRANSFER_KEY})
    ),
    InterfaceClass.NTP_SETUP: _Secrets(frozenset({6, 7}), frozenset({2})),  # authentication_keys, client_key, add key
    InterfaceClass.TOKEN_GATEWAY: _Secrets(frozenset({2}), frozenset({1})),  # tokens are money
}
"""By class id."""

_PROOFS: Final[frozenset[tuple[int, int]]] = frozenset(
    {
        (InterfaceClass.ASSOCIATION_SN, AssociationSnMethod.REPLY_TO_HLS_AUTHENTICATION),
        (InterfaceClass.ASSOCIATION_LN, AssociationLnMethod.REPLY_TO_HLS_AUTHENTICATION),
    }
)
"""Methods with a proof of a secret: a weak one can be found out from it."""


def is_secret(target: AttributeDescriptor | MethodDescriptor) -> bool:
    """True if what is read, written or executed there must not be shown.

    Of the classes that have secrets, the manufacturers' own attributes and methods are taken for secret, too.
    """
    secrets = _SECRETS.get(_class_of(target))
    if secrets is None:
        return False
    if isinstance(target, MethodDescriptor):
        return target.method_index < 0 or target.method_index in secrets.methods
    if target.attribute_index == _ALL_ATTRIBUTES:
        return bool(secrets.attributes)
    return target.attribute_index < 0 or target.attribute_index in secrets.attributes


def _class_of(target: AttributeDescriptor | MethodDescriptor) -> int:
    """Return the class id; for the name of an association always that of one, because many meters go by the name."""
    name, class_id = target.logical_name, target.class_id
    if is_association(name) and class_id not in {InterfaceClass.ASSOCIATION_SN, InterfaceClass.ASSOCIATION_LN}:
        return InterfaceClass.ASSOCIATION_LN
    return class_id


def is_association(name: LogicalName) -> bool:
    """True for the logical names of associations."""
    return name.a == Medium.ABSTRACT and name.c == _ASSOCIATIONS


def is_secret_or_proof(target: AttributeDescriptor | MethodDescriptor) -> bool:
    """True also for what proves that somebody knows a secret."""
    is_proof = isinstance(target, MethodDescriptor) and (_class_of(target), target.method_index) in _PROOFS
    return is_proof or is_secret(target)
