"""What the orchestrator says to this process, and the answer to it. Decides at once and does nothing itself.

I1. A message whose `id` is known is answered as before, and nothing is done a second time.
I2. An attempt is started at most once, whatever ids its assignment comes under.
I3. A newer attempt of a task ends the older one; an older one is refused.
I4. A cancel that overtook its assignment leaves a mark: that attempt is not started.
I5. No bytes make it raise: what it cannot read is `invalid`, a kind that it does not know is `unknown`.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from .messages import (
    AgentIn,
    Assign,
    Cancel,
    InAnswer,
    Input,
    LeaseLost,
    PermissionDecision,
    Steer,
)
from .schema import check, decode, definitions

REMEMBERED_MAX = 2_000

V = TypeVar("V")
Told = PermissionDecision | Input | Steer
Action = Assign | Cancel | Told | LeaseLost
Refusal = Literal["capacity", "draining", "unknown", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The state of this process at the moment of the message."""

    is_draining: bool
    capacity: int
    running: Mapping[str, int]
    """Attempt by task."""
    is_heard: Callable[[Steer], bool]
    """Whether the work of its task listens to such a word."""


@dataclass(frozen=True, slots=True)
class Decision:
    answer: InAnswer
    action: Action | None = None
    """What is to be done; None: nothing."""


class Incoming:
    def __init__(self) -> None:
        self._answers: OrderedDict[str, InAnswer] = OrderedDict()
        # The newest attempt of each task that was started here or cancelled before its start.
        self._attempts: OrderedDict[str, tuple[int, bool]] = OrderedDict()

    def know(self, assign: Assign) -> None:
        """What a process of before had accepted: its assignment, should it come again, begins nothing."""
        _remember(self._attempts, assign["taskId"], (assign["attempt"], False))

    def take(self, body: bytes, desk: Desk) -> Decision:
        said = _parse(body)
        if isinstance(said, str):
            return _refuse(said)
        known = self._answers.get(said["id"])
        if known is not None:
            return Decision(known)
        decision = self._decide(said, desk)
        _remember(self._answers, said["id"], decision.answer)
        return decision

    def _decide(self, said: AgentIn, desk: Desk) -> Decision:
        match said["kind"]:
            case "assign":
                return self._decide_assign(said, desk)
            case "cancel":
                return self._decide_cancel(said, desk)
            case "permission.decision" | "input":
                # Of an attempt that is over it is of no use, and need not be said again.
                return _accept(said if _is_running(said, desk) else None)
            case "steer":
                is_heard = _is_running(said, desk) and desk.is_heard(said)
                return _accept(said) if is_heard else _refuse("unknown")
            case "lease_lost":
                return _accept(said)

    def _decide_assign(self, assign: Assign, desk: Desk) -> Decision:
        task, attempt = assign["taskId"], assign["attempt"]
        seen, is_cancelled = self._attempts.get(task, (0, False))
        if attempt < seen or (attempt == seen and is_cancelled):
            return _refuse("unknown")
        if attempt == seen:
            return _accept(None)
        if desk.is_draining:
            return _refuse("draining")
        if len(desk.running.keys() - {task}) >= desk.capacity:
            return _refuse("capacity")
        _remember(self._attempts, task, (attempt, False))
        return _accept(assign)

    def _decide_cancel(self, cancel: Cancel, desk: Desk) -> Decision:
        if desk.running.get(cancel["taskId"]) == cancel["attempt"]:
            return _accept(cancel)
        seen, _ = self._attempts.get(cancel["taskId"], (0, False))
        if seen < cancel["attempt"]:
            _remember(self._attempts, cancel["taskId"], (cancel["attempt"], True))
        return _accept(None)


def _parse(body: bytes) -> AgentIn | Literal["invalid", "unknown"]:
    try:
        value = decode(body)
        if isinstance(value, dict) and isinstance(value.get("kind"), str):
            kind = f"AgentIn.{value['kind']}"
            if kind not in definitions():
                return "unknown"
            check(kind, value)
            return cast("AgentIn", value)
    except ValueError:
        return "invalid"
    return "invalid"


def _is_running(told: Told, desk: Desk) -> bool:
    return desk.running.get(told["taskId"]) == told["attempt"]


def _accept(action: Action | None) -> Decision:
    return Decision({"accepted": True}, action)


def _refuse(reason: Refusal) -> Decision:
    return Decision({"accepted": False, "reason": reason})


def _remember(memory: OrderedDict[str, V], key: str, value: V) -> None:
    """Puts `key` last and forgets the oldest past the bound."""
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > REMEMBERED_MAX:
        memory.popitem(last=False)
