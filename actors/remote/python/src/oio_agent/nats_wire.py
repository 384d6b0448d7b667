"""The NATS connection of an agent. Only here nats-py is known.

C1. A silent server is noticed within some 3 s, by a ping each second.
C2. It is dialled again for ever, with jitter, also after refused credentials: a server that cannot ask its authority
    just now refuses everybody. Each time with a new client: the library's own reconnecting ends at such a refusal.
C3. What is under way when the line breaks fails at once, so that whoever asks can ask again.
"""

import asyncio
import contextlib
import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from .ending import Ending, pause, unless
from .timing import Timing
from .wire import FaultKind, WireFault

PING_EVERY = 1.0
PONG_WITHIN = 2
DIAL_WITHIN = 5.0
CLOSE_WITHIN = 2.0
REDIAL_PAUSE = (0.1, 0.5)

logger = logging.getLogger("oio_agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    servers: str
    """One address, or several with commas. They may bear a name and a password, or a token."""
    name: str
    inbox_prefix: str
    """Replies come to subjects below it. Its credentials allow an agent this one only."""
    token: str | None = None
    credentials: str | None = None
    """The path of a `.creds` file."""
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True)
class Login:
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def read_servers(servers: str) -> tuple[list[str], Login]:
    """Addresses without what they bear of a name and a password, or a token; and that, apart."""
    login = Login()
    bare: list[str] = []
    for server in servers.split(","):
        scheme, account, address = re.fullmatch(r"([a-z]+://)?(?:(.*)@)?(.*)", server.strip()).groups()  # type: ignore[union-attr]
        bare.append((scheme or "") + address)
        if account is None:
            continue
        name, colon, password = account.partition(":")
        user = Login(user=unquote(name), password=unquote(password))
        login = user if colon else Login(token=unquote(name))
    return bare, login


async def open_wire(dialling: Dialling) -> "NatsWire":
    """Connects, trying again until `timing.join_within` is over; then raises what was the matter last."""
    wire = NatsWire(dialling)
    until = asyncio.get_running_loop().time() + dialling.timing.join_within
    turn = 0
    while True:
        try:
            await wire.dial()
            break
        except WireFault as fault:
            waits = dialling.timing.backoff(turn)
            if asyncio.get_running_loop().time() + waits > until:
                raise
            logger.warning("cannot connect yet: %s", fault)
            await asyncio.sleep(waits)
            turn += 1
    wire.keep_up()
    return wire


class NatsListener:
    def __init__(self, wire: "NatsWire", subject: str, answer: Callable[[bytes], bytes]) -> None:
        self.subject = subject
        self.is_closed = False
        self._wire = wire
        self._answer = answer
        self._subscription: Subscription | None = None

    async def close(self) -> None:
        self.is_closed = True
        self._wire.forget(self)
        if self._subscription is not None:
            with contextlib.suppress(errors.Error):
                await self._subscription.unsubscribe()

    async def subscribe(self, client: Client) -> None:
        self._subscription = await client.subscribe(self.subject, cb=self._hear)

    async def _hear(self, message: Msg) -> None:
        """Whatever an answer raises ends here."""
        try:
            await message.respond(self._answer(message.data))
        except Exception:
            logger.exception("could not answer on %s", self.subject)


