"""A pytest plugin (`-p tools.newer_home_assistant`) that lets the test plugin for 2026.10 serve Home Assistant 2026.11.

Two things moved between the releases. Loaded by `-p`, this comes before the plugins that are found by their entry points,
and every worker process of pytest-xdist loads it too. Drop it when a test plugin for 2026.11 is out.
"""

import homeassistant  # noqa: F401  # sets up its alias of httpx, which must precede the first import of httpx
from homeassistant.components import logger
from homeassistant.components.logger import helpers

# The test plugin still looks for this function where 2026.10 has it.
if not hasattr(logger, "_clear_logger_overwrites"):
    vars(logger)["_clear_logger_overwrites"] = helpers._clear_logger_overwrites  # noqa: SLF001
