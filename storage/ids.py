"""Ids, codes and tokens: random, so that none tells how many came before it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that it can be read out over a telephone."""

Pick = Callable[[int], int]


def disclosure_id(prefix: str, now: datetime, pick: Pick = secrets.randbelow) -> str:
    """Return an id for people: "ED-2026-K7QX"; also for LK-, QU- and AL-.

    Four characters are a million a year: the caller has the database say whether one is free
    (``new_id`` of the modules that keep such rows).
    """
    return f"{prefix}-{now.astimezone(UTC).year:04d}-{_letters(4, pick)}"


def row_id(prefix: str, pick: Pick = secrets.randbelow) -> str:
    """Return an internal id: "CP-" and ten characters (50 random bits)."""
    return f"{prefix}-{_letters(10, pick)}"


def stop_code(pick: Pick = secrets.randbelow) -> str:
    """Return a stop code: "XXXX-XXXX-XXXX" (60 random bits)."""
    return "-".join(_letters(4, pick) for _ in range(3))


def message_id(domain: str) -> str:
    """Return a Message-ID that tells neither time nor host nor process (RFC 5322 s3.6.4)."""
    return f"<{secrets.token_hex(16)}@{domain}>"


def token() -> str:
    """Return the token of a return path: lower case, because a relay may change the case of it."""
    return secrets.token_hex(16)


def _letters(count: int, pick: Pick) -> str:
    return "".join(CROCKFORD[pick(len(CROCKFORD))] for _ in range(count))
