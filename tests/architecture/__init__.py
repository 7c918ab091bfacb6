"""The checks of docs/architecture.md: functions from a module's syntax tree to findings, and ways around them that fail."""
