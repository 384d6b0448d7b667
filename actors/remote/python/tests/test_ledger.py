import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from oio_agent import Agent, RegistrationRefused, Resumed, Task, WorkResult
from oio_agent.ledger import Ledger
from oio_agent.messages import OutAnswer
from scripted import Endless, Said, Script, ScriptedWire, agreeable, assignment, begin, refusal

USAGE = {"tokens_in": 7, "tokens_out": 1, "cost_usd": 0}
WorkFunction = Callable[[Task], Awaitable[WorkResult]]


async def done(task: Task) -> WorkResult:
    return task.done("done")


async def at_work(task: Task) -> WorkResult:
    """Keeps something, asks something, and never ends."""
    await task.keep({"place": task.id})
    await task.progress("begun", usage=USAGE)  # type: ignore[arg-type]
    await task.ask_permission(
        "bash", ["x"], subject={"type": "command", "title": "x"}, request_id=f"per-{task.id}"
    )
    raise AssertionError("nobody answers")


async def leave(
    tmp_path: Path, *tasks: str, work: WorkFunction = at_work, script: Script = agreeable, attempt: int = 1
) -> tuple[Path, ScriptedWire]:
    """What stood on disk when a process that works on `tasks` was killed."""
    wire, _ = await begin(work, script=script, ledger=tmp_path / "live")
    for task in tasks:
        assert wire.tell_agent(assignment(task, attempt)) == {"accepted": True}
    await asyncio.sleep(1)
    return shutil.copytree(tmp_path / "live", tmp_path / "left"), wire


def files(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.name != "lock")


def dropping(said: Said, time: int) -> OutAnswer | Awaitable[OutAnswer | None] | None:
    answer = agreeable(said, time)
    if said["kind"] == "register":
        value = {"agentId": "agent-x", "heartbeatSeconds": 10, "adopt": [], "drop": said["resume"]}
        return {"ok": True, "value": value}
    return answer


async def test_the_next_process_claims_it_and_is_told_what_was_kept_used_and_asked(tmp_path: Path) -> None:
    left, _ = await leave(tmp_path, "t1", attempt=2)
    resumed: list[Resumed | None] = []

    async def work(task: Task) -> WorkResult:
        resumed.append(task.resumed)
        await task.withdraw("per-t1")
        return task.done(task.prompt)

    wire, _ = await begin(work, ledger=left)
    told = await wire.result()
    await wire.until(lambda: files(left) == [])

    assert wire.once("register")[0]["resume"] == [{"taskId": "t1", "attempt": 2}]
    assert resumed == [Resumed(kept={"place": "t1"}, usage=USAGE, asked=("per-t1",))]  # type: ignore[arg-type]
    assert wire.kinds() == ["register", "progress", "request.withdrawn", "result"]
    assert (told["attempt"], told["result"]["summary"], told["usage"]) == (2, "Do it.", USAGE)


async def test_it_does_not_go_on_before_it_is_registered_nor_before_the_task_has_agreed(
    tmp_path: Path,
) -> None:
    left, _ = await leave(tmp_path, "t1")
    is_registered, is_agreed = asyncio.Event(), asyncio.Event()

    async def script(said: Said, time: int) -> Any:
        await (is_registered if said["kind"] == "register" else is_agreed).wait()
        return agreeable(said, time)

    endless = Endless()
    joining = asyncio.create_task(begin(endless.work, script=script, ledger=left))
    await asyncio.sleep(15)
    is_registered.set()
    wire, _ = await joining
    said_before = wire.kinds()
    await asyncio.sleep(4)
    works_before = len(endless.tasks)
    is_agreed.set()
    await wire.until(lambda: len(endless.tasks) == 1)

    assert set(said_before) == {"register"}
    assert (works_before, wire.kinds()[-1]) == (0, "progress")


async def test_its_assignment_should_it_come_again_begins_nothing(tmp_path: Path) -> None:
    left, _ = await leave(tmp_path, "t1")
    endless = Endless()
    wire, instance = await begin(endless.work, ledger=left)
    await asyncio.sleep(1)

    assert wire.tell_agent(assignment("t1")) == {"accepted": True}
    await asyncio.sleep(1)

    assert len(endless.tasks) == 1
    assert instance.running() == [{"taskId": "t1", "attempt": 1}]


@pytest.mark.parametrize(
    ("script", "kinds"),
    [
        (dropping, ["register"]),
        (
            lambda said, time: (
                refusal("STALE_EPOCH") if said["kind"] == "progress" else agreeable(said, time)
            ),
            ["register", "progress"],
        ),
    ],
)
async def test_what_is_over_is_put_away_and_nothing_is_said_of_it(
    script: Script, kinds: list[str], tmp_path: Path
) -> None:
    left, _ = await leave(tmp_path, "t1")
    put_away: list[object] = []

    async def clean(kept: object) -> None:
        put_away.append(kept)
        raise RuntimeError("cannot be put away")

    endless = Endless()
    wire, instance = await begin(endless.work, script=script, ledger=left, put_away=clean)
    await asyncio.sleep(5)

    assert wire.kinds() == kinds
    assert put_away == [{"place": "t1"}]
    assert (endless.tasks, instance.running(), files(left)) == ([], [], [])


