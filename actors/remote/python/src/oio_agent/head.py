"""Ids and the head of what an agent says."""

import secrets
import time
from datetime import UTC, datetime
from typing import Literal, TypedDict


class Head(TypedDict):
    eap: Literal["2.0"]
    id: str
    ts: str


def new_id() -> str:
    """A UUID of version 7: ids made later sort later."""
    return _uuid((time.time_ns() // 1_000_000) << 80 | secrets.randbits(80), 7)


def id_of_hash(digest: bytes) -> str:
    """A UUID of version 8: the same for the same hash."""
    return _uuid(int.from_bytes(digest[:16], "big"), 8)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_head() -> Head:
    """Version, a fresh id and the time: what every message begins with."""
    return {"eap": "2.0", "id": new_id(), "ts": now()}


def _uuid(bits: int, version: int) -> str:
    versioned = bits & ~(0xF << 76) | version << 76
    text = f"{versioned & ~(0x3 << 62) | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
