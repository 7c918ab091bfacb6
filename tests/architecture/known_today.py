"""What the rules find in the tree and will be mended: check -> where -> what mends it.

An entry that nothing is found for any more fails a test, so that this list only gets shorter. At the end it is empty.
"""

KNOWN_TODAY: dict[str, dict[str, str]] = {
    "class size": {"cosem.dlms.client.association.Association": "kept associations"},
    "function size": {"cosem.dlms.client.client.DlmsClient.associate": "kept associations"},
    "public classes once": {"class GetDataResult": "a name of its own for what a reading may hold"},
    "mirrored": {
        **dict.fromkeys(
            [
                "cosem.const",
                *(f"cosem.dlms.describe.{name}" for name in ("association", "elements", "services")),
                "cosem.dlms.encoding.data_types",
                *(f"cosem.dlms.interface_classes.{name}" for name in ("profile_layout", "profile_rows")),
            ],
            "tests sorted by the file they are about",
        ),
        **dict.fromkeys(
            ["cosem.dlms.client.association", "cosem.dlms.client.link"], "tests of the client sorted by file"
        ),
        **dict.fromkeys(
            [f"cosem.meter.{name}" for name in ("association_keeper", "security")],
            "tests of the meter's files sorted by file",
        ),
    },
}
