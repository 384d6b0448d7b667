"""The locks of one attempt: asked for, kept by renewal, let go at its end.

K1. A lock counts as lost before its lease can be over: the lease is counted from when it was asked for, on this
    process' own clock, less a margin. So a process that slept knows it before it does anything else.
K2. What it does in the middle of a turn that it slept in, no clock can prevent: the token does, at the resource.
K3. A lock is let go once, by the request that took it. Whatever is left goes with the attempt.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from .ending import Ending, pause
from .head import new_head, new_id
from .messages import LockAcquire, LockRelease, LockRenew, LockSaid, OutAnswer
from .schema import check

LockOut = LockAcquire | LockRenew | LockRelease
Priority = Literal["blocker", "critical", "high", "normal", "low", "background"]

ANSWER_WITHIN = 3.0
# Asked again every few seconds: so long without a word, and this process is dead.
SILENT = 15.0
RELEASE_WITHIN = 3.0
PAUSE = 0.1
# Of the lease, what is not used: for what clocks drift, and for a timer that is late.
MARGIN = 0.1

logger = logging.getLogger("oio_agent")


class LockRefused(Exception):
    """The lock was not to be had. `code`: DEADLINE_EXCEEDED, LOCK_NOT_OWNED, DEADLOCK_DETECTED, …"""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LockLost(Exception):
    """Somebody else may have the lock by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """In seconds: how long to wait in the queue of a lock that is held, and the lease, renewed at a third of it."""

    wait: float
    ttl: float
    priority: Priority


class AskLock(Protocol):
    def __call__(
        self, message: LockOut, *endings: Ending, within: float | None = None
    ) -> Awaitable[OutAnswer | None]: ...


class TaskLocks:
    def __init__(self, *, task_id: str, attempt: int, ask: AskLock, stop_work: Ending) -> None:
        self._task_id = task_id
        self._attempt = attempt
        self._ask = ask
        self._stop_work = stop_work
        self._held: set[TaskLock] = set()
        self._is_over = False

    @asynccontextmanager
    async def hold(self, name: str, terms: Terms) -> "AsyncIterator[TaskLock]":
        """For an `async with`. Should the lock be lost, the block is cancelled and `LockLost` raised in its place."""
        lock = await self.acquire(name, terms)
        holder = asyncio.current_task()
        assert holder is not None  # noqa: S101
        cancelling = holder.cancelling()
        watch = asyncio.create_task(_cancel_when_lost(lock, holder))
        try:
            yield lock
        except asyncio.CancelledError as cancelled:
            # Where somebody else cancelled it, alone or as well, that goes first.
            if lock.lost.reason is None or not watch.done() or holder.uncancel() > cancelling:
                raise
            raise lock.lost.reason from cancelled
        finally:
            watch.cancel()
            await lock.release()

    async def acquire(self, name: str, terms: Terms) -> "TaskLock":
        request_id = new_id()
        while True:
            asked_at = _now()
            message = self._acquire_message(name, request_id, terms)
            try:
                said = None if self._is_over else await self._said(message)
            except asyncio.CancelledError:
                self._let_go_later(name, request_id)
                raise
            if said is None or self._is_over:
                self._let_go_later(name, request_id)
                raise LockRefused("STALE_EPOCH", f"lock {name}: the attempt is over")
            if said["state"] == "granted":
                lock = TaskLock(self, name, request_id, token=said["token"], ttl=terms.ttl, asked_at=asked_at)
                self._held.add(lock)
                return lock
            if said["state"] == "gone":
                code = "DEADLINE_EXCEEDED" if said["reason"] == "wait_timed_out" else "LOCK_NOT_OWNED"
                raise LockRefused(code, f"lock {name}: the request is over: {said['reason']}")
            # Where the answer could not be held back, as by another node, not to ask all the time.
            if _now() - asked_at < PAUSE:
                await asyncio.sleep(PAUSE)

    async def release_all(self) -> None:
        """Lets all of them go; what is still held after that is lost for its holder."""
        await asyncio.gather(*(lock.release() for lock in list(self._held)))

    def end(self, detail: str) -> None:
        """The attempt is over: nothing is said any more, and its end ends the locks."""
        self._is_over = True
        for lock in list(self._held):
            lock.lose(detail)

    def forget(self, lock: "TaskLock") -> None:
        self._held.discard(lock)

    async def renew(self, lock: "TaskLock", *endings: Ending) -> OutAnswer | None:
        message: LockRenew = {
            **new_head(),
            "taskId": self._task_id,
            "attempt": self._attempt,
            "kind": "lock_renew",
            "name": lock.name,
            "token": lock.token,
            "ttlMs": round(lock.ttl * 1_000),
        }
        return await self._ask(message, *endings)

    async def let_go(self, name: str, request_id: str) -> None:
        message: LockRelease = {
            **new_head(),
            "taskId": self._task_id,
            "attempt": self._attempt,
            "kind": "lock_release",
            "name": name,
            "requestId": request_id,
        }
        await self._ask(message, within=RELEASE_WITHIN)

    def _let_go_later(self, name: str, request_id: str) -> None:
        letting = asyncio.ensure_future(self.let_go(name, request_id))
        _LETTING.add(letting)
        letting.add_done_callback(_LETTING.discard)

    def _acquire_message(self, name: str, request_id: str, terms: Terms) -> LockAcquire:
        return {
            **new_head(),
            "taskId": self._task_id,
            "attempt": self._attempt,
            "kind": "lock_acquire",
            "name": name,
            "requestId": request_id,
            "ttlMs": round(terms.ttl * 1_000),
            "waitMs": round(terms.wait * 1_000),
            "silentMs": round(SILENT * 1_000),
            "priority": terms.priority,
            "answerWithinMs": round(min(terms.wait, ANSWER_WITHIN) * 1_000),
        }

    async def _said(self, message: LockAcquire) -> LockSaid | None:
        """None: never said, or never answered."""
        answer = await self._ask(message, self._stop_work)
        if answer is None:
            return None
        if answer["ok"] is False:
            error = answer["error"]
            raise LockRefused(error["code"], f"lock {message['name']}: {error['message']}")
        check("LockSaid", answer["value"])
        return cast("LockSaid", answer["value"])


