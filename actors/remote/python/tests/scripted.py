"""The orchestrator's side as far as a script says it, and what a process of an agent needs around it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from oio_agent import Task, Timing, WorkResult
from oio_agent.head import new_head
from oio_agent.instance import Instance
from oio_agent.ledger import Ledger
from oio_agent.messages import Assign, Cancel, Card, OutAnswer
from oio_agent.schema import check, decode, encode
from oio_agent.task import PutAway
from oio_agent.wire import WireFault

Said = dict[str, Any]
Script = Callable[[Said, int], OutAnswer | Awaitable[OutAnswer | None] | None]

OK: OutAnswer = {"ok": True, "value": None}
CARD: Card = {
    "name": "AGENT-X",
    "agent_type": "implementer",
    "version": "1.0.0",
    "max_concurrent_capacity": 2,
    "supports": {"steer": True},
}


def refusal(code: str, *, retryable: bool = False) -> OutAnswer:
    return {"ok": False, "error": {"code": code, "message": "as the test wants it", "retryable": retryable}}


def agreeable(said: Said, _time: int) -> OutAnswer:
    """Registers whoever comes, lets them keep what they work on, and says yes to all else."""
    match said["kind"]:
        case "register":
            kept = {"adopt": said["resume"], "drop": []}
            return {"ok": True, "value": {"agentId": "agent-x", "heartbeatSeconds": 10, **kept}}
        case "permission.request" | "input.request":
            value = {"state": "pending", "requestId": said["requestId"], "expiresAt": said["ts"]}
            return {"ok": True, "value": value}
        case "lock_acquire":
            held = {"token": 7, "count": 1, "expiresAt": said["ts"]}
            return {"ok": True, "value": {"state": "granted", "name": said["name"], **held}}
        case _:
            return OK


class ScriptedListener:
    def __init__(self) -> None:
        self.is_closed = False

    async def close(self) -> None:
        self.is_closed = True


class ScriptedWire:
    """What is said must be of the protocol. An answer None is none at all."""

    def __init__(self) -> None:
        self.script: Script = agreeable
        self.heard: list[Said] = []
        self.bodies: list[bytes] = []
        self.beats: list[Said] = []
        self.is_up = True
        self.is_closed = False
        self.answer: Callable[[bytes], bytes] = lambda _: b""
        self._on_reconnect: list[Callable[[], None]] = []
        self._times: dict[str, int] = {}

    async def ask(self, subject: str, body: bytes, within: float) -> bytes:
        assert subject == "eap.v2.dev.agent-x.out"
        said = decode(body)
        assert isinstance(said, dict)
        check(f"AgentOut.{said['kind']}", said)
        self.heard.append(said)
        self.bodies.append(body)
        self._times[said["id"]] = self._times.get(said["id"], 0) + 1
        answer = self.script(said, self._times[said["id"]])
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer is None:
            await asyncio.sleep(within)
            raise WireFault("timeout", "no answer")
        return encode(answer)

    async def tell(self, subject: str, body: bytes) -> None:
        assert subject == "eap.v2.dev.agent-x.hb"
        beat = decode(body)
        check("Heartbeat", beat)
        assert isinstance(beat, dict)
        self.beats.append(beat)

    async def listen(self, subject: str, answer: Callable[[bytes], bytes]) -> ScriptedListener:
        assert subject.startswith("eap.v2.dev.agent-x.i-")
        self.answer = answer
        return ScriptedListener()

    def on_reconnect(self, then: Callable[[], None]) -> None:
        self._on_reconnect.append(then)

    def reconnect(self) -> None:
        for then in self._on_reconnect:
            then()

    async def flush(self) -> None:
        pass

    async def close(self) -> None:
        self.is_closed = True

    def once(self, kind: str) -> list[Said]:
        """Each message of a kind once, in the order in which it was first heard."""
        return list({said["id"]: said for said in self.heard if said["kind"] == kind}.values())

    def kinds(self) -> list[str]:
        return [said["kind"] for said in self.heard]

    def tell_agent(self, message: object) -> Said:
        answer = decode(self.answer(message if isinstance(message, bytes) else encode(message)))
        check("InAnswer", answer)
        assert isinstance(answer, dict)
        return answer

    async def until(self, condition: Callable[[], bool], within: float = 60.0) -> None:
        """Looks again and again, on the test's clock."""
        for _ in range(round(within / 0.05)):
            if condition():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not within {within} s; heard {self.kinds()}")

    async def result(self) -> Said:
        await self.until(lambda: len(self.once("result")) > 0, 1_000)
        return self.once("result")[0]


async def begin(
    work: Callable[[Task], Awaitable[WorkResult]],
    *,
    timing: Timing | None = None,
    script: Script = agreeable,
    ledger: Path | None = None,
    put_away: PutAway | None = None,
) -> tuple[ScriptedWire, Instance]:
    wire = ScriptedWire()
    wire.script = script
    instance = Instance(
        wire=wire,
        tenant="dev",
        card=CARD,
        work=work,
        timing=timing or Timing(),
        ledger=None if ledger is None else await Ledger.open(ledger),
        put_away=put_away,
    )
    await instance.join()
    return wire, instance


async def working(
    work: Callable[[Task], Awaitable[WorkResult]], *, script: Script = agreeable
) -> tuple[ScriptedWire, Instance]:
    """A process that has begun task `t1`."""
    wire, instance = await begin(work, script=script)
    assert wire.tell_agent(assignment("t1")) == {"accepted": True}
    return wire, instance


def assignment(task: str, attempt: int = 1) -> Assign:
    head = new_head()
    return {
        **head,
        "kind": "assign",
        "taskId": task,
        "attempt": attempt,
        "payload": {
            "sessionId": "s1",
            "sessionTitle": "A session",
            "title": "A task",
            "description": "",
            "taskType": "execution",
            "prompt": "Do it.",
            "timeoutSeconds": 60,
        },
    }


def cancellation(task: str, grace_seconds: float = 10, attempt: int = 1) -> Cancel:
    told = {"taskId": task, "attempt": attempt, "reason": "not needed", "graceSeconds": grace_seconds}
    return {**new_head(), "kind": "cancel", **told}  # type: ignore[typeddict-item]


class Endless:
    """Work that goes on until it is told to end; its tasks can be looked at."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    async def work(self, task: Task) -> WorkResult:
        self.tasks.append(task)
        await asyncio.get_running_loop().create_future()
        raise AssertionError("never comes")
