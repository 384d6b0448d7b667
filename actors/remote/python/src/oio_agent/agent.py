"""An agent's program: what it says of itself, the work that it does, and its life as a process.

Exit codes of `run`: 0 told to end, 1 could not start, 2 wrong settings, 3 replaced by another process of its name.
"""

import asyncio
import inspect
import logging
import os
import signal
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

from .http_wire import HttpWire
from .instance import Instance
from .ledger import Ledger, LedgerFault
from .messages import PRIMARY_BY_TYPE, Capabilities, Card
from .nats_wire import Dialling, open_wire
from .registration import RegistrationRefused
from .schema import Unreadable, check
from .settings import Settings, WrongSettings, read_settings
from .task import PutAway, Work
from .timing import Timing
from .wire import Wire, WireFault

AgentType = Literal[
    "architect",
    "implementer",
    "reviewer",
    "debugger",
    "integrator",
    "orchestrator",
    "analyst",
    "optimizer",
]

Support = Literal["steer", "interrupt", "permission", "usage", "artifacts"]

logger = logging.getLogger("oio_agent")


class Agent:
    """`Agent("reviewer", capabilities=["code_review"])`, its work under `@agent.task`, and `agent.run()`.

    `type` is what the agent is at heart; without it, the type that has most of its capabilities. `card` has further
    fields of its card, as `labels` or `technologies`. `supports` says what its work does beside the tasks: hear what
    people say (`steer`, `interrupt`), ask them for permission, tell its usage, make artifacts. `ledger` is a folder of
    this process alone, where what it has begun is kept: started again after a crash it goes on with that, its card says
    so (`supports.resume`), and its work looks at `task.resumed`.
    """

    def __init__(
        self,
        name: str,
        *,
        capabilities: Sequence[str] = (),
        secondary: Sequence[str] = (),
        type: AgentType | None = None,
        version: str = "1.0.0",
        capacity: int = 1,
        servers: str | Sequence[str] = "nats://127.0.0.1:4222",
        tenant: str = "dev",
        token: str | None = None,
        credentials: str | None = None,
        heartbeat_seconds: int = 10,
        drain_seconds: float = 20.0,
        supports: Collection[Support] = (),
        ledger: str | Path | None = None,
        card: Mapping[str, Any] | None = None,
        timing: Timing | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._given = Settings(
            name=name,
            servers=servers if isinstance(servers, str) else ",".join(servers),
            tenant=tenant,
            token=token,
            credentials=credentials,
            capacity=capacity,
            heartbeat_seconds=heartbeat_seconds,
            drain_seconds=drain_seconds,
            ledger=None if ledger is None else str(ledger),
        )
        self._environment = os.environ if environment is None else environment
        self._timing = timing or Timing()
        self._work: Work | None = None
        self._put_away: PutAway | None = None
        named: Capabilities = {"secondary": list(secondary)}
        if capabilities:
            named["primary"] = list(capabilities)
        self._card: dict[str, Any] = {
            "agent_type": type or type_of(name, capabilities),
            "version": version,
            "capabilities": named,
            "labels": {"runtime": "python"},
            **({"supports": dict.fromkeys(supports, True)} if supports else {}),
            **(card or {}),
        }

    def task(self, work: Work) -> Work:
        """Decorates the coroutine function that does one task and returns `task.done(…)` or `task.failed(…)`. What it
        raises becomes a failed result that may be tried again."""
        if not inspect.iscoroutinefunction(work):
            raise TypeError("the work is an async function; what blocks goes into asyncio.to_thread")
        if self._work is not None:
            raise TypeError("the agent has its work already")
        self._work = work
        return work

    def put_away(self, put_away: PutAway) -> PutAway:
        """Decorates the coroutine function that puts away what the work had kept (`task.keep`) of an attempt that does
        not go on after a crash."""
        if not inspect.iscoroutinefunction(put_away):
            raise TypeError("what puts away is an async function")
        self._put_away = put_away
        return put_away

    async def join(self) -> Instance:
        """Connects, registers and begins to take tasks. Raises `WrongSettings`, `LedgerFault`, `WireFault` or
        `RegistrationRefused` where that cannot be done in time; once joined, it stays so through lost connections
        until `drain()` or `stop()` of what it gives."""
        settings = read_settings(self._given, self._environment)
        card = self._card_of(settings)
        if self._work is None:
            raise WrongSettings("the agent has no work: decorate a function with @agent.task")
        ledger = Ledger() if settings.ledger is None else await Ledger.open(settings.ledger)
        try:
            return await self._join(settings, card, self._work, ledger)
        except BaseException:
            ledger.close()
            raise

    async def _join(self, settings: Settings, card: Card, work: Work, ledger: Ledger) -> Instance:
        wire = await self._open_wire(settings, card)
        instance = Instance(
            wire=wire,
            tenant=settings.tenant,
            card=card,
            work=work,
            timing=self._timing,
            ledger=ledger,
            put_away=self._put_away,
        )
        try:
            await instance.join()
        except BaseException:
            await wire.close()
            raise
        return instance

    def run(self) -> None:
        """Joins and works until SIGTERM or SIGINT: then what runs may finish within `drain_seconds`; a second signal
        ends at once. Ends the process with an exit code other than 0 where it did not come to that."""
        try:
            settings = read_settings(self._given, self._environment)
        except WrongSettings as error:
            print(error, file=sys.stderr)
            raise SystemExit(2) from error
        if not logging.getLogger().handlers:
            logging.basicConfig(
                level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
            )
        code = asyncio.run(self._live(settings))
        if code != 0:
            raise SystemExit(code)

    async def _live(self, settings: Settings) -> int:
        told_to_end, hurried = asyncio.Event(), asyncio.Event()

        def on_signal() -> None:
            (hurried if told_to_end.is_set() else told_to_end).set()

        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, on_signal)
        joining = asyncio.create_task(self.join())
        ended = asyncio.create_task(told_to_end.wait())
        await asyncio.wait([joining, ended], return_when=asyncio.FIRST_COMPLETED)
        if not joining.done():
            joining.cancel()
            return 0
        try:
            instance = joining.result()
        except WrongSettings as error:
            print(error, file=sys.stderr)
            return 2
        except (LedgerFault, WireFault, RegistrationRefused) as error:
            logger.error("could not join: %s", error)
            return 1
        logger.info("ready: %s of %s", instance.agent_id, settings.tenant)
        replaced = asyncio.create_task(instance.closed.wait())
        await asyncio.wait([ended, replaced], return_when=asyncio.FIRST_COMPLETED)
        if not told_to_end.is_set():
            logger.warning("replaced by another process of this name")
            return 3
        await self._end(instance, hurried, settings.drain_seconds)
        return 0

    async def _end(self, instance: Instance, hurried: asyncio.Event, drain_seconds: float) -> None:
        logger.info("draining, %s running", len(instance.running()))
        draining = asyncio.create_task(instance.drain(drain_seconds))
        hurry = asyncio.create_task(hurried.wait())
        await asyncio.wait([draining, hurry], return_when=asyncio.FIRST_COMPLETED)
        await instance.stop()
        await draining
        hurry.cancel()
        logger.info("ended")

    async def _open_wire(self, settings: Settings, card: Card) -> Wire:
        agent_id = card["name"].lower()
        if settings.servers.startswith(("http://", "https://")):
            return HttpWire(settings.servers, agent_id, token=settings.token, timing=self._timing)
        return await open_wire(
            Dialling(
                servers=settings.servers,
                name=f"{settings.tenant}/{card['name']}",
                inbox_prefix=f"_INBOX_{settings.tenant}_{agent_id}",
                token=settings.token,
                credentials=settings.credentials,
                timing=self._timing,
            )
        )

    def _card_of(self, settings: Settings) -> Card:
        card: dict[str, Any] = {
            "name": settings.name,
            "max_concurrent_capacity": settings.capacity,
            "heartbeat_seconds": settings.heartbeat_seconds,
            **self._card,
        }
        message = {"eap": "2.0", "id": "any-card", "ts": "2026-01-01T00:00:00.000Z", "kind": "register"}
        try:
            check("AgentOut.register", {**message, "instance": "i", "card": card})
        except Unreadable as error:
            raise WrongSettings(f"wrong settings: {error}") from error
        if settings.ledger is not None:
            card["supports"] = {**card.get("supports", {}), "resume": True}
        elif card.get("supports", {}).get("resume"):
            raise WrongSettings(
                "wrong settings: only an agent with a ledger goes on after a crash (`resume`)"
            )
        return cast("Card", card)


def type_of(name: str, capabilities: Sequence[str]) -> AgentType:
    """By its name, if that is a type's; else the type that has most of its capabilities."""
    types = get_args(AgentType)
    if name.lower() in types:
        return cast("AgentType", name.lower())
    counts = {type: sum(word in PRIMARY_BY_TYPE[type] for word in capabilities) for type in types}
    most = max(counts.values())
    best = [type for type in types if counts[type] == most]
    return "implementer" if most == 0 else cast("AgentType", best[0])
