"""How a meter takes an association, where meters differ: referencing, passes 3 and 4, a dedicated key."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from ..encoding.logical_name import LogicalName
from ..errors import LocalProtocolError
from ..interface_classes.association_ln import CURRENT_ASSOCIATION
from .leniencies import Leniency


class ShortNameProof(StrEnum):
    """How reply_to_HLS_authentication is called with short names."""

    READ = "read"
    """Read; the proof is the parameter of selector 1."""
    READ_SELECTOR_0 = "read-selector-0"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofForm:
    """What one meter wants; learned, and kept with it.

    ``under_global_key``: pass 3 comes under the global key although there is a dedicated one. ``one_counter``: the
    dedicated key continues the global key's counter. ``association``: the object whose method
    reply_to_HLS_authentication is called. ``short_names``: it knows these only. ``short_name_proof``: how it takes
    the proof then. ``few_services``: it refuses proposals with services that it does not know.
    ``blocks_protected_each``: it cuts into general blocks first, and then protects each.
    """

    under_global_key: bool = False
    one_counter: bool = False
    association: LogicalName = CURRENT_ASSOCIATION
    short_names: bool = False
    short_name_proof: ShortNameProof = ShortNameProof.READ
    few_services: bool = False
    blocks_protected_each: bool = False

    @property
    def leniencies(self) -> frozenset[Leniency]:
        """What of it is not the usual way."""
        unusual = {
            Leniency.PROOF_UNDER_GLOBAL_KEY: self.under_global_key,
            Leniency.ONE_COUNTER_FOR_BOTH_KEYS: self.one_counter,
            Leniency.OTHER_ASSOCIATION_OBJECT: self.association != CURRENT_ASSOCIATION,
            Leniency.PROOF_READ_WITH_SELECTOR_0: self.short_name_proof is ShortNameProof.READ_SELECTOR_0,
            Leniency.FEW_SERVICES: self.few_services,
            Leniency.GENERAL_BLOCKS_PROTECTED_EACH: self.blocks_protected_each,
            Leniency.PROOF_WRITTEN: self.short_name_proof is ShortNameProof.WRITTEN,
        }
        return frozenset(leniency for leniency, is_there in unusual.items() if is_there)

    def to_record(self) -> dict[str, bool | str]:
        """Return it as JSON can hold it."""
        return {
            "under_global_key": self.under_global_key,
            "one_counter": self.one_counter,
            "association": str(self.association),
            "short_names": self.short_names,
            "short_name_proof": self.short_name_proof.value,
            "few_services": self.few_services,
            "blocks_protected_each": self.blocks_protected_each,
        }

    @classmethod
    def from_record(cls, record: object) -> Self | None:
        """Return what to_record() gave, or None for anything else."""
        if not isinstance(record, Mapping):
            return None
        under_global_key, one_counter = record.get("under_global_key"), record.get("one_counter")
        association = record.get("association")
        if not (isinstance(under_global_key, bool) and isinstance(one_counter, bool) and isinstance(association, str)):
            return None
        try:
            name = LogicalName.parse(association)
        except LocalProtocolError:
            return None
        # Earlier releases wrote none of these.
        proof = record.get("short_name_proof")
        return cls(
            under_global_key=under_global_key,
            one_counter=one_counter,
            association=name,
            short_names=record.get("short_names") is True,
            short_name_proof=next((each for each in ShortNameProof if each == proof), ShortNameProof.READ),
            few_services=record.get("few_services") is True,
            blocks_protected_each=record.get("blocks_protected_each") is True,
        )


USUAL_FORM: Final = ProofForm()
"""The dedicated key from pass 3 on, with a counter of its own; the current association's object."""
