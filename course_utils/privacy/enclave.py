"""The handshake of a trusted enclave, with real signatures; the hardware part is simulated, and protects nothing.

A real enclave keeps its memory encrypted, so that the owner of the machine cannot look in, and its device key is burnt
into the processor. Here the "machine" is a Python object. What is real is the protocol: measure, attest, release.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from course_utils.common.errors import InputError

PURPOSE = b"course enclave key release"


def measure(code: str) -> str:
    """Return the measurement of a program: the SHA-256 hash of its text.

    Examples
    --------
    >>> measure("print(1)") == measure("print(1)") != measure("print(2)")
    True
    """
    return hashlib.sha256(code.encode()).hexdigest()


class Maker:
    """The maker of processors, who signs the key of each device with a key of its own."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()

    def endorse(self, device: bytes) -> bytes:
        """Sign a device's public key."""
        return self._key.sign(device)


@dataclass(frozen=True)
class Quote:
    """What a machine says of itself: which program runs, a key to reach it, and the number that was asked for.

    ``device`` is the machine's public key, ``endorsement`` the maker's signature of it, and ``signature`` the machine's
    of the first three.
    """

    measurement: str
    public: bytes
    nonce: bytes
    device: bytes
    endorsement: bytes
    signature: bytes

    @property
    def signed(self) -> bytes:
        """The bytes that the machine signs."""
        return self.measurement.encode() + self.public + self.nonce


class Machine:
    """A simulated machine that runs one program in its enclave."""

    def __init__(self, maker: Maker, code: str) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        self._device, self._inner = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
        self.device = self._device.public_key().public_bytes_raw()
        self.endorsement, self.measurement = maker.endorse(self.device), measure(code)

    def attest(self, nonce: bytes) -> Quote:
        """Answer a challenge with a signed quote."""
        public = self._inner.public_key().public_bytes_raw()
        signature = self._device.sign(self.measurement.encode() + public + nonce)
        return Quote(self.measurement, public, nonce, self.device, self.endorsement, signature)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt what was sealed for this enclave; an InputError says if it was sealed for another, or changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        shared = self._inner.exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
        try:
            return AESGCM(_key_from(shared)).decrypt(sealed[32:44], sealed[44:], PURPOSE)
        except InvalidTag:
            raise InputError("This was sealed for another enclave, or changed on its way: ask for it again.") from None


def judge(quote: Quote, maker: bytes, allowed: Collection[str], nonce: bytes) -> str:
    """Return why a quote is refused, or ``"accepted"``.

    Parameters
    ----------
    maker : bytes
        The public key of the maker whom one trusts.
    allowed : collection of str
        The measurements of the programs whom one trusts.
    nonce : bytes
        The random number that was asked for.
    """
    if not _signed_by(maker, quote.endorsement, quote.device):
        return "refused: the maker did not sign this device"
    if not _signed_by(quote.device, quote.signature, quote.signed):
        return "refused: the quote was changed"
    if quote.nonce != nonce:
        return "refused: an old quote"
    return "accepted" if quote.measurement in allowed else "refused: another program"


def seal(secret: bytes, public: bytes) -> bytes:
    """Encrypt a secret so that only the enclave with this public key can read it."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    ours, nonce = X25519PrivateKey.generate(), secrets.token_bytes(12)
    shared = ours.exchange(X25519PublicKey.from_public_bytes(public))
    return ours.public_key().public_bytes_raw() + nonce + AESGCM(_key_from(shared)).encrypt(nonce, secret, PURPOSE)


def _key_from(shared: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, None, PURPOSE).derive(shared)


def _signed_by(public: bytes, signature: bytes, what: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, what)
    except (InvalidSignature, ValueError):
        return False
    return True
