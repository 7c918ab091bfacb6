"""Installs the blueprints of this integration, which Home Assistant itself does not.

What a person changed is never overwritten. The files' digests are remembered as they were installed, so that a new
version of the integration can replace what nobody touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from homeassistant.components.blueprint.const import BLUEPRINT_FOLDER
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.json import JsonObjectType

from ..const import DOMAIN

_DOMAIN_OF_BLUEPRINTS: Final = "automation"
_SHIPPED: Final = Path(__file__).parent / _DOMAIN_OF_BLUEPRINTS
_STORE_VERSION: Final = 1


@dataclass(slots=True)
class Installed:
    """What was done, by the names of files."""

    installed: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Changed by a person, and left alone."""

    def record(self) -> JsonObjectType:
        """Return it for who asked."""
        return {
            "installed": [*self.installed],
            "updated": [*self.updated],
            "unchanged": [*self.unchanged],
            "kept": [*self.kept],
        }


def _digest(octets: bytes) -> str:
    return sha256(octets).hexdigest()


def _install(folder: Path, known: Mapping[str, str]) -> tuple[Installed, dict[str, str]]:
    """Return what was done, and the digests of what is installed now. Raises OSError."""
    done, digests = Installed(), dict(known)
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(_SHIPPED.glob("*.yaml")):
        octets, target = source.read_bytes(), folder / source.name
        present = target.read_bytes() if target.exists() else None
        if present is not None and present != octets and _digest(present) != known.get(source.name):
            done.kept.append(source.name)
            continue
        digests[source.name] = _digest(octets)
        if present == octets:
            done.unchanged.append(source.name)
            continue
        # Whole or not at all: a power cut leaves no half of a file.
        new = target.with_suffix(".new")
        new.write_bytes(octets)
        new.replace(target)
        (done.installed if present is None else done.updated).append(source.name)
    return done, digests


async def async_install_blueprints(hass: HomeAssistant) -> Installed:
    """Copy the blueprints into Home Assistant's configuration. Raises OSError."""
    store = Store[dict[str, Any]](hass, _STORE_VERSION, f"{DOMAIN}.blueprints")
    known = cast("Mapping[str, str]", (await store.async_load() or {}).get("digests", {}))
    folder = Path(hass.config.path(BLUEPRINT_FOLDER, _DOMAIN_OF_BLUEPRINTS, DOMAIN))
    done, digests = await hass.async_add_executor_job(_install, folder, known)
    if digests != known:
        await store.async_save({"digests": digests})
    return done
