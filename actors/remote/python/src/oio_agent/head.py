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
    bits = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | secrets.randbits(76)
    text = f"{bits & ~(0x3 << 62) | 0x2 << 62:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_head() -> Head:
    """Version, a fresh id and the time: what every message begins with."""
    return {"eap": "2.0", "id": new_id(), "ts": now()}
