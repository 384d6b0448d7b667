"""The line to the orchestrator over HTTP, for agents that cannot reach NATS: the same messages, carried by the gateway.

H1. What the agent must be told is polled for, one poll at a time; it is answered at once, and the answer said until the
    gateway took it. What is told again meanwhile is answered alike by whoever listens.
H2. A poll that is refused after one that was not tells that the lease is lost: over HTTP nobody else would.
H3. What is refused is an answer, as over NATS; what did not arrive is a `WireFault`, and is said again.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from .ask import refusal
from .ending import Ending, pause, unless
from .head import new_head
from .messages import LEASE_REPLACED, OutAnswer
from .schema import decode, encode
from .timing import Timing
from .wire import WireFault

POLL_SECONDS = 20
POLL_WITHIN = 30.0
CALL_WITHIN = 10.0
# Between polls that were refused before the agent has joined.
REFUSED_PAUSE = 0.2
RESPONSE_BYTES_MAX = 16 * 2**20

# No line, half an answer, or something that is no HTTP.
_UNREACHABLE = (OSError, ValueError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)

logger = logging.getLogger("oio_agent")


class HttpListener:
    def __init__(self, polling: "asyncio.Task[None]", ended: Ending) -> None:
        self._polling = polling
        self._ended = ended

    @property
    def is_closed(self) -> bool:
        return self._ended.is_set() or self._polling.done()

    async def close(self) -> None:
        self._ended.set()
        await asyncio.wait([self._polling])


class HttpWire:
    def __init__(self, url: str, agent: str, *, token: str | None, timing: Timing) -> None:
        self._url = urlsplit(url)
        self._root = f"{self._url.path.rstrip('/')}/api/v1/agents/external/{agent}/"
        self._token = token
        self._timing = timing
        self._closing = Ending()
        self._on_up: list[Callable[[], None]] = []
        self._listeners: list[HttpListener] = []
        self._telling: set[asyncio.Task[None]] = set()
        # As the last poll was: nothing else stands between us.
        self._is_up = True

    @property
    def is_up(self) -> bool:
        return self._is_up

    async def ask(self, subject: str, body: bytes, within: float) -> bytes:
        status, answer = await self._call("POST", "out", body, within)
        return answer if status == 200 else encode(_to_refusal(status, answer))

    async def tell(self, subject: str, body: bytes) -> None:
        telling = asyncio.create_task(self._tell(body))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def listen(self, subject: str, answer: Callable[[bytes], bytes]) -> HttpListener:
        ended = Ending()
        polling = asyncio.create_task(self._poll_until(ended, subject.split(".")[-2], answer))
        listener = HttpListener(polling, ended)
        self._listeners.append(listener)
        return listener

    def on_reconnect(self, then: Callable[[], None]) -> None:
        self._on_up.append(then)

    async def flush(self) -> None:
        """Nothing waits here."""

    async def close(self) -> None:
        self._closing.set()
        for listener in self._listeners:
            await listener.close()

    async def _tell(self, body: bytes) -> None:
        with contextlib.suppress(WireFault):
            await self._call("POST", "heartbeat", body, CALL_WITHIN)

    async def _poll_until(self, ended: Ending, instance: str, answer: Callable[[bytes], bytes]) -> None:
        is_joined = False
        fails = 0
        while not (ended.is_set() or self._closing.is_set()):
            # After a fault the first poll is not held: that the line is there again shall be known.
            polled = await self._poll(instance, 0 if fails else POLL_SECONDS, ended)
            if ended.is_set() or self._closing.is_set():
                return
            self._is_up = polled is not None
            if polled is None:
                await pause(self._timing.backoff(fails), ended, self._closing)
                fails += 1
                continue
            if fails > 0:
                for then in self._on_up:
                    then()
            fails = 0
            if "messages" in polled:
                is_joined = True
                for message in polled["messages"]:
                    await self._pass(instance, answer, message)
                continue
            if is_joined:
                answer(encode(_lease_lost(polled)))
            is_joined = False
            await pause(REFUSED_PAUSE, ended, self._closing)

    async def _poll(self, instance: str, wait_seconds: int, ended: Ending) -> dict[str, Any] | None:
        """Messages, or the problem of a refusal; None where it did not arrive, or makes no sense."""
        query = urlencode({"instance": instance, "wait_seconds": wait_seconds})
        polling = self._call("GET", f"in?{query}", None, POLL_WITHIN)
        try:
            answered = await unless(polling, ended, self._closing)
            if answered is None:
                return None
            status, body = answered
            polled = decode(body)
        except (WireFault, ValueError) as error:
            logger.warning("cannot poll: %s", error)
            return None
        if status == 200 and isinstance(polled, dict) and isinstance(polled.get("messages"), list):
            return polled
        problem = _problem(polled)
        return None if problem is None or problem["retryable"] else problem

    async def _pass(self, instance: str, answer: Callable[[bytes], bytes], message: object) -> None:
        """Hands it to whoever listens and says the answer. Not said, it is told again at the next poll."""
        if not isinstance(message, dict) or not isinstance(message.get("id"), str):
            return
        said = decode(answer(encode(message)))
        body = encode({"instance": instance, "id": message["id"], "answer": said})
        try:
            # Also while this closes: it was accepted, and has to be known.
            await self._call("POST", "in/answers", body, CALL_WITHIN)
        except WireFault as fault:
            logger.warning("could not answer %s: %s", message["id"], fault)

    async def _call(self, method: str, path: str, body: bytes | None, within: float) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(within):
                return await self._exchange(method, path, body)
        except TimeoutError as error:
            raise WireFault("timeout", "no answer in time") from error
        except _UNREACHABLE as error:
            raise WireFault("disconnected", f"the gateway cannot be reached: {error!r}") from error

    async def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        """HTTP/1.0: the answer comes in one piece and ends with the connection."""
        host, is_secret = self._url.hostname or "", self._url.scheme == "https"
        port = self._url.port or (443 if is_secret else 80)
        context = ssl.create_default_context() if is_secret else None
        reader, writer = await asyncio.open_connection(host, port, ssl=context)
        try:
            head = [f"{method} {self._root}{path} HTTP/1.0", f"host: {self._url.netloc.rpartition('@')[2]}"]
            head += [] if self._token is None else [f"authorization: Bearer {self._token}"]
            if body is not None:
                head += ["content-type: application/json", f"content-length: {len(body)}"]
            writer.write("\r\n".join([*head, "", ""]).encode("ascii") + (body or b""))
            await writer.drain()
            return await _read_response(reader)
        finally:
            writer.close()


async def _read_response(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    status = int((await reader.readuntil(b"\r\n")).split(b" ", 2)[1])
    length: int | None = None
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    if length is not None:
        return status, await reader.readexactly(min(length, RESPONSE_BYTES_MAX))
    body = bytearray()
    while len(body) < RESPONSE_BYTES_MAX and (part := await reader.read(2**16)):
        body += part
    return status, bytes(body)


def _problem(value: object) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    kinds = {"code": str, "detail": str, "retryable": bool}
    return value if all(isinstance(value.get(name), kind) for name, kind in kinds.items()) else None


def _to_refusal(status: int, body: bytes) -> OutAnswer:
    """A refusal as the protocol has it. An answer that is none of the gateway's is worth another try."""
    try:
        problem = _problem(decode(body))
    except ValueError:
        problem = None
    if problem is None:
        return refusal("AGENT_UNAVAILABLE", f"answered {status}", retryable=True)
    return refusal(problem["code"], problem["detail"], retryable=problem["retryable"])


def _lease_lost(problem: dict[str, Any]) -> object:
    reason = LEASE_REPLACED if problem["code"] == "STALE_EPOCH" else problem["detail"]
    return {**new_head(), "kind": "lease_lost", "reason": reason}