async def test_a_result_that_was_not_answered_is_said_again_as_it_was_and_nothing_is_done_again(
    tmp_path: Path,
) -> None:
    silent: Script = lambda said, time: None if said["kind"] == "result" else agreeable(said, time)  # noqa: E731
    left, before = await leave(tmp_path, "t1", work=done, script=silent)

    wire, _ = await begin(Endless().work, ledger=left)
    told = await wire.result()
    await wire.until(lambda: files(left) == [])

    assert told == before.once("result")[0]
    assert wire.kinds() == ["register", "result"]


async def test_a_result_is_on_disk_until_it_is_answered(tmp_path: Path) -> None:
    is_answered = asyncio.Event()

    async def script(said: Said, time: int) -> Any:
        if said["kind"] == "result":
            await is_answered.wait()
        return agreeable(said, time)

    wire, _ = await begin(done, script=script, ledger=tmp_path)
    wire.tell_agent(assignment("t1"))
    told = await wire.result()
    record = json.loads((tmp_path / "t1.1.attempt.json").read_text())
    is_answered.set()
    await wire.until(lambda: files(tmp_path) == [])

    assert record["last_word"] == told


async def test_an_attempt_is_taken_up_three_times_and_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    left, _ = await leave(tmp_path, "t1")
    whole = (left / "t1.1.attempt.json").read_text()
    (left / "t2.1.attempt.json").write_text(whole[: len(whole) // 2])
    (left / "t3.1.attempt.json").write_text(whole)
    (left / "t4.1.attempt.json").write_text("[]")
    (left / "t5.1.attempt.json.new").write_text(whole)
    (left / "package.json").write_text("{}")

    counts = [len((await Ledger.open(left)).left) for _ in range(5)]

    assert counts == [1, 1, 1, 0, 0]
    assert files(left) == ["package.json"]


async def test_of_two_attempts_of_a_task_the_newer_one_goes_on(tmp_path: Path) -> None:
    left, _ = await leave(tmp_path, "t1", attempt=2)
    record = json.loads((left / "t1.2.attempt.json").read_text())
    record["assign"]["attempt"] = 10
    (left / "t1.10.attempt.json").write_text(json.dumps(record))

    wire, instance = await begin(Endless().work, ledger=left)
    await asyncio.sleep(1)

    assert wire.once("register")[0]["resume"] == [{"taskId": "t1", "attempt": 10}]
    assert (instance.running(), files(left)) == ([{"taskId": "t1", "attempt": 10}], ["t1.10.attempt.json"])


async def test_its_time_goes_on_from_when_it_was_first_begun(tmp_path: Path) -> None:
    left, _ = await leave(tmp_path, "t1")
    record = json.loads((left / "t1.1.attempt.json").read_text())
    (left / "t1.1.attempt.json").write_text(json.dumps({**record, "begun_at": record["begun_at"] - 3_600}))

    wire, _ = await begin(Endless().work, ledger=left)
    started = asyncio.get_running_loop().time()

    assert (await wire.result())["result"]["error"]["code"] == "TIMED_OUT"
    assert asyncio.get_running_loop().time() - started < 1


async def test_a_process_that_cannot_join_leaves_all_to_the_next_one(tmp_path: Path) -> None:
    left, _ = await leave(tmp_path, "t1")

    with pytest.raises(RegistrationRefused):
        await begin(done, script=lambda _said, _time: refusal("FORBIDDEN"), ledger=left)
    await asyncio.sleep(1_000)

    assert files(left) == ["t1.1.attempt.json"]


async def test_what_is_sent_once_more_by_the_next_process_is_the_same_artifact(tmp_path: Path) -> None:
    async def work(task: Task) -> WorkResult:
        await task.artifact("log.txt", "what was done", role="log")
        await asyncio.get_running_loop().create_future()
        raise AssertionError("never comes")

    left, before = await leave(tmp_path, "t1", "t2", work=work)
    wire, _ = await begin(work, ledger=left)
    await asyncio.sleep(1)

    ids = [{one["artifactId"] for one in of.once("artifact")} for of in (before, wire)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2


def test_work_that_is_stopped_is_not_taken_up_though_the_disk_be_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def unlink_slowly(path: Path, *, missing_ok: bool = False) -> None:
        time.sleep(0.05)
        unlink(path, missing_ok)

    async def stop() -> tuple[list[str], list[str]]:
        endless = Endless()
        wire, instance = await begin(endless.work, ledger=tmp_path)
        wire.tell_agent(assignment("t1"))
        await wire.until(lambda: len(endless.tasks) == 1)
        before = files(tmp_path)
        await instance.stop()
        return before, files(tmp_path)

    monkeypatch.setattr(Path, "unlink", unlink_slowly)
    # With threads and the clock on the wall.
    assert asyncio.run(stop()) == (["t1.1.attempt.json"], [])


async def test_what_is_kept_when_all_is_over_is_not_taken_up(tmp_path: Path) -> None:
    async def keep_late(task: Task) -> None:
        await asyncio.sleep(5)
        await task.keep("late")

    async def work(task: Task) -> WorkResult:
        beside.append(asyncio.create_task(keep_late(task)))
        return task.done("done")

    beside: list[asyncio.Task[None]] = []
    wire, _ = await begin(work, ledger=tmp_path)
    wire.tell_agent(assignment("t1"))
    await wire.until(lambda: len(beside) == 1)
    await beside[0]

    assert files(tmp_path) == []


async def test_what_is_kept_is_on_disk_though_whoever_keeps_it_be_cancelled(tmp_path: Path) -> None:
    async def work(task: Task) -> WorkResult:
        keeping = asyncio.create_task(task.keep("a place"))
        await asyncio.sleep(0)
        keeping.cancel()
        return await Endless().work(task)

    left, _ = await leave(tmp_path, "t1", work=work)

    assert (await Ledger.open(left)).left[0].record.kept == "a place"


async def test_what_was_taken_back_is_no_longer_open(tmp_path: Path) -> None:
    async def work(task: Task) -> WorkResult:
        await task.withdraw("per-t1")
        return await Endless().work(task)

    left, _ = await leave(tmp_path, "t1")
    before = json.loads((left / "t1.1.attempt.json").read_text())["asked"]
    await begin(work, ledger=left)
    await asyncio.sleep(1)

    assert (before, json.loads((left / "t1.1.attempt.json").read_text())["asked"]) == (["per-t1"], [])


async def test_only_json_of_some_size_is_kept_and_the_newest_of_it(tmp_path: Path) -> None:
    faults: list[str] = []

    async def work(task: Task) -> WorkResult:
        for value in ("x" * 70_000, float("nan"), object()):
            try:
                await task.keep(value)
            except (TypeError, ValueError) as fault:
                faults.append(type(fault).__name__)
        kept = {"step": 1}
        beside = asyncio.create_task(task.keep(kept))
        await asyncio.sleep(0)
        kept["step"] = 2
        await task.keep(kept)
        kept["step"] = 3
        await beside
        await task.progress(usage=USAGE)  # type: ignore[arg-type]
        return await Endless().work(task)

    left, _ = await leave(tmp_path, "t1", work=work)

    assert faults == ["ValueError", "ValueError", "TypeError"]
    assert (await Ledger.open(left)).left[0].record.kept == {"step": 2}


async def test_without_its_folder_all_goes_on_as_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wire, _ = await begin(done, ledger=tmp_path / "ledger")
    shutil.rmtree(tmp_path / "ledger")
    wire.tell_agent(assignment("t1"))

    assert (await wire.result())["result"]["success"] is True
    assert "could not keep what it has begun" in caplog.text


async def test_one_process_at_a_time_has_a_ledger(tmp_path: Path) -> None:
    _, instance = await begin(done, ledger=tmp_path)
    refused = open_elsewhere(tmp_path)
    await instance.stop()

    assert "LedgerFault: another process has the ledger" in refused
    assert open_elsewhere(tmp_path) == ""


async def test_an_agent_with_a_ledger_says_so_and_puts_away_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def open_wire(_: object) -> ScriptedWire:
        return wire

    wire = ScriptedWire()
    monkeypatch.setattr("oio_agent.agent.open_wire", open_wire)
    left, _ = await leave(tmp_path, "t1")
    agent = Agent("x", supports=["steer"], ledger=left, environment={})
    agent.task(Endless().work)
    put_away: list[object] = []

    @agent.put_away
    async def clean(kept: object) -> None:
        put_away.append(kept)

    wire.script = lambda _said, _time: refusal("FORBIDDEN")
    with pytest.raises(RegistrationRefused):
        await agent.join()
    is_free = open_elsewhere(left) == ""
    wire.script = dropping
    await agent.join()
    await asyncio.sleep(1)

    assert wire.heard[-1]["card"]["supports"] == {"steer": True, "resume": True}
    assert (is_free, put_away) == (True, [{"place": "t1"}])


def open_elsewhere(ledger: Path) -> str:
    """What a process says to it that cannot have it."""
    program = "import asyncio, sys, oio_agent.ledger as it; asyncio.run(it.Ledger.open(sys.argv[1]))"
    run = [sys.executable, "-c", program, str(ledger)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(run, env=env, capture_output=True, text=True, check=False).stderr  # noqa: S603
