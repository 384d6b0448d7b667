"""The port to the network: what the SDK needs of it. Its adapter is `nats_wire.py`."""

from collections.abc import Callable
from typing import Literal, Protocol

FaultKind = Literal["timeout", "no_responders", "disconnected", "forbidden", "too_large", "other"]


class WireFault(Exception):
    """`forbidden`: the server does not let these credentials use the subject."""

    def __init__(self, kind: FaultKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class Listener(Protocol):
    @property
    def is_closed(self) -> bool:
        """True once it was closed, by us or because the server refused the subscription."""
        ...

    async def close(self) -> None: ...


class Wire(Protocol):
    @property
    def is_up(self) -> bool: ...

    async def ask(self, subject: str, body: bytes, within: float) -> bytes:
        """One request, one reply, or a `WireFault`. While disconnected it waits for the line within its seconds."""
        ...

    async def tell(self, subject: str, body: bytes) -> None:
        """Says it once. May be lost; says nothing while disconnected."""
        ...

    async def listen(self, subject: str, answer: Callable[[bytes], bytes]) -> Listener:
        """Every message on `subject` is answered with what `answer` returns."""
        ...

    def on_reconnect(self, then: Callable[[], None]) -> None: ...

    async def flush(self) -> None:
        """Returns when what was said so far has reached the server."""
        ...

    async def close(self) -> None: ...
