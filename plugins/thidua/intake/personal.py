"""Person numbers never enter the lake's batches: they are canonicalised and replaced by an HMAC under a key.

The key is made once, readable to its owner only, and never appears in SQL: values are replaced before they get there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

import pyarrow as pa

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
    return re.sub(r"[\s.\-]", "", text).upper().lstrip("0")


def pseudonyms(values: pa.Array, key: bytes) -> pa.Array:
    """The same array with every filled value replaced by its pseudonym; each distinct value is hashed once."""
    encoded = values.dictionary_encode()
    replaced = [
        hmac.new(key, canonical_number(value).encode(), hashlib.sha256).hexdigest()[:32] if value else ""
        for value in encoded.dictionary.to_pylist()
    ]
    return pa.array(replaced, pa.string()).take(encoded.indices)
