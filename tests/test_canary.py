"""S28: secrets planted in an entry's life are found nowhere but where they must be: in the entry itself.

A life is: set up with wrong and right credentials, polls, every kind of failure, reauthentication, reconfiguration,
removal. Searched, in every form that a secret might take: every log record at DEBUG with its arguments and traceback,
every result of a flow, every state, event and issue, every file of Home Assistant's storage but the one with the
entries, every exception in reach, and the ``repr`` of every object of the integration that is alive.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
import gc
import json
import logging
import traceback
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives import serialization
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntryState
from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.diagnostics import async_get_config_entry_diagnostics
from tests.flow_tools import in_sections, progressed
from tests.secured_entries import secured_profile, security_of, with_client
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.secured import client_key_pair

PACKAGE = "custom_components.cosem"
HOST = "canary-host.example"
PASSWORD = "Canary-Password-7Hq"
HLS_SECRET = "Canary-Secret-16"
ENCRYPTION_KEY = bytes.fromhex("CA7A51E0B1C2D3F4A5968778695A4B3C")
AUTHENTICATION_KEY = bytes.fromhex("FEA7E512345ABCDE9F8172635445362B")
WRONG_KEY = bytes.fromhex("BAD7E5B1C2D3F4A5968778695A4B3C1D")
SCALAR = 0xCA7A51E0B1C2D3F4A5968778695A4B3CFEA7E512345ABCDE9F8172635445362B
WINDOW = 8
"""Octets in a row that count as a leak: half a key is too much."""


def forms(secret: bytes) -> Iterator[tuple[str, str]]:
    """Every form in which a secret, or a good part of it, might be written down; with the name of the form."""
    for start in range(0, max(len(secret) - WINDOW, 0) + 1, WINDOW // 2):
        part = secret[start : start + WINDOW]
        yield "raw", part.decode("latin-1")
        yield "escaped", repr(part)[2:-1]
        yield "json", json.dumps(part.decode("latin-1"))[1:-1]
        for separator in ("", " ", ":", "-", ", ", "\\x", "0x"):
            yield "hex", part.hex("\n").replace("\n", separator)
            yield "HEX", part.hex("\n").upper().replace("\n", separator)
        for separator in (", ", ",", " ", "-"):
            yield "decimal list", separator.join(str(octet) for octet in part)
    for shift in range(3):
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = alphabet(bytes(shift) + secret).decode()
            yield "base64", encoded[4 if shift else 0 : -4]
    for order in ("big", "little"):
        yield "number", str(int.from_bytes(secret, order))  # type: ignore[arg-type]


@dataclass
class Searcher:
    """Looks for secrets in texts."""

    secrets: dict[str, bytes]
    scanned: int = 0
    hits: list[str] = field(default_factory=list)
    _forms: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, secret in self.secrets.items():
            self._forms += [(name, form, text) for form, text in set(forms(secret)) if len(text) >= WINDOW]

    def search(self, where: str, text: str) -> None:
        """Note what is found in one text."""
        self.scanned += 1
        self.hits += [f"{name} as {form} in {where}" for name, form, leak in self._forms if leak in text]


class Life:
    """What Home Assistant says, shows, sends and stores while an entry lives."""

    def __init__(self, hass: HomeAssistant, caplog: pytest.LogCaptureFixture, storage: dict[str, Any]) -> None:
        self.hass = hass
        self.caplog = caplog
        self.storage = storage
        self.texts: dict[str, str] = {}
        """Where each text came from first."""
        hass.bus.async_listen(MATCH_ALL, self._on_event)

    def note(self, where: str, thing: object) -> None:
        """Keep what a thing looks like now."""
        self.texts.setdefault(f"{thing!r}\n{thing!s}", where)

    def _on_event(self, event: Event[Any]) -> None:
        self.note(f"event {event.event_type}", event.as_dict())

    def note_result(self, result: Any) -> None:
        """Keep a result of a flow: all of it but the entry that it made, and what a form shows again."""
        self.note("flow result", {key: value for key, value in result.items() if key not in {"data", "result"}})
        if (schema := result.get("data_schema")) is not None:
            for marker in schema.schema:
                default = marker.default() if callable(getattr(marker, "default", None)) else None
                self.note("form", (str(marker), marker.description, default))

    def note_everything(self) -> None:
        """Keep what there is now."""
        for state in self.hass.states.async_all():
            self.note("state", state.as_dict())
        for issue in ir.async_get(self.hass).issues.values():
            self.note("issue", issue)
        for name, content in self.storage.items():
            if name != "core.config_entries":
                self.note(f"file {name}", json.dumps(content))
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            self.note("entry", entry)
            self.note("reason", (entry.reason, entry.error_reason_translation_placeholders))
            coordinator = getattr(entry, "runtime_data", None)
            if coordinator is not None and coordinator.last_exception is not None:
                error = coordinator.last_exception
                self.note("exception", "".join(traceback.format_exception(error)))
                self.note("exception", (error, error.args, error.__cause__, vars(error)))
        for thing in our_objects():
            self.note(f"repr of {type(thing).__qualname__}", thing)

    def search_all(self, searcher: Searcher) -> None:
        """Search what was kept, and every log record."""
        for text, where in self.texts.items():
            searcher.search(where, text)
        formatter = logging.Formatter()
        for record in self.caplog.records:
            searcher.search(f"log of {record.name}", f"{formatter.format(record)}\n{record.args!r}\n{record.msg!r}")


_OF_A_KIND = 20


@cache
def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith(PACKAGE) and not issubclass(kind, type)


def our_objects() -> Iterable[object]:
    """Return the objects of the integration and its stack that are alive; of the many of a kind some."""
    seen: Counter[type] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        if _is_ours(kind) and seen[kind] < _OF_A_KIND:
            seen[kind] += 1
            yield thing


# --- The searcher itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leak",
    [
        ENCRYPTION_KEY.hex(),
        f"key={ENCRYPTION_KEY.hex().upper()};",
        ENCRYPTION_KEY.hex(" "),
        ENCRYPTION_KEY.hex(":").upper(),
        repr(ENCRYPTION_KEY),
        repr(bytearray(ENCRYPTION_KEY)),
        str(list(ENCRYPTION_KEY)),
        ",".join(map(str, ENCRYPTION_KEY)),
        base64.b64encode(ENCRYPTION_KEY).decode(),
        base64.b64encode(b"x" + ENCRYPTION_KEY + b"y").decode(),
        base64.b64encode(b"xy" + ENCRYPTION_KEY).decode(),
        base64.urlsafe_b64encode(ENCRYPTION_KEY).decode(),
        str(int.from_bytes(ENCRYPTION_KEY)),
        ENCRYPTION_KEY.decode("latin-1"),
        json.dumps({"key": ENCRYPTION_KEY.decode("latin-1")}),
        f"only half of it: {ENCRYPTION_KEY[8:].hex()}",
        f"the password is {PASSWORD}",
        repr(PASSWORD.encode()),
        PASSWORD.encode().hex(),
    ],
)
def test_s28_searcher_finds_what_is_planted(leak: str):
    searcher = Searcher({"key": ENCRYPTION_KEY, "password": PASSWORD.encode()})
    searcher.search("a log", f"before {leak} after")
    assert searcher.hits


def test_s28_searcher_finds_nothing_where_nothing_is():
    searcher = Searcher({"key": ENCRYPTION_KEY, "password": PASSWORD.encode(), "wrong": WRONG_KEY})
    searcher.search("a log", json.dumps([list(range(256)), bytes(range(256)).hex(), "password", "key"]))
    assert searcher.hits == []


async def test_s28_a_leak_through_home_assistant_is_found(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    """One planted in each place; each is found."""

    @dataclass
    class Leaky:
        key: bytes = ENCRYPTION_KEY

    Leaky.__module__ = f"{PACKAGE}.leaky"
    leaky = Leaky()
    caplog.set_level(logging.DEBUG)
    life = Life(hass, caplog, hass_storage)
    logging.getLogger(PACKAGE).debug("sent %s", list(ENCRYPTION_KEY))
    hass.states.async_set("sensor.leak", "7", {"key": ENCRYPTION_KEY.hex()})
    hass.bus.async_fire("leak", {"key": base64.b64encode(ENCRYPTION_KEY).decode()})
    hass_storage["leak"] = {"data": ENCRYPTION_KEY.hex().upper()}
    ir.async_create_issue(
        hass,
        DOMAIN,
        "leak",
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="leak",
        translation_placeholders={"key": ENCRYPTION_KEY.hex()},
    )
    life.note_result({"type": FlowResultType.FORM, "errors": {"base": ENCRYPTION_KEY.hex()}})
    await hass.async_block_till_done()
    life.note_everything()
    searcher = Searcher({"key": ENCRYPTION_KEY})
    life.search_all(searcher)
    for place in ("state", "event leak", "file leak", "issue", "flow result", f"log of {PACKAGE}", "repr of "):
        assert any(f" in {place}" in hit for hit in searcher.hits), place
    assert leaky.key == ENCRYPTION_KEY


# --- The lives --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """Who lives: the client, what is typed, and its secrets."""

    wport: int
    kind: str
    typed: dict[str, Any]
    wrong: dict[str, Any]
    secrets: dict[str, bytes]


KEYS = {
    "encryption_key": ENCRYPTION_KEY.hex(),
    "authentication_key": AUTHENTICATION_KEY.hex(),
    "security_suite": "0",
}
KEY_SECRETS = {"encryption key": ENCRYPTION_KEY, "authentication key": AUTHENTICATION_KEY, "wrong key": WRONG_KEY}


def planted_meter() -> SimulatedMeter:
    """A meter that knows the secrets."""
    keys = {"encryption_key": ENCRYPTION_KEY, "authentication_key": AUTHENTICATION_KEY}
    profile = with_client(secured_profile(), 1, **keys)
    profile = with_client(profile, 10, **keys)
    profile = with_client(profile, 5, secret=HLS_SECRET.encode())
    profile = with_client(profile, 9, signing_scalar=SCALAR, **keys)
    clients = tuple(replace(client, password=PASSWORD) if client.password else client for client in profile.clients)
    return SimulatedMeter(replace(profile, clients=clients), dt_util.utcnow)


@pytest.fixture
def meter() -> SimulatedMeter:
    """That meter."""
    return planted_meter()


@pytest.fixture
def meters(meter: SimulatedMeter) -> dict[str, SimulatedMeter]:
    """It answers at the planted host."""
    return {HOST: meter}


def plan(meter: SimulatedMeter, wport: int) -> Plan:
    """Return who lives as this client."""
    password = {"password": PASSWORD.encode(), "wrong password": PASSWORD[::-1].encode()}
    match wport:
        case 2:
            return Plan(2, "password", {"password": PASSWORD}, {"password": PASSWORD[::-1]}, password)
        case 5:
            typed = {"mechanism": "hls-md5", "message_protection": {}, "advanced": {}}
            secrets = {"secret": HLS_SECRET.encode(), "wrong secret": HLS_SECRET[::-1].encode()}
            wrong = {**typed, "hls_secret": HLS_SECRET[::-1]}
            return Plan(5, "hls_secret", {**typed, "hls_secret": HLS_SECRET}, wrong, secrets)
        case 9:
            key = client_key_pair(security_of(meter, 9), 9, "signing")
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            public = meter.security.identity.signing[1].public_key()
            typed = {
                "client_private_key": pem.decode(),
                "meter_public_key": public.public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                ).decode(),
                "security_suite": "1",
                "message_protection": {
                    "encryption_key": ENCRYPTION_KEY.hex(),
                    "authentication_key": AUTHENTICATION_KEY.hex(),
                    "protection": "authenticated_encryption",
                },
                "advanced": {},
            }
            protection = {**typed["message_protection"], "encryption_key": WRONG_KEY.hex()}
            wrong = {**typed, "message_protection": protection}
            secrets = {"private key": SCALAR.to_bytes(32), "lines": b"".join(pem.splitlines()[1:2]), **KEY_SECRETS}
            return Plan(9, "certificate", typed, wrong, secrets)
    mechanism = "lls" if wport == 10 else "hls-gmac"
    instance = security_of(meter, wport).setup_instance
    typed = {**KEYS, "advanced": {"mechanism": mechanism, "counter_logical_name": f"0.0.43.1.{instance}.255"}}
    return Plan(wport, "keys", typed, {**typed, "encryption_key": WRONG_KEY.hex()}, KEY_SECRETS | password)


FAULTS = [
    {"name": "wrong-tag"},
    {"name": "wrong-key"},
    {"name": "plaintext"},
    {"name": "plaintext", "on": "aarq"},
    {"name": "counter-error", "code": 0xFFFF0000},
    {"name": "deciphering-error", "on": "aarq"},
    {"name": "other-title"},
    {"name": "replay"},
    {"name": "corrupt"},
    {"name": "fin"},
    {"name": "refuse"},
    {"name": "aare-transient"},
    {"name": "wrong-pass-4"},
]


async def begin(hass: HomeAssistant, life: Life, plan: Plan, result: Any) -> Any:
    """Go to the form with the credentials."""
    return await typed_in(
        hass,
        life,
        result,
        host=HOST,
        port=4059,
        preset="generic",
        client_wport=plan.wport,
        server_wport=1,
        authentication=plan.kind,
    )


async def typed_in(hass: HomeAssistant, life: Life, result: Any, **typed: Any) -> Any:
    """Submit a form; keep what comes back."""
    life.note_result(result)
    told = in_sections(result, typed)
    result = await progressed(hass, await hass.config_entries.flow.async_configure(result["flow_id"], told))
    life.note_result(result)
    life.note_everything()
    return result


async def with_password(hass: HomeAssistant, life: Life, result: Any) -> Any:
    """Answer the question for the password, where it comes besides keys."""
    if result.get("step_id") in {"password", "known_password"}:
        result = await typed_in(hass, life, result, password=PASSWORD)
    return result


@pytest.mark.parametrize("wport", [1, 2, 5, 9, 10])
async def test_s28_no_secret_leaks(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    network: None,
    meter: SimulatedMeter,
    caplog: pytest.LogCaptureFixture,
    wport: int,
):
    caplog.set_level(logging.DEBUG)
    hass.config.debug = True
    life = Life(hass, caplog, hass_storage)
    who = plan(meter, wport)
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await begin(hass, life, who, result)
    for typed in (who.wrong, who.typed):
        assert result["step_id"] == who.kind, result["step_id"]
        result = await typed_in(hass, life, result, **typed)
        if wport != 2:
            result = await with_password(hass, life, result)
    assert result["step_id"] == "objects", result
    result = await typed_in(hass, life, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    await hass.async_block_till_done(wait_background_tasks=True)
    life.note_everything()
    for fault in FAULTS:
        meter.faults.add(**fault)
        await asked(hass, life, entry)
        await hass.config_entries.async_reload(entry.entry_id)
        life.note_everything()
        meter.faults.clear()
        await hass.config_entries.async_reload(entry.entry_id)
        await asked(hass, life, entry)
        for flow in hass.config_entries.flow.async_progress():
            life.note("flow", flow)
            hass.config_entries.flow.async_abort(flow["flow_id"])
    with patch(f"{PACKAGE}.meter.reader.async_ask", side_effect=RuntimeError("a bug")):
        await asked(hass, life, entry)
    await mended(hass, life, who, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    life.note_everything()
    searcher = Searcher(who.secrets)
    life.search_all(searcher)
    assert searcher.scanned > 1000
    assert set(searcher.hits) == set()
    look_for_host_and_serial(life, meter)


async def asked(hass: HomeAssistant, life: Life, entry: Any) -> None:
    """Poll now, if the entry is loaded."""
    if entry.state is ConfigEntryState.LOADED:
        await entry.runtime_data.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    life.note("diagnostics", await async_get_config_entry_diagnostics(hass, entry))
    life.note_everything()


async def mended(hass: HomeAssistant, life: Life, who: Plan, entry: Any) -> None:
    """Open the forms that mend an entry, and type something wrong."""
    for source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
        context = {"source": source, "entry_id": entry.entry_id}
        data = dict(entry.data) if source == SOURCE_REAUTH else None
        result = await hass.config_entries.flow.async_init(DOMAIN, context=context, data=data)
        life.note_result(result)
        if source == SOURCE_RECONFIGURE:
            result = await begin(hass, life, who, result)
            result = await typed_in(hass, life, result, **who.wrong)
        life.note("flow", hass.config_entries.flow.async_progress())
        life.note_everything()
        hass.config_entries.flow.async_abort(result["flow_id"])


def look_for_host_and_serial(life: Life, meter: SimulatedMeter) -> None:
    """Where and which the meter is, is nobody's business either who reads a log: our own records do not tell the host.

    Home Assistant calls an entry by its title, which the flow makes of maker and serial number, so its log may.
    """
    searcher = Searcher({"host": HOST.encode()})
    for record in life.caplog.records:
        if record.name.startswith(PACKAGE):
            searcher.search(f"log of {record.name}", record.getMessage())
    for text, where in life.texts.items():
        if where.startswith(("diagnostics", "exception", "issue", "state", "event state_changed", "file cosem")):
            searcher.search(where, text)
    assert set(searcher.hits) == set()
