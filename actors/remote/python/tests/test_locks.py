import asyncio
from collections.abc import Callable

import pytest

from oio_agent import LockLost, LockRefused, Task, WorkResult
from oio_agent.messages import OutAnswer
from scripted import Said, agreeable, cancellation, refusal, working


def of_lock(kind: str, answer: Callable[[Said], OutAnswer]) -> Callable[[Said, int], OutAnswer]:
    return lambda said, time: answer(said) if said["kind"] == kind else agreeable(said, time)


async def test_a_lock_is_had_with_its_token_and_let_go_once_before_the_result() -> None:
    tokens: list[int] = []

    async def work(task: Task) -> WorkResult:
        async with task.lock("repo/main", wait_seconds=1, ttl_seconds=10) as lock:
            tokens.append(lock.token)
        await asyncio.sleep(1)
        await task.progress("without it")
        return task.done("done")

    wire, _ = await working(work)
    await wire.result()

    assert tokens == [7]
    assert wire.kinds() == ["register", "lock_acquire", "lock_release", "progress", "result"]
    acquire, release = wire.once("lock_acquire")[0], wire.once("lock_release")[0]
    assert (acquire["waitMs"], acquire["ttlMs"], acquire["answerWithinMs"]) == (1_000, 10_000, 1_000)
    assert release["requestId"] == acquire["requestId"]


async def test_who_waits_asks_again_under_one_request_and_holds_up_nothing_else() -> None:
    async def script(said: Said, time: int) -> OutAnswer:
        if said["kind"] == "lock_acquire" and len(wire.once("lock_acquire")) < 4:
            await asyncio.sleep(3)
            value = {"state": "waiting", "name": "n", "position": 1, "waitsUntil": said["ts"]}
            return {"ok": True, "value": value}
        return agreeable(said, time)

    async def work(task: Task) -> WorkResult:
        waiting = asyncio.create_task(_with_lock(task))
        await asyncio.sleep(1)
        await task.progress("meanwhile")
        await waiting
        return task.done("done")

    async def _with_lock(task: Task) -> None:
        async with task.lock("n"):
            pass

    wire, _ = await working(work, script=script)
    await wire.result()

    acquires = wire.once("lock_acquire")
    assert len(acquires) == 4
    assert len({one["requestId"] for one in acquires}) == 1
    assert wire.kinds().index("progress") == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal("DEADLOCK_DETECTED"), "DEADLOCK_DETECTED"),
        (
            {"ok": True, "value": {"state": "gone", "name": "n", "reason": "wait_timed_out", "count": 0}},
            "DEADLINE_EXCEEDED",
        ),
        (
            {"ok": True, "value": {"state": "gone", "name": "n", "reason": "broken", "count": 0}},
            "LOCK_NOT_OWNED",
        ),
    ],
)
async def test_a_lock_that_is_not_to_be_had_says_why(answer: OutAnswer, code: str) -> None:
    codes: list[str] = []

    async def work(task: Task) -> WorkResult:
        try:
            async with task.lock("n"):
                pass
        except LockRefused as refused:
            codes.append(refused.code)
        return task.done("without it")

    wire, _ = await working(work, script=of_lock("lock_acquire", lambda _: answer))
    await wire.result()

    assert codes == [code]


async def test_a_lock_is_renewed_at_a_third_of_its_lease() -> None:
    async def work(task: Task) -> WorkResult:
        async with task.lock("n", ttl_seconds=9):
            await asyncio.sleep(31)
        return task.done("done")

    wire, _ = await working(work)

    assert (await wire.result())["result"]["success"] is True
    assert len(wire.once("lock_renew")) == 10
    assert {one["token"] for one in wire.once("lock_renew")} == {7}


@pytest.mark.parametrize(
    ("renewal", "after"), [(lambda: refusal("LOCK_NOT_OWNED"), 3.0), (lambda: None, 8.1)]
)
async def test_a_lock_that_is_lost_cancels_what_it_guards_at_the_latest_before_its_lease_is_over(
    renewal: Callable[[], OutAnswer | None], after: float
) -> None:
    lost: list[float] = []

    async def work(task: Task) -> WorkResult:
        started = asyncio.get_running_loop().time()
        try:
            async with task.lock("n", ttl_seconds=9) as lock:
                assert not lock.lost.is_set()
                await asyncio.sleep(1_000)
        except LockLost:
            lost.append(asyncio.get_running_loop().time() - started)
        return task.done("went on without it")

    wire, _ = await working(
        work, script=lambda said, time: renewal() if said["kind"] == "lock_renew" else agreeable(said, time)
    )

    assert (await wire.result())["result"]["success"] is True
    assert lost == [pytest.approx(after, abs=0.01)]
    assert wire.once("lock_release") == []


async def test_a_cancel_lets_the_lock_go_and_is_no_loss_of_it() -> None:
    raised: list[str] = []

    async def work(task: Task) -> WorkResult:
        try:
            async with task.lock("n"):
                await asyncio.sleep(1_000)
        except BaseException as error:
            raised.append(type(error).__name__)
            raise
        return task.done("never")

    wire, _ = await working(work)
    await asyncio.sleep(1)
    wire.tell_agent(cancellation("t1"))
    await wire.result()

    assert raised == ["CancelledError"]
    assert wire.kinds() == ["register", "lock_acquire", "lock_release", "result"]


async def test_locks_that_somebody_still_holds_are_let_go_before_the_result() -> None:
    async def hold(task: Task) -> None:
        async with task.lock("n"):
            await asyncio.sleep(5)

    async def work(task: Task) -> WorkResult:
        holding.append(asyncio.create_task(hold(task)))
        await asyncio.sleep(1)
        return task.done("done")

    holding: list[asyncio.Task[None]] = []
    wire, _ = await working(work)
    await wire.result()

    assert wire.kinds() == ["register", "lock_acquire", "lock_release", "result"]


async def test_an_attempt_that_is_over_loses_its_locks_at_once_and_gets_no_other() -> None:
    kept: list[Task] = []
    losses: list[str] = []

    async def hold(task: Task) -> None:
        try:
            async with task.lock("n"):
                await asyncio.sleep(1_000)
        except LockLost as lost:
            losses.append(str(lost))

    async def work(task: Task) -> WorkResult:
        kept.append(task)
        holding.append(asyncio.create_task(hold(task)))
        try:
            async with task.lock("m"):
                await asyncio.sleep(1_000)
        except asyncio.CancelledError:
            losses.append("cancelled, which goes first")
        return task.done("never")

    holding: list[asyncio.Task[None]] = []
    wire, instance = await working(work)
    await asyncio.sleep(1)

    await instance.stop()
    await asyncio.sleep(1)

    assert sorted(losses) == ["cancelled, which goes first", "lock n: the agent stops"]
    with pytest.raises(LockRefused, match="the attempt is over"):
        async with kept[0].lock("n"):
            pass
    assert len(wire.once("lock_acquire")) == 2


async def test_what_is_cancelled_and_has_lost_its_lock_at_once_is_cancelled() -> None:
    async def work(task: Task) -> WorkResult:
        async with task.lock("n") as lock:
            lock.lose("for the test")
            holder = asyncio.current_task()
            assert holder is not None
            asyncio.get_running_loop().call_soon(holder.cancel)
            try:
                await asyncio.sleep(1_000)
            finally:
                cancelled.append(holder.cancelling())
        return task.done("never")

    cancelled: list[int] = []
    wire, _ = await working(work)
    told = await wire.result()

    assert cancelled == [2]
    assert told["result"]["summary"] == "CancelledError"
