"""What one attempt still has to say, in order.

O1. One request is under way at a time, so the orchestrator hears things in the order they were said.
O2. A progress report that waits is replaced by a newer one, in its place: however fast the work reports, at most one
    waits. What the newer one leaves out is taken from the older.
O3. Tool calls, artifacts and results are never dropped. Past `waiting_max` whoever speaks waits for room.
O4. After `say_last`, and after `close`, nothing is taken any more.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from .messages import (
    Artifact,
    InputRequest,
    OutAnswer,
    PermissionRequest,
    Progress,
    RequestWithdrawn,
    Result,
    Tool,
)

AttemptOut = Progress | Tool | Artifact | Result | PermissionRequest | InputRequest | RequestWithdrawn
Answer = asyncio.Future[OutAnswer | None]

logger = logging.getLogger("oio_agent")


class Outgoing:
    def __init__(
        self, ask: Callable[[AttemptOut], Awaitable[OutAnswer | None]], *, waiting_max: int = 1_000
    ) -> None:
        self._ask = ask
        self._waiting_max = waiting_max
        self._waiting: list[tuple[AttemptOut, Answer]] = []
        self._room_sought: list[asyncio.Future[None]] = []
        self._saying: asyncio.Task[None] | None = None
        self._is_closed = False

    def report(self, report: Progress) -> None:
        """Takes a progress report at once."""
        if self._is_closed:
            return
        for at, (older, answer) in enumerate(self._waiting):
            if older["kind"] == "progress":
                self._waiting[at] = (merge_progress(older, report), answer)
                return
        self._push(report)

    async def put(self, message: AttemptOut) -> None:
        """Takes a message; returns when it waits its turn."""
        await self._wait_for_room()
        if not self._is_closed:
            self._push(message)

    async def say(self, message: AttemptOut) -> OutAnswer | None:
        """Takes a message; returns its answer, or None if it was never said or never answered."""
        await self._wait_for_room()
        return None if self._is_closed else await self._push(message)

    async def say_last(self, message: AttemptOut) -> OutAnswer | None:
        """Says `message` after all that waits, and takes nothing more."""
        if self._is_closed:
            return None
        answer = self._push(message)
        self._is_closed = True
        self._tell_room()
        return await answer

    def close(self) -> None:
        """Drops what waits. What is under way ends by itself."""
        self._is_closed = True
        dropped, self._waiting = self._waiting, []
        for _, answer in dropped:
            _settle(answer, None)
        self._tell_room()

    def _push(self, message: AttemptOut) -> Answer:
        answer: Answer = asyncio.get_running_loop().create_future()
        self._waiting.append((message, answer))
        if self._saying is None:
            self._saying = asyncio.create_task(self._say_all())
        return answer

    async def _say_all(self) -> None:
        try:
            while self._waiting:
                message, answer = self._waiting.pop(0)
                self._tell_room()
                _settle(answer, await self._say(message))
        finally:
            self._saying = None

    async def _say(self, message: AttemptOut) -> OutAnswer | None:
        try:
            return await self._ask(message)
        except Exception:
            logger.exception("could not say %s", message["kind"])
            return None

    async def _wait_for_room(self) -> None:
        while not self._is_closed and len(self._waiting) >= self._waiting_max:
            sought: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._room_sought.append(sought)
            await sought

    def _tell_room(self) -> None:
        sought, self._room_sought = self._room_sought, []
        for one in sought:
            if not one.done():
                one.set_result(None)


def merge_progress(older: Progress, newer: Progress) -> Progress:
    """The newer report, with what only the older one told."""
    merged = newer.copy()
    if "percent" in older:
        merged.setdefault("percent", older["percent"])
    if "note" in older:
        merged.setdefault("note", older["note"])
    if "usage" in older:
        merged.setdefault("usage", older["usage"])
    return merged


def _settle(answer: Answer, value: OutAnswer | None) -> None:
    if not answer.done():
        answer.set_result(value)
