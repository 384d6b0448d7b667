"""One attempt of one task that this process works on, from its acceptance to the answer to its result.

T1. Exactly one result is said, unless the attempt ends silently (`end`): then nothing is said any more.
T2. It is said after everything that the work said before it.
T3. Told to stop, by a cancel or by its time, the work is cancelled and has its grace. Past that the result is said
    without it, and what it says later is not heard.
T4. Everything is repeated until answered, at the longest until some time past the attempt's own deadline.
T5. What a process of before had begun goes on when the orchestrator has said, of the task itself, that it may. A result
    that stood already is said again as it was, and nothing is done.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from .artifacts import ArtifactRefused, Role, artifact_id_of, cut_artifact
from .ending import Ending, unless
from .head import new_head
from .ledger import AttemptLog
from .locks import LockOut, TaskLock, TaskLocks, Terms
from .messages import (
    Input,
    OutAnswer,
    PermissionDecision,
    Progress,
    Result,
    Steer,
    TaskResult,
    TokenUsage,
    ToolsRequest,
)
from .outgoing import AttemptOut, Outgoing
from .requests import TaskRequests
from .result import (
    WorkResult,
    no_usage,
    read_usage,
    result_of_cancel,
    result_of_raise,
    result_of_timeout,
    result_of_work,
)
from .schema import clip
from .take_up import TakeUp
from .task import AttemptEnded, EndReason, Resumed, Task, ToolStatus, Work
from .timing import Timing
from .tools import ToolServer, ask_tools

T = TypeVar("T")
# Answers after which nobody wants to hear of this attempt any more.
STALE_CODES = frozenset({"STALE_EPOCH", "TASK_NOT_FOUND"})

logger = logging.getLogger("oio_agent")


class Ask(Protocol):
    async def __call__(
        self, message: AttemptOut | LockOut | ToolsRequest, *endings: Ending, within: float | None = None
    ) -> OutAnswer | None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    result: TaskResult
    usage: TokenUsage | None
    is_done: bool
    """False if the work raised."""


class Assignment:
    def __init__(
        self, log: AttemptLog, work: Work, ask: Ask, timing: Timing, *, take_up: TakeUp | None = None
    ) -> None:
        assign = log.record.assign
        self.task_id = assign["taskId"]
        self.attempt = assign["attempt"]
        self.payload = assign["payload"]
        self._work = work
        self._ask = ask
        self._timing = timing
        self._log = log
        self._take_up = take_up
        self._stood = log.record.last_word
        self._outgoing = Outgoing(self._tell)
        self._stop_work = Ending()
        self._give_up = Ending()
        self._past_grace = Ending()
        self._locks = TaskLocks(
            task_id=self.task_id, attempt=self.attempt, ask=self._ask_beside, stop_work=self._stop_work
        )
        self.requests = TaskRequests(
            task_id=self.task_id,
            attempt=self.attempt,
            say=self._outgoing.say,
            note=log.note_asked,
            stop_work=self._stop_work,
            again=timing.request_again,
        )
        self._pending: set[asyncio.Future[Any]] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self._reported: TokenUsage | None = log.record.usage
        self._cancel_reason: str | None = None
        self._working: asyncio.Task[WorkResult] | None = None
        self._start_deadline()
        self.work_ended: asyncio.Task[Outcome | None] = asyncio.create_task(self._run_work())
        """Is done when the work has returned, which may be later than the attempt is over."""
        self.over: asyncio.Task[None] = asyncio.create_task(self._come_to_its_end())
        """Is done when the result was answered or given up, or the attempt ended silently."""

    @property
    def ended(self) -> AttemptEnded | None:
        reason = self._stop_work.reason
        return reason if isinstance(reason, AttemptEnded) else None

    @property
    def resumed(self) -> Resumed | None:
        if self._take_up is None:
            return None
        record = self._log.record
        return Resumed(kept=record.kept, usage=record.usage, asked=record.asked)

    def cancel(self, reason: str, grace_seconds: float) -> None:
        """The work is to end; the result says so. A second cancel may shorten the grace."""
        if self._give_up.is_set():
            return
        self._cancel_reason = reason
        self._stop("cancelled", reason)
        self._after(max(0.0, grace_seconds), self._past_grace.set)

    def end(self, reason: EndReason, detail: str) -> None:
        """Ends it at once; the orchestrator is told nothing."""
        self._stop(reason, detail)
        self._locks.end(detail)
        self._give_up.set()
        self._outgoing.close()
        self._past_grace.set()

    def leave(self) -> None:
        """This process does not join: what stands in the ledger is left to the next one."""
        self.over.cancel()
        self.work_ended.cancel()
        self._clear_timers()

    def take(self, told: PermissionDecision | Input | Steer) -> None:
        """The answer to a request of the work, or a person's word to it."""
        self.requests.take(told)

    def report(
        self,
        note: str | None,
        *,
        percent: float | None,
        usage: TokenUsage | None,
        waits_for: Literal["rate_limit", "auth"] | None,
    ) -> None:
        report = self._progress()
        if percent is not None and math.isfinite(percent):
            report["percent"] = min(100.0, max(0.0, percent))
        if note is not None:
            report["note"] = clip(note, 2_000)
        counted = read_usage(usage)
        if counted is not None:
            self._reported = report["usage"] = counted
            self._log.note_usage(counted)
        if waits_for is not None:
            report["waitsFor"] = waits_for
        self._outgoing.report(report)

    def _progress(self) -> Progress:
        head = new_head()
        return {
            "eap": head["eap"],
            "id": head["id"],
            "ts": head["ts"],
            "taskId": self.task_id,
            "attempt": self.attempt,
            "kind": "progress",
        }

    async def tell_tool(self, call_id: str, tool: str, title: str, status: ToolStatus) -> None:
        await self._track(
            self._outgoing.put(
                {
                    **new_head(),
                    "taskId": self.task_id,
                    "attempt": self.attempt,
                    "kind": "tool",
                    "callId": clip(call_id, 128),
                    "tool": clip(tool, 128),
                    "title": clip(title, 500),
                    "status": status,
                }
            )
        )

    async def keep(self, value: object) -> None:
        await self._log.note_kept(value)

    async def store(self, name: str, data: bytes | str | Path, *, role: Role, media_type: str) -> str:
        return await self._track(self._upload(name, data, role=role, media_type=media_type))

    async def tools(self) -> list[ToolServer]:
        request: ToolsRequest = {
            **new_head(),
            "taskId": self.task_id,
            "attempt": self.attempt,
            "kind": "tools.request",
        }
        return await ask_tools(request, lambda message: self._ask_beside(message, self._stop_work))

    def hold(self, name: str, terms: Terms) -> AbstractAsyncContextManager[TaskLock]:
        return self._locks.hold(name, terms)

    def _start_deadline(self) -> None:
        seconds, timing = self.payload["timeoutSeconds"], self._timing
        gone = 0.0 if self._take_up is None else max(0.0, time.time() - self._log.record.begun_at)
        left = max(0.0, seconds - gone)

        def time_out() -> None:
            self._stop("timed_out", f"{seconds} s are over")
            self._after(timing.timeout_grace, self._past_grace.set)

        def give_up() -> None:
            logger.error("gives up telling the end of attempt %s of %s", self.attempt, self.task_id)
            self._give_up.set()

        self._after(left, time_out)
        self._after(left + timing.timeout_grace + timing.after_deadline, give_up)

    def _stop(self, reason: EndReason, detail: str) -> None:
        if self._stop_work.is_set():
            return
        self._stop_work.set(AttemptEnded(reason, detail))
        if self._working is not None:
            self._working.cancel(detail)

    async def _run_work(self) -> Outcome | None:
        if self._stood is not None:
            return None
        # The answer to the assignment goes out before the work can hold up this process.
        await asyncio.sleep(0)
        await self._prepare()
        if self._stop_work.is_set():
            return Outcome(result_of_cancel(str(self._stop_work.reason)), None, is_done=False)
        self._working = asyncio.create_task(_call(self._work, Task(self)))
        await asyncio.wait([self._working])
        if self._working.cancelled():
            return Outcome(result_of_raise(asyncio.CancelledError()), None, is_done=False)
        raised = self._working.exception()
        if raised is not None:
            if not self._stop_work.is_set():
                logger.error("the work of %s raised", self.task_id, exc_info=raised)
            return Outcome(result_of_raise(raised), None, is_done=False)
        returned = self._working.result()
        return Outcome(result_of_work(returned), getattr(returned, "usage", None), is_done=True)

    async def _prepare(self) -> None:
        """Before the work: it is on disk, or it is what was there, and may be gone on with."""
        if self._take_up is None:
            return await self._log.save()
        await unless(self._take_up.registered.wait(), self._give_up)
        # The task itself has the last word: refused, this attempt is over and has ended.
        word = self._progress()
        word["note"] = "Its agent was started again and goes on"
        await self._outgoing.say(word)
        if self._stop_work.is_set():
            await self._take_up.leave(self._log.record.kept)
        return None

    async def _come_to_its_end(self) -> None:
        if self._stood is None:
            await self._finish()
        else:
            await self._say_again(self._stood)
        self._outgoing.close()
        self._clear_timers()
        await self._log.remove()

    async def _say_again(self, said: Result) -> None:
        """The work was done, and its result may not have arrived."""
        if self._take_up is not None:
            await unless(self._take_up.registered.wait(), self._give_up)
        await self._outgoing.say_last(said)

    async def _finish(self) -> None:
        outcome = await unless(asyncio.shield(self.work_ended), self._past_grace)
        if outcome is not None:
            # What the work started beside itself begins to say it now.
            await asyncio.sleep(0)
            told = asyncio.gather(*self._pending, self._locks.release_all(), return_exceptions=True)
            await unless(told, self._past_grace)
        elif not self._give_up.is_set():
            logger.warning("the work of %s did not end within its grace", self.task_id)
        # Work that goes on past its grace goes on without its locks.
        self._locks.end("the attempt is over")
        if not self._give_up.is_set():
            last_word = self._last_word(outcome)
            await self._log.note_last_word(last_word)
            await self._outgoing.say_last(last_word)

    def _last_word(self, outcome: Outcome | None) -> Result:
        usage = read_usage(outcome.usage) if outcome is not None else None
        return {
            **new_head(),
            "taskId": self.task_id,
            "attempt": self.attempt,
            "kind": "result",
            "result": self._result(outcome),
            "usage": usage or self._reported or no_usage(),
            "cancelled": self._cancel_reason is not None,
        }

    def _result(self, outcome: Outcome | None) -> TaskResult:
        is_timed_out = self.ended is not None and self.ended.reason == "timed_out"
        if outcome is not None and outcome.is_done and not is_timed_out:
            return outcome.result
        if self._cancel_reason is not None:
            return result_of_cancel(self._cancel_reason)
        if outcome is not None and not is_timed_out:
            return outcome.result
        return result_of_timeout(self.payload["timeoutSeconds"])

    async def _upload(self, name: str, data: bytes | str | Path, *, role: Role, media_type: str) -> str:
        whole = await asyncio.to_thread(data.read_bytes) if isinstance(data, Path) else _copy(data)
        artifact_id = artifact_id_of(self.task_id, self.attempt, name, role, whole)
        for piece in cut_artifact(artifact_id, name, whole, role=role, media_type=media_type):
            answer = await self._outgoing.say(
                {
                    **new_head(),
                    "taskId": self.task_id,
                    "attempt": self.attempt,
                    "kind": "artifact",
                    **piece,
                }
            )
            if answer is None:
                raise ArtifactRefused(f"artifact {name}: the attempt is over")
            if answer["ok"] is False:
                error = answer["error"]
                raise ArtifactRefused(f"artifact {name}: {error['code']}: {error['message']}")
        return artifact_id

    async def _track(self, said: Coroutine[Any, Any, T]) -> T:
        """What the work said, or began to, is said before its result, though the work itself be cancelled."""
        saying = asyncio.ensure_future(said)
        self._pending.add(saying)
        saying.add_done_callback(self._said)
        return await asyncio.shield(saying)

    def _said(self, saying: asyncio.Future[Any]) -> None:
        self._pending.discard(saying)
        if not saying.cancelled() and saying.exception() is not None:
            logger.warning("could not say something of %s: %s", self.task_id, saying.exception())

    async def _tell(self, message: AttemptOut) -> OutAnswer | None:
        answer = await self._ask(message, self._give_up)
        if answer is not None and answer["ok"] is False:
            error = answer["error"]
            is_stale = error["code"] in STALE_CODES
            # A cancelled attempt is over for the orchestrator before its work is told: nothing to warn of.
            level = logging.DEBUG if is_stale and self._cancel_reason is not None else logging.WARNING
            logger.log(level, "%s of %s was refused: %s", message["kind"], self.task_id, error)
            if is_stale:
                self.end("stale", error["message"])
        return answer

    async def _ask_beside(
        self, message: LockOut | ToolsRequest, *endings: Ending, within: float | None = None
    ) -> OutAnswer | None:
        """Beside what is said in order: locks and tools hold nothing up."""
        answer = await self._ask(message, *endings, self._give_up, within=within)
        if answer is not None and answer["ok"] is False and answer["error"]["code"] in STALE_CODES:
            self.end("stale", answer["error"]["message"])
        return answer

    def _clear_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, then))


async def _call(work: Work, task: Task) -> WorkResult:
    return await work(task)


def _copy(data: bytes | str) -> bytes:
    # A copy: the hash must still be right if the caller goes on to use its buffer.
    return data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)
