import asyncio
from typing import Any

import pytest

from oio_agent import InputAnswer, PermissionAnswer, RequestRefused, SteerWord, Task, WorkResult
from oio_agent.head import new_head
from oio_agent.messages import OutAnswer
from scripted import Said, ScriptedWire, agreeable, cancellation, refusal, working


def decide(wire: ScriptedWire, request: Said, kind: str | None) -> Said:
    decision = {"outcome": "selected" if kind else "expired", "optionId": kind, "optionKind": kind}
    of = {"taskId": "t1", "attempt": 1, "requestId": request["requestId"], "by": "user:ada", "note": None}
    return wire.tell_agent({**new_head(), "kind": "permission.decision", **of, **decision})


def push(task: Task, title: str, **more: Any) -> "asyncio.Future[PermissionAnswer]":
    subject: Any = {"type": "command", "title": title}
    return asyncio.ensure_future(task.ask_permission("bash", [title], subject=subject, **more))


async def test_two_answers_in_the_reverse_order_reach_the_right_requests() -> None:
    async def work(task: Task) -> WorkResult:
        first, second = await asyncio.gather(push(task, "git push"), push(task, "npm publish"))
        return task.done(f"{first.is_allowed} {second.is_allowed} {second.option_kind} {second.by}")

    wire, _ = await working(work)
    await wire.until(lambda: len(wire.once("permission.request")) == 2)
    first, second = wire.once("permission.request")

    assert decide(wire, second, "allow_once") == {"accepted": True}
    assert decide(wire, first, "reject_once") == {"accepted": True}

    assert (await wire.result())["result"]["summary"] == "False True allow_once user:ada"


async def test_a_rule_answers_at_once_and_nobody_in_time_is_no() -> None:
    answers: list[PermissionAnswer] = []

    def script(said: Said, time: int) -> OutAnswer:
        if said["kind"] != "permission.request" or said["subject"]["title"] != "ls":
            return agreeable(said, time)
        decision = {"outcome": "selected", "optionId": "once", "optionKind": "allow_once", "by": "policy"}
        decided = {"kind": "permission.decision", "requestId": said["requestId"], "note": "rule", **decision}
        return {"ok": True, "value": {"state": "decided", "decision": decided}}

    async def work(task: Task) -> WorkResult:
        answers.append(await push(task, "ls", risk="low"))
        answers.append(await push(task, "rm", expires_seconds=60, origin_task_id="child"))
        return task.done("done")

    wire, _ = await working(work, script=script)
    await wire.until(lambda: len(wire.once("permission.request")) == 2)
    decide(wire, wire.once("permission.request")[1], None)
    await wire.result()

    assert [(one.is_allowed, one.outcome, one.by) for one in answers] == [
        (True, "selected", "policy"),
        (False, "expired", "user:ada"),
    ]
    assert wire.once("permission.request")[1]["expiresSeconds"] == 60
    assert wire.once("permission.request")[1]["originTaskId"] == "child"


async def test_what_waits_is_asked_again_now_and_then_and_after_a_reconnect() -> None:
    async def work(task: Task) -> WorkResult:
        await push(task, "git push", request_id="per_1")
        return task.done("done")

    wire, _ = await working(work)
    await asyncio.sleep(31)
    assert len(wire.once("permission.request")) == 2
    wire.reconnect()
    await asyncio.sleep(1)
    requests = wire.once("permission.request")

    assert len(requests) == 3
    assert {one["requestId"] for one in requests} == {"per_1"}
    decide(wire, requests[0], "allow_always")
    assert (await wire.result())["result"]["success"] is True


async def test_a_question_to_a_person_has_its_answers() -> None:
    answers: list[InputAnswer] = []

    async def work(task: Task) -> WorkResult:
        answers.append(await task.ask_input("Which database?", questions=[{"question": "Which database?"}]))
        return task.done("done")

    wire, _ = await working(work)
    await wire.until(lambda: len(wire.once("input.request")) == 1)
    told = {"outcome": "answered", "answers": [["Postgres"]], "by": "user:ada", "note": "it is there"}
    of = {"taskId": "t1", "attempt": 1, "requestId": wire.once("input.request")[0]["requestId"]}
    wire.tell_agent({**new_head(), "kind": "input", **of, **told})
    await wire.result()

    assert answers == [
        InputAnswer(outcome="answered", answers=[["Postgres"]], by="user:ada", note="it is there")
    ]


async def test_a_request_that_is_refused_raises_with_its_code() -> None:
    codes: list[str] = []

    async def work(task: Task) -> WorkResult:
        try:
            await push(task, "git push")
        except RequestRefused as refused:
            codes.append(refused.code)
        return task.done("done")

    wire, _ = await working(
        work,
        script=lambda said, time: (
            refusal("LIMIT_REACHED") if said["kind"] == "permission.request" else agreeable(said, time)
        ),
    )
    await wire.result()

    assert codes == ["LIMIT_REACHED"]


async def test_who_no_longer_wants_to_know_takes_the_request_back() -> None:
    async def work(task: Task) -> WorkResult:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await task.ask_permission("bash", ["x"], subject={"type": "command", "title": "x"})
        return task.done("without it")

    wire, _ = await working(work)
    await wire.result()

    withdrawn = wire.once("request.withdrawn")
    assert [one["requestId"] for one in withdrawn] == [wire.once("permission.request")[0]["requestId"]]


async def test_with_the_end_of_the_work_nothing_is_waited_for_and_nothing_taken_back() -> None:
    async def work(task: Task) -> WorkResult:
        await push(task, "git push")
        return task.done("never")

    wire, _ = await working(work)
    await wire.until(lambda: len(wire.once("permission.request")) == 1)
    wire.tell_agent(cancellation("t1"))

    assert (await wire.result())["cancelled"] is True
    assert wire.once("request.withdrawn") == []


async def test_people_are_heard_by_work_that_listens_and_what_it_raises_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    words: list[SteerWord] = []

    async def hear(word: SteerWord) -> None:
        words.append(word)
        if len(words) == 2:
            raise RuntimeError("cannot be steered twice")

    async def work(task: Task) -> WorkResult:
        await asyncio.sleep(5)
        task.on_steer(hear)
        await asyncio.sleep(5)
        return task.done("done")

    def steer(delivery: str) -> Said:
        said = {"message": "Be brief.", "delivery": delivery, "by": "user:ada"}
        return wire.tell_agent({**new_head(), "kind": "steer", "taskId": "t1", "attempt": 1, **said})

    wire, _ = await working(work)
    await asyncio.sleep(1)
    assert steer("steer") == {"accepted": False, "reason": "unknown"}
    await asyncio.sleep(5)
    assert steer("steer") == {"accepted": True}
    assert steer("steer") == {"accepted": True}
    assert steer("interrupt") == {"accepted": False, "reason": "unknown"}

    assert (await wire.result())["result"]["success"] is True
    assert [word.delivery for word in words] == ["steer", "steer"]
    assert "could not be steered" in caplog.text
