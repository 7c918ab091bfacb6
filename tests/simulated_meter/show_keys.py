"""Says what a client needs to associate: mechanism, suite, policy, keys in hex, key pairs in PEM. For tests."""

from collections.abc import Iterator

from .key_pairs import CURVES, pem
from .profile import ClientProfile, MeterProfile
from .secured import Security, client_key_pair
from .security_profile import ClientSecurity, Context

MECHANISMS = (
    "no authentication",
    "password",
    "HLS vendor (AES-ECB)",
    "HLS MD5",
    "HLS SHA-1",
    "HLS GMAC",
    "HLS SHA-256",
    "HLS ECDSA",
)


def authentication(client: ClientProfile) -> str:
    """Return how a client authenticates, in a few words."""
    password = "" if client.password is None else f" {client.password!r}"
    security = client.security
    if security is None:
        return f"password{password}" if password else MECHANISMS[0]
    text = MECHANISMS[security.mechanism] + (password if security.mechanism == 1 else "")
    if security.context is Context.PLAIN:
        return text
    return f"{text}, ciphered (suite {security.suite}, policy {security.policy})"


def key_lines(profile: MeterProfile, security: Security) -> Iterator[str]:
    """Yield everything that clients need."""
    identity = security.identity
    yield f"meter: system title {identity.title.hex().upper()}"
    for suite in CURVES:
        yield f"meter, public signing key of suite {suite}:\n{pem(identity.signing[suite].public_key()).strip()}"
        public_key = pem(identity.agreement[suite].public_key()).strip()
        yield f"meter, public key agreement key of suite {suite}:\n{public_key}"
    for client in profile.clients:
        yield f"\nclient {client.wport} ({client.name}): {authentication(client)}"
        if client.security is not None:
            yield from _client_lines(client.wport, client.security)


def _client_lines(wport: int, security: ClientSecurity) -> Iterator[str]:
    for name in ("encryption_key", "authentication_key", "broadcast_key", "master_key", "client_title"):
        if octets := getattr(security, name):
            yield f"  {name.replace('_', ' ')}: {octets.hex().upper()}"
    if security.secret:
        yield f"  secret: {security.secret.decode('latin-1')!r} = {security.secret.hex().upper()}"
    if security.context is not Context.PLAIN or security.mechanism == 5:
        yield f"  invocation counter: 0.0.43.1.{security.setup_instance}.255, lowest accepted {security.first_counter}"
    if security.suite in CURVES:
        for purpose in ("signing", "agreement"):
            yield f"  private {purpose} key:\n{pem(client_key_pair(security, wport, purpose)).strip()}"
