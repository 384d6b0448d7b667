"""Says once that something is to end, and why; and waits that such a word ends."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Ending:
    """Is set once, with the reason. Whoever does something that it ends waits for it beside that."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason: Exception | None = None

    def is_set(self) -> bool:
        return self._event.is_set()

    def set(self, reason: Exception | None = None) -> None:
        if self._event.is_set():
            return
        self.reason = reason
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()


async def unless(work: Awaitable[T], *endings: Ending, within: float | None = None) -> T | None:
    """What `work` gives; None if one of `endings` or `within` seconds came first: then it is cancelled."""
    doing = asyncio.ensure_future(work)
    watches = [asyncio.ensure_future(ending.wait()) for ending in endings]
    try:
        if not any(ending.is_set() for ending in endings):
            await asyncio.wait([doing, *watches], timeout=within, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        for one in (doing, *watches):
            one.cancel()
        doing.add_done_callback(_leave_aside)


async def pause(seconds: float, *endings: Ending) -> None:
    await unless(asyncio.sleep(seconds), *endings)


def _leave_aside(done: asyncio.Future[T]) -> None:
    """What was given up may still fail: nobody waits for it."""
    if not done.cancelled():
        done.exception()
