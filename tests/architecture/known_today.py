"""What the rules find in the tree and will be mended: check -> where -> what mends it.

An entry that nothing is found for any more fails a test, so that this list only gets shorter. At the end it is empty.
"""

KNOWN_TODAY: dict[str, dict[str, str]] = {
    "integration arrows": {
        "cosem.meter.clients -> cosem.coordinator": "the type of a config entry, which moves to the coordinator",
        "cosem.meter.credentials -> cosem.forms.key_input": "what people type, which moves into the stack",
    },
    "no cycles": {
        "cosem.coordinator -> cosem.meter.clients -> cosem.coordinator": "the type of a config entry",
    },
    "class size": {
        "cosem.config_flow.CosemConfigFlow": "set-up as a value",
        "cosem.coordinator.CosemCoordinator": "the reader",
        "cosem.dlms.client.association.Association": "the life of an association as a table",
    },
    "function size": {"cosem.dlms.client.client.DlmsClient.associate": "kept associations"},
    "mirrored": {
        **dict.fromkeys(
            [
                *(f"cosem.catalogue.{name}" for name in ("abstract", "describe", "electricity", "gas", "heat")),
                *(f"cosem.catalogue.{name}" for name in ("model", "units", "water")),
                *("cosem.const", "cosem.entity"),
                *(f"cosem.dlms.describe.{name}" for name in ("association", "elements", "services")),
                *("cosem.dlms.encoding.compact_array", "cosem.dlms.encoding.data_types"),
                "cosem.dlms.interface_classes.profile_layout",
                "cosem.dlms.protocol.transfer.blocks",
                "cosem.dlms.interface_classes.profile_rows",
                "cosem.dlms.security.general_ciphering",
            ],
            "tests sorted by the file they are about",
        ),
        **dict.fromkeys(
            ["cosem.dlms.client.association", "cosem.dlms.client.link"], "tests of the client sorted by file"
        ),
        **dict.fromkeys(
            [
                f"cosem.forms.{name}"
                for name in ("base", "credential_schemas", "credential_steps", "examination", "options")
            ],
            "set-up as a value",
        ),
        **dict.fromkeys(
            [
                f"cosem.meter.{name}"
                for name in ("association_keeper", "issues", "presets", "replacement", "security", "setup")
            ],
            "the reader",
        ),
    },
}
