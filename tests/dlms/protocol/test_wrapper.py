"""WPDUs from streams and datagrams."""

import itertools

from hypothesis import given, strategies as st
import pytest

from custom_components.cosem.dlms.errors import (
    ConnectionLost,
    DecodeError,
    DlmsError,
    GuessedProtocol,
    LimitExceeded,
    LocalProtocolError,
    NotWrapper,
)
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.wrapper import MAX_APDU, Wpdu, WrapperStream, decode_wpdu, encode_wpdu
from tests.costs import cost
from tests.dlms.octet_tools import refuses_trailing_octets
from tests.vector_tools import vectors

ONE = Wpdu(1, 16, bytes.fromhex("C401C1000600001391"))
WPDUS = [pytest.param(vector, id=vector.name) for vector in vectors("wpdu") if "error" not in vector.expect]
STREAMS = [pytest.param(vector, id=vector.name) for vector in vectors("wpdu-stream")]

wports = st.integers(0, 65535)
wpdus = st.builds(Wpdu, wports, wports, st.binary(min_size=1, max_size=80))


def drain(stream: WrapperStream) -> list[Wpdu]:
    return list(iter(stream.next_wpdu, None))


def events(segments, limits=Limits()) -> list[object]:  # noqa: B008  # frozen
    """What a connection sees: WPDUs, then the kind of error or end."""
    stream = WrapperStream(limits)
    seen: list[object] = []
    try:
        for segment in segments:
            try:
                stream.receive_data(segment)
            finally:
                seen += drain(stream)
        stream.receive_eof()
    except DlmsError as error:
        seen.append(type(error))
    full = [each for each in seen if not isinstance(each, Wpdu) or each.apdu]
    return [*full, len(seen) - len(full)]


def octetwise(octets: bytes) -> list[bytes]:
    return [octets[index : index + 1] for index in range(len(octets))]


@pytest.mark.parametrize("sample", WPDUS)
def test_samples_decode_and_encode(sample):
    wpdu = decode_wpdu(sample.octets)
    assert (wpdu.source_wport, wpdu.destination_wport) == (
        sample.expect["source_wport"],
        sample.expect["destination_wport"],
    )
    assert wpdu.apdu.hex() == sample.expect["apdu"]
    assert len(wpdu.apdu) == sample.expect["length"]
    assert encode_wpdu(wpdu) == sample.octets


@pytest.mark.parametrize("sample", WPDUS)
def test_a_datagram_holds_exactly_one_wpdu(sample):
    refuses_trailing_octets(decode_wpdu, sample.octets)
    for size in range(len(sample.octets)):
        with pytest.raises(DecodeError):
            decode_wpdu(sample.octets[:size])


def test_what_follows_the_wpdu_of_a_datagram_is_named_by_its_place():
    octets = encode_wpdu(ONE)
    with pytest.raises(DecodeError, match="2 octets behind the WPDU") as caught:
        decode_wpdu(octets + b"xx")
    assert caught.value.offset == len(octets)


@pytest.mark.parametrize(
    "sample", [sample for sample in vectors("wpdu") if "error" in sample.expect], ids=lambda sample: sample.name
)
def test_a_truncated_header_is_refused(sample):
    with pytest.raises(DecodeError):
        decode_wpdu(sample.octets)


@pytest.mark.parametrize(
    "octets", [b"\x00\x02" + bytes(6), bytes(8), b"\x01", b"\x7e\xa0", b"HTTP/1.1 400 Bad Request"]
)
def test_another_version_in_a_datagram_is_not_the_wrapper(octets):
    with pytest.raises(NotWrapper):
        decode_wpdu(octets)


@pytest.mark.parametrize(
    "wpdu",
    [Wpdu(-1, 1, b""), Wpdu(65536, 1, b""), Wpdu(1, -1, b""), Wpdu(1, 65536, b""), Wpdu(1, 1, bytes(MAX_APDU + 1))],
    ids=["source", "large source", "to", "large to", "apdu"],
)
def test_what_does_not_fit_is_not_sent(wpdu):
    with pytest.raises(LocalProtocolError):
        encode_wpdu(wpdu)


def test_s29_the_octets_of_an_apdu_are_not_shown():
    assert repr(Wpdu(16, 1, b"\x60secret")) == "Wpdu(16 -> 1, 7 octets)"


@pytest.mark.parametrize("sample", STREAMS)
def test_stream_samples_in_their_segments_whole_and_octet_by_octet(sample):
    expected = [(wpdu["source_wport"], wpdu["destination_wport"], wpdu["apdu"]) for wpdu in sample.expect["wpdus"]]
    segments = [bytes.fromhex(segment) for segment in sample.fields["segments"]]
    for cut in (segments, [sample.octets], octetwise(sample.octets)):
        *found, empty = events(cut)
        assert [(wpdu.source_wport, wpdu.destination_wport, wpdu.apdu.hex()) for wpdu in found] == expected
        assert empty == 0


@pytest.mark.parametrize("sample", STREAMS)
def test_m06_a_stream_that_ends_inside_a_wpdu_is_truncated(sample):
    boundaries = {0}
    for wpdu in sample.expect["wpdus"]:
        boundaries.add(max(boundaries) + 8 + wpdu["length"])
    for size in range(len(sample.octets)):
        stream = WrapperStream()
        stream.receive_data(sample.octets[:size])
        if size in boundaries:
            stream.receive_eof()
            continue
        with pytest.raises(ConnectionLost) as caught:
            stream.receive_eof()
        assert caught.value.truncated


