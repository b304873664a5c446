"""Person numbers never enter the lake's batches: they are canonicalised and replaced by an HMAC under a key.

The key is made once, readable to its owner only, and never appears in SQL: values are replaced before they get there.
Beside it stands its fingerprint, which tells nothing of it. A house that has lost its key, such as one restored without
it, must not make another: everybody it knows would be somebody else from then on.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thidua.errors import NotWell
from thidua.files import write_once
from thidua.settings import Home

MASK = "•••"
FINGERPRINT = "person.key.sha256"
SEALED = "\x01"  # opens a pseudonym among cells of text; taken out of everything that an office wrote
MIN_DIGITS, MAX_DIGITS = 5, 13  # without leading zeros
_AT_ONCE = 1 << 14
_NO_SEPARATORS = str.maketrans("", "", " .-\u00a0\u202f\t\n\r")


def key_path(home: Home) -> Path:
    return home.restricted / "person.key"


def key_fingerprint(key: bytes) -> str:
    """64 hexadecimal digits that tell one key from another and nothing else: the key is 32 random bytes."""
    return hashlib.sha256(b"thidua key of pseudonyms\0" + key).hexdigest()


def fingerprint_of_key(home: Home) -> str | None:
    """What this house's key must be, written down on first sight of it; None: there never was one."""
    path = home.restricted / FINGERPRINT
    if not path.exists():
        if not key_path(home).exists():
            return None
        write_once(path, key_fingerprint(key_path(home).read_bytes()).encode(), mode=0o600)
    return path.read_text(encoding="ascii").strip()


def load_key(home: Home) -> bytes:
    """The key, made on first use; two processes that make it at once end with the same one.

    Raises NotWell where the house had a key and it is gone or another one.
    """
    path = key_path(home)
    expected = fingerprint_of_key(home)
    if not path.exists():
        if expected:
            raise NotWell(
                f"thiếu khóa mã hóa số định danh / the key of pseudonyms is missing: put {path} back (mode 0600); "
                "with another key everybody known already would count twice"
            )
        home.restricted_folder()
        write_once(path, secrets.token_bytes(32), mode=0o600)
        expected = fingerprint_of_key(home)
    key = path.read_bytes()
    if key_fingerprint(key) != expected:
        raise NotWell(
            f"sai khóa mã hóa số định danh / {path} is not the key that this house began with; put the right one back"
        )
    return key


def canonical_number(text: str) -> str:
    """A person's number without spaces and separators, and without the zeros that Excel takes from its front."""
    return text.translate(_NO_SEPARATORS).upper().lstrip("0")


def pseudonym(canonical: str, key: bytes) -> str:
    """32 hexadecimal digits of HMAC-SHA256 (RFC 2104)."""
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()[:32]


def pseudonymise(cells: pa.Array, key: bytes) -> pa.Array:
    """The same array with every person's number replaced by SEALED and its pseudonym; what is no number stays as it is.

    A nation's list has millions of numbers, nearly all of them plain digits: they are hashed as one column, and Python
    looks at each of the others.
    """
    digits = pc.ascii_ltrim(cells, "0")
    length = pc.binary_length(digits)
    is_long_enough = pc.and_(pc.greater_equal(length, MIN_DIGITS), pc.less_equal(length, MAX_DIGITS))
    is_plain = pc.and_(pc.ascii_is_decimal(digits), is_long_enough)
    plain = _sealed(digits.filter(is_plain), key)
    others = [_seal_odd(text, key) for text in cells.filter(pc.invert(is_plain)).to_pylist()]
    if not others:
        return plain
    sealed = pc.replace_with_mask(cells, is_plain, plain)
    return pc.replace_with_mask(sealed, pc.invert(is_plain), pa.array(others, pa.string()))


def _seal_odd(text: str, key: bytes) -> str:
    canonical = canonical_number(text)
    if MIN_DIGITS <= len(canonical) <= MAX_DIGITS and canonical.isdigit() and canonical.isascii():
        return SEALED + pseudonym(canonical, key)
    return text.replace(SEALED, "")


def _sealed(numbers: pa.Array, key: bytes) -> pa.Array:
    """SEALED and the `pseudonym` of each of these canonical numbers.

    The two hashes of the HMAC begin from states made once, which costs a quarter of hashing the padded key for each; and
    what they give becomes text all at once. Some at a time: a million little objects want memory that is not at hand.
    """
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in _padded(key))).copy
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in _padded(key))).copy
    letters = np.empty((len(numbers), 33), np.uint8)
    letters[:, 0] = ord(SEALED)
    for start in range(0, len(numbers), _AT_ONCE):
        some = letters[start : start + _AT_ONCE, 1:]
        digests: list[bytes] = []
        for number in numbers.slice(start, _AT_ONCE).cast(pa.binary()).to_pylist():
            first, second = inner(), outer()
            first.update(number)
            second.update(first.digest())
            digests.append(second.digest()[:16])
        some[:] = np.frombuffer(b"".join(digests).hex().encode(), np.uint8).reshape(some.shape)
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 33
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(letters))


def _padded(key: bytes) -> bytes:
    """The key as one block of SHA-256."""
    block = hashlib.sha256().block_size
    return (hashlib.sha256(key).digest() if len(key) > block else key).ljust(block, b"\0")
