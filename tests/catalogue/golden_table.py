"""The whole catalogue as one table of text: every class, attribute and code that it knows, and what becomes of it.

A line holds for every combination of the C, D and E that it names. ``python -m tests.catalogue.golden_table --write``
writes the table anew; what changed is then read as a difference, line by line, before it is committed.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
import sys

from custom_components.cosem.catalogue import abstract, electricity, gas, heat, water
from custom_components.cosem.catalogue.describe import describe_attribute, is_identity, sensor_attributes
from custom_components.cosem.catalogue.model import CatalogueEntry, ObjectDescription
from custom_components.cosem.dlms import Data, DataType, LogicalName, ScalerUnit

TABLE = Path(__file__).parent / "golden_table.txt"

HEAD = """\
# Written by python -m tests.catalogue.golden_table --write, and compared line by line by a test.
# Registers: medium, C, D, E -> key(placeholders), platform, kind, rule of the state class, on or off, category;
# then what the key becomes on channel 7 and 65, one billing period ago (F 101), and as period 126.
"""

REGISTER = 3
THEMES: dict[int, Callable[[LogicalName], CatalogueEntry | None]] = {
    0: abstract.find,
    1: electricity.find,
    4: heat.find_allocator,
    5: heat.find,
    6: heat.find,
    7: gas.find,
    8: water.find,
    9: water.find,
}
ALL = tuple(range(256))
# Where all 256 would take too long: both sides of every limit that the theme has.
SOME_E_OF_ELECTRICITY = (0, 1, 2, 63, 64, 120, 121, 123, 124, 125, 126, 127, 128, 255)
SOME_E = (0, 1, 2, 9, 10, 255)
SOME_D = (*range(17), 24, 82, 83, 84, 255)
RULES = {
    "none": "1-0:1.31.0",
    "measurement": "1-0:1.7.0",
    "total": "1-0:16.8.0",
    "total_increasing": "1-0:1.8.0",
    "measurement_if_classed": "1-0:1.55.0",
    "counter_by_unit": "0-1:24.2.1",
    "temperature difference": "6-0:12.0.0",
    "battery": "0-0:96.6.1",
    "power factor": "1-0:13.7.0",
}
UNITS = {"no unit": None, "Wh": 30, "W": 27, "m³": 13, "°C": 9, "s": 7, "°": 8, "%": 56}
SAMPLES = {
    "number": Data(DataType.DOUBLE_LONG_UNSIGNED, 1),
    "text": Data(DataType.OCTET_STRING, b"A"),
    "bits": Data(DataType.BOOLEAN, True),
}


# -- every code, as a register


def _codes(medium: int) -> Iterator[str]:
    rows: dict[tuple[str, str, str], list[int]] = {}
    for c in ALL:
        for (d, e), text in _rows_of(medium, c):
            rows.setdefault((d, e, text), []).append(c)
    for (d, e, text), channels in rows.items():
        yield f"{medium} | C {_ranges(channels)} | D {d} | E {e} | {text}"


def _rows_of(medium: int, c: int) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((D, E), text) for one C, equal ones together."""
    by_text: dict[str, dict[int, list[int]]] = {}
    all_d = ALL if medium == 0 or (medium == 1 and (c in electricity.PHASED or c in {0, 96})) else SOME_D
    all_e = _all_e(medium, c)
    for d in all_d:
        if not _is_known(medium, c, d):
            continue
        for e in all_e:
            by_text.setdefault(_register(medium, c, d, e), {}).setdefault(d, []).append(e)
    for text, by_d in by_text.items():
        by_e: dict[tuple[int, ...], list[int]] = {}
        for d, some in by_d.items():
            by_e.setdefault(tuple(some), []).append(d)
        for some_e, some_d in by_e.items():
            yield (_ranges(some_d, all_d), _ranges(some_e, all_e)), text


def _all_e(medium: int, c: int) -> tuple[int, ...]:
    if medium == 1:
        return SOME_E_OF_ELECTRICITY if c in electricity.PHASED else ALL
    return SOME_E if medium else ALL


def _is_known(medium: int, c: int, d: int) -> bool:
    find = THEMES[medium]
    return any(find(_named(medium, 0, c, d, e, 255)) is not None for e in (0, 1, 2))


def _register(medium: int, c: int, d: int, e: int) -> str:
    name = _named(medium, 0, c, d, e, 255)
    usual = _describe(name)
    if usual is None:
        return "the device"
    entry = THEMES[medium](name)
    rule = _word(entry.state) if entry else "-"
    text = ", ".join(
        (_name_of(usual, name), _platform(usual), usual.kind, rule, _on(usual), _word(usual.entity_category))
    )
    return text if e > 1 else f"{text} | {', '.join(_variants(name, usual))}"


def _variants(name: LogicalName, usual: ObjectDescription) -> Iterator[str]:
    """Yield what becomes of the same code on another channel, and as a value of the past."""
    a, _, c, d, e, _ = name.octets
    for b, f in ((7, 255), (65, 255), (0, 101), (0, 126)):
        variant = _named(a, b, c, d, e, f)
        described = _describe(variant)
        yield "the device" if described is None else _name_of(described, variant) + _changes(usual, described)


def _changes(usual: ObjectDescription, described: ObjectDescription) -> str:
    parts = [_on(described)] if described.enabled_default != usual.enabled_default else []
    parts += [_word(described.state_class)] if described.state_class != usual.state_class else []
    return f" {' '.join(parts)}" if parts else ""


