"""The forms of the flows: drafts, steps, schemas and texts."""
