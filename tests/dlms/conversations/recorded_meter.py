"""The simulated meter with what the recorded server held: its client, keys, challenge, objects and values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, override

from custom_components.cosem.dlms.apdu.block import GENERAL_BLOCK_TRANSFER
from custom_components.cosem.dlms.apdu.ciphered import GENERAL_SIGNING
from custom_components.cosem.dlms.apdu.common import DataAccessResult, Selection
from custom_components.cosem.dlms.apdu.short_name import encode_variable_access
from custom_components.cosem.dlms.encoding.data import Data, encode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.encoding.octets import Reader, Writer
from tests.simulated_meter.association import Association
from tests.simulated_meter.buffers import Column, Profile, profile_object
from tests.simulated_meter.key_pairs import private_key
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import OTHER_REASON, Answer, Attribute, CosemObject, LogicalDevice, View
from tests.simulated_meter.profile import (
    ClientProfile,
    GeneralBlocks,
    Level,
    LogicalDeviceProfile,
    MeterProfile,
    Quirks,
    Referencing,
    SelectiveAccess,
)
from tests.simulated_meter.security_profile import ClientSecurity, Context, MeterSecurity
from tests.simulated_meter.short_names import READ_RESPONSE, JoinedForm, ShortNameService, read_variable

from .exchange import Exchange, data_of
from .operations import variable_of

type Described = dict[str, Any]

_SIGNED_AND_CIPHERED = 0xE0
"""The policy for answers of the recorded server that signs: whatever the requests had."""

UNDEFINED = 4
_READ_OBJECT_LIST = bytes.fromhex("050102FA08")
PROFILE_GENERIC = 7
CLOCK = (8, "0.0.1.0.0.255", 2)
COLUMNS = (CLOCK, (3, "1.0.1.8.0.255", 2), (3, "1.0.32.7.0.255", 2))
"""What the recorded profiles capture."""


def profile_of(exchange: Exchange, max_pdu_size: int) -> MeterProfile:
    """Return the recorded server's settings."""
    association = exchange.association
    assert association is not None
    wport = association["client_wport"]
    plain = not exchange.is_ciphered and exchange.mechanism <= 1
    client = ClientProfile(
        wport=wport,
        name="recorded",
        level=Level.MANAGE,
        password=exchange.keys.get("secret_text") if exchange.mechanism == 1 else None,
        security=None if plain else _security(exchange),
    )
    return MeterProfile(
        max_pdu_size=max_pdu_size,
        history_days=1,
        standard_offset_minutes=0,
        daylight_saving=False,
        clients=(client,),
        logical_devices=(LogicalDeviceProfile(wport=association["server_wport"], kind="electricity"),),
        quirks=Quirks(
            selective_access=SelectiveAccess.FULL,
            general_blocks=GeneralBlocks.PREFERRED if _answers_in_general_blocks(exchange) else GeneralBlocks.NEVER,
            general_block_window=_window(exchange),
            access=any(operation["service"] == "access" for operation in exchange.operations),
            referencing=Referencing.SHORT if "SN" in exchange.context else Referencing.LOGICAL,
        ),
        security=MeterSecurity(
            system_title=exchange.key("server_system_title"),
            shortest_ecdsa_challenge=8,
            hls_counter_may_repeat="client jDLMS" in exchange.name,
        ),
    )


def _window(exchange: Exchange) -> int:
    """Return the blocks that the recorded server takes unacknowledged."""
    blocks = [sent.decoded.apdu for sent in exchange.of("server") if sent.decoded.apdu[0] == GENERAL_BLOCK_TRANSFER]
    return blocks[0][1] & 0x3F if blocks else 1


def _answers_in_general_blocks(exchange: Exchange) -> bool:
    return any(sent.plain is None for sent in exchange.wpdus)


def _security(exchange: Exchange) -> ClientSecurity:
    scalar = int(exchange.keys.get("client_private", "0"), 16)
    suite = exchange.keys.get("suite", 0)
    master = exchange.key("kek")
    signs = any(apdu[0] == GENERAL_SIGNING for apdu in exchange.apdus_of_client())
    return ClientSecurity(
        mechanism=exchange.mechanism,
        suite=suite,
        context=Context.CIPHERED if exchange.is_ciphered else Context.PLAIN,
        encryption_key=exchange.key("ek"),
        authentication_key=exchange.key("ak"),
        master_key=master if len(master) == (32 if suite == 2 else 16) else b"",
        secret=exchange.key("secret"),
        client_title=exchange.key("client_system_title"),
        policy=_SIGNED_AND_CIPHERED if signs else 0,
        setup_version=1 if signs else 0,
        signing_scalar=scalar,
        agreement_scalar=scalar,
    )


