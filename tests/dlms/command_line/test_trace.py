"""`--trace FILE`: what went over the line, for its owner's eyes, and without secrets."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.access import AccessKind, AccessRequest, AccessSpecification
from custom_components.cosem.dlms.apdu.action import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithPblock,
)
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    InvokeIdAndPriority,
    LongInvokeIdAndPriority,
    MethodDescriptor,
)
from custom_components.cosem.dlms.apdu.get import GetRequestNext, GetRequestNormal, GetRequestWithList
from custom_components.cosem.dlms.apdu.notification import EventNotificationRequest
from custom_components.cosem.dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
)
from custom_components.cosem.dlms.apdu.short_name import (
    ParameterizedAccess,
    ReadRequest,
    UnconfirmedWriteRequest,
    VariableName,
    WriteRequest,
)
from custom_components.cosem.dlms.command_line.options import UsageError
from custom_components.cosem.dlms.command_line.trace import TraceFile
from custom_components.cosem.dlms.encoding.data import NULL, Data, DataType
from custom_components.cosem.dlms.protocol.framing import Message
from tests.dlms.describe.secret_samples import BLOCK, INVOKE, PUBLIC_METHOD, SECRET, SECRET_METHOD, TIME, VALUE
from tests.dlms.scripted import aare
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD

LOGICAL_NAME = TIME.logical_name
PROOF = MethodDescriptor(15, LOGICAL_NAME, 1)
SECRET_ATTRIBUTE = AttributeDescriptor(15, LOGICAL_NAME, 7)
ANSWER_TO_ACTION = bytes.fromhex("C701C100010009") + bytes([len(SECRET)]) + SECRET
ANSWER_TO_GET = bytes.fromhex("C401C10009") + bytes([len(SECRET)]) + SECRET


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def traced(path: Path, *apdus: Any) -> str:
    """Write what is sent (APDUs) and received (octets)."""
    with TraceFile(str(path)) as trace:
        trace.note("%s>%s: associated", 16, 1)
        for apdu in apdus:
            if isinstance(apdu, bytes):
                trace.received(Message(16, 1, apdu))
            else:
                trace.sent(Message(16, 1, encode_apdu(apdu)))
    return path.read_text()


def test_octets_and_what_they_mean(path: Path):
    text = traced(path, GetRequestNormal(INVOKE, TIME, None), bytes.fromhex("C401C1000600001391"))
    assert "16>1: associated" in text
    assert "16 -> 1  sent 13 octets: get-request-normal" in text
    assert "C001" in text
    assert "instance: 0.0.1.0.0.255" in text
    assert "16 <- 1  received 9 octets: get-response-normal" in text
    assert "data: double-long-unsigned 5009" in text


OTHER_INVOKE = InvokeIdAndPriority(2)
ANSWER_WITH_PIN = bytes.fromhex("C401C10012BEEF")
FIRST_BLOCK = bytes.fromhex("C402C1000000000100") + bytes([len(SECRET)]) + SECRET
LAST_BLOCK = bytes.fromhex("C402C1010000000200") + bytes([len(SECRET)]) + SECRET
LONG_INVOKE = LongInvokeIdAndPriority(7)
ANSWER_TO_ACCESS = bytes.fromhex("DA00000007000001") + b"\x09" + bytes([len(SECRET)]) + SECRET + bytes.fromhex("010100")


def attribute(class_id: int, index: int) -> AttributeDescriptor:
    return AttributeDescriptor(class_id, LOGICAL_NAME, index)


def access(kind: AccessKind, target: AttributeDescriptor | MethodDescriptor, value: Data = NULL) -> AccessRequest:
    specification = AccessSpecification(kind, target)
    return AccessRequest(LONG_INVOKE, b"", (AccessSpecification(AccessKind.GET, TIME), specification), (NULL, value))


def get(class_id: int, index: int) -> GetRequestNormal:
    return GetRequestNormal(INVOKE, attribute(class_id, index), None)


SECRETS = [
    (ActionRequestNormal(INVOKE, PROOF, VALUE), ANSWER_TO_ACTION),
    (ActionRequestNormal(INVOKE, SECRET_METHOD, VALUE), ANSWER_TO_ACTION),
    (ActionRequestNormal(INVOKE, MethodDescriptor(100, LOGICAL_NAME, 2), VALUE),),
    (ActionRequestWithFirstPblock(INVOKE, PROOF, BLOCK), ActionRequestNextPblock(INVOKE, 1), ANSWER_TO_ACTION),
    (ActionRequestWithFirstPblock(INVOKE, SECRET_METHOD, BLOCK), ActionRequestWithPblock(INVOKE, BLOCK)),
    (ActionRequestWithList(INVOKE, (PUBLIC_METHOD, SECRET_METHOD), (VALUE, VALUE)), ANSWER_TO_ACTION),
    (SetRequestNormal(INVOKE, SECRET_ATTRIBUTE, None, VALUE),),
    (SetRequestNormal(INVOKE, attribute(44, 5), None, VALUE),),
    (SetRequestWithList(INVOKE, ((TIME, None), (attribute(19, 9), None)), (VALUE, VALUE)),),
    (
        SetRequestWithFirstDatablock(INVOKE, SECRET_ATTRIBUTE, None, BLOCK),
        SetRequestWithDatablock(INVOKE, BLOCK),
    ),
    (get(15, 7), ANSWER_TO_GET),
    (get(15, 0), ANSWER_TO_GET),
    (get(19, 7), ANSWER_TO_GET),
    (get(44, 5), ANSWER_TO_GET),
    (get(44, -3), ANSWER_TO_GET),
    (get(100, 6), FIRST_BLOCK, GetRequestNext(INVOKE, 1), LAST_BLOCK),
    (get(45, 3), ANSWER_WITH_PIN),
    (get(45, 3), ANSWER_WITH_PIN + b"\0"),
    (GetRequestWithList(INVOKE, ((TIME, None), (SECRET_ATTRIBUTE, None))), ANSWER_TO_GET),
    (ANSWER_TO_GET,),
    # An answer that comes late is not taken for one to the next question.
    (get(44, 5), GetRequestNormal(OTHER_INVOKE, TIME, None), ANSWER_TO_GET),
    (get(44, 5), GetRequestNormal(OTHER_INVOKE, TIME, None), bytes.fromhex("C40107") + ANSWER_TO_GET[3:]),
    (access(AccessKind.GET, attribute(44, 5)), ANSWER_TO_ACCESS),
    (access(AccessKind.SET, SECRET_ATTRIBUTE, VALUE),),
    (access(AccessKind.ACTION, SECRET_METHOD, VALUE), ANSWER_TO_ACCESS),
    (encode_apdu(EventNotificationRequest(None, attribute(44, 5), VALUE)),),
    (encode_apdu(EventNotificationRequest(None, attribute(45, 3), Data(DataType.LONG_UNSIGNED, 0xBEEF))),),
]


@pytest.mark.parametrize("apdus", SECRETS, ids=lambda apdus: type(apdus[0]).__name__)
def test_no_secret_key_or_proof_is_written(path: Path, apdus: Any):
    text = traced(path, *apdus)
    octets = text.lower().replace("\n", "").replace(" ", "")
    # Not a part of it either, which a block or a number could be.
    for length in (4, len(SECRET)):
        assert SECRET[:length].hex() not in octets
        assert SECRET[-length:].hex() not in octets
    assert SECRET.decode() not in text
    assert "beef" not in octets
    assert str(0xBEEF) not in text
    assert "it may hold a secret" in text


WITH_SHORT_NAMES = [
    ReadRequest((ParameterizedAccess(0xFA58, 1, VALUE),)),
    WriteRequest((VariableName(0x1008),), (VALUE,)),
    UnconfirmedWriteRequest((VariableName(0x1008),), (VALUE,)),
    bytes.fromhex("0C010009") + bytes([len(SECRET)]) + SECRET,
]


@pytest.mark.parametrize("apdu", WITH_SHORT_NAMES, ids=lambda apdu: type(apdu).__name__)
def test_values_with_short_names_are_never_written_as_they_do_not_say_what_they_are_of(path: Path, apdu: Any):
    assert SECRET[:4].hex() not in traced(path, apdu).lower().replace("\n", "").replace(" ", "")


def in_blocks(whole: bytes) -> list[bytes]:
    """Two general blocks of the meter."""
    head, rest = whole[:9], whole[9:]
    return [b"\xe0\x43\x00\x01\x00\x00\x09" + head, b"\xe0\x83\x00\x02\x00\x00" + bytes([len(rest)]) + rest]


def test_what_general_blocks_make_together_is_told(path: Path):
    text = traced(path, get(45, 2), *in_blocks(ANSWER_TO_GET))
    assert "16 <- 1  received 16 octets: general-block-transfer" in text
    assert "E04300010000<10>" in text
    assert "block_data: 9 octets" in text
    assert f"16 <- 1  received in blocks {len(ANSWER_TO_GET)} octets: get-response-normal" in text
    assert f"octet-string {SECRET.hex()}" in text


@pytest.mark.parametrize("apdu", [get(44, 5), GetRequestWithList(INVOKE, ((SECRET_ATTRIBUTE, None),))])
def test_secrets_in_general_blocks_are_left_out_like_those_in_one_piece(path: Path, apdu: Any):
    text = traced(path, apdu, *in_blocks(ANSWER_TO_GET))
    octets = text.lower().replace("\n", "").replace(" ", "")
    assert SECRET[:4].hex() not in octets
    assert SECRET[-4:].hex() not in octets
    assert "received in blocks" in text
    assert "it may hold a secret" in text


def test_requests_in_general_blocks_say_what_their_answer_is_of(path: Path):
    sent = in_blocks(encode_apdu(get(44, 5)))
    with TraceFile(str(path)) as trace:
        for block in sent:
            trace.sent(Message(16, 1, block))
        trace.received(Message(16, 1, ANSWER_TO_GET))
    text = path.read_text()
    assert "sent in blocks 13 octets: get-request-normal" in text
    assert SECRET[:4].hex() not in text.lower().replace("\n", "").replace(" ", "")


def test_what_holds_no_secret_is_decoded_again_afterwards(path: Path):
    text = traced(path, ActionRequestNormal(INVOKE, PROOF, VALUE), ActionRequestNormal(INVOKE, PUBLIC_METHOD, VALUE))
    assert text.count("it may hold a secret") == 1
    assert SECRET.hex() in text


PUBLIC = [
    (SetRequestNormal(INVOKE, attribute(15, 2), None, VALUE),),
    (SetRequestNormal(INVOKE, attribute(64, 2), None, VALUE),),
    (ActionRequestNormal(INVOKE, MethodDescriptor(64, LOGICAL_NAME, 1), VALUE), ANSWER_TO_ACTION),
    (get(45, 2), ANSWER_TO_GET),
    (get(45, 2), bytes.fromhex("C40181") + ANSWER_TO_GET[3:]),  # another priority than was asked for
    (get(45, 2), bytes.fromhex("C40107") + ANSWER_TO_GET[3:]),  # another invoke-id, where no secret was asked for
    (access(AccessKind.GET, attribute(45, 2)), ANSWER_TO_ACCESS),
    (access(AccessKind.SET, attribute(45, 2), VALUE),),
    (encode_apdu(EventNotificationRequest(None, TIME, VALUE)),),
]


@pytest.mark.parametrize("apdus", PUBLIC, ids=lambda apdus: type(apdus[0]).__name__)
def test_what_objects_with_secrets_have_besides_is_decoded(path: Path, apdus: Any):
    text = traced(path, *apdus)
    assert SECRET.hex() in text
    assert "it may hold" not in text


def test_a_list_of_objects_is_none(path: Path):
    objects = AttributeDescriptor(15, LOGICAL_NAME, 2)
    assert "it may hold" not in traced(path, GetRequestNormal(InvokeIdAndPriority(1), objects, None))


@pytest.mark.parametrize("octets", [b"", b"\xff", bytes.fromhex("2810300000000112345678"), bytes.fromhex("C401C1")])
def test_any_octets_will_do(path: Path, octets: bytes):
    assert f"received {len(octets)} octets" in traced(path, aare(), octets)


def test_the_file_is_its_owners_alone_also_where_it_was_not(path: Path):
    path.write_text("before")
    path.chmod(0o644)
    assert "before" not in traced(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    traced(path)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["nowhere/trace", "a\0b"])
def test_a_file_that_cannot_be_written_is_wrong_usage(tmp_path: Path, name: str):
    with pytest.raises(UsageError, match="--trace"):
        TraceFile(f"{tmp_path}/{name}")


def test_a_full_disk_ends_nothing(path: Path):
    full = OSError(28, "No space left on device")
    with (
        TraceFile(str(path)) as trace,
        patch("custom_components.cosem.dlms.command_line.trace.os.write", side_effect=full),
    ):
        trace.received(Message(16, 1, b"\x62\x00"))
    assert path.read_text() == ""


@pytest.mark.parametrize("command", [["read", "3:1.0.1.8.0.255:2"], ["doctor"]])
def test_a_run_leaves_its_trace_and_no_secret(
    command: list[str], path: Path, meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch
):
    async def open_tcp(*_: object) -> object:
        return await meter.connect()

    async def resolve(*_: object) -> list[str]:
        return ["192.0.2.7"]

    run = "custom_components.cosem.dlms.command_line.run"
    monkeypatch.setattr(f"{run}.open_tcp", open_tcp)
    monkeypatch.setattr(f"{run}.resolve", resolve)
    monkeypatch.setenv("DLMS_PASSWORD", DEFAULT_PASSWORD)
    options = ["--host", "meter", "--client", "2", "--auth", "lls", "--trace", str(path), "--timeout", "20"]
    assert main([*options, *command]) == 0
    text = path.read_text()
    assert "aarq: mechanism lls" in text
    assert "aare: accepted" in text
    assert "disconnected" in text
    assert DEFAULT_PASSWORD not in text
    assert DEFAULT_PASSWORD.encode().hex() not in text.lower().replace("\n", "").replace(" ", "")
