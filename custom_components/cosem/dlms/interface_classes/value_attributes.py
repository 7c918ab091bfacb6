"""Which attributes hold a value to be scaled, and which its scaler_unit (IEC 62056-6-2)."""

from typing import Final

from ..apdu.common import AttributeDescriptor
from .class_names import CLASS_NAMES, attribute_index_of
from .data import DataAttribute
from .demand_register import DemandRegisterAttribute
from .extended_register import ExtendedRegisterAttribute
from .interface_class import InterfaceClass
from .register import RegisterAttribute

VALUE_ATTRIBUTES: Final[dict[int, tuple[int, ...]]] = {
    InterfaceClass.DATA: (DataAttribute.VALUE,),
    InterfaceClass.REGISTER: (RegisterAttribute.VALUE,),
    InterfaceClass.EXTENDED_REGISTER: (ExtendedRegisterAttribute.VALUE,),
    InterfaceClass.DEMAND_REGISTER: (
        DemandRegisterAttribute.CURRENT_AVERAGE_VALUE,
        DemandRegisterAttribute.LAST_AVERAGE_VALUE,
    ),
}
"""Class id -> attributes with a value; class 1 has no scaler."""

SCALER_UNIT_ATTRIBUTE: Final[dict[int, int]] = {
    class_id: index for class_id in CLASS_NAMES if (index := attribute_index_of(class_id, "scaler_unit")) is not None
}
"""Class id -> attribute with scaler_unit, if there is one."""


def scaler_unit_attribute(attribute: AttributeDescriptor) -> AttributeDescriptor | None:
    """The scaler_unit of ``attribute``, None if it has none."""
    if attribute.attribute_index not in VALUE_ATTRIBUTES.get(attribute.class_id, ()):
        return None
    index = SCALER_UNIT_ATTRIBUTE.get(attribute.class_id)
    return None if index is None else attribute._replace(attribute_index=index)
