"""How a meter takes our proof and a dedicated key, as it is kept."""

import pytest

from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.proof_form import USUAL_FORM, ProofForm, ShortNameProof

FORMS = {
    USUAL_FORM: set(),
    ProofForm(under_global_key=True): {Leniency.PROOF_UNDER_GLOBAL_KEY},
    ProofForm(one_counter=True): {Leniency.ONE_COUNTER_FOR_BOTH_KEYS},
    ProofForm(association=LogicalName.parse("0.0.40.0.3.255")): {Leniency.OTHER_ASSOCIATION_OBJECT},
    ProofForm(short_names=True): set(),
    ProofForm(short_names=True, short_name_proof=ShortNameProof.READ_SELECTOR_0): {Leniency.PROOF_READ_WITH_SELECTOR_0},
    ProofForm(short_names=True, short_name_proof=ShortNameProof.WRITTEN): {Leniency.PROOF_WRITTEN},
    ProofForm(few_services=True): {Leniency.FEW_SERVICES},
    ProofForm(blocks_protected_each=True): {Leniency.GENERAL_BLOCKS_PROTECTED_EACH},
}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_kept_comes_back(form: ProofForm):
    assert ProofForm.from_record(form.to_record()) == form
    assert form.leniencies == FORMS[form]


@pytest.mark.parametrize("proof", [None, 3, "shouted", []])
def test_what_earlier_releases_kept_says_logical_names(proof: object):
    record = {"under_global_key": True, "one_counter": False, "association": "0.0.40.0.0.255"}
    assert ProofForm.from_record(record) == ProofForm(under_global_key=True)
    assert ProofForm.from_record(
        {**record, "short_names": 1, "few_services": 1, "blocks_protected_each": 1, "short_name_proof": proof}
    ) == ProofForm(under_global_key=True)


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        USUAL_FORM.to_record() | {"under_global_key": 1},
        USUAL_FORM.to_record() | {"one_counter": "yes"},
        USUAL_FORM.to_record() | {"association": 3},
        USUAL_FORM.to_record() | {"association": "nowhere"},
    ],
)
def test_what_was_not_written_by_us_is_nothing(record: object):
    assert ProofForm.from_record(record) is None
