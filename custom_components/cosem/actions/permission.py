"""Whether an entry's options allow a change of its meter (rule S33)."""

from homeassistant.exceptions import ServiceValidationError

from ..const import CONF_ALLOW_SWITCHING, CONF_ALLOW_WRITING, CONF_SECURITY_CONFIRMATION, DOMAIN
from ..coordinator import CosemCoordinator
from ..dlms import AttributeDescriptor, MethodDescriptor, is_of_security, is_of_supply, is_secret_or_proof

type Target = AttributeDescriptor | MethodDescriptor


def require_permission(coordinator: CosemCoordinator, *targets: Target) -> None:
    """Refuse what the options do not allow, naming the option. Raises ServiceValidationError.

    For use before the meter is asked for anything. Who calls is another question: the registration answers it.
    """
    options, title = coordinator.config_entry.options, coordinator.config_entry.title
    meant = [each for target in targets for each in _meant(coordinator, target)]
    if not options.get(CONF_ALLOW_WRITING):
        raise _refusal(title, translation_key="writing_not_allowed")
    if any(map(is_of_security, meant)) and not options.get(CONF_SECURITY_CONFIRMATION):
        raise _refusal(title, translation_key="security_not_allowed")
    if any(map(is_of_supply, meant)) and not options.get(CONF_ALLOW_SWITCHING):
        raise _refusal(title, translation_key="switching_not_allowed")


def is_hidden(coordinator: CosemCoordinator, target: Target) -> bool:
    """True if the value may be a secret: it is never shown, neither when it is written nor when it comes back."""
    return any(is_secret_or_proof(each) for each in _meant(coordinator, target))


def _meant(coordinator: CosemCoordinator, target: Target) -> list[Target]:
    """Return what the target may be: many meters take the logical name for it, whatever class is named."""
    classes = {each.class_id for each in coordinator.reader.objects if each.logical_name == target.logical_name}
    return [target._replace(class_id=class_id) for class_id in sorted({target.class_id, *classes})]


def _refusal(title: str, *, translation_key: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=translation_key, translation_placeholders={"detail": title}
    )
