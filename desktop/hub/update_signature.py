"""The signature under what is told of new versions: Ed25519, by the `cryptography` library.

What is signed begins with words that nothing else signed by the same key begins with. Whoever signs
(`installers/release/sign_update.py`) and whoever checks use these lines. The library is imported
with the first check. Any thread.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Final

PREFIX: Final = b"lapis-assistant: news of a version, format 1\n"


def key_id(public: str) -> str:
    """Return the short name of a public key (32 bytes in base64): 16 hex digits of its SHA-256.

    Raises ValueError for what is no base64.
    """
    try:
        raw = base64.b64decode(public, validate=True)
    except binascii.Error as error:
        raise ValueError("this is no public key in base64") from error
    return hashlib.sha256(raw).hexdigest()[:16]


def key_named(name: str, keys: Iterable[str]) -> str:
    """Return the one of `keys` whose id is `name`, empty if there is none."""
    return next((key for key in keys if key_id(key) == name), "")


def is_signed(payload: bytes, signature: bytes, public: str) -> bool:
    """Return whether `signature` is that of the key `public` under `payload`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(signature, PREFIX + payload)
    except (InvalidSignature, ValueError):
        return False
    return True
