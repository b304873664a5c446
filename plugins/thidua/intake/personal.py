"""Person numbers never enter the lake's batches: they are canonicalised and replaced by an HMAC under a key.

The key is made once, readable to its owner only, and never appears in SQL: values are replaced before they get there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from thidua.files import write_once
from thidua.settings import Home

MASK = "•••"


def key_path(home: Home) -> Path:
    return home.lake / "restricted" / "person.key"


def load_key(home: Home) -> bytes:
    """The key, made on first use; two processes that make it at once end with the same one."""
    path = key_path(home)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_once(path, secrets.token_bytes(32), mode=0o600)
    return path.read_bytes()


def canonical_number(text: str) -> str:
    """A person's number without spaces and separators, and without the zeros that Excel takes from its front."""
    return re.sub(r"[\s.\-\u00a0\u202f]", "", text).upper().lstrip("0")


def pseudonym(canonical: str, key: bytes) -> str:
    """32 hexadecimal digits of HMAC-SHA256. The same as PSEUDONYM_SQL, which intake uses."""
    return hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()[:32]


# The same two as SQL, `{text}` and `{canonical}` being expressions. HMAC (RFC 2104) is two hashes under two pads of the
# key; the pads are bound parameters.
CANONICAL_SQL = (
    "ltrim(upper(translate({text}, ' .-' || chr(160) || chr(8239) || chr(9) || chr(10) || chr(13), '')), '0')"
)
PSEUDONYM_SQL = "substr(sha256($hmac_outer::blob || unhex(sha256($hmac_inner::blob || encode({canonical})))), 1, 32)"
_BLOCK = 64


def hmac_pads(key: bytes) -> dict[str, bytes]:
    """The bound parameters of PSEUDONYM_SQL."""
    padded = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return {
        "hmac_inner": bytes(byte ^ 0x36 for byte in padded),
        "hmac_outer": bytes(byte ^ 0x5C for byte in padded),
    }
