"""A meter that shares no code with the stack: octets by hand from the specification, `cryptography` for the rest.

It opens every protected APDU that a client sends - in any envelope - and complains when a tag is wrong or when a key, a
system title and an invocation counter come twice. What it answers can be changed by its hooks.
"""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

TITLE = bytes.fromhex("4D4D4D0000BC614E")
STOC = bytes(range(0x60, 0x70))
EK, AK = bytes(range(16)), bytes(range(0xD0, 0xE0))
EK_256, AK_256 = bytes(range(32)), bytes(range(0x80, 0xA0))
MASTER, MASTER_256 = bytes(range(0x20, 0x30)), bytes(range(0x20, 0x40))

GRANTED = bytes.fromhex("001A14")
LN, SN, LN_CIPHERED, SN_CIPHERED = 1, 2, 3, 4
NONE, LLS, HLS, MD5, SHA1, GMAC, SHA256, ECDSA = range(8)

GLOBAL = {0x21: 0x01, 0x25: 0x05, 0x26: 0x06, 0xC8: 0xC0, 0xC9: 0xC1, 0xCB: 0xC3}
DEDICATED = {0x45: 0x05, 0x46: 0x06, 0xD0: 0xC0, 0xD1: 0xC1, 0xD3: 0xC3}
ANSWER_OF = {0x21: 0x28, 0xC8: 0xCC, 0xC9: 0xCD, 0xCB: 0xCF, 0xD0: 0xD4, 0xD1: 0xD5, 0xD3: 0xD7}
ANSWER_OF |= {0x25: 0x2C, 0x26: 0x2D, 0x45: 0x4C, 0x46: 0x4D}
PLAIN = frozenset({0x05, 0x06, *range(0xC0, 0xC8)})
UNDEFINED = bytes.fromhex("0C010104")
CURVES = {1: (ec.SECP256R1(), hashes.SHA256(), 32, b"\x00"), 2: (ec.SECP384R1(), hashes.SHA384(), 48, b"\x01")}