class RecordedMeter:
    """A simulated meter in the place of a recorded server."""

    def __init__(self, exchange: Exchange, rows: Sequence[Described], max_pdu_size: int) -> None:
        """``rows``: of the recorded server's load profile, described."""
        self.meter = SimulatedMeter(profile_of(exchange, max_pdu_size), lambda: datetime(2026, 3, 2, tzinfo=UTC))
        challenge = _challenge(exchange)
        identity = replace(self.meter.security.identity, random=lambda _: challenge)
        if scalar := int(exchange.keys.get("server_private", "0"), 16):
            keys = {exchange.keys["suite"]: private_key(exchange.keys["suite"], scalar)}
            identity = replace(identity, signing=identity.signing | keys, agreement=identity.agreement | keys)
        self.meter.security.identity = identity
        assert exchange.association is not None
        device = self.meter.devices[exchange.association["server_wport"]]
        for each in device.visible(Level.MANAGE):
            if (each.class_id, str(each.logical_name)) != (15, "0.0.40.0.0.255"):
                device.remove(str(each.logical_name))
        if "SN" in exchange.context:
            dispatcher = self.meter.dispatchers[exchange.association["server_wport"]]
            dispatcher.short_names = RecordedShortNames(exchange, device)
        else:
            device.add(*_objects(exchange, rows))
        session = self.meter.open_session()
        assert session is not None
        self.session = session


class RecordedShortNames(ShortNameService):
    """What the recorded server held, by the octets of what was asked for."""

    def __init__(self, exchange: Exchange, device: LogicalDevice) -> None:
        super().__init__(device=device, read=lambda *_: OTHER_REASON, change=lambda *_: 0, joined=JoinedForm.DATA)
        self.held = dict(_variables(exchange))
        self._sends_list_whole = not any("response_blocks" in each for each in exchange.operations[:1])

    @override
    def _result(self, association: Association, reader: Reader, view: View) -> Answer:
        start = reader.offset
        read_variable(reader)
        described = self.held[reader.octets[start : reader.offset]]
        return data_of(described["data"]) if "data" in described else DataAccessResult(described["error"])

    @override
    def _read(self, association: Association, reader: Reader, view: View) -> bytes:
        if self._sends_list_whole and reader.octets == _READ_OBJECT_LIST:  # although it does not fit
            return bytes([READ_RESPONSE]) + self._results(association, reader, view)
        return super()._read(association, reader, view)

    @override
    def _change(self, short_name: int, selection: Selection | None, value: Data, view: View) -> int:
        return 0


def _variables(exchange: Exchange) -> Iterator[tuple[bytes, Described]]:
    for operation in exchange.operations:
        if operation["service"] != "read":
            continue
        for described, result in zip(operation["variables"], operation["result"], strict=True):
            writer = Writer()
            encode_variable_access(variable_of(described), writer)
            yield writer.getvalue(), result


def _challenge(exchange: Exchange) -> bytes:
    return bytes.fromhex(exchange.expect.get("authentication", {}).get("stoc", ""))


@dataclass
class _Contents:
    """Attributes by index: described values, or the number of the error that answers instead."""

    attributes: dict[int, Described | int] = field(default_factory=dict)


def _single(exchange: Exchange) -> Iterator[Described]:
    """Yield the operations, those within an ACCESS one by one."""
    for operation in exchange.operations:
        if operation["service"] != "access":
            yield operation
            continue
        result = operation["result"] or {"data": operation["data"], "results": [{"result": 0}] * len(operation["data"])}
        for specification, data, code in zip(
            operation["specifications"], result["data"], result["results"], strict=True
        ):
            failed = code["result"]
            if specification["kind"] == "action":
                returned = None if failed or data["type"] == "null-data" else {"data": data}
                yield specification | {"service": "action", "result": {"result": failed, "return": returned}}
            elif specification["kind"].startswith("get"):
                yield specification | {"service": "get", "result": {"error": failed} if failed else {"data": data}}
            elif failed != UNDEFINED:
                yield specification | {"service": "set"}


def _reads(exchange: Exchange) -> Iterator[tuple[Described, Any]]:
    """Yield what was read, with its result; only the first time, and nothing that was written before."""
    written = set()
    for operation in _single(exchange):
        match operation["service"]:
            case "get":
                references, results = [operation], [operation["result"]]
            case "get-list":
                references, results = operation["attributes"], operation["result"]
            case _:
                written |= {
                    _name(each) for each in [operation, *operation.get("attributes", [])] if "attribute" in each
                }
                continue
        for reference, result in zip(references, results, strict=True):
            if _name(reference) not in written:
                yield reference, result


