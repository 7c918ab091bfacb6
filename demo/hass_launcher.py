"""Start Home Assistant, `python -m demo.hass_launcher -c FOLDER`, without what needs libraries of the system.

Cameras, speech and the like are loaded by default, need ffmpeg, libturbojpeg or a compiler, and would fill the log of a
bare machine with failures; the demo uses none of them.
"""

import importlib.util
import sys
from types import ModuleType

from homeassistant import bootstrap
from homeassistant.__main__ import main

PICTURES_AND_SPEECH = {"ai_task", "assist_satellite", "camera", "image_processing", "stt", "tts", "wake_word"}

# Imported by the voice assistant's modules, which Home Assistant imports even when nothing uses them (to describe its
# actions to the user interface). They exist only as C sources for this Python; see tools/prepare.py.
VOICE_LIBRARIES = {"pymicro_vad": "MicroVad", "pyspeex_noise": "AudioProcessor"}


def stand_in(library: str, name: str) -> None:
    """Let an import of a missing library succeed; using it would fail."""
    if importlib.util.find_spec(library) is None:
        module = ModuleType(library)
        setattr(module, name, None)
        sys.modules[library] = module


if __name__ == "__main__":
    for item in VOICE_LIBRARIES.items():
        stand_in(*item)
    bootstrap.DEFAULT_INTEGRATIONS.difference_update(PICTURES_AND_SPEECH)
    sys.exit(main())
