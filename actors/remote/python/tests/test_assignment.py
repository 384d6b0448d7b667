import asyncio
import contextlib
import hashlib
import logging
import math
from base64 import b64decode
from pathlib import Path

import pytest

from oio_agent import ArtifactRefused, AttemptEnded, Task, WorkResult
from oio_agent.messages import OutAnswer
from scripted import Endless, Said, agreeable, cancellation, refusal, working


async def done(task: Task) -> WorkResult:
    return task.done("done")


async def test_a_result_is_said_once_with_usage_after_everything_that_was_said_before_it() -> None:
    async def work(task: Task) -> WorkResult:
        await task.progress(
            "n" * 3_000, percent=150, usage={"tokens_in": 10, "tokens_out": 5, "cost_usd": 0.01}
        )
        await task.tool("edit", title="Edit")
        task_of_its_own.append(asyncio.create_task(task.artifact("log", "not awaited", role="log")))
        return task.done("done", commit={"branch": "b", "sha": "abc"})

    task_of_its_own: list[asyncio.Task[str]] = []
    wire, _ = await working(work)

    told = await wire.result()

    assert wire.kinds() == ["register", "progress", "tool", "artifact", "result"]
    assert wire.heard[1]["percent"] == 100
    assert told["result"]["commit"] == {"branch": "b", "sha": "abc"}
    assert told["usage"] == {"tokens_in": 10, "tokens_out": 5, "cost_usd": 0.01}
    assert (told["taskId"], told["attempt"], told["cancelled"]) == ("t1", 1, False)


async def test_work_that_raises_has_a_failed_result(caplog: pytest.LogCaptureFixture) -> None:
    async def work(_: Task) -> WorkResult:
        raise RuntimeError("out of ideas")

    wire, _ = await working(work)

    told = await wire.result()
    error = {"code": "AGENT_ERROR", "message": "out of ideas", "retryable": True}
    assert (told["result"]["success"], told["result"]["error"]) == (False, error)
    assert "the work of t1 raised" in caplog.text


@pytest.mark.parametrize("returned", [None, "done", {"success": True}])
async def test_work_that_gives_back_no_result_has_a_failed_one(returned: object) -> None:
    async def work(_: Task) -> WorkResult:
        return returned  # type: ignore[return-value]

    wire, _ = await working(work)

    assert "gave back no result" in (await wire.result())["result"]["summary"]


async def test_a_plan_that_json_does_not_have_is_a_failed_result() -> None:
    async def work(task: Task) -> WorkResult:
        return task.done("planned", plan={"hours": math.nan})

    wire, _ = await working(work)

    assert (await wire.result())["result"]["error"]["code"] == "AGENT_ERROR"


async def test_usage_that_cannot_be_believed_is_not_told() -> None:
    async def work(task: Task) -> WorkResult:
        good = {"tokens_in": 1, "tokens_out": 1, "cost_usd": 0.5}
        await task.progress(usage=good)  # type: ignore[arg-type]
        bad = {"tokens_in": -1, "tokens_out": 1, "cost_usd": math.nan}
        await task.progress("bad", usage=bad)  # type: ignore[arg-type]
        return task.done("done", usage=bad)  # type: ignore[arg-type]

    wire, _ = await working(work)

    assert (await wire.result())["usage"] == {"tokens_in": 1, "tokens_out": 1, "cost_usd": 0.5}


async def test_work_that_ends_when_cancelled_has_a_cancelled_result() -> None:
    endless = Endless()
    wire, _ = await working(endless.work)
    await asyncio.sleep(1)

    wire.tell_agent(cancellation("t1"))
    told = await wire.result()

    ended = endless.tasks[0].ended
    assert isinstance(ended, AttemptEnded)
    assert (ended.reason, str(ended)) == ("cancelled", "not needed")
    assert (told["cancelled"], told["result"]["error"]["code"]) == (True, "CANCELLED")


async def test_what_work_still_hands_in_within_its_grace_is_in_the_cancelled_result() -> None:
    async def work(task: Task) -> WorkResult:
        try:
            await asyncio.sleep(50)
        except asyncio.CancelledError:
            await asyncio.sleep(5)
        return task.failed("half of it", code="HALF", retryable=False)

    wire, _ = await working(work)
    await asyncio.sleep(1)

    wire.tell_agent(cancellation("t1"))
    told = await wire.result()

    assert (told["cancelled"], told["result"]["summary"]) == (True, "half of it")


async def test_work_that_does_not_end_is_cancelled_without_it_after_its_grace_and_not_heard_any_more() -> (
    None
):
    kept: list[Task] = []

    async def work(task: Task) -> WorkResult:
        kept.append(task)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1_000)
        await asyncio.sleep(1_000)
        return task.done("late")

    wire, instance = await working(work)
    await asyncio.sleep(1)
    started = asyncio.get_running_loop().time()

    wire.tell_agent(cancellation("t1", grace_seconds=10))
    told = await wire.result()
    await asyncio.sleep(1)

    assert 10 <= asyncio.get_running_loop().time() - started < 12
    assert told["cancelled"] is True
    assert instance.running() == []
    said = len(wire.heard)
    await kept[0].progress("late", percent=99)
    await kept[0].tool("late")
    with pytest.raises(ArtifactRefused, match="the attempt is over"):
        await kept[0].artifact("late", b"")
    assert len(wire.heard) == said


