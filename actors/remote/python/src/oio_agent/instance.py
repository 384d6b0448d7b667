"""An agent that has joined: one process of it, its registration, its heartbeat and the attempts that it works on.

G1. A task is worked on by one attempt at a time here.
G2. An attempt counts against the capacity until its result was answered: as long as the orchestrator counts it.
G3. What this process must be told is kept by the orchestrator and asked again. What it has begun stands in its ledger,
    where it has one; of that it claims all at its first registration, and begins nothing before its answer.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, Literal, cast

from .ask import Asking
from .assignment import Assignment
from .ending import Ending, unless
from .head import new_head, new_id, now
from .incoming import Desk, Incoming
from .ledger import AttemptLog, Ledger
from .messages import (
    LEASE_REPLACED,
    Assign,
    AttemptRef,
    Card,
    Deregister,
    Drain,
    Heartbeat,
    Registered,
    Steer,
)
from .registration import Registration, RegistrationRefused
from .schema import encode
from .take_up import TakeUp
from .task import EndReason, PutAway, Work
from .timing import Timing
from .wire import Listener, Wire, WireFault

logger = logging.getLogger("oio_agent")


class Instance:
    def __init__(
        self,
        *,
        wire: Wire,
        tenant: str,
        card: Card,
        work: Work,
        timing: Timing,
        ledger: Ledger | None = None,
        put_away: PutAway | None = None,
    ) -> None:
        self.agent_id = card["name"].lower()
        self.name = f"i-{new_id()}"
        """Of this process: a new one that bears the agent's name takes over from it."""
        self.closed = Ending()
        """Set when the agent has stopped: told to by `stop()`, or replaced by another process of its name."""
        self._wire = wire
        self._card = card
        self._work = work
        self._timing = timing
        self._ledger = ledger or Ledger()
        self._take_up = TakeUp(Ending(), put_away)
        self._root = f"eap.v2.{tenant}.{self.agent_id}"
        self._asking = Asking(wire, f"{self._root}.out", timing)
        self._registration = Registration(
            card=card,
            instance=self.name,
            ask=self._asking.until_answered,
            running=self.running,
            on_registered=self._on_registered,
            timing=timing,
        )
        self._incoming = Incoming()
        self._running: dict[str, Assignment] = {}
        # Attempts whose work has not returned yet, or that have not come to their end.
        self._working: set[asyncio.Future[Any]] = set()
        self._background: set[asyncio.Future[Any]] = set()
        self._listener: Listener | None = None
        self._beating: asyncio.Task[None] | None = None
        self._closing = Ending()
        self._state: Literal["open", "draining", "drained", "stopped"] = "open"

    async def join(self) -> None:
        """Listens, then registers. Raises if it is refused or not done within `timing.join_within`."""
        for log in self._ledger.left:
            self._incoming.know(log.record.assign)
            self._begin(log, self._take_up)
        try:
            await self._listen()
            await self._wire.flush()
            if self._listener is None or self._listener.is_closed:
                raise WireFault("forbidden", f"{self.agent_id} may not hear what it is told")
            await asyncio.wait_for(self._registration.join(), self._timing.join_within)
        except TimeoutError as error:
            self._leave()
            raise RegistrationRefused(
                "DEADLINE_EXCEEDED", "the orchestrator did not answer in time"
            ) from error
        except BaseException:
            self._leave()
            raise
        self._take_up.registered.set()
        self._wire.on_reconnect(lambda: self._registration.renew("reconnect"))

    def running(self) -> list[AttemptRef]:
        """The attempts that this process works on."""
        return [{"taskId": one.task_id, "attempt": one.attempt} for one in self._running.values()]

    async def drain(self, within: float | None = None) -> None:
        """Takes no more tasks, lets those that run come to their end within the seconds, and takes leave."""
        if self._state != "open":
            return
        self._state = "draining"
        ended = asyncio.gather(self._tell_draining(), *(one.over for one in self._running.values()))
        await unless(
            asyncio.shield(ended),
            self._closing,
            within=self._timing.drain_within if within is None else within,
        )
        self._end_all("stopped", "the time to drain is over")
        if self._is_stopped():
            return
        await self._take_leave()
        self._state = "drained"

    async def stop(self) -> None:
        """Ends all work at once, takes leave and closes the connection."""
        if self._is_stopped():
            return await self.closed.wait()
        has_left = self._state == "drained"
        self._state = "stopped"
        self._closing.set()
        self._end_all("stopped", "the agent stops")
        if self._working:
            await asyncio.wait(self._working, timeout=self._timing.stop_grace)
        if not has_left:
            await self._take_leave()
        if self._listener is not None:
            await self._listener.close()
        await self._wire.close()
        self._ledger.close()
        self.closed.set()
        return None

    def _is_stopped(self) -> bool:
        return self._state == "stopped"

    def _leave(self) -> None:
        self._registration.stop()
        for assignment in self._running.values():
            assignment.leave()

    async def _listen(self) -> None:
        if self._listener is None or self._listener.is_closed:
            self._listener = await self._wire.listen(f"{self._root}.{self.name}.in", self._take)

    def _take(self, body: bytes) -> bytes:
        decision = self._incoming.take(body, self._desk())
        action = decision.action
        logger.debug("was told %s, answered %s", action and action["kind"], decision.answer)
        if action is None:
            pass
        elif action["kind"] == "assign":
            self._start(action)
        elif action["kind"] == "cancel":
            self._running[action["taskId"]].cancel(action["reason"], action["graceSeconds"])
        elif action["kind"] == "lease_lost":
            self._lose_lease(action["reason"])
        else:
            self._running[action["taskId"]].take(action)
        return encode(decision.answer)

    def _desk(self) -> Desk:
        return Desk(
            is_draining=self._state != "open",
            capacity=self._card.get("max_concurrent_capacity", 5),
            running={task: one.attempt for task, one in self._running.items()},
            is_heard=self._is_heard,
        )

    def _is_heard(self, word: Steer) -> bool:
        """The card says which words it takes; it comes to nothing where the work does not listen."""
        supports = cast("dict[str, bool]", self._card.get("supports", {}))
        assignment = self._running.get(word["taskId"])
        return (
            supports.get(word["delivery"], False)
            and assignment is not None
            and assignment.requests.is_steerable
        )

    def _start(self, assign: Assign) -> None:
        self._begin(self._ledger.begin(assign))

    def _begin(self, log: AttemptLog, take_up: TakeUp | None = None) -> None:
        assign = log.record.assign
        task = assign["taskId"]
        older = self._running.get(task)
        if older is not None:
            older.end("superseded", f"attempt {assign['attempt']} was assigned")
        ask = self._asking.until_answered
        assignment = Assignment(log, self._work, ask, self._timing, take_up=take_up)
        self._running[task] = assignment

        def forget(_: object) -> None:
            if self._running.get(task) is assignment:
                del self._running[task]

        assignment.over.add_done_callback(forget)
        for ending in (assignment.work_ended, assignment.over):
            self._working.add(ending)
            ending.add_done_callback(self._working.discard)

    def _lose_lease(self, reason: str) -> None:
        logger.warning("lost the lease of %s: %s", self.name, reason)
        self._end_all("lease_lost", reason)
        if reason != LEASE_REPLACED:
            if self._state == "open":
                self._registration.renew("lease_lost")
            return
        self._registration.stop()
        self._stop_heartbeat()
        if not self._is_stopped():
            self._state = "drained"
        # Once the answer to this is on its way.
        self._in_background(self.stop())

    def _end_all(self, reason: EndReason, detail: str) -> None:
        for assignment in self._running.values():
            assignment.end(reason, detail)
        self._running.clear()

    def _on_registered(self, registered: Registered) -> None:
        for dropped in registered["drop"]:
            assignment = self._running.get(dropped["taskId"])
            if assignment is None or assignment.attempt != dropped["attempt"]:
                continue
            assignment.end("dropped", "the orchestrator no longer wants this attempt")
            del self._running[dropped["taskId"]]
        for assignment in self._running.values():
            assignment.requests.ask_again()
        self._in_background(self._listen())
        self._stop_heartbeat()
        self._beating = asyncio.create_task(self._beat(registered["heartbeatSeconds"]))
        # A registration opens the agent again; one that drains says so again.
        if self._state == "draining":
            self._in_background(self._tell_draining())

    async def _beat(self, every: float) -> None:
        """Nothing answers a heartbeat: one that gets lost is made up for by the next. The first goes at once."""
        last = time.time()
        while True:
            slept, last = time.time() - last, time.time()
            beat: Heartbeat = {"instance": self.name, "ts": now(), "running": self.running()}
            await self._wire.tell(f"{self._root}.hb", encode(beat))
            # A paused machine, or work that held this process up: it may count as gone by now.
            if slept > 2.5 * every:
                logger.warning("overslept its heartbeat by %.1f s", slept)
                self._in_background(self._renew_after_oversleep())
            await asyncio.sleep(every)

    async def _renew_after_oversleep(self) -> None:
        self._registration.renew("oversleep")

    def _stop_heartbeat(self) -> None:
        if self._beating is not None:
            self._beating.cancel()

    async def _tell_draining(self) -> None:
        message: Drain = {**new_head(), "kind": "drain", "instance": self.name}
        await self._say_of_instance(message, self._closing, within=self._timing.register_round)

    async def _take_leave(self) -> None:
        self._registration.stop()
        self._stop_heartbeat()
        message: Deregister = {**new_head(), "kind": "deregister", "instance": self.name}
        await self._say_of_instance(message, within=self._timing.farewell_within)

    async def _say_of_instance(self, message: Drain | Deregister, *endings: Ending, within: float) -> None:
        answer = await self._asking.until_answered(message, *endings, within=within)
        if answer is not None and answer["ok"] is True:
            logger.info("said %s", message["kind"])
        else:
            logger.warning("could not say %s: %s", message["kind"], answer)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        doing = asyncio.create_task(work)
        self._background.add(doing)
        doing.add_done_callback(self._ended_in_background)

    def _ended_in_background(self, done: asyncio.Future[Any]) -> None:
        self._background.discard(done)
        if not done.cancelled() and done.exception() is not None:
            logger.error("failed in the background", exc_info=done.exception())
