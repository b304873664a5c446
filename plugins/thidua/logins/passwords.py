"""What a password must be, and one to hand out."""

from __future__ import annotations

import secrets

from flask_appbuilder.exceptions import PasswordComplexityValidationError

LEAST = 12
# Neither 0 and o nor 1, i and l: it is read from paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def handed_out() -> str:
    """Four groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def check(password: str) -> None:
    """Length is what counts (NIST SP 800-63B, 3.1.1.2). Raises what the form shows."""
    if len(password) < LEAST or len(set(password)) < 5:
        raise PasswordComplexityValidationError(
            f"Ít nhất {LEAST} ký tự, không lặp mãi một ký tự / at least {LEAST} characters, not the same again and again"
        )
