"""What the rules find in the tree and will be mended: check -> where -> what mends it.

An entry that nothing is found for any more fails a test, so that this list only gets shorter.
"""

KNOWN_TODAY: dict[str, dict[str, str]] = {}
