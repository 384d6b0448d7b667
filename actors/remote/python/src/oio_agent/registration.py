"""Keeps this process registered: at the start, after every reconnect, when told that the lease was lost, and now and
then, since what would tell of a loss may get lost itself.

R1. One round at a time. A new cause ends the round before it and takes a new id: a repeat of the old id would be
    answered from before the orchestrator counted this process as gone.
R2. Two processes that bear one name take the lease from each other. Each waits longer each time.
"""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol, cast

from .ending import Ending, pause
from .head import new_head
from .messages import AttemptRef, Card, OutAnswer, Register, Registered
from .schema import check
from .timing import Timing

Cause = Literal["join", "reconnect", "lease_lost", "oversleep", "refresh"]

LOST_PAUSE_MAX = 30.0
LOST_FORGIVEN = 120.0

logger = logging.getLogger("oio_agent")


class RegistrationRefused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class AskRegister(Protocol):
    def __call__(
        self, message: Register, *endings: Ending, within: float | None = None
    ) -> Awaitable[OutAnswer | None]: ...


class Registration:
    def __init__(
        self,
        *,
        card: Card,
        instance: str,
        ask: AskRegister,
        running: Callable[[], list[AttemptRef]],
        on_registered: Callable[[Registered], None],
        timing: Timing,
    ) -> None:
        self._card = card
        self._instance = instance
        self._ask = ask
        self._running = running
        self._on_registered = on_registered
        self._timing = timing
        self._round = Ending()
        self._renewing: asyncio.Task[None] | None = None
        self._refresh: asyncio.TimerHandle | None = None
        self._is_stopped = False
        self._lost_count = 0
        self._lost_at = -math.inf
        self.is_registered = False

    async def join(self) -> None:
        """The first one: returns when registered, raises `RegistrationRefused` when it never will be."""
        while not self.is_registered:
            refused = await self._try_once("join", self._round)
            if refused is not None:
                raise refused

    def renew(self, cause: Cause) -> None:
        """Registers again, in the background, until it is done."""
        if self._is_stopped:
            return
        self._round.set()
        self._round = Ending()
        self._renewing = asyncio.create_task(self._renew_until_done(cause, self._round))

    def stop(self) -> None:
        self._is_stopped = True
        if self._refresh is not None:
            self._refresh.cancel()
        self._round.set()

    async def _renew_until_done(self, cause: Cause, this_round: Ending) -> None:
        if cause == "lease_lost":
            await pause(self._lost_pause(), this_round)
        self.is_registered = False
        while not this_round.is_set() and not self.is_registered:
            refused = await self._try_once(cause, this_round)
            if refused is not None:
                logger.error("registration refused: %s", refused)
                await pause(self._timing.refused_pause, this_round)

    async def _try_once(self, cause: Cause, this_round: Ending) -> RegistrationRefused | None:
        """One id, repeated for a while. Gives a refusal that a repeat would not change."""
        resume = self._running()
        message: Register = {
            **new_head(),
            "kind": "register",
            "card": self._card,
            "instance": self._instance,
            "resume": resume,
        }
        answer = await self._ask(message, this_round, within=self._timing.register_round)
        if this_round.is_set() or answer is None:
            return None
        if answer["ok"] is False:
            return RegistrationRefused(answer["error"]["code"], answer["error"]["message"])
        try:
            check("Registered", answer["value"])
        except ValueError as error:
            return RegistrationRefused("INTERNAL_ERROR", f"unreadable answer: {error}")
        self.is_registered = True
        logger.info("registered as %s (%s), %s resumed", self._instance, cause, len(resume))
        self._on_registered(cast("Registered", answer["value"]))
        self._refresh_later()
        return None

    def _refresh_later(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()
        if self._is_stopped:
            return
        after = self._timing.refresh * (0.9 + random.random() * 0.2)
        self._refresh = asyncio.get_running_loop().call_later(after, self.renew, "refresh")

    def _lost_pause(self) -> float:
        now = asyncio.get_running_loop().time()
        self._lost_count = 0 if now - self._lost_at > LOST_FORGIVEN else self._lost_count + 1
        self._lost_at = now
        return 0.0 if self._lost_count == 0 else min(LOST_PAUSE_MAX, 0.5 * 2**self._lost_count)