def _name(reference: Described) -> tuple[int, str, int]:
    return reference["class_id"], reference["instance"], reference["attribute"]


def _objects(exchange: Exchange, rows: Sequence[Described]) -> Iterator[CosemObject]:
    found: dict[tuple[int, str], _Contents] = {}
    profiles = set()
    for reference, result in _reads(exchange):
        key = reference["class_id"], reference["instance"]
        if key[0] == PROFILE_GENERIC and reference["attribute"] == 2:
            profiles.add(key[1])
        elif result.get("error") != UNDEFINED:
            contents = found.setdefault(key, _Contents()).attributes
            contents.setdefault(reference["attribute"], result.get("data", result.get("error")))
    for reference in _written(exchange):
        contents = found.setdefault((reference["class_id"], reference["instance"]), _Contents()).attributes
        contents.setdefault(reference["attribute"], {"type": "null-data", "value": None})
    methods = _methods(exchange)
    for class_id, instance in methods:
        found.setdefault((class_id, instance), _Contents())
    for (class_id, instance), contents in found.items():
        yield CosemObject(
            executable=methods.get((class_id, instance), {}),
            class_id=class_id,
            logical_name=LogicalName.parse(instance),
            level=Level.IDENTITY,
            attributes={index: _attribute(value) for index, value in contents.attributes.items() if index > 1},
        )
    for instance in profiles:
        yield profile_object(instance, load_profile(rows), period=900, capacity=1000)


def _attribute(value: Described | int) -> Attribute:
    """Return an attribute that holds what it is told."""
    held: list[Any] = [DataAccessResult(value) if isinstance(value, int) else data_of(value)]

    def write(_: View, told: Data) -> DataAccessResult:
        held[0] = told
        return DataAccessResult(0)

    return Attribute(read=lambda _: held[0], write=write, writable_by=Level.IDENTITY)


def _written(exchange: Exchange) -> Iterator[Described]:
    for operation in _single(exchange):
        if operation["service"] in {"set", "set-list"}:
            yield from operation.get("attributes", [operation])


def _methods(exchange: Exchange) -> dict[tuple[int, str], dict[int, Callable[[View, Data], Any]]]:
    """Return what each method returned in the recording."""
    found: dict[tuple[int, str], dict[int, Callable[[View, Data], Any]]] = {}
    for operation in _single(exchange):
        if operation["service"] not in {"action", "action-list"}:
            continue
        methods = operation.get("methods", [operation])
        results = operation["result"] if "methods" in operation else [operation["result"]]
        for method, result in zip(methods, results, strict=True):
            returned = result["return"]
            said: Any = DataAccessResult(result["result"]) if result["result"] else None
            if returned is not None:
                said = data_of(returned["data"])
            executable = found.setdefault((method["class_id"], method["instance"]), {})
            executable[method["method"]] = lambda _view, _parameters, said=said: said
    return found


def rows_of(exchange: Exchange, others: Sequence[Exchange]) -> Sequence[Described]:
    """Return the rows of the recorded server's load profile: read here without a selection, or elsewhere."""
    full = [
        operation["result"]["data"]["value"]
        for each in (exchange, *(other for other in others if _server(other) == _server(exchange)))
        for operation in each.operations
        if operation["service"] == "get"
        and operation["class_id"] == PROFILE_GENERIC
        and (operation["selection"] is None or "profile by entry in blocks" in each.name)
    ]
    # What was read here counts: buffers differ in length, and the one read by entry is the longest of its server.
    own = exchange.operations and any(
        operation.get("class_id") == PROFILE_GENERIC and operation.get("selection") is None
        for operation in exchange.operations
    )
    return full[0] if own else max(full, key=len, default=())


def _server(exchange: Exchange) -> str:
    return exchange.name.split("server ", 1)[-1].split(":", 1)[0]


def load_profile(rows: Sequence[Described]) -> Profile:
    """Return a buffer with these rows; the first column is their time."""
    cells = {_unix(row): [encode_data_octets(data_of(cell)) for cell in row["value"]] for row in rows}
    width = len(rows[0]["value"])
    columns = tuple(
        Column(class_id, LogicalName.parse(name), attribute, lambda time, index=index: cells[time][index])
        for index, (class_id, name, attribute) in enumerate(COLUMNS[:width])
    )
    return Profile(columns, lambda _: sorted(cells), Quirks(selective_access=SelectiveAccess.FULL))


def _unix(row: Described) -> int:
    octets = bytes.fromhex(row["value"][0]["value"])
    year, month, day, hour, minute, second = (
        int.from_bytes(octets[:2]),
        octets[2],
        octets[3],
        octets[5],
        octets[6],
        octets[7] % 255,
    )
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
