"""Start Home Assistant, `python -m demo.hass_launcher -c FOLDER`, leaving out what a bare machine has no libraries for.

Every Home Assistant loads cameras, speech and the like by default. They need ffmpeg, libturbojpeg or a compiler, and where
those are missing their failures would fill the log, though nothing in the demo uses them.
"""

import sys

from homeassistant import bootstrap
from homeassistant.__main__ import main

PICTURES_AND_SPEECH = {"ai_task", "assist_satellite", "camera", "image_processing", "stt", "tts", "wake_word"}

if __name__ == "__main__":
    bootstrap.DEFAULT_INTEGRATIONS.difference_update(PICTURES_AND_SPEECH)
    sys.exit(main())
