import asyncio
from collections.abc import Callable

import pytest

from oio_agent import RegistrationRefused, Task, Timing, WorkResult
from oio_agent.head import new_head
from oio_agent.instance import Instance
from oio_agent.messages import LEASE_REPLACED, OutAnswer
from scripted import CARD, Endless, Said, ScriptedWire, agreeable, assignment, begin, refusal


async def done(task: Task) -> WorkResult:
    return task.done("done")


def lease_lost(reason: str) -> Said:
    return {**new_head(), "kind": "lease_lost", "reason": reason}


async def test_a_process_joins_beats_and_tells_what_it_works_on() -> None:
    wire, instance = await begin(Endless().work)
    assert wire.once("register")[0]["resume"] == []
    assert wire.once("register")[0]["instance"] == instance.name

    wire.tell_agent(assignment("t1", attempt=2))
    await asyncio.sleep(35)

    assert len(wire.beats) == 4
    running = [{"taskId": "t1", "attempt": 2}]
    assert (wire.beats[-1]["instance"], wire.beats[-1]["running"]) == (instance.name, running)


async def test_an_assignment_that_arrives_three_times_is_done_once() -> None:
    seen: list[str] = []

    async def work(task: Task) -> WorkResult:
        seen.append(task.prompt)
        return task.done("done")

    wire, _ = await begin(work)
    assign = assignment("t1")

    answers = [wire.tell_agent(one) for one in (assign, assign, assignment("t1"))]
    await wire.result()

    assert answers == [{"accepted": True}] * 3
    assert seen == ["Do it."]


async def test_past_its_capacity_it_refuses_and_an_attempt_counts_until_its_result_is_answered() -> None:
    is_answered = asyncio.Event()

    async def script(said: Said, time: int) -> OutAnswer:
        if said["kind"] == "result":
            await is_answered.wait()
        return agreeable(said, time)

    wire, instance = await begin(done, script=script)
    wire.tell_agent(assignment("t1"))
    wire.tell_agent(assignment("t2"))
    await wire.result()

    assert wire.tell_agent(assignment("t3")) == {"accepted": False, "reason": "capacity"}
    is_answered.set()
    await wire.until(lambda: instance.running() == [])
    assert wire.tell_agent(assignment("t4")) == {"accepted": True}


async def test_a_newer_attempt_of_a_task_ends_the_older_one() -> None:
    endless = Endless()
    wire, instance = await begin(endless.work)
    wire.tell_agent(assignment("t1", attempt=1))
    await asyncio.sleep(1)

    wire.tell_agent(assignment("t1", attempt=2))
    await asyncio.sleep(1)

    ended = endless.tasks[0].ended
    assert ended is not None
    assert ended.reason == "superseded"
    assert instance.running() == [{"taskId": "t1", "attempt": 2}]
    assert wire.once("result") == []


async def test_after_a_reconnect_it_registers_again_with_what_it_works_on_and_ends_what_is_dropped() -> None:
    endless = Endless()
    wire, instance = await begin(endless.work)
    wire.tell_agent(assignment("t1"))
    wire.tell_agent(assignment("t2"))
    await asyncio.sleep(1)

    def script(said: Said, _time: int) -> OutAnswer:
        first, second = said["resume"]
        value = {"agentId": "agent-x", "heartbeatSeconds": 10, "adopt": [first], "drop": [second]}
        return {"ok": True, "value": value}

    wire.script = script
    wire.reconnect()
    await wire.until(lambda: len(wire.once("register")) == 2)
    await asyncio.sleep(1)

    assert [one["taskId"] for one in wire.once("register")[1]["resume"]] == ["t1", "t2"]
    assert [task.ended and task.ended.reason for task in endless.tasks] == [None, "dropped"]
    assert instance.running() == [{"taskId": "t1", "attempt": 1}]


async def test_a_registration_that_is_repeated_for_long_takes_a_new_id() -> None:
    wire, _ = await begin(done)
    wire.script = lambda said, time: None if len(wire.once("register")) < 3 else agreeable(said, time)

    wire.reconnect()
    await asyncio.sleep(120)

    register = wire.once("register")
    assert len(register) == 3
    assert len({one["id"] for one in register}) == 3


async def test_it_says_now_and_then_that_it_is_there() -> None:
    wire, _ = await begin(done)

    await asyncio.sleep(700)

    assert len(wire.once("register")) == 3