async def test_an_attempt_whose_time_is_over_fails_as_timed_out_whatever_the_work_does() -> None:
    async def work(task: Task) -> WorkResult:
        try:
            await asyncio.sleep(1_000)
        except asyncio.CancelledError:
            kept.append(task)
        return task.done("all the same")

    kept: list[Task] = []
    wire, _ = await working(work)

    told = await wire.result()

    assert kept[0].ended is not None
    assert kept[0].ended.reason == "timed_out"
    assert (told["cancelled"], told["result"]["error"]["code"]) == (False, "TIMED_OUT")


async def test_a_stale_answer_ends_the_work_and_nothing_more_is_said() -> None:
    endless = Endless()

    async def work(task: Task) -> WorkResult:
        await task.progress("begun")
        return await endless.work(task)

    wire, instance = await working(
        work,
        script=lambda said, time: (
            refusal("STALE_EPOCH") if said["kind"] == "progress" else agreeable(said, time)
        ),
    )
    await asyncio.sleep(1)

    ended = endless.tasks[0].ended
    assert ended is not None
    assert ended.reason == "stale"
    assert instance.running() == []
    assert wire.kinds() == ["register", "progress"]


async def test_another_refusal_of_a_report_does_not_end_the_work() -> None:
    async def work(task: Task) -> WorkResult:
        await task.progress("begun")
        await asyncio.sleep(1)
        return task.done("done")

    wire, _ = await working(
        work,
        script=lambda said, time: (
            refusal("VALIDATION_FAILED") if said["kind"] == "progress" else agreeable(said, time)
        ),
    )

    assert (await wire.result())["result"]["success"] is True


async def test_an_artifact_arrives_whole_in_pieces_of_128_kib(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1_200
    (tmp_path / "out.bin").write_bytes(data)

    async def work(task: Task) -> WorkResult:
        return task.done(await task.artifact("out.json", data) + await task.artifact("none", b"", role="log"))

    wire, _ = await working(work)
    told = await wire.result()

    *pieces, empty = wire.once("artifact")
    assert [piece["chunk"] for piece in pieces] == [{"index": index, "count": 3} for index in range(3)]
    assert b"".join(b64decode(piece["data"]) for piece in pieces) == data
    assert {piece["sha256"] for piece in pieces} == {hashlib.sha256(data).hexdigest()}
    assert (pieces[0]["sizeBytes"], pieces[0]["mediaType"]) == (len(data), "application/json")
    assert (empty["data"], empty["chunk"], empty["role"]) == ("", {"index": 0, "count": 1}, "log")
    assert told["result"]["summary"] == pieces[0]["artifactId"] + empty["artifactId"]


async def test_an_artifact_that_is_refused_or_too_large_raises_where_it_was_handed_in() -> None:
    refused: list[str] = []

    async def work(task: Task) -> WorkResult:
        for data in (b"x", bytes(32 * 2**20 + 1)):
            try:
                await task.artifact("x", data)
            except ArtifactRefused as error:
                refused.append(str(error))
        return task.done("without it")

    wire, _ = await working(
        work,
        script=lambda said, time: (
            refusal("QUOTA_EXCEEDED") if said["kind"] == "artifact" else agreeable(said, time)
        ),
    )

    assert (await wire.result())["result"]["success"] is True
    assert refused == [
        "artifact x: QUOTA_EXCEEDED: as the test wants it",
        "artifact x has 33554433 bytes; at most 32 MiB are taken",
    ]


async def test_a_message_is_repeated_as_the_same_bytes_until_it_is_answered() -> None:
    def script(said: Said, time: int) -> OutAnswer | None:
        if said["kind"] == "register" or time == 4:
            return agreeable(said, time)
        return [None, refusal("MAILBOX_FULL", retryable=True), {"unreadable": 1}][time - 1]  # type: ignore[return-value]

    wire, _ = await working(done, script=script)
    await asyncio.sleep(30)

    results = [body for body in wire.bodies if b'"result"' in body]
    assert len(results) == 4
    assert len(set(results)) == 1


async def test_what_nobody_answers_is_given_up_some_time_after_the_deadline(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    _, instance = await working(
        done,
        script=lambda said, time: agreeable(said, time) if said["kind"] == "register" else None,
    )
    await asyncio.sleep(125)
    assert len(instance.running()) == 1

    await asyncio.sleep(10)

    assert instance.running() == []
    assert "gives up telling" in caplog.text


async def test_work_that_does_not_end_when_its_time_is_over_is_ended_without_it_after_a_grace() -> None:
    async def work(task: Task) -> WorkResult:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1_000)
        await asyncio.sleep(1_000)
        return task.done("late")

    wire, _ = await working(work)

    told = await wire.result()

    assert 70 <= asyncio.get_running_loop().time() < 71
    assert told["result"]["error"]["code"] == "TIMED_OUT"
