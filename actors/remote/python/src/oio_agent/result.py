"""From what the work gave back, or raised, to the result that is told."""

from dataclasses import dataclass

from .messages import Changes, Commit, Error, TaskResult, TokenUsage
from .schema import Unreadable, check, clip, encode

SUMMARY_UNITS_MAX = 20_000
ERROR_UNITS_MAX = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFailed:
    """Why the task was not done, and whether another try may help."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkResult:
    """What the work of a task gives back. Made by `task.done(…)` and `task.failed(…)`."""

    success: bool
    summary: str
    commit: Commit | None = None
    changes: Changes | None = None
    error: WorkFailed | None = None
    plan: object = None
    """Of a task that was asked for a plan: `{"tasks": […]}`."""
    usage: TokenUsage | None = None
    """Of the whole attempt. Without it, what was reported last."""


def result_of_work(returned: object) -> TaskResult:
    if not isinstance(returned, WorkResult):
        kind = type(returned).__name__
        return _failed("AGENT_ERROR", f"the work gave back no result but {kind}", retryable=True)
    error = returned.error
    told: TaskResult = {
        "success": returned.success,
        "summary": clip(returned.summary, SUMMARY_UNITS_MAX),
        "commit": returned.commit,
        "changes": returned.changes,
        "error": None if error is None else _error(error.code, error.message, retryable=error.retryable),
    }
    if returned.plan is not None:
        told["plan"] = returned.plan
    try:
        encode(told)
        check("AgentOut.result", {**_ANY_RESULT, "result": told})
    except (TypeError, ValueError) as fault:
        return _failed("AGENT_ERROR", f"the work gave back no result: {fault}", retryable=True)
    return told


def result_of_raise(raised: BaseException) -> TaskResult:
    return _failed("AGENT_ERROR", str(raised) or type(raised).__name__, retryable=True)


def result_of_timeout(timeout_seconds: float) -> TaskResult:
    return _failed("TIMED_OUT", f"the work was not done within {timeout_seconds} s", retryable=True)


def result_of_cancel(reason: str) -> TaskResult:
    return _failed("CANCELLED", reason, retryable=False)


def read_usage(value: object) -> TokenUsage | None:
    """Usage as it was told, if it is one that can be believed."""
    try:
        encode(value)
        check("AgentOut.result", {**_ANY_RESULT, "usage": value})
    except (TypeError, ValueError, Unreadable):
        return None
    return value  # type: ignore[return-value]


def no_usage() -> TokenUsage:
    return {"tokens_in": 0, "tokens_out": 0, "cost_usd": 0}


def _failed(code: str, message: str, *, retryable: bool) -> TaskResult:
    error = _error(code, message, retryable=retryable)
    return {"success": False, "summary": error["message"], "commit": None, "changes": None, "error": error}


def _error(code: str, message: str, *, retryable: bool) -> Error:
    return {"code": code, "message": clip(message, ERROR_UNITS_MAX), "retryable": retryable}


_ANY_RESULT = {
    "eap": "2.0",
    "id": "any-result",
    "ts": "2026-01-01T00:00:00.000Z",
    "kind": "result",
    "taskId": "any",
    "attempt": 1,
    "result": _failed("ANY", "", retryable=False),
    "usage": no_usage(),
}
