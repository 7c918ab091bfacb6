"""What a meter does differently, and is tolerated: one name for each, in reports and in docs/meters.md.

Nothing of it guards a key, a counter, a value or a setting.
"""

from enum import StrEnum


class Leniency(StrEnum):
    """The names stay as they are: reports and stored meters contain them."""

    CIPHERED_CONTEXT_NAMED = "ciphered_context_named"
    """The AARE names the ciphered application context for the plain one, and everything is plain, without any keys."""
    MISSING_MECHANISM_NAME = "missing_mechanism_name"
    """The AARE does not repeat the authentication mechanism."""
    PROTOCOL_VERSION_PRESENT = "protocol_version_present"
    """The AARE has the ACSE protocol version, which is the default; it is not looked at."""
    DIAGNOSTIC_0_WITH_PROOF = "diagnostic_0_with_proof"
    """The AARE says 0 instead of 14 although passes 3 and 4 follow."""
    RESERVED_SERVICES = "reserved_services"
    """The AARE sets reserved bits of the conformance block; they are cleared."""
    SURPLUS_SERVICES = "surplus_services"
    """The AARE grants services that were not proposed; they are not used."""
    UNUSUAL_INITIATE_RESPONSE = "unusual_initiate_response"
    """The InitiateResponse is written in another form than the usual one."""
    GLOBAL_INITIATE_RESPONSE = "global_initiate_response"
    """The InitiateResponse comes as glo-, although general-ciphering or signatures were agreed for services."""
    IDENTIFIED_KEY_IN_ANSWERS = "identified_key_in_answers"
    """Answers to general-ciphering with a wrapped or agreed key come under the global key."""
    BLOCKS_FROM_0 = "blocks_from_0"
    """The first block of an answer has the number 0; the others follow it."""
    SURPLUS_OCTET = "surplus_octet"
    """One octet follows an APDU or a value that is whole; it is not looked at."""
    PROOF_UNDER_GLOBAL_KEY = "proof_under_global_key"
    """Pass 3 is taken under the global key only, although there is a dedicated one."""
    ONE_COUNTER_FOR_BOTH_KEYS = "one_counter_for_both_keys"
    """The dedicated key continues the global key's counter."""
    OTHER_ASSOCIATION_OBJECT = "other_association_object"
    """reply_to_HLS_authentication belongs to another object than 0.0.40.0.0.255."""
    PROOF_IN_ANOTHER_FORM = "proof_in_another_form"
    """The meter's proof comes as a list of one, or as a block, though one method was called."""
    ODD_OBJECT_LIST_ENTRY = "odd_object_list_entry"
    """An entry of the object list makes no sense, or its access rights do not; the others are used."""
    GENERAL_BLOCKS_PROTECTED_EACH = "general_blocks_protected_each"
    """Each general block is protected by itself, instead of the whole APDU before it is cut."""
    UNNEGOTIATED_GENERAL_BLOCKS = "unnegotiated_general_blocks"
    """An answer comes in general blocks although the meter did not agree to any."""
    AARE_IN_GENERAL_BLOCKS = "aare_in_general_blocks"
    """The AARE comes in general blocks, before anything is agreed on."""
