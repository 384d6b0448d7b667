"""What the work of an agent sees of its task, and says of it."""

import mimetypes
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .artifacts import Role
from .head import new_id
from .locks import Priority, TaskLock, Terms
from .messages import Changes, Commit, Option, Payload, Question, Subject, TokenUsage
from .requests import AskOptions, InputAnswer, PermissionAnswer, SteerHandler
from .result import WorkFailed, WorkResult
from .tools import ToolServer

if TYPE_CHECKING:
    from .assignment import Assignment

EndReason = Literal["cancelled", "timed_out", "stale", "dropped", "lease_lost", "superseded", "stopped"]
ToolStatus = Literal["pending", "in_progress", "completed", "failed"]


class AttemptEnded(Exception):
    """Why the work is to end. Of `cancelled` and `timed_out` the orchestrator is told a result, of the others nothing.

    `stale` and `dropped`: the orchestrator has moved on. `superseded`: a newer attempt came here. `stopped`: the agent
    stops, or its time to drain is over.
    """

    def __init__(self, reason: EndReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What there is of an attempt that a process of before had begun."""

    kept: Any
    """As it said last by `task.keep`; None: nothing."""
    usage: TokenUsage | None
    """What it had told of its use: count on from there."""
    asked: tuple[str, ...]
    """Requests to people that were open, by their names: ask again under the same one, or withdraw it."""


class Task:
    """One attempt of one task. When it is to end, the work is cancelled as asyncio cancels (`CancelledError`), and
    `ended` says why; what it gives back or raises within its grace is still heard."""

    def __init__(self, assignment: "Assignment") -> None:
        self._assignment = assignment
        self.id = assignment.task_id
        self.attempt = assignment.attempt
        self.payload: Payload = assignment.payload
        self._resumed = assignment.resumed

    @property
    def title(self) -> str:
        return self.payload["title"]

    @property
    def prompt(self) -> str:
        return self.payload["prompt"]

    @property
    def resumed(self) -> Resumed | None:
        """What there is of it from a process of before; None: it begins here."""
        return self._resumed

    @property
    def ended(self) -> AttemptEnded | None:
        """Why the work is to end; None while it is not."""
        return self._assignment.ended

    def done(
        self,
        summary: str,
        *,
        commit: Commit | None = None,
        changes: Changes | None = None,
        plan: object = None,
        usage: TokenUsage | None = None,
    ) -> WorkResult:
        """To be returned from the work. `usage` is of the whole attempt; without it counts what was reported last."""
        return WorkResult(
            success=True, summary=summary, commit=commit, changes=changes, plan=plan, usage=usage
        )

    def failed(
        self,
        message: str,
        *,
        code: str = "AGENT_ERROR",
        retryable: bool = True,
        usage: TokenUsage | None = None,
    ) -> WorkResult:
        """To be returned from the work. `retryable`: another try may help."""
        error = WorkFailed(code=code, message=message, retryable=retryable)
        return WorkResult(success=False, summary=message, error=error, usage=usage)

    async def keep(self, value: object) -> None:
        """Keeps JSON of at most 64 KiB for a process to come, where the agent has a ledger; the newest counts. It is on
        disk when this returns."""
        await self._assignment.keep(value)

    async def progress(
        self,
        note: str | None = None,
        *,
        percent: float | None = None,
        usage: TokenUsage | None = None,
        waits_for: Literal["rate_limit", "auth"] | None = None,
    ) -> None:
        """Never waits for the network; of reports that wait, the newest is sent. `usage` is of the attempt so far."""
        self._assignment.report(note, percent=percent, usage=usage, waits_for=waits_for)

    async def tool(
        self,
        tool: str,
        *,
        title: str = "",
        status: ToolStatus = "completed",
        call_id: str | None = None,
    ) -> None:
        """Tells of a call of a tool. `call_id` joins what is told of one call. Waits only behind very many messages."""
        await self._assignment.tell_tool(call_id or new_id(), tool, title, status)

    async def artifact(
        self, name: str, data: bytes | str | Path, *, role: Role = "result", media_type: str | None = None
    ) -> str:
        """Stores it and gives its id; raises `ArtifactRefused` where it is not stored. Text goes as UTF-8, a path by
        what stands in its file. At most 32 MiB."""
        guessed = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return await self._assignment.store(name, data, role=role, media_type=guessed)

    def lock(
        self,
        name: str,
        *,
        wait_seconds: float = 60.0,
        ttl_seconds: float = 30.0,
        priority: Priority = "normal",
    ) -> AbstractAsyncContextManager[TaskLock]:
        """`async with task.lock("repo/main") as lock:` has the named lock, renewed by itself, and `lock.token` fences
        with it. Raises `LockRefused` where it is not to be had in time; a lock that is lost cancels the block and
        raises `LockLost`."""
        return self._assignment.hold(name, Terms(wait=wait_seconds, ttl=ttl_seconds, priority=priority))

    async def ask_permission(
        self,
        permission: str,
        patterns: Sequence[str],
        *,
        subject: Subject,
        always: Sequence[str] = (),
        options: Sequence[Option] | None = None,
        risk: Literal["low", "medium", "high", "unknown"] = "unknown",
        request_id: str | None = None,
        expires_seconds: float | None = None,
        origin_task_id: str | None = None,
    ) -> PermissionAnswer:
        """May this be done? A rule answers at once, a person in their time; nobody's word by then, a cancel or the end
        of the work is no. Cancelled itself, as by `asyncio.timeout`, it takes the request back. Raises
        `RequestRefused` where the request was not taken."""
        return await self._assignment.requests.ask_permission(
            permission=permission,
            patterns=patterns,
            subject=subject,
            always=always,
            options=options,
            risk=risk,
            ask=AskOptions(
                request_id=request_id, expires_seconds=expires_seconds, origin_task_id=origin_task_id
            ),
        )

    async def ask_input(
        self,
        prompt: str,
        *,
        questions: Sequence[Question] | None = None,
        request_id: str | None = None,
        expires_seconds: float | None = None,
        origin_task_id: str | None = None,
    ) -> InputAnswer:
        """Asks a person something; without `questions` the prompt is the question."""
        ask = AskOptions(
            request_id=request_id, expires_seconds=expires_seconds, origin_task_id=origin_task_id
        )
        return await self._assignment.requests.ask_input(prompt=prompt, questions=questions, ask=ask)

    async def withdraw(self, request_id: str) -> None:
        """Takes back what a process of before has asked."""
        await self._assignment.requests.withdraw(request_id)

    async def tools(self) -> list[ToolServer]:
        """MCP servers for the program that does the work: by them it sees and changes its own session, its contexts
        among it. None where the deployment offers none."""
        return await self._assignment.tools()

    def on_steer(self, handler: SteerHandler) -> None:
        """What people say while the work goes on is handed to this from now on; the agent says `supports`, too."""
        self._assignment.requests.on_steer(handler)


Work = Callable[[Task], Awaitable[WorkResult]]
PutAway = Callable[[Any], Awaitable[None]]
"""Puts away what the work had kept of an attempt that does not go on."""