async def test_a_process_that_lost_its_lease_ends_its_work_without_a_word_and_registers_again() -> None:
    endless = Endless()
    wire, _ = await begin(endless.work)
    wire.tell_agent(assignment("t1"))
    await asyncio.sleep(1)

    wire.tell_agent(lease_lost("nothing heard"))
    await wire.until(lambda: len(wire.once("register")) == 2)

    ended = endless.tasks[0].ended
    assert ended is not None
    assert ended.reason == "lease_lost"
    assert wire.once("register")[1]["resume"] == []
    assert wire.once("result") == []


async def test_two_that_take_the_lease_from_each_other_wait_longer_each_time() -> None:
    wire, _ = await begin(done)
    pauses = []
    for _ in range(4):
        before, started = len(wire.once("register")), asyncio.get_running_loop().time()
        wire.tell_agent(lease_lost("taken"))
        await wire.until(lambda before=before: len(wire.once("register")) > before)  # type: ignore[misc]
        pauses.append(asyncio.get_running_loop().time() - started)

    assert pauses[0] < 0.5
    assert pauses[1] < pauses[2] < pauses[3]


async def test_a_process_that_was_replaced_closes_and_takes_no_leave() -> None:
    wire, instance = await begin(done)

    assert wire.tell_agent(lease_lost(LEASE_REPLACED)) == {"accepted": True}
    await instance.closed.wait()

    assert wire.kinds() == ["register"]
    assert wire.is_closed


async def test_who_drains_takes_nothing_new_finishes_what_it_has_and_takes_leave() -> None:
    enough = asyncio.Event()

    async def work(task: Task) -> WorkResult:
        await enough.wait()
        return task.done("finished")

    wire, instance = await begin(work)
    wire.tell_agent(assignment("t1"))
    draining = asyncio.create_task(instance.drain())
    await wire.until(lambda: len(wire.once("drain")) == 1)

    assert wire.tell_agent(assignment("t2")) == {"accepted": False, "reason": "draining"}
    wire.reconnect()
    await wire.until(lambda: len(wire.once("drain")) == 2)
    enough.set()
    await draining
    await instance.stop()

    assert wire.kinds()[-2:] == ["result", "deregister"]
    assert len(wire.once("deregister")) == 1


async def test_work_that_does_not_come_to_its_end_in_the_time_to_drain_is_handed_back() -> None:
    endless = Endless()
    wire, instance = await begin(endless.work)
    wire.tell_agent(assignment("t1"))
    await asyncio.sleep(1)

    await instance.drain(20)

    ended = endless.tasks[0].ended
    assert ended is not None
    assert ended.reason == "stopped"
    assert wire.kinds() == ["register", "drain", "deregister"]


async def test_a_stopped_process_ends_its_work_and_says_nothing_of_it() -> None:
    endless = Endless()
    wire, instance = await begin(endless.work)
    wire.tell_agent(assignment("t1"))
    await asyncio.sleep(1)

    await instance.stop()
    await instance.stop()

    assert wire.kinds() == ["register", "deregister"]
    assert wire.is_closed


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda: refusal("FORBIDDEN"), "FORBIDDEN"),
        (lambda: {"ok": True, "value": {"agentId": 7}}, "INTERNAL_ERROR"),
        (lambda: None, "DEADLINE_EXCEEDED"),
    ],
)
async def test_joining_ends_at_a_refusal_and_does_not_wait_for_ever(
    answer: Callable[[], OutAnswer | None], code: str
) -> None:
    wire = ScriptedWire()
    wire.script = lambda _said, _time: answer()
    instance = Instance(wire=wire, tenant="dev", card=CARD, work=done, timing=Timing(join_within=30))

    with pytest.raises(RegistrationRefused, match=code):
        await instance.join()


async def test_a_new_cause_ends_the_registration_that_is_under_way() -> None:
    wire, _ = await begin(done)
    wire.script = lambda said, time: None
    wire.reconnect()
    await asyncio.sleep(1)
    wire.reconnect()
    await asyncio.sleep(1)
    before = len(wire.heard)

    await asyncio.sleep(15)

    _, first, second = wire.once("register")
    assert first["id"] != second["id"]
    assert {said["id"] for said in wire.heard[before:]} == {second["id"]}