def sized(octets):
    """The octets behind their length."""
    size = len(octets)
    if size < 0x80:
        return bytes([size]) + octets
    return (bytes([0x81, size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")) + octets


def cut(octets):
    """Return what a length announces, and what is behind it."""
    size, octets = octets[0], octets[1:]
    if size & 0x80:
        more = size & 0x7F
        size, octets = int.from_bytes(octets[:more], "big"), octets[more:]
    assert size <= len(octets)
    return octets[:size], octets[size:]


def fields_of(apdu):
    """The fields of an ACSE APDU by tag."""
    content, rest = cut(apdu[1:])
    assert not rest
    fields = {}
    while content:
        tag = content[0]
        assert tag not in fields
        fields[tag], content = cut(content[1:])
    return fields


def acse(tag, fields):
    return bytes([tag]) + sized(b"".join(bytes([name]) + sized(value) for name, value in fields.items()))


def ctr(key, nonce, octets):
    """Encryption without authentication: GCM's counter mode."""
    stream = Cipher(algorithms.AES(key), modes.CTR(nonce + b"\0\0\0\2")).encryptor()
    return stream.update(octets)


def seal(key, ak, control, title, counter, plain, header=b""):
    nonce = title + counter.to_bytes(4, "big")
    additional = bytes([control]) + ak + header
    match control & 0x30:
        case 0x10:
            return plain + AESGCM(key).encrypt(nonce, b"", additional + plain)[:12]
        case 0x20:
            return ctr(key, nonce, plain)
    sealed = AESGCM(key).encrypt(nonce, plain, additional)
    return sealed[:-4]  # of the tag of 16 octets 12 travel


def unseal(key, ak, control, title, counter, payload, header=b""):
    """Return the plain octets; AssertionError when the tag is wrong."""
    if control & 0x30 == 0x20:
        return ctr(key, title + counter.to_bytes(4, "big"), payload)
    content = payload[:-12]
    plain = ctr(key, title + counter.to_bytes(4, "big"), content) if control & 0x20 else content
    again = seal(key, ak, control, title, counter, plain, header)
    assert hmac.compare_digest(again, payload), "a tag that the client made is wrong"
    return plain


def verify(suite, public_key, signature, content):
    _, digest, size, _ = CURVES[suite]
    assert len(signature) == 2 * size
    numbers = [int.from_bytes(signature[at : at + size], "big") for at in (0, size)]
    try:
        public_key.verify(utils.encode_dss_signature(*numbers), content, ec.ECDSA(digest))
    except InvalidSignature:
        raise AssertionError("a signature that the client made is wrong") from None


def sign(suite, private_key, content):
    _, digest, size, _ = CURVES[suite]
    numbers = utils.decode_dss_signature(private_key.sign(content, ec.ECDSA(digest)))
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def derive(suite, shared, party_u, party_v):
    _, digest, size, algorithm = CURVES[suite]
    hashed = hashes.Hash(digest)
    hashed.update(b"\0\0\0\1" + shared + bytes.fromhex("608574050803") + algorithm + party_u + party_v)
    return hashed.finalize()[: 16 if size == 32 else 32]


class LoneMeter:
    """One association of one client. ``control``: the security control octet of everything protected."""

    contexts = (LN, LN_CIPHERED)
    vaa_name = b"\x00\x07"

    def __init__(self, mechanism=GMAC, *, suite=0, level=0x30, ciphered=True, secret=b"", client_keys=(), **changes):
        self.mechanism, self.suite, self.ciphered, self.secret = mechanism, suite, ciphered, secret
        self.control = suite | level
        self.ek, self.ak = (EK_256, AK_256) if suite == 2 else (EK, AK)
        self.master = MASTER_256 if suite == 2 else MASTER
        self.title, self.client_title = TITLE, b""
        self.client_keys = client_keys  # public signing and agreement key
        if suite:
            self.signing, self.agreement = (ec.generate_private_key(CURVES[suite][0]) for _ in range(2))
        self.dedicated = b""
        self.ctos, self.stoc = b"", STOC
        self.counter, self.dedicated_counter = 0x100, 0
        self.granted, self.max_pdu = GRANTED, 1024
        self.lowest = 0
        self.dedicated_lowest = 0
        self.used = set()
        self.plain = []
        self.raw = []
        self.invocations = []
        self.signed = False
        self.association, self.unknown_object = 0, 4  # the object that takes the proof, the result for others
        self.change_aare = lambda fields: fields
        self.change_proof = lambda proof: proof
        self.answer_get = lambda request: [b"\xc4\x01" + request[2:3] + b"\x00\x06\x00\x00\x00\x07"]
        self.before = lambda apdu: None  # a list of octets instead of the answer
        vars(self).update(changes)

    def replies(self, apdu):
        """Return the APDUs that answer one of the client's."""
        self.raw.append(apdu)
        if (instead := self.before(apdu)) is not None:
            return instead
        match apdu[0]:
            case 0x60:
                return self._associate(apdu)
            case 0x62:
                return self._release(apdu)
        assert self.ciphered == (apdu[0] not in PLAIN), "protection"
        try:
            request, envelope = self.open(apdu) if self.ciphered else (apdu, None)
        except LookupError as refused:
            return [b"\xd8\x01\x06" + refused.args[0].to_bytes(4, "big")]
        self.plain.append(request)
        return [
            self.protect(answer, envelope) if isinstance(answer, bytes) and answer[0] not in {0xD8, 0x0E} else answer
            for answer in self._answers(request)
        ]

    def _answers(self, request):
        return [self._prove(request)] if request[0] == 0xC3 else self.answer_get(request)

    # -- association

    def _associate(self, apdu):
        fields = fields_of(apdu)
        assert fields[0xA1] == bytes.fromhex("0607608574050801") + bytes([self.contexts[self.ciphered]])
        if self.mechanism:
            assert fields[0x8A] == b"\x07\x80"
            assert fields[0x8B] == bytes.fromhex("608574050802") + bytes([self.mechanism])
            assert fields[0xAC][0] == 0x80
            self.ctos = cut(fields[0xAC][1:])[0]
            if self.mechanism == LLS:
                assert self.ctos == self.secret
        else:
            assert not {0x8A, 0x8B, 0xAC} & fields.keys()
        named = self.ciphered or self.mechanism >= GMAC
        assert (0xA6 in fields) == named
        self.client_title = fields[0xA6][2:] if named else b""
        user_information = cut(fields[0xBE][1:])[0]
        self.dedicated, self.dedicated_counter, envelope = b"", 0, None
        if self.ciphered:
            try:
                user_information, envelope = self.open(user_information)
            except LookupError as refused:
                return [b"\xd8\x01\x06" + refused.args[0].to_bytes(4, "big")]
        self.plain.append(user_information)
        self._take_initiate(user_information)
        initiate = bytes.fromhex("0800065F1F0400") + self.granted + self.max_pdu.to_bytes(2, "big") + self.vaa_name
        initiate = self.protect(initiate, envelope) if self.ciphered else initiate
        answer = {0xA1: fields[0xA1], 0xA2: b"\x02\x01\x00", 0xA3: bytes.fromhex("A1030201")}
        answer[0xA3] += b"\x0e" if self.mechanism >= HLS else b"\x00"
        if named:
            answer[0xA4] = b"\x04\x08" + self.title
        if self.mechanism >= HLS:
            answer |= {0x88: b"\x07\x80", 0x89: fields[0x8B], 0xAA: b"\x80" + sized(self.stoc)}
        answer[0xBE] = b"\x04" + sized(initiate)
        return [acse(0x61, self.change_aare(answer))]

    def _take_initiate(self, initiate):
        assert initiate[0] == 0x01
        rest = initiate[2:]
        if initiate[1]:
            self.dedicated, rest = cut(rest)
            assert len(self.dedicated) == len(self.ek)
        assert rest[:7] == bytes.fromhex("0000065F1F0400")
        assert len(rest) == 7 + 3 + 2

    def _release(self, apdu):
        fields = fields_of(apdu)
        assert fields[0x80] == b"\x00"
        assert (0xBE in fields) == self.ciphered
        if self.ciphered:
            initiate, _ = self.open(cut(fields[0xBE][1:])[0])
            assert initiate[:2] == b"\x01\x00", "the dedicated key is not sent again"
        return [bytes.fromhex("6303800100")]

    def _prove(self, request):
        assert request[:2] == b"\xc3\x01"
        assert request[3:9] + request[10:13] == bytes.fromhex("000F00002800FF0101")
        if request[9] != self.association:
            return b"\xc7\x01" + request[2:3] + bytes([self.unknown_object, 0])
        assert request[13] == 0x09
        received, rest = cut(request[14:])
        assert not rest
        proof = self._proof_of(received)
        if proof is None:
            return b"\xc7\x01" + request[2:3] + b"\x00\x00"
        return b"\xc7\x01" + request[2:3] + b"\x00\x01\x00\x09" + sized(proof)

    def _proof_of(self, received):
        """Check the client's proof; return the meter's."""
        titles = self.client_title + self.title
        if self.mechanism == ECDSA:
            verify(self.suite, self.client_keys[0], received, titles + self.stoc + self.ctos)
            proof = sign(self.suite, self.signing, self.title + self.client_title + self.ctos + self.stoc)
        elif self.mechanism == GMAC:
            counter = int.from_bytes(received[1:5], "big")
            self.use(self.ek, counter)
            assert received == self._gmac(self.client_title, counter, self.stoc)
            proof = self._gmac(self.title, self.counter, self.ctos)
            self.counter += 1
        else:
            assert received == self._hashed(self.stoc, titles, self.ctos)
            proof = self._hashed(self.ctos, self.title + self.client_title, self.stoc)
        return self.change_proof(proof)

    def _gmac(self, title, counter, challenge):
        control = bytes([0x10 | self.suite])
        octets = counter.to_bytes(4, "big")
        return control + octets + AESGCM(self.ek).encrypt(title + octets, b"", control + self.ak + challenge)[:12]

    def _hashed(self, challenge, titles, other):
        match self.mechanism:
            case 2:
                padded = challenge + bytes(-len(challenge) % 16)
                return Cipher(algorithms.AES(self.secret.ljust(16, b"\0")), modes.ECB()).encryptor().update(padded)
            case 3:
                return hashlib.md5(challenge + self.secret).digest()
            case 4:
                return hashlib.sha1(challenge + self.secret).digest()
        return hashlib.sha256(self.secret + titles + challenge + other).digest()

    # -- protection

    def use(self, key, counter):
        """Note a nonce of the client; it never comes twice (rule S1)."""
        nonce = (key, self.client_title, counter)
        assert nonce not in self.used, "an invocation counter came twice"
        self.used.add(nonce)
        if key == self.ek:
            self.invocations.append(counter)
        lowest = self.lowest if key == self.ek else self.dedicated_lowest if key == self.dedicated else 0
        if counter < lowest:
            raise LookupError(lowest)

    def open(self, apdu):
        """Return the plain APDU and how it was wrapped."""
        if apdu[0] == 0xDF:
            header, rest = self._header(apdu[1:])
            content, rest = cut(rest)
            signature, rest = cut(rest)
            assert not rest
            verify(self.suite, self.client_keys[0], signature, header + sized(content))
            self.signed = True
            return self.open(content)
        key, header, kind = self.ek, b"", ()
        if apdu[0] == 0xDD:
            header, rest = self._header(apdu[1:])
            key, rest, kind = self._named_key(rest, header)
            content, rest = cut(rest)
        elif apdu[0] in {0xDB, 0xDC}:
            title, rest = cut(apdu[1:])
            assert title == self.client_title
            content, rest = cut(rest)
            key = self.dedicated if apdu[0] == 0xDC else self.ek
        else:
            content, rest = cut(apdu[1:])
            key = self.dedicated if apdu[0] in DEDICATED else self.ek
        assert key
        assert not rest
        control, counter = content[0], int.from_bytes(content[1:5], "big")
        assert control == self.control
        plain = unseal(key, self.ak, control, self.client_title, counter, content[5:], header)
        self.use(key, counter)
        expected = (GLOBAL | DEDICATED).get(apdu[0])
        assert expected is None or plain[0] == expected
        return plain, (apdu[0], header, kind)

    def _header(self, octets):
        """Return the five fields as they came, and the rest; the titles are checked."""
        rest, parts = octets, []
        for _ in range(5):
            part, rest = cut(rest)
            parts.append(part)
        assert parts[1] == self.client_title
        assert parts[2] in {b"", self.title}
        return octets[: len(octets) - len(rest)], rest

    def _named_key(self, octets, header):
        """Return the key that a key-info names."""
        assert octets[0] == 1
        transaction = cut(header)[0]
        match octets[1]:
            case 0:
                assert octets[2] == 0
                return self.ek, octets[3:], (0,)
            case 1:
                wrapped, rest = cut(octets[3:])
                return aes_key_unwrap(self.master, wrapped), rest, (1,)
        parameters, rest = cut(octets[2:])
        data, rest = cut(rest)
        if parameters == b"\x02":
            shared = self.agreement.exchange(ec.ECDH(), self.client_keys[1])
            return derive(self.suite, shared, self.client_title + sized(transaction), self.title), rest, (2, 2)
        curve, _, size, _ = CURVES[self.suite]
        point, signature = data[: 2 * size], data[2 * size :]
        verify(self.suite, self.client_keys[0], signature, point)
        ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + point)
        shared = self.agreement.exchange(ec.ECDH(), ephemeral)
        return derive(self.suite, shared, self.client_title, self.title), rest, (2, 1)

    def protect(self, plain, envelope):
        """Return the answer in the envelope of its request."""
        if envelope is None:
            return plain
        tag, header, kind = envelope
        if tag == 0xDD:
            return self._signed(self._general(plain, header, kind))
        dedicated = tag in DEDICATED or tag == 0xDC
        content = self.sealed(plain, dedicated=dedicated)
        if tag in {0xDB, 0xDC}:
            return self._signed(bytes([tag]) + sized(self.title) + sized(content))
        return self._signed(bytes([ANSWER_OF[tag]]) + sized(content))

    def sealed(self, plain, *, dedicated=False, counter=None, control=None):
        """Return security control, counter, payload."""
        if counter is None:
            counter = self.dedicated_counter if dedicated else self.counter
            self.dedicated_counter += dedicated
            self.counter += not dedicated
        control = self.control if control is None else control
        key = self.dedicated if dedicated else self.ek
        payload = seal(key, self.ak, control, self.title, counter, plain)
        return bytes([control]) + counter.to_bytes(4, "big") + payload

    def _general(self, plain, header, kind):
        transaction = cut(header)[0]
        header = sized(transaction) + sized(self.title) + sized(self.client_title) + b"\0\0"
        key, counter, info = self.ek, self.counter, b"\x01\x00\x00"
        if kind == (0,):
            self.counter += 1
        elif kind == (1,):
            key, counter = bytes(range(len(self.ek))), 0
            info = b"\x01\x01\x00" + sized(aes_key_wrap(self.master, key))
        elif kind == (2, 2):
            shared = self.agreement.exchange(ec.ECDH(), self.client_keys[1])
            key, counter = derive(self.suite, shared, self.title + sized(transaction), self.client_title), 0
            info = b"\x01\x02\x01\x02\x00"
        else:
            ephemeral = ec.generate_private_key(CURVES[self.suite][0])
            numbers, size = ephemeral.public_key().public_numbers(), CURVES[self.suite][2]
            point = numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")
            shared = ephemeral.exchange(ec.ECDH(), self.client_keys[1])
            key, counter = derive(self.suite, shared, self.title, self.client_title), 0
            info = b"\x01\x02\x01\x01" + sized(point + sign(self.suite, self.signing, point))
        payload = seal(key, self.ak, self.control, self.title, counter, plain, header)
        return b"\xdd" + header + info + sized(bytes([self.control]) + counter.to_bytes(4, "big") + payload)

    def _signed(self, apdu):
        if not self.signed:
            return apdu
        header = sized(b"\x01") + sized(self.title) + sized(self.client_title) + b"\0\0"
        return b"\xdf" + header + sized(apdu) + sized(sign(self.suite, self.signing, header + sized(apdu)))


class LoneShortMeter(LoneMeter):
    """The same with short names: its Association SN is at FA00, so reply_to_HLS_authentication is at FA58.

    ``head``: how it wants that called, up to the tag of the octet-string. ``refusal``: its answers to other ways.
    """

    contexts = (SN, SN_CIPHERED)
    vaa_name = b"\xfa\x00"
    objects = bytes.fromhex("0101 0204 101000 120003 1100 09060100010800FF")

    def __init__(self, *arguments, head="050104FA580109", refusal=(UNDEFINED,), **changes):
        self.head, self.refusal = bytes.fromhex(head), refusal
        self.proofs = []
        super().__init__(*arguments, **{"granted": bytes.fromhex("1C0320"), "answer_get": self._read} | changes)

    def _answers(self, request):
        return self._prove(request) if request[3:5] == b"\xfa\x58" else self.answer_get(request)

    def _prove(self, request):
        size = len(self.head)
        self.proofs.append(request[:size].hex().upper())
        if request[:size] != self.head:
            return self.refusal
        received, rest = cut(request[size:])
        assert not rest
        proof = self._proof_of(received)
        returned = b"\x09" + sized(proof) if proof is not None else b"" if request[0] == 0x06 else b"\x00"
        return [bytes([request[0] + 7, 1, 0]) + returned]

    def _read(self, request):
        assert request[0] == 0x05
        assert len(request) == 2 + 3 * request[1]
        known = {
            b"\xfa\x00": bytes.fromhex("00 0906 0000280000FF"),
            b"\xfa\x08": b"\x00" + self.objects,
            b"\x10\x08": b"\x00\x06\x00\x00\x00\x07",
        }
        names = [request[at + 1 : at + 3] for at in range(2, len(request), 3) if request[at] == 2]
        return [b"\x0c" + request[1:2] + b"".join(known.get(name, b"\x01\x04") for name in names)]
