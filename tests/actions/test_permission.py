"""S33: what an entry's options allow, and the option that is named where they do not."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_exception_message
import pytest

from custom_components.cosem.actions.permission import Target, is_hidden, require_permission
from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import typed_attribute, typed_method
from tests.conftest import set_up
from tests.simulated_meter.meter import SimulatedMeter

from .calls import EntryMaker

pytestmark = pytest.mark.usefixtures("network")

CLOCK = typed_attribute("8:0.0.1.0.0.255:2")
POLICY = typed_attribute("64:0.0.43.0.0.255:2")
KEY_TRANSFER = typed_method("64:0.0.43.0.0.255:2")
SECRET = typed_attribute("15:0.0.40.0.2.255:7")
COUNTER = typed_attribute("1:0.0.43.1.0.255:2")
DISCONNECT = typed_method("70:0.0.96.3.10.255:1")
PUSH = typed_attribute("40:0.0.25.9.0.255:3")

WRITING = {"allow_writing": True}
SWITCHING = {"allow_switching": True}
SECURITY = {"security_confirmation": "I know"}


async def refusal(hass: HomeAssistant, make_entry: EntryMaker, options: dict[str, Any], *targets: Target) -> str | None:
    """The key of the refusal; None where it is allowed."""
    entry = await set_up(hass, make_entry())
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
    try:
        require_permission(entry.runtime_data, *targets)
    except ServiceValidationError as error:
        refused = error
    else:
        return None
    assert refused.translation_placeholders == {"detail": "Meter"}
    assert refused.translation_key is not None
    message = async_get_exception_message(DOMAIN, refused.translation_key, {"detail": "Meter"})
    assert " Meter is not allowed. " in message
    assert "in the section Writing" in message
    return refused.translation_key


@pytest.mark.parametrize("target", [CLOCK, PUSH, POLICY, KEY_TRANSFER, SECRET, COUNTER, DISCONNECT])
async def test_s33_without_writing_nothing_is_allowed(hass: HomeAssistant, make_entry: EntryMaker, target: Target):
    assert await refusal(hass, make_entry, {**SWITCHING, **SECURITY}, target) == "writing_not_allowed"


@pytest.mark.parametrize(
    ("target", "missing"),
    [
        (CLOCK, None),
        (PUSH, None),
        (DISCONNECT, "switching_not_allowed"),
        (POLICY, "security_not_allowed"),
        (KEY_TRANSFER, "security_not_allowed"),
        (SECRET, "security_not_allowed"),
        (COUNTER, "security_not_allowed"),
    ],
)
async def test_s33_switching_and_keys_need_more(
    hass: HomeAssistant, make_entry: EntryMaker, target: Target, missing: str | None
):
    assert await refusal(hass, make_entry, WRITING, target) == missing


@pytest.mark.parametrize(("option", "target"), [(SWITCHING, DISCONNECT), (SECURITY, POLICY), (SECURITY, SECRET)])
async def test_s33_with_the_option_it_is_allowed(
    hass: HomeAssistant, make_entry: EntryMaker, option: dict[str, Any], target: Target
):
    assert await refusal(hass, make_entry, {**WRITING, **option}, target) is None


@pytest.mark.parametrize(("option", "target"), [(SECURITY, DISCONNECT), (SWITCHING, POLICY)])
async def test_s33_one_option_is_not_the_other(
    hass: HomeAssistant, make_entry: EntryMaker, option: dict[str, Any], target: Target
):
    assert await refusal(hass, make_entry, {**WRITING, **option}, target) is not None


async def test_s33_of_several_the_strictest_counts(hass: HomeAssistant, make_entry: EntryMaker):
    assert await refusal(hass, make_entry, WRITING, CLOCK, PUSH, DISCONNECT) == "switching_not_allowed"


async def test_s33_another_class_in_front_of_a_known_name_opens_nothing(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    kinds = {element.class_id: str(element.logical_name) for element in entry.runtime_data.reader.objects}
    hass.config_entries.async_update_entry(entry, options={**entry.options, **WRITING})
    for class_id, missing in ((70, "switching_not_allowed"), (15, "security_not_allowed")):
        disguised = typed_method(f"1:{kinds[class_id]}:1")
        with pytest.raises(ServiceValidationError) as refused:
            require_permission(entry.runtime_data, disguised)
        assert refused.value.translation_key == missing
    assert is_hidden(entry.runtime_data, typed_attribute(f"1:{kinds[15]}:7"))
    assert is_hidden(entry.runtime_data, SECRET)
    assert not is_hidden(entry.runtime_data, typed_attribute(f"1:{kinds[70]}:4"))
