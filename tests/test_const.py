"""Names and numbers that are written into entries, stores and automations: they may not change by accident."""

import json
from pathlib import Path

import pytest

from custom_components.cosem import const

FOLDER = Path(const.__file__).parent
NAMES = {name: value for name, value in vars(const).items() if name.startswith("CONF_")}


def test_the_domain_is_that_of_the_folder_and_the_manifest():
    manifest = json.loads((FOLDER / "manifest.json").read_text("utf-8"))
    assert const.DOMAIN == FOLDER.name == manifest["domain"]
    assert const.LOGGER.name == f"custom_components.{const.DOMAIN}"


def test_no_two_fields_of_an_entry_share_a_name():
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_is_stored_under_the_name_that_the_code_uses(name: str):
    assert NAMES[name] == name.removeprefix("CONF_").lower()


def test_every_way_to_authenticate_is_offered_once_and_has_its_word():
    texts = json.loads((FOLDER / "translations/en.json").read_text("utf-8"))["selector"]["authentication"]["options"]
    assert len(set(const.AUTHENTICATIONS)) == len(const.AUTHENTICATIONS)
    assert texts.keys() == {
        *const.AUTHENTICATIONS,
        const.AUTHENTICATION_INHERITED,
        const.AUTHENTICATION_FIND_OUT,
    }


@pytest.mark.parametrize("what", ["INTERVAL", "RESPONSE_TIMEOUT"])
def test_defaults_lie_between_the_limits(what: str):
    smallest, largest, default = (getattr(const, f"{edge}_{what}") for edge in ("MIN", "MAX", "DEFAULT"))
    assert smallest < default < largest


def test_waiting_longer_after_failures_has_an_end():
    assert const.BACKOFF_FACTOR > 1
    assert 0 < const.BACKOFF_JITTER < 1
    assert const.MIN_INTERVAL < const.BACKOFF_MAXIMUM
