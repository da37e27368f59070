"""Keys: a toy RSA key to break, how large real ones are, and which records a later machine can still harm."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils.common.checks import check_floats, check_number
from course_utils.common.errors import InputError


class ToyKey(NamedTuple):
    """An RSA key: ``N`` and ``e`` are public, ``d`` is private."""

    N: int
    e: int
    d: int


def toy_key(p: int, q: int, e: int) -> ToyKey:
    """Return the RSA key (Rivest, Shamir and Adleman, 1978) of two small primes, far too small to keep a secret.

    Examples
    --------
    >>> toy_key(7, 11, 7)
    ToyKey(N=77, e=7, d=43)
    """
    for prime in (p, q):
        if prime < 2 or any(prime % divisor == 0 for divisor in range(2, prime)):
            raise InputError(f"A key needs two primes, and {prime} is none.")
    order = (p - 1) * (q - 1)
    if p == q or gcd(e, order) != 1:
        raise InputError(f"The primes must differ, and e must share no divisor with {order}: choose another e.")
    return ToyKey(p * q, e, pow(e, -1, order))


def key_sizes() -> dict[str, tuple[int, int]]:
    """Make a key of each kind, use it once, and return the bytes of the public key and of what is sent with it.

    Sent is the own share, the ciphertext of a secret, or the signature. Needs the library cryptography.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa, mlkem, padding, rsa, x25519

    key, sizes = rsa.generate_private_key(65537, 3072), {}
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sent = key.public_key().encrypt(b"s" * 32, oaep)
    sizes["agree: RSA-3072"] = key.public_key().public_numbers().n.bit_length() // 8, len(sent)
    share = x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()
    sizes["agree: X25519"] = len(share), len(share)
    public = mlkem.MLKEM768PrivateKey.generate().public_key()
    sizes["agree: ML-KEM-768"] = len(public.public_bytes_raw()), len(public.encapsulate()[1])
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    sizes["sign: RSA-3072"] = sizes["agree: RSA-3072"][0], len(key.sign(b"text", pss, hashes.SHA256()))
    for name, kind in (("Ed25519", ed25519.Ed25519PrivateKey), ("ML-DSA-65", mldsa.MLDSA65PrivateKey)):
        private = kind.generate()
        sizes[f"sign: {name}"] = len(private.public_key().public_bytes_raw()), len(private.sign(b"text"))
    return sizes


def exposed(made: ArrayLike, keep: ArrayLike, migrated: float, arrives: float) -> np.ndarray:
    """Tell which records a machine can still harm that breaks the old encryption from the year ``arrives`` on.

    A record that was copied when it was sent is harmed if it was encrypted in the old way, so before ``migrated``, and
    must still be secret when the machine arrives. For a record of the last old year this is Mosca's inequality (2018):
    years to keep + years to migrate > years until the machine.

    Parameters
    ----------
    made, keep : array_like, shape (n_records,)
        The year in which each was encrypted, and for how many years it must be secret.

    Returns
    -------
    ndarray of bool, shape (n_records,)

    Examples
    --------
    >>> exposed([2026, 2026, 2031], [3, 15, 15], migrated=2030, arrives=2035)
    array([False,  True, False])
    """
    made, keep = check_floats("made", made), check_floats("keep", keep)
    if made.shape != keep.shape:
        raise InputError(f"Each record needs a year and a time to keep: {made.shape} years, {keep.shape} times.")
    if (keep < 0).any():
        raise InputError("A record is kept for 0 years or more: keep counts years, and is no date.")
    migrated, arrives = check_number("migrated", migrated, 0), check_number("arrives", arrives, 0)
    return (made < migrated) & (made + keep > arrives)
