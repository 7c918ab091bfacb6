"""How a translation key is put together from a stem and qualifiers."""

import pytest

from custom_components.cosem.catalogue.model import (
    ALONE,
    ALONE_OR_PHASE,
    BY_CHANNEL,
    BY_PHASE,
    BY_TARIFF,
    BY_TARIFF_AND_PHASE,
    NO_PLACEHOLDERS,
    ONLY_CODE,
    WITH_HISTORY,
    CatalogueEntry,
    Qualifiers,
    StateRule,
    coded,
    qualified,
)
from custom_components.cosem.dlms import LogicalName


def key_of(code, variants, **qualifiers):
    key, placeholders = qualified("stem", variants, LogicalName.parse(code), Qualifiers(**qualifiers))
    return key, dict(placeholders)


@pytest.mark.parametrize(
    ("code", "variants", "qualifiers", "key", "placeholders"),
    [
        ("1-0:1.8.0", ALONE, {}, "stem", {}),
        ("1-2:1.8.0", BY_CHANNEL, {}, "stem_channel", {"channel": "2"}),
        ("1-64:1.8.0", BY_CHANNEL, {}, "stem_channel", {"channel": "64"}),
        ("1-0:21.8.0", ALONE_OR_PHASE, {"phase": "L1"}, "stem_phase", {"phase": "L1"}),
        ("1-2:21.8.0", BY_PHASE, {"phase": "L1"}, "stem_channel_phase", {"channel": "2", "phase": "L1"}),
        ("1-0:1.8.2", BY_TARIFF, {"tariff": 2}, "stem_tariff", {"tariff": "2"}),
        ("1-0:1.8.63", BY_TARIFF, {"tariff": 63}, "stem_tariff", {"tariff": "63"}),
        ("1-3:1.8.2", BY_TARIFF, {"tariff": 2}, "stem_channel_tariff", {"channel": "3", "tariff": "2"}),
        ("1-0:1.8.0*0", WITH_HISTORY, {}, "stem_period", {"period": "0"}),
        ("1-0:1.8.0*99", WITH_HISTORY, {}, "stem_period", {"period": "99"}),
        ("1-0:1.8.0*101", WITH_HISTORY, {}, "stem_last_period", {}),
        ("1-0:1.8.0*125", WITH_HISTORY, {}, "stem_periods_ago", {"periods": "25"}),
        ("1-0:1.8.0*102", WITH_HISTORY, {}, "stem_periods_ago", {"periods": "2"}),
        ("1-0:1.8.2*101", WITH_HISTORY, {"tariff": 2}, "stem_tariff_last_period", {"tariff": "2"}),
    ],
)
def test_a_variant_with_a_name_is_told_in_words(code, variants, qualifiers, key, placeholders):
    assert key_of(code, variants, **qualifiers) == (key, placeholders)


@pytest.mark.parametrize(
    ("code", "variants", "qualifiers"),
    [
        ("1-0:1.8.0", ONLY_CODE, {}),
        ("1-0:1.8.0", BY_TARIFF_AND_PHASE, {"unnamed": True}),
        ("1-2:1.8.0", ALONE, {}),
        ("1-65:1.8.0", BY_CHANNEL, {}),
        ("1-0:21.8.0", BY_CHANNEL, {"phase": "L1"}),
        ("1-0:1.8.64", BY_TARIFF, {"tariff": 64}),
        ("1-0:1.8.0*100", WITH_HISTORY, {}),
        ("1-0:1.8.0*126", WITH_HISTORY, {}),
        ("1-0:21.8.0*101", WITH_HISTORY, {"phase": "L1"}),
    ],
)
def test_a_variant_without_a_name_is_told_by_its_code(code, variants, qualifiers):
    assert key_of(code, variants, **qualifiers) == ("stem_code", {"code": code})


def test_without_qualifiers_the_logical_name_alone_decides():
    assert qualified("stem", ALONE, LogicalName.parse("1-0:1.8.0")) == ("stem", {})
    assert qualified("stem", BY_CHANNEL, LogicalName.parse("1-4:1.8.0")) == ("stem_channel", {"channel": "4"})


def test_what_is_rarely_looked_at_is_a_diagnosis_told_by_its_code():
    entry = coded("stem", LogicalName.parse("1-0:1.8.0"), StateRule.MEASUREMENT, kind="bits")
    assert entry == CatalogueEntry(
        key="stem_code",
        placeholders={"code": "1-0:1.8.0"},
        state=StateRule.MEASUREMENT,
        diagnostic=True,
        enabled=False,
        kind="bits",
    )


def test_shared_placeholders_cannot_be_changed():
    with pytest.raises(TypeError):
        NO_PLACEHOLDERS["code"] = "1-0:1.8.0"
