"""The configuration folder of the demo's Home Assistant."""

import json
import os
from pathlib import Path
import shutil

from homeassistant.components.http import config as http

from .processes import HOST, ROOT

CONFIGURATION = """\
# Written by scripts/demo at every start without --keep.
homeassistant:
  name: Demo home
  latitude: 50.0
  longitude: 10.0
  elevation: 200
  country: DE
  currency: EUR
  unit_system: metric
  language: en
  time_zone: {time_zone}
# What is built in the user interface.
automation: !include automations.yaml
config:
energy:
frontend:
history:
logbook:
recorder:
  commit_interval: 1
logger:
  default: warning
  logs:
    custom_components.cosem: info
    # Home Assistant looks into its camera code to describe its actions, and that misses a system library nobody uses
    # here.
    homeassistant.components.camera.img_util: fatal
"""


def local_time_zone() -> str:
    """The machine's zone by name: the dashboard's hours are the user's."""
    if zone := os.environ.get("TZ", "").lstrip(":"):
        return zone
    _, found, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    return name if found else "UTC"


def storage_file(folder: Path, key: str, version: int, minor_version: int, data: object) -> None:
    """Write one of Home Assistant's storage files before its first start."""
    storage = folder / ".storage"
    storage.mkdir(exist_ok=True)
    content = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content), encoding="utf-8")


def http_settings(port: int) -> dict[str, object]:
    """What `http:` would say. As YAML it is only a pending setting that asks to be confirmed; stored, it is settled."""
    given = {"server_host": [HOST], "server_port": port, "cors_allowed_origins": []}
    stable = http.HTTP_STORAGE_SCHEMA(given) | {
        "created_at": "2026-11-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}


def write(folder: Path, port: int, *, keep: bool) -> bool:
    """Make the folder ready for a start on this port; True when it is new."""
    new = not (keep and (folder / ".storage" / "auth").exists())
    if new:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # All steps but the first user: the others would add weather, radio and speech services that need the internet.
        storage_file(folder, "onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]})
    text = CONFIGURATION.format(time_zone=local_time_zone())
    (folder / "configuration.yaml").write_text(text, encoding="utf-8")
    (folder / "automations.yaml").touch()
    storage_file(folder, http.STORAGE_KEY, http.STORAGE_VERSION, http.STORAGE_MINOR_VERSION, http_settings(port))
    components = folder / "custom_components"
    components.mkdir(exist_ok=True)
    link = components / "cosem"
    if not link.is_symlink():
        link.symlink_to(ROOT / "custom_components" / "cosem", target_is_directory=True)
    return new
