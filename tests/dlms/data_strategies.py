"""Hypothesis strategies for Data: every type, nested, and compact-arrays whose rows fit their description."""

from hypothesis import strategies as st

from custom_components.cosem.dlms.encoding.data import (
    DONT_CARE,
    NULL,
    BitString,
    CompactArray,
    Data,
    DataType,
    TypeDescription,
)
from custom_components.cosem.dlms.encoding.data_types import FIXED_CODES, FIXED_STRUCTS


def _bit_string(octets: bytes, unused: int) -> BitString:
    bits = max(0, len(octets) * 8 - unused)
    size = (bits + 7) // 8
    number = int.from_bytes(octets[:size], "big") >> (-bits % 8) << (-bits % 8)
    return BitString(number.to_bytes(size, "big"), bits)


def _of_fixed(kind: DataType) -> st.SearchStrategy[Data]:
    layout = FIXED_STRUCTS[kind]
    if kind is DataType.BOOLEAN:
        return st.booleans().map(lambda value: Data(kind, value))
    if kind is DataType.FLOAT32:
        return st.floats(width=32, allow_nan=False).map(lambda value: Data(kind, value))
    if kind is DataType.FLOAT64:
        return st.floats(allow_nan=False).map(lambda value: Data(kind, value))
    return st.binary(min_size=layout.size, max_size=layout.size).map(
        lambda octets: Data(kind, layout.unpack(octets)[0])
    )


def of_type(kind: DataType) -> st.SearchStrategy[Data]:
    """Values of one simple type."""
    if kind in FIXED_CODES:
        return _of_fixed(kind)
    return {
        DataType.NULL_DATA: st.just(NULL),
        DataType.DONT_CARE: st.just(DONT_CARE),
        DataType.OCTET_STRING: st.binary(max_size=140).map(lambda octets: Data(kind, octets)),
        DataType.VISIBLE_STRING: st.binary(max_size=20).map(lambda octets: Data(kind, octets.decode("latin-1"))),
        DataType.UTF8_STRING: st.binary(max_size=20).map(
            lambda octets: Data(kind, octets.decode("utf-8", "surrogateescape"))
        ),
        DataType.BIT_STRING: st.builds(_bit_string, st.binary(max_size=5), st.integers(0, 7)).map(
            lambda bits: Data(kind, bits)
        ),
    }[kind]


SIMPLE_TYPES = [kind for kind in DataType if kind not in {DataType.ARRAY, DataType.STRUCTURE, DataType.COMPACT_ARRAY}]
simple_data = st.sampled_from(SIMPLE_TYPES).flatmap(of_type)


def _containers(children: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
    return st.builds(
        lambda kind, items: Data(kind, tuple(items)),
        st.sampled_from([DataType.ARRAY, DataType.STRUCTURE]),
        st.lists(children, max_size=5),
    )


descriptions = st.recursive(
    st.sampled_from(SIMPLE_TYPES).map(TypeDescription),
    lambda inner: (
        st.builds(lambda items: TypeDescription(DataType.STRUCTURE, tuple(items)), st.lists(inner, max_size=4))
        | st.builds(lambda item, count: TypeDescription(DataType.ARRAY, (item,), count), inner, st.integers(0, 3))
    ),
    max_leaves=6,
)


def row_of(description: TypeDescription) -> st.SearchStrategy[Data]:
    """Rows that fit a description."""
    kind, elements, count = description
    if kind in {DataType.ARRAY, DataType.STRUCTURE}:
        expected = elements * count if kind is DataType.ARRAY else elements
        return st.tuples(*map(row_of, expected)).map(lambda items: Data(kind, items))
    return of_type(kind)


def _takes_octets(description: TypeDescription) -> bool:
    kind, elements, count = description
    if kind is DataType.ARRAY:
        return count > 0 and _takes_octets(elements[0])
    if kind is DataType.STRUCTURE:
        return any(map(_takes_octets, elements))
    return kind not in {DataType.NULL_DATA, DataType.DONT_CARE}


compact_arrays = descriptions.filter(_takes_octets).flatmap(
    lambda description: st.lists(row_of(description), max_size=6).map(
        lambda rows: Data(DataType.COMPACT_ARRAY, CompactArray(description, tuple(rows)))
    )
)

any_data = st.recursive(simple_data | compact_arrays, _containers, max_leaves=12)
