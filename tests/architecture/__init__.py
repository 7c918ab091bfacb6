"""The checks of docs/architecture.md: functions from a module to findings, and ways around them that fail."""
