"""Says one message to the orchestrator until it is answered.

A1. Every repeat is the same bytes, the same `id`: applied once, however often it arrives.
A2. It ends with an answer that a repeat would not change, or when it is told to (then None).
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import cast

from .ending import Ending, unless
from .messages import AgentOut, OutAnswer
from .schema import check, decode, encode
from .timing import Timing
from .wire import Wire, WireFault

logger = logging.getLogger("oio_agent")


@dataclass(frozen=True, slots=True)
class Asking:
    wire: Wire
    subject: str
    timing: Timing

    async def until_answered(
        self, message: AgentOut, *endings: Ending, within: float | None = None
    ) -> OutAnswer | None:
        return await unless(self._repeat(message), *endings, within=within)

    async def _repeat(self, message: AgentOut) -> OutAnswer:
        body = encode(message)
        turn = 0
        while True:
            answer = await self._once(body)
            if answer["ok"] is True or not answer["error"]["retryable"]:
                return answer
            logger.debug("asks again: %s %s %s", message["kind"], message["id"], answer["error"])
            await asyncio.sleep(self.timing.backoff(turn))
            turn += 1

    async def _once(self, body: bytes) -> OutAnswer:
        try:
            return parse_answer(await self.wire.ask(self.subject, body, self.timing.ask_timeout))
        except WireFault as fault:
            match fault.kind:
                case "forbidden":
                    return refusal("FORBIDDEN", str(fault), retryable=False)
                case "too_large":
                    return refusal("PAYLOAD_TOO_LARGE", str(fault), retryable=False)
                case _:
                    return refusal("AGENT_UNAVAILABLE", str(fault), retryable=True)


def parse_answer(body: bytes) -> OutAnswer:
    """An answer that cannot be read says nothing about what became of the message: it is asked again."""
    try:
        value = decode(body)
        check("OutAnswer", value)
    except ValueError as error:
        return refusal("INTERNAL_ERROR", f"unreadable answer: {error}", retryable=True)
    return cast("OutAnswer", value)


def refusal(code: str, message: str, *, retryable: bool) -> OutAnswer:
    return {"ok": False, "error": {"code": code, "message": message, "retryable": retryable}}
