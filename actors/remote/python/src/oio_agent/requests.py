"""What one attempt asks of people, and what people say to it.

R1. A request has one name; its answer is found by it, whatever order answers come in.
R2. An answer is pushed. Should it be lost, the request is asked again now and then, and after every reconnect.
R3. Who asks gets an answer: a person's, a rule's, or that there will be none. Only a refusal of the request raises.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from .ending import Ending, unless
from .head import new_head, new_id
from .messages import (
    DecidedInput,
    DecidedPermission,
    Input,
    InputRequest,
    Option,
    OutAnswer,
    PermissionDecision,
    PermissionRequest,
    Question,
    RequestSaid,
    RequestWithdrawn,
    Steer,
    Subject,
)
from .schema import check, clip, utf16_length

RequestOut = PermissionRequest | InputRequest | RequestWithdrawn
Decision = DecidedPermission | DecidedInput | PermissionDecision | Input
OptionKind = Literal["allow_once", "allow_always", "reject_once", "reject_always"]

logger = logging.getLogger("oio_agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionAnswer:
    is_allowed: bool
    outcome: Literal["selected", "cancelled", "expired"]
    option_id: str | None
    option_kind: OptionKind | None
    by: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAnswer:
    outcome: Literal["answered", "rejected", "cancelled", "expired"]
    answers: list[list[str]] | None
    """A list for each question; None where nobody answered."""
    by: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SteerWord:
    """What a person says to the work. `interrupt`: what is under way shall be broken off for it."""

    message: str
    delivery: Literal["steer", "interrupt"]
    by: str


SteerHandler = Callable[[SteerWord], Awaitable[None] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    request_id: str | None = None
    expires_seconds: float | None = None
    origin_task_id: str | None = None


class RequestRefused(Exception):
    """The request was not taken: it is malformed, or too many wait. `code` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TaskRequests:
    def __init__(
        self,
        *,
        task_id: str,
        attempt: int,
        say: Callable[[RequestOut], Awaitable[OutAnswer | None]],
        note: Callable[[str, bool], Awaitable[None]],
        stop_work: Ending,
        again: float,
    ) -> None:
        self._task_id = task_id
        self._attempt = attempt
        self._say = say
        # A process to come must know what this one has asked of people: the name, and whether it is open.
        self._note = note
        self._stop_work = stop_work
        self._again = again
        # By the name of the request: what its answer is put into, and what wakes whoever waits to ask again.
        self._waiting: dict[str, tuple[asyncio.Future[Decision], asyncio.Event]] = {}
        self._on_steer: SteerHandler | None = None
        self._background: set[asyncio.Future[None]] = set()

    @property
    def is_steerable(self) -> bool:
        return self._on_steer is not None

    def on_steer(self, handler: SteerHandler) -> None:
        self._on_steer = handler

    async def ask_permission(
        self,
        *,
        permission: str,
        patterns: Sequence[str],
        subject: Subject,
        always: Sequence[str],
        options: Sequence[Option] | None,
        risk: Literal["low", "medium", "high", "unknown"],
        ask: AskOptions,
    ) -> PermissionAnswer:
        head = new_head()
        message: PermissionRequest = {
            "eap": head["eap"],
            "id": head["id"],
            "ts": head["ts"],
            "taskId": self._task_id,
            "attempt": self._attempt,
            "kind": "permission.request",
            "requestId": ask.request_id or new_id(),
            "permission": permission,
            "patterns": [clip(one, 2_000) for one in patterns],
            "always": [one for one in always if utf16_length(one) <= 500][:20],
            "subject": _cut_subject(subject),
            "risk": risk,
        }
        if options is not None:
            message["options"] = list(options)
        decision = await self._ask(_with_wishes(message, ask))
        if decision is None or decision["kind"] != "permission.decision":
            note = decision["note"] if decision else "the work no longer waits"
            none = {"option_id": None, "option_kind": None}
            return PermissionAnswer(is_allowed=False, outcome="cancelled", by="agent", note=note, **none)
        return PermissionAnswer(
            is_allowed=decision["optionKind"] in ("allow_once", "allow_always"),
            outcome=decision["outcome"],
            option_id=decision["optionId"],
            option_kind=decision["optionKind"],
            by=decision["by"],
            note=decision["note"],
        )

    async def ask_input(
        self, *, prompt: str, questions: Sequence[Question] | None, ask: AskOptions
    ) -> InputAnswer:
        head = new_head()
        message: InputRequest = {
            "eap": head["eap"],
            "id": head["id"],
            "ts": head["ts"],
            "taskId": self._task_id,
            "attempt": self._attempt,
            "kind": "input.request",
            "requestId": ask.request_id or new_id(),
            "prompt": clip(prompt, 4_000),
        }
        if questions is not None:
            message["questions"] = list(questions)
        decision = await self._ask(_with_wishes(message, ask))
        if decision is None or decision["kind"] != "input":
            note = decision["note"] if decision else "the work no longer waits"
            return InputAnswer(outcome="cancelled", answers=None, by="agent", note=note)
        return InputAnswer(
            outcome=decision["outcome"],
            answers=decision["answers"],
            by=decision["by"],
            note=decision["note"],
        )

    def take(self, told: PermissionDecision | Input | Steer) -> None:
        """From the orchestrator."""
        if told["kind"] == "steer":
            word = SteerWord(message=told["message"], delivery=told["delivery"], by=told["by"])
            self._in_background(self._steer(word))
            return
        waiting = self._waiting.get(told["requestId"])
        if waiting is not None and not waiting[0].done():
            waiting[0].set_result(told)

    def ask_again(self) -> None:
        """What waits is asked for again now: an answer may have been lost."""
        for _, woken in self._waiting.values():
            woken.set()

    async def _steer(self, word: SteerWord) -> None:
        try:
            heard = self._on_steer(word) if self._on_steer is not None else None
            if inspect.isawaitable(heard):
                await heard
        except Exception:
            logger.exception("the work of %s could not be steered", self._task_id)

    async def _ask(self, message: PermissionRequest | InputRequest) -> Decision | None:
        """None: the work is to end, and nobody is waited for any more."""
        request_id = message["requestId"]
        answered: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        woken = asyncio.Event()
        self._waiting[request_id] = (answered, woken)
        try:
            await self._note(request_id, True)
            while not self._stop_work.is_set():
                woken.clear()
                # Under a new id: a repeat of the old one would be answered as it was then.
                again = cast("PermissionRequest | InputRequest", {**message, **new_head()})
                is_said, decision = await self._said(again)
                if decision is not None or not is_said:
                    return decision
                await self._wait(answered, woken)
                if answered.done():
                    return answered.result()
        except asyncio.CancelledError:
            self._in_background(self.withdraw(request_id))
            raise
        finally:
            self._waiting.pop(request_id, None)
            await self._note(request_id, False)
        return None

    async def _said(self, message: PermissionRequest | InputRequest) -> tuple[bool, Decision | None]:
        """Whether it was answered at all, and the decision if there is one already."""
        answer = await unless(self._say(message), self._stop_work)
        if answer is None:
            return False, None
        if answer["ok"] is False:
            raise RequestRefused(answer["error"]["code"], answer["error"]["message"])
        check("RequestSaid", answer["value"])
        said = cast("RequestSaid", answer["value"])
        return True, said["decision"] if said["state"] == "decided" else None

    async def _wait(self, answered: asyncio.Future[Decision], woken: asyncio.Event) -> None:
        watches: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(woken.wait()),
            asyncio.ensure_future(self._stop_work.wait()),
        ]
        try:
            await asyncio.wait([answered, *watches], timeout=self._again, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for watch in watches:
                watch.cancel()

    async def withdraw(self, request_id: str) -> None:
        """Where the work goes on, but no longer wants to know."""
        if self._stop_work.is_set():
            return
        await self._say(
            {
                **new_head(),
                "taskId": self._task_id,
                "attempt": self._attempt,
                "kind": "request.withdrawn",
                "requestId": request_id,
            }
        )
        await self._note(request_id, False)

    def _in_background(self, work: "Awaitable[None]") -> None:
        doing = asyncio.ensure_future(work)
        self._background.add(doing)
        doing.add_done_callback(self._background.discard)


def _with_wishes(
    message: PermissionRequest | InputRequest, ask: AskOptions
) -> PermissionRequest | InputRequest:
    if ask.expires_seconds is not None:
        message["expiresSeconds"] = ask.expires_seconds
    if ask.origin_task_id is not None:
        message["originTaskId"] = clip(ask.origin_task_id, 128)
    return message


def _cut_subject(subject: Subject) -> Subject:
    cut: Subject = {"type": subject["type"], "title": clip(subject["title"], 500)}
    if "detail" in subject:
        cut["detail"] = clip(subject["detail"], 4_000)
    cut["paths"] = [clip(one, 1_000) for one in subject.get("paths", [])[:20]]
    if "command" in subject:
        cut["command"] = [clip(one, 2_000) for one in subject["command"][:64]]
    return cut