_LETTING: set[asyncio.Future[None]] = set()


class TaskLock:
    """A lock that this attempt has. It is renewed by itself until it is released, at the latest with the work's end."""

    def __init__(
        self, locks: TaskLocks, name: str, request_id: str, *, token: int, ttl: float, asked_at: float
    ) -> None:
        self.name = name
        self.token = token
        """Give it to what the lock guards: a write with a smaller one than it has seen must be refused there."""
        self.ttl = ttl
        self.lost = Ending()
        """Set with a `LockLost` when the lock is lost, at the latest when its lease may be over."""
        self._locks = locks
        self._request_id = request_id
        self._over = Ending()
        self._ends_at = self._end_of(asked_at)
        self._end = self._lose_later()
        self._renewing = asyncio.create_task(self._keep_renewing())
        self._releasing: asyncio.Task[None] | None = None

    async def release(self) -> None:
        """Lets it go; safe to call twice. What cannot be said ends with the lease."""
        if not self._over.is_set():
            self._stop()
            self._releasing = asyncio.create_task(self._locks.let_go(self.name, self._request_id))
        if self._releasing is not None:
            await asyncio.shield(self._releasing)

    def lose(self, detail: str) -> None:
        if self._over.is_set():
            return
        self._stop()
        self.lost.set(LockLost(f"lock {self.name}: {detail}"))

    def _stop(self) -> None:
        self._over.set()
        self._end.cancel()
        self._locks.forget(self)

    def _end_of(self, asked_at: float) -> float:
        return asked_at + self.ttl * (1 - MARGIN)

    def _lose_later(self) -> asyncio.TimerHandle:
        remaining = max(0.0, self._ends_at - _now())
        return asyncio.get_running_loop().call_later(remaining, self.lose, "its lease may be over")

    async def _keep_renewing(self) -> None:
        while not self._over.is_set():
            await pause(self.ttl / 3, self._over)
            asked_at = _now()
            if self._over.is_set():
                return
            if asked_at >= self._ends_at:
                return self.lose("its lease may be over")
            answer = await self._locks.renew(self, self._over)
            if self._over.is_set() or answer is None:
                continue
            if answer["ok"] is False:
                logger.warning("lost lock %s: %s", self.name, answer["error"])
                return self.lose(answer["error"]["message"])
            self._ends_at = self._end_of(asked_at)
            self._end.cancel()
            self._end = self._lose_later()


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _cancel_when_lost(lock: TaskLock, holder: "asyncio.Task[object]") -> None:
    await lock.lost.wait()
    holder.cancel(f"lock {lock.name} was lost")
