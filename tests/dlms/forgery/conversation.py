"""An honest association between the client and a meter that shares no code with it, stopped where a forger steps in."""

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.events import ChallengeAnswered
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.security.counters import ReceivingCounters, SendingCounter
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import Envelope, SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite
from tests.dlms.lone_meter import AK, AK_256, EK, EK_256, TITLE, LoneMeter

CLIENT_TITLE = bytes.fromhex("4D4D4D0000000001")
SECRET = b"a secret of test"
CLOCK = AttributeDescriptor(8, LogicalName.parse("0.0.1.0.0.255"), 2)
HEADER = bytes.fromhex("0001 0001 0010")


class Setting(NamedTuple):
    """One way to associate."""

    mechanism: Mechanism
    suite: int = 0
    level: int = 0x30
    ciphered: bool = True
    dedicated: bool = False
    general: bool = False


SETTINGS = (
    Setting(Mechanism.HLS_GMAC),
    Setting(Mechanism.HLS_GMAC, suite=1),
    Setting(Mechanism.HLS_GMAC, suite=2),
    Setting(Mechanism.HLS_GMAC, level=0x10),
    Setting(Mechanism.HLS_GMAC, dedicated=True),
    Setting(Mechanism.HLS_GMAC, general=True),
    Setting(Mechanism.HLS_GMAC, general=True, dedicated=True),
    Setting(Mechanism.HLS_SHA256),
    Setting(Mechanism.LLS),
    Setting(Mechanism.HLS_GMAC, ciphered=False),
    Setting(Mechanism.HLS_MD5, ciphered=False),
    Setting(Mechanism.HLS_SHA1, ciphered=False),
    Setting(Mechanism.HLS, ciphered=False),
)


def parameters_of(setting: Setting) -> AssociationParameters:
    key, authentication_key = (EK_256, AK_256) if setting.suite == 2 else (EK, AK)
    needs_security = setting.ciphered or setting.mechanism >= Mechanism.HLS_GMAC
    security = SecuritySettings(
        client_system_title=CLIENT_TITLE,
        suite=SecuritySuite(setting.suite),
        protection=Protection(setting.level) if setting.ciphered else Protection.NONE,
        global_unicast_encryption_key=Secret(key),
        authentication_key=Secret(authentication_key),
        use_dedicated_key=setting.dedicated,
        envelope=Envelope.GENERAL if setting.general else Envelope.SERVICE_SPECIFIC,
    )
    secret = Secret(SECRET)
    has_secret = setting.mechanism in {
        Mechanism.HLS,
        Mechanism.HLS_MD5,
        Mechanism.HLS_SHA1,
        Mechanism.HLS_SHA256,
    }
    return AssociationParameters(
        client_wport=16,
        server_wport=1,
        mechanism=setting.mechanism,
        password=secret if setting.mechanism is Mechanism.LLS else None,
        hls_secret=secret if has_secret else None,
        security=security if needs_security else None,
    )


PARAMETERS = {setting: parameters_of(setting) for setting in SETTINGS}


def wpdu(apdu: bytes, header: bytes = HEADER) -> bytes:
    return header + len(apdu).to_bytes(2, "big") + apdu


@dataclass
class Conversation:
    """Client and meter; what the meter answers lies in ``replies`` until somebody delivers it."""

    setting: Setting
    connection: Connection
    meter: LoneMeter
    replies: list[bytes]
    seen: list[object] = field(default_factory=list)

    @classmethod
    def begin(cls, setting: Setting, chance: Random) -> Conversation:
        """Send the AARQ; the AARE waits in ``replies``."""
        parameters = PARAMETERS[setting]
        meter = LoneMeter(
            setting.mechanism,
            suite=setting.suite,
            level=setting.level,
            ciphered=setting.ciphered,
            secret=SECRET,
            counter=chance.randrange(1, 1 << 20),
        )
        material = OpeningMaterial(
            challenge=chance.randbytes(16),
            dedicated_key=Secret(chance.randbytes(32 if setting.suite == 2 else 16)) if setting.dedicated else None,
            random=chance.randbytes,
            sending=SendingCounter(chance.randrange(1 << 20), ceiling=1 << 31),
            receiving=ReceivingCounters(),
        )
        connection = Connection()
        connection.propose(parameters, Opening(parameters, material))
        conversation = cls(setting, connection, meter, [])
        conversation.pump()
        return conversation

    def pump(self) -> None:
        """Hand to the meter what the client sent, and keep what it answers."""
        octets = self.connection.data_to_send()
        while octets:
            length = int.from_bytes(octets[6:8], "big")
            self.replies += self.meter.replies(octets[8 : 8 + length])
            octets = octets[8 + length :]

    def deliver(self, octets: bytes) -> list[object]:
        """Give octets to the client; return the events."""
        self.connection.receive_data(octets)
        events = []
        while (event := self.connection.next_event()) is not None:
            events.append(event)
        self.seen += events
        return events

    def deliver_honest(self) -> list[object]:
        """Deliver the meter's next answer, and let the meter answer what follows."""
        events = self.deliver(wpdu(self.replies.pop(0)))
        self.pump()
        return events

    def sent_a_proof(self) -> bool:
        """Whether the client answered a challenge: to a forged AARE it must not even do that."""
        return any(isinstance(event, ChallengeAnswered) for event in self.seen)

    def associate(self) -> None:
        """Go on honestly until the association exists."""
        while self.replies:
            self.deliver_honest()
        assert self.connection.is_open(self.pair)

    def ask(self) -> None:
        """Send a GET; the answer waits in ``replies``."""
        self.connection.request(self.pair, GetOne(CLOCK))
        self.pump()

    @property
    def pair(self):
        return PARAMETERS[self.setting].pair


def other_title_of(meter: LoneMeter) -> bytes:
    """A title that is not the meter's."""
    return TITLE[:-1] + bytes([TITLE[-1] ^ (meter.counter & 0xFF or 1)])
