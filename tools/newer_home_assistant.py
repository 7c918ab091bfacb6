"""A pytest plugin (`-p tools.newer_home_assistant`) that lets the test plugin for 2026.10 serve Home Assistant 2026.11.

Two things moved. `-p` loads this before plugins that are found by their entry points, in every worker of pytest-xdist,
too. Drop it when a test plugin for 2026.11 is out.
"""

from importlib import import_module

# Sets up its alias of httpx, which must precede the first import of httpx.
import_module("homeassistant")
logger = import_module("homeassistant.components.logger")
helpers = import_module("homeassistant.components.logger.helpers")

# The test plugin still looks for this function where 2026.10 has it.
MOVED = "_clear_logger_overwrites"
if not hasattr(logger, MOVED):
    setattr(logger, MOVED, getattr(helpers, MOVED))
