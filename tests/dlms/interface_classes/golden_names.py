"""The tables of names as text: interface classes with their attributes, units, makers.

``python -m tests.dlms.interface_classes.golden_names --write`` writes them anew; what changed is read as a difference.
"""

from pathlib import Path
import sys

from custom_components.cosem.dlms.interface_classes.class_names import CLASS_NAMES, attribute_name
from custom_components.cosem.dlms.interface_classes.logical_device_name import MANUFACTURERS
from custom_components.cosem.dlms.interface_classes.units import UNITS

TABLE = Path(__file__).parent / "golden_names.txt"


def classes() -> list[str]:
    """Return the lines about classes."""
    attributes = {class_id: [attribute_name(class_id, index) for index in range(1, 20)] for class_id in CLASS_NAMES}
    return [
        f"class {class_id} | {name} | {' '.join(str(each) for each in attributes[class_id] if each)}"
        for class_id, name in CLASS_NAMES.items()
    ]


def units() -> list[str]:
    """Return the lines about units."""
    return [f"unit {code} | {unit.symbol} | {unit.quantity}" for code, unit in UNITS.items()]


def makers() -> list[str]:
    """Return the lines about makers."""
    return [f"maker {flag_id} | {maker}" for flag_id, maker in MANUFACTURERS.items()]


def read_table(kind: str) -> list[str]:
    """Return the lines of one kind that were written."""
    return [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith(kind + " ")]


if __name__ == "__main__" and "--write" in sys.argv:
    TABLE.write_text("\n".join([*classes(), *units(), *makers()]) + "\n", encoding="utf-8")