@given(st.lists(wpdus | st.builds(Wpdu, wports, wports, st.just(b"")), max_size=6), st.data())
def test_m12_any_segments_give_the_same_wpdus(sent, draw):
    octets = b"".join(map(encode_wpdu, sent))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(octets)), max_size=8)))
    segments = [octets[a:b] for a, b in itertools.pairwise([0, *cuts, len(octets)])]
    expected = [wpdu for wpdu in sent if wpdu.apdu]
    assert events(segments) == events([octets]) == events(octetwise(octets)) == [*expected, len(sent) - len(expected)]


@given(st.lists(wpdus, max_size=3), st.binary(max_size=40))
def test_m12_whole_or_octet_by_octet_also_fails_the_same(sent, rubbish):
    octets = b"".join(map(encode_wpdu, sent)) + rubbish
    limits = Limits(apdu=80)
    assert events([octets], limits) == events(octetwise(octets), limits)


def test_wpdus_before_an_error_are_not_lost():
    stream = WrapperStream()
    with pytest.raises(NotWrapper):
        stream.receive_data(encode_wpdu(ONE) + b"\x00\x02")
    assert drain(stream) == [ONE]


def test_m09_after_an_error_nothing_is_believed_any_more():
    stream = WrapperStream()
    with pytest.raises(NotWrapper) as first:
        stream.receive_data(b"\x7e\xa0\x00")
    with pytest.raises(NotWrapper) as again:
        stream.receive_data(encode_wpdu(ONE))
    assert again.value is first.value
    assert stream.next_wpdu() is None
    stream.receive_eof()


@pytest.mark.parametrize(
    ("octets", "speaks"),
    [
        (b"\x7e\xa0", GuessedProtocol.HDLC),
        (b"HT", GuessedProtocol.TEXT),
        (b"\x00\x02", GuessedProtocol.UNKNOWN),
        (b"\xff\x01", None),
    ],
)
@pytest.mark.parametrize("before", [b"", encode_wpdu(ONE)], ids=["at once", "behind a WPDU"])
def test_the_version_is_checked_as_soon_as_two_octets_are_there(octets, speaks, before):
    stream = WrapperStream()
    stream.receive_data(before + octets[:1])
    with pytest.raises(NotWrapper) as caught:
        stream.receive_data(octets[1:])
    assert speaks is None or caught.value.speaks is speaks


@pytest.mark.parametrize("wrong", [b"\x7e\xa0", b"HTTP/1.1", b"HTTP/1.1 400 Bad Request"])
@pytest.mark.parametrize("before", [b"", encode_wpdu(ONE)], ids=["at once", "behind a WPDU"])
def test_the_error_shows_the_octets_that_are_no_header(before, wrong):
    with pytest.raises(NotWrapper) as caught:
        WrapperStream().receive_data(before + wrong)
    assert caught.value.header == wrong[:8]


def test_m01_the_length_is_checked_as_soon_as_the_header_is_there():
    stream = WrapperStream()
    stream.expect_apdu_limit(100)
    stream.receive_data(bytes.fromhex("00010001001000"))
    with pytest.raises(LimitExceeded, match="more than 100 octets in one APDU") as caught:
        stream.receive_data(b"\x65")
    assert caught.value.offset == 6  # where the header has the length


def test_an_apdu_of_exactly_the_limit_passes():
    stream = WrapperStream()
    stream.expect_apdu_limit(100)
    stream.receive_data(encode_wpdu(Wpdu(1, 2, bytes(100))))
    assert drain(stream) == [Wpdu(1, 2, bytes(100))]


def test_the_expected_limit_never_exceeds_the_configured_one():
    stream = WrapperStream(Limits(apdu=50))
    stream.expect_apdu_limit(60_000)
    with pytest.raises(LimitExceeded, match="more than 50"):
        stream.receive_data(encode_wpdu(Wpdu(1, 2, bytes(51))))


def test_m02_wpdus_without_an_apdu_do_not_hold_up_the_others():
    stream = WrapperStream()
    stream.receive_data(bytes.fromhex("0001001000010000") * 3 + encode_wpdu(ONE))
    assert drain(stream) == [Wpdu(16, 1, b"")] * 3 + [ONE]
    stream.receive_eof()


def test_the_largest_wpdu_passes():
    wpdu = Wpdu(65535, 65535, bytes(MAX_APDU))
    stream = WrapperStream()
    stream.receive_data(encode_wpdu(wpdu))
    assert drain(stream) == [wpdu]


def test_f12_a_thousand_wpdus_in_one_segment_take_no_longer_per_wpdu_than_ten():
    octets = encode_wpdu(ONE) * 1000
    stream = WrapperStream()
    stream.receive_data(octets)
    assert drain(stream) == [ONE] * 1000

    def take(wpdus: int, octets: int) -> None:
        stream.receive_data(encode_wpdu(Wpdu(1, 2, bytes(50_000))) * wpdus)
        for octet in octetwise(encode_wpdu(Wpdu(1, 2, bytes(octets)))) * 10:
            stream.receive_data(octet)
        assert len(drain(stream)) == wpdus + 10

    # Quadratic time would show: 50 MB in one segment and 400,000 segments of one octet, against a twentieth of them.
    assert cost(lambda: take(1000, 40_000)) < 5 * 20 * cost(lambda: take(50, 2_000))
