# Home Assistant serves the name voluptuous from its own validation engine; its signatures name that engine's types.
from probatio import (
    ALLOW_EXTRA as ALLOW_EXTRA,
    All as All,
    Any as Any,
    Coerce as Coerce,
    In as In,
    Invalid as Invalid,
    Length as Length,
    Marker as Marker,
    MultipleInvalid as MultipleInvalid,
    Optional as Optional,
    Range as Range,
    Required as Required,
    Schema as Schema,
)
