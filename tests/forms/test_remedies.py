"""What each verdict means for the forms, said a second time and independently: meters count wrong secrets."""

from custom_components.cosem.forms.found import Found
from custom_components.cosem.forms.remedies import REMEDIES, WhatToChange
from custom_components.cosem.forms.step_forms import STEP_FORMS
from custom_components.cosem.meter.credentials import SECRET_FIELDS
from custom_components.cosem.meter.doctor import Verdict
from tests.forms.drafts import draft, facts

NETWORK = {
    "name_not_resolved", "host_unreachable", "connection_refused", "cannot_connect", "connect_timeout",
    "no_dlms_answer", "not_dlms_hdlc", "not_dlms_text", "not_dlms",
    "took_too_long", "device_in_use",
}  # fmt: skip
NOT_WANTED = {
    "meter_busy", "no_identity", "unknown", "other_wports",
}  # fmt: skip
SETTINGS = {
    "closed_by_meter", "association_refused", "mechanism_refused", "bad_answer", "connection_lost", "answer_timeout",
}  # fmt: skip
SECURITY = {
    "password_or_keys_refused", "secret_refused", "keys_refused", "certificate_refused", "system_title_refused",
    "wrong_key", "no_secured_answer", "verification_failed", "decrypted_nonsense", "meter_not_proven",
    "counter_refused", "counter_too_far", "counter_not_stored", "counter_exhausted", "answer_replayed",
    "security_downgrade", "unexpected_system_title", "closed_with_keys", "no_answer_under_dedicated_key",
    "association_object_unknown",
}  # fmt: skip


def verdicts(what_to_change: WhatToChange) -> set[str]:
    """The verdicts after which this has to be mended."""
    return {verdict.value for verdict, remedy in REMEDIES.items() if remedy.what_to_change is what_to_change}


def test_each_verdict_has_its_remedy():
    assert set(REMEDIES) == set(Verdict)
    assert verdicts(WhatToChange.CONNECTION) == NETWORK | NOT_WANTED
    assert verdicts(WhatToChange.SETTINGS) == SETTINGS
    assert verdicts(WhatToChange.MECHANISM) == {"stronger_authentication", "authentication_required"}
    assert verdicts(WhatToChange.PASSWORD) == {"invalid_auth"}
    assert verdicts(WhatToChange.CREDENTIALS) == SECURITY
    assert verdicts(WhatToChange.COUNTER) == {"counter_jump"}


def test_refused_secret_is_not_sent_again_by_a_slip():
    refused = {verdict.value: remedy.refused_secret for verdict, remedy in REMEDIES.items() if remedy.refused_secret}
    assert refused == {
        "invalid_auth": "password",
        "password_or_keys_refused": "password",
        "secret_refused": "hls_secret",
    }
    assert set(refused.values()) <= SECRET_FIELDS


def test_sentence_stands_at_the_field_that_it_is_about():
    fields = {verdict.value: remedy.field for verdict, remedy in REMEDIES.items() if remedy.field != "base"}
    assert fields == {
        "name_not_resolved": "host",
        "mechanism_refused": "authentication",
        "authentication_required": "authentication",
        "stronger_authentication": "authentication",
        "invalid_auth": "password",
        "secret_refused": "hls_secret",
        "wrong_key": "encryption_key",
    }
    begun = draft("keys", found=Found(facts=facts()))
    shown = {str(marker) for form in STEP_FORMS.values() for marker in form.schema(begun).schema}
    assert set(fields.values()) - {"hls_secret"} <= shown


def test_hint_helps_where_the_wports_may_be_wrong():
    assert {verdict.value for verdict, remedy in REMEDIES.items() if remedy.has_hint} == {
        "connection_refused",
        "no_dlms_answer",
        "closed_by_meter",
        "association_refused",
        "mechanism_refused",
        "authentication_required",
        "stronger_authentication",
        "no_identity",
    }


def test_a_meter_that_refuses_the_public_client_is_told_apart_from_what_is_none():
    elsewhere = {verdict.value for verdict, remedy in REMEDIES.items() if remedy.is_elsewhere}
    assert elsewhere == NETWORK - {"no_dlms_answer", "took_too_long", "device_in_use"}
    may_be = {verdict.value for verdict, remedy in REMEDIES.items() if remedy.may_be_meter}
    assert may_be == SETTINGS | {
        *("no_dlms_answer", "took_too_long", "other_wports", "no_identity"),
        *("stronger_authentication", "authentication_required"),
    }