def _describe(name: LogicalName, unit: int | None = 27) -> ObjectDescription | None:
    return describe_attribute(REGISTER, name, 2, None if unit is None else ScalerUnit(0, unit))


# -- every attribute of every class, unknown codes, M-Bus values


def _others() -> Iterator[str]:
    yield "# The phase that C stands for"
    phases: dict[str, list[int]] = {}
    for c in ALL:
        described = _describe(_named(1, 0, c, 7, 0, 255))
        phases.setdefault(described.placeholders.get("phase", "-") if described else "-", []).append(c)
    yield from (f"phase {phase} | C {_ranges(some)}" for phase, some in phases.items())
    yield "# What a rule becomes with a unit: state class and device class"
    for rule, code in RULES.items():
        for word, unit in UNITS.items():
            described = _describe(LogicalName.parse(code), unit)
            assert described is not None
            yield f"{rule} | {code} | {word} | {_word(described.state_class)}, {_word(described.device_class)}"
    yield "# Who the meter is: no sensor, but part of the device"
    for medium in range(10):
        for class_id in range(10):
            for c, d in ((c, d) for c in (0, 1, 41, 42, 43, 95, 96, 97) for d in range(4)):
                some = [e for e in range(14) if is_identity(class_id, _named(medium, 0, c, d, e, 255))]
                if some:
                    yield f"identity | class {class_id} | {medium} | C {c} | D {d} | E {_ranges(some)}"


def _classes() -> Iterator[str]:
    yield "# class.attribute, code, first value read -> the same as above"
    names = [
        LogicalName.parse(name)
        for name in ("1-0:1.8.0", "1-0:1.7.0", "1-0:99.98.0", "0-0:96.8.0", "0-0:1.0.0", "3-0:9.9.9")
    ]
    for class_id in range(256):
        for attribute in range(1, 12) if sensor_attributes(class_id) else (1, 2):
            for name in names:
                texts = {}
                for sample_name, sample in SAMPLES.items():
                    described = describe_attribute(class_id, name, attribute, ScalerUnit(0, 27), sample=sample)
                    if described is not None:
                        texts.setdefault(_full(described, name), []).append(sample_name)
                for text, samples in texts.items():
                    yield f"{class_id}.{attribute} | {name.obis} | {'/'.join(samples)} | {text}"


def _mbus() -> Iterator[str]:
    yield "# values of M-Bus devices by the device type of their client"
    for e in (0, 1, 2):
        by_text: dict[str, list[int]] = {}
        for device_type in ALL:
            name = _named(0, 1, 24, 2, e, 255)
            texts = []
            for unit in UNITS.values():
                scaler_unit = None if unit is None else ScalerUnit(0, unit)
                described = describe_attribute(4, name, 2, scaler_unit, mbus_device_type=device_type)
                assert described is not None
                texts.append(f"{_word(described.device_class)} {_word(described.state_class)}")
            text = f"{_name_of(described, name)}, {_on(described)}, {'/'.join(texts)}"
            by_text.setdefault(text, []).append(device_type)
        yield from (f"M-Bus E {e} | type {_ranges(types)} | {text}" for text, types in by_text.items())


def _full(described: ObjectDescription, name: LogicalName) -> str:
    parts = (
        _name_of(described, name),
        _platform(described),
        described.kind,
        _word(described.device_class),
        _word(described.state_class),
        described.native_unit or "-",
        _on(described),
        _word(described.entity_category),
    )
    return ", ".join(parts)


# -- words


def _named(*octets: int) -> LogicalName:
    return LogicalName(bytes(octets))


def _platform(described: ObjectDescription) -> str:
    return str(getattr(described, "platform", "sensor"))


def _on(described: ObjectDescription) -> str:
    return "on" if described.enabled_default else "off"


def _word(value: object) -> str:
    return "-" if value is None else str(getattr(value, "value", value))


def _name_of(described: ObjectDescription, name: LogicalName) -> str:
    """Return key and placeholders; a value that follows from the code is written as what it follows from."""
    shown = []
    for key, value in described.placeholders.items():
        follows = {name.obis: "{code}", str(name.b): "{b}", str(name.e): "{e}"}
        shown.append(f"{key}={'{phase}' if key == 'phase' else follows.get(value, value)}")
    return described.translation_key + (f"({' '.join(shown)})" if shown else "")


def _ranges(numbers: Iterable[int], whole: tuple[int, ...] = ALL) -> str:
    """Return "1-3 7" for 1, 2, 3, 7: what stands side by side in ``whole`` becomes a range."""
    position = _positions(whole)
    parts: list[list[int]] = []
    for number in numbers:
        if parts and position[number] == position[parts[-1][1]] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


@cache
def _positions(whole: tuple[int, ...]) -> dict[int, int]:
    return {number: index for index, number in enumerate(whole)}


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    **{f"medium {medium}": partial(_codes, medium) for medium in THEMES},
    "phases, rules, identities": _others,
    "classes": _classes,
    "M-Bus": _mbus,
}


def read_table() -> dict[str, list[str]]:
    """Return the lines that were written, by part."""
    parts = TABLE.read_text(encoding="utf-8").split("## ")[1:]
    return {part.partition("\n")[0]: part.splitlines()[1:] for part in parts}


def write_table() -> None:
    """Write the table anew."""
    text = HEAD + "".join("\n".join([f"## {name}", *part()]) + "\n" for name, part in PARTS.items())
    TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write_table()
    print(f"{TABLE}: {len(TABLE.read_text(encoding='utf-8').splitlines())} lines")
