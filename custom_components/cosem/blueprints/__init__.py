"""Blueprints for automations, and their installation."""
