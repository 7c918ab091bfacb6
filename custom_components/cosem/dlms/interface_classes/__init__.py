"""Meaning of COSEM interface classes: pure functions on decoded Data (IEC 62056-6-2). Knows nothing of associations."""