class NatsWire:
    def __init__(self, dialling: Dialling) -> None:
        self._dialling = dialling
        self._servers, login = read_servers(dialling.servers)
        self._login = login if dialling.token is None else Login(token=dialling.token)
        self._client: Client | None = None
        self._up = asyncio.Event()
        self._down = Ending()
        self._down.set()
        self._closing = Ending()
        self._keeping: asyncio.Task[None] | None = None
        self._listeners: set[NatsListener] = set()
        self._on_reconnect: list[Callable[[], None]] = []
        # Subjects that the server refused, by the requests that are under way on them.
        self._refusals: dict[str, Ending] = {}
        self._last_error: Exception | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    async def ask(self, subject: str, body: bytes, within: float) -> bytes:
        reply = await unless(self._ask(subject, body, within), self._closing, within=within)
        if reply is None:
            raise WireFault("timeout", f"no answer within {within} s")
        return reply

    async def tell(self, subject: str, body: bytes) -> None:
        if self._client is not None and self.is_up:
            with contextlib.suppress(errors.Error):
                await self._client.publish(subject, body)

    async def listen(self, subject: str, answer: Callable[[bytes], bytes]) -> NatsListener:
        listener = NatsListener(self, subject, answer)
        self._listeners.add(listener)
        if self._client is not None and self.is_up:
            try:
                await listener.subscribe(self._client)
            except errors.Error as error:
                logger.debug("subscribes again with the next line: %s", error)
        return listener

    def forget(self, listener: NatsListener) -> None:
        self._listeners.discard(listener)

    def on_reconnect(self, then: Callable[[], None]) -> None:
        self._on_reconnect.append(then)

    async def flush(self) -> None:
        if self._client is None or not self.is_up:
            raise WireFault("disconnected", "there is no line")
        try:
            await self._client.flush(PONG_WITHIN)
        except (errors.Error, OSError) as error:
            raise _to_fault(error) from error

    async def close(self) -> None:
        self._closing.set()
        if self._keeping is not None:
            await asyncio.wait([self._keeping])
        client, self._client = self._client, None
        self._go_down()
        if client is not None:
            await _leave(client)

    async def dial(self) -> None:
        """One try. Raises `WireFault`."""
        client = Client()
        down = Ending()

        async def on_closed() -> None:
            down.set()

        try:
            async with asyncio.timeout(DIAL_WITHIN):
                await client.connect(
                    servers=list(self._servers),
                    name=self._dialling.name,
                    inbox_prefix=self._dialling.inbox_prefix,
                    user=self._login.user,
                    password=self._login.password,
                    token=self._login.token,
                    user_credentials=self._dialling.credentials,
                    error_cb=self._on_error,
                    closed_cb=on_closed,
                    allow_reconnect=False,
                    connect_timeout=1,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                )
                for listener in list(self._listeners):
                    await listener.subscribe(client)
                await client.flush(PONG_WITHIN)
        except (errors.Error, OSError, TimeoutError) as error:
            self._leave_later(client)
            # The library tells "no servers" of what it told before in its callback.
            is_vague = isinstance(error, errors.NoServersError | TimeoutError)
            raise _to_fault(self._last_error if is_vague and self._last_error else error) from error
        self._client = client
        self._down = down
        self._up.set()

    def keep_up(self) -> None:
        self._keeping = asyncio.create_task(self._keep_up())

    async def _keep_up(self) -> None:
        while not self._closing.is_set():
            await self._watch()
            if self._closing.is_set():
                return
            self._go_down()
            logger.warning("disconnected")
            await self._dial_until_up()
            if self._closing.is_set():
                return
            logger.info("connected again")
            for then in self._on_reconnect:
                then()

    async def _watch(self) -> None:
        """Returns when the line is broken, or silent, or to be closed."""
        client, down = self._client, self._down
        while client is not None and not down.is_set():
            try:
                if await unless(_ping(client), self._closing, down) is None:
                    return
            except (errors.Error, OSError) as error:
                logger.debug("no answer to a ping: %s", error)
                return
            await pause(PING_EVERY, self._closing, down)

    async def _dial_until_up(self) -> None:
        while not self._closing.is_set():
            await pause(random.uniform(*REDIAL_PAUSE), self._closing)
            if self._closing.is_set():
                return
            try:
                return await self.dial()
            except WireFault as fault:
                logger.warning("cannot connect yet: %s", fault)

    def _go_down(self) -> None:
        self._up.clear()
        self._down.set()
        client, self._client = self._client, None
        if client is not None:
            self._leave_later(client)

    def _leave_later(self, client: Client) -> None:
        leaving = asyncio.create_task(_leave(client))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _ask(self, subject: str, body: bytes, within: float) -> bytes:
        await self._up.wait()
        client = self._client
        if client is None:
            raise WireFault("disconnected", "there is no line")
        refused = self._refusals.setdefault(subject.lower(), Ending())
        try:
            reply = await unless(client.request(subject, body, timeout=within), self._down, refused)
        except (errors.Error, OSError) as error:
            raise _to_fault(error) from error
        if reply is not None:
            return reply.data
        if refused.is_set():
            raise WireFault("forbidden", str(refused.reason))
        raise WireFault("disconnected", "the line broke before the answer")

    async def _on_error(self, error: Exception) -> None:
        self._last_error = error
        # The library gives the server's word in lower case.
        refused = re.search(r'permissions violation for (publish|subscription) to "([^"]*)"', str(error))
        if refused is None:
            logger.debug("connection error: %r", error)
            return
        logger.error("refused by the server: %s", error)
        kind, subject = refused.groups()
        if kind == "publish":
            self._refusals.pop(subject, Ending()).set(error)
        for listener in [one for one in self._listeners if one.subject.lower() == subject]:
            listener.is_closed = True
            self._listeners.discard(listener)


async def _ping(client: Client) -> bool:
    await client.flush(PONG_WITHIN)
    return True


async def _leave(client: Client) -> None:
    """A paused server may hold up the last words: then they are not said."""
    with contextlib.suppress(errors.Error, OSError, TimeoutError, AssertionError):
        await asyncio.wait_for(client.close(), CLOSE_WITHIN)


def _to_fault(error: Exception) -> WireFault:
    """The library's errors, mapped once."""
    kinds: tuple[tuple[type[Exception], FaultKind], ...] = (
        (errors.NoRespondersError, "no_responders"),
        (errors.MaxPayloadError, "too_large"),
        (errors.ConnectionClosedError, "disconnected"),
        (errors.AuthorizationError, "forbidden"),
        (TimeoutError, "timeout"),
    )
    kind: FaultKind = next((kind for cause, kind in kinds if isinstance(error, cause)), "other")
    return WireFault(kind, str(error) or type(error).__name__)
